"""YAML with places: what is read, and what is a problem at which line and column."""

from __future__ import annotations

import pytest

from fairlead.formats import yaml_tree
from fairlead.formats.findings import Findings
from fairlead.formats.node import Node, Table, place_of, spell, to_plain
from fairlead.formats.yaml_tree import read_yaml


def read(content: bytes | str) -> tuple[Node | None, list[str]]:
    findings = Findings()
    node = read_yaml("f.yml", content.encode() if isinstance(content, str) else content, findings)
    return node, [str(problem) for problem in findings.problems]


def test_scalars_are_kept_as_they_are_written() -> None:
    node, problems = read("a: 0x1F\nb: 1.10\nc: yes\nd: ~\ne: '~'\nf: 22:22\ng: \nh: !!str null\n")
    assert not problems and node is not None
    assert to_plain(node) == {
        "a": "0x1F", "b": "1.10", "c": "yes", "d": None, "e": "~", "f": "22:22", "g": None, "h": "null"
    }  # fmt: skip


def test_places_begin_with_one() -> None:
    node, _ = read("a:\n  b:\n    - x\n    - {c: 1}\n")
    assert node is not None
    mark = place_of(node, ("a", "b", 1, "c"))
    assert (mark.line, mark.column) == (4, 8)
    assert place_of(node, ("a", "nothing", "below")).line == 1
    assert spell(("a", "b", 1, "c")) == "a.b[1].c"


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert read("") == (Table(yaml_tree.Mark("f.yml")), [])
    assert read("# only a comment\n")[1] == []


def test_anchors_and_merge_keys_are_honoured() -> None:
    node, problems = read("b: &b {x: 1, y: 2}\nc: {<<: *b, y: 3}\nd: {<<: [*b, {z: 4}]}\n")
    assert not problems and node is not None
    plain = to_plain(node)
    assert isinstance(plain, dict)
    assert plain["c"] == {"x": "1", "y": "3"}
    assert plain["d"] == {"x": "1", "y": "2", "z": "4"}


@pytest.mark.parametrize(
    ("content", "place", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yml:3:1", "'a' a second time"),
        ("a:\n\tb: 1\n", "f.yml:2:1", "a tab"),
        ("a: [1,\n", "f.yml:1:7", "the end of the file"),
        ("a: b: c\n", "f.yml:1:5", "mapping values are not allowed"),
        ("a: &x [*x]\n", "f.yml:1:8", "alias *x"),
        ("a: *nowhere\n", "f.yml:1:4", "alias *nowhere"),
        ("a: !python/object:os.system x\n", "f.yml:1:4", "the tag"),
        ("a: 1\n---\nb: 2\n", "f.yml:2:1", "a second document"),
        ("? [a, b]\n: 1\n", "f.yml:1:3", "a list or mapping as key"),
        ("a:\n  <<: 3\n", "f.yml:2:7", "what is no mapping"),
        ("a: x\x00\n", "f.yml:1:5", "the character"),
        (b"a: 1\nb: \xff\n", "f.yml:2:4", "0xff"),
        ('a: "\\UFFFFFFFF"\n', "f.yml:1:1", "what is not YAML"),
        ("[" * 100, "f.yml:1:41", "deep"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(content: str | bytes, place: str, said: str) -> None:
    _, problems = read(content)
    assert len(problems) == 1
    assert problems[0].startswith(place) and said in problems[0]


def test_a_bomb_of_aliases_is_stopped_by_what_it_would_grow_to() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    _, problems = read("\n".join(lines))
    assert len(problems) == 1 and "over 50000 values" in problems[0]


def test_a_huge_file_is_not_even_decoded() -> None:
    _, problems = read(b"\xff" * (yaml_tree.SIZE_LIMIT + 1))
    assert len(problems) == 1 and "bytes" in problems[0]


def test_several_things_wrong_are_said_at_once() -> None:
    _, problems = read("a: 1\na: 2\nb: 1\nb: 2\n")
    assert len(problems) == 2


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\nb: #{Name}\n", 2, 4),
        ("b: #{Name}\nc: 1\n", 1, 4),
        ("a:\n  - #{Name}\n", 2, 5),
        ("a: echo to #{Name} now\n", 1, 12),
        ("a: {b: x #{Name}\n  }\n", 1, 10),
        ("- one\n- two   #{if A}x#{/if}\n", 2, 9),
    ],
)
def test_a_text_that_a_comment_cuts_off_is_a_problem(text: str, line: int, column: int) -> None:
    findings = Findings()
    read_yaml("process.yml", text.encode(), findings)
    (problem,) = findings.problems
    assert (problem.line, problem.column) == (line, column)
    assert "a comment, '#{" in problem.found and "quotes" in problem.expected


@pytest.mark.parametrize(
    "text", ['a: "to #{Name}"\n', "a: x#{Name}\n", "a: |\n  to #{Name}\n", "# #{Name}\na: 1 # {b}\n", "a: 'x' #{y}\n"]
)
def test_what_no_comment_cuts_off_is_none(text: str) -> None:
    findings = Findings()
    assert read_yaml("process.yml", text.encode(), findings) is not None
    assert not findings.problems


def test_a_file_of_another_program_may_have_such_comments() -> None:
    findings = Findings()
    read_yaml("compose.yaml", b"a: b #{c}\n", findings, is_foreign=True)
    assert not findings.problems
