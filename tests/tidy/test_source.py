"""The product's source keeps to the house style: sizes, words, purposes, no stubs, third parties in their rooms."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.tidy import rules

SOURCES = rules.sources()
RULES: list[Callable[[str], Iterator[str]]] = [rules.too_long, rules.banned_words, rules.missing_purpose, rules.stubs]
TOPS = [rules.ROOT / top for top in ("tests", "bench", "examples")]
BESIDE = [path for path in rules.project_files(".py") if any(path.is_relative_to(top) for top in TOPS)]


def told(findings: dict[Path, list[str]]) -> list[str]:
    return [f"{path.relative_to(rules.ROOT)}: {finding}" for path, all_ in findings.items() for finding in all_]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_source_keeps_to(rule: Callable[[str], Iterator[str]]) -> None:
    assert told({path: list(rule(path.read_text())) for path in SOURCES}) == []


def test_no_file_is_named_by_a_word_that_says_nothing() -> None:
    assert told({path: list(rules.banned_words_in_path(path.relative_to(rules.SOURCE))) for path in SOURCES}) == []


def test_rooms_import_only_the_third_parties_that_are_theirs() -> None:
    names = {path: path.relative_to(rules.SOURCE).as_posix() for path in SOURCES}
    found = {path: list(rules.third_parties(name, path.read_text())) for path, name in names.items() if "/" in name}
    assert told(found) == []


def test_every_room_is_known() -> None:
    rooms = {path.name for path in rules.SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms <= set(rules.THIRD_PARTIES)


def test_tests_and_benches_say_what_they_are_for_and_leave_nothing_to_do() -> None:
    checked = [path for path in BESIDE if path.parent != Path(__file__).parent]
    found = {path: [*rules.missing_purpose(path.read_text()), *rules.stubs(path.read_text())] for path in checked}
    assert told(found) == []


def test_unit_tests_lie_where_their_room_is() -> None:
    units = rules.ROOT / "tests" / "unit"
    rooms = {path.relative_to(units).parts[0] for path in units.rglob("test_*.py") if path.parent != units}
    strangers = sorted(room for room in rooms if not (rules.SOURCE / room).is_dir())
    assert not strangers, f"tests/unit/<room> mirrors src/fairlead/<room>: {strangers}"
