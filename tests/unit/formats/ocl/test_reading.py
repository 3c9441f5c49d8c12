"""OCL is read with the place of everything, or refused with the place where it cannot be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.formats.ocl.written import write_ocl

from fairlead.domain.errors import ProjectFileInvalid
from fairlead.formats.ocl.reading import read_ocl
from fairlead.formats.ocl.tree import Attribute, Block, Call, Entries, Place, Value

HERE = Place(1, 1)
_NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
_LITERALS: st.SearchStrategy[Value] = (
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.decimals(0, 100, places=3).map(float) | _TEXT
)
_VALUES: st.SearchStrategy[Value] = st.recursive(
    _LITERALS,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.lists(st.builds(Attribute, _TEXT, inner, st.just(HERE)), max_size=3).map(tuple).map(Entries)
        | st.builds(Call, st.just("base64"), st.lists(inner, max_size=2).map(tuple))
    ),
    max_leaves=8,
)


def _blocks(inner: st.SearchStrategy[Attribute | Block]) -> st.SearchStrategy[Attribute | Block]:
    labels = st.lists(_TEXT, max_size=2).map(tuple)
    return st.builds(Block, _NAMES, labels, st.lists(inner, max_size=3).map(tuple), st.just(HERE))


_BODY = st.recursive(st.builds(Attribute, _NAMES, _VALUES, st.just(HERE)), _blocks, max_leaves=8)


def bare(one: object) -> object:
    """Without places."""
    match one:
        case Attribute():
            return one.name, bare(one.value)
        case Block():
            return one.name, one.labels, [bare(inner) for inner in one.body]
        case Entries():
            return [bare(inner) for inner in one.attributes]
        case tuple():
            return tuple(bare(inner) for inner in one)
        case Call():
            return one.name, bare(one.arguments)
        case _:
            return one


@given(st.lists(_BODY, max_size=5))
def test_what_is_written_is_read_as_the_same(body: list[Attribute | Block]) -> None:
    document = Block("", (), tuple(body))
    assert bare(read_ocl("a.ocl", write_ocl(document))) == bare(document)


@given(st.text(alphabet='ab_= {}[]"<-EO\n\\#1.,/*', max_size=60))
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    try:
        read_ocl("a.ocl", text)
    except ProjectFileInvalid as refused:
        assert refused.problems[0].line <= text.count("\n") + 1


TEXT = """\
# of the project
name = "A \\"b\\" \\\\ c" // behind
count = -3
ratio = 1.5
tags = ["a", "b",]
nothing = null
step "one" "more" {
    properties = {
        Octopus.Action.RunOnServer = "false"
        "with space" = true
        Script = <<-EOT
                first
                  second

                third
            EOT
    }
    empty { }
    inner { x = 1 }
}
plain = <<EOF
  kept
EOF
secret = base64("aGk=")
"""


def test_everything_of_the_language_is_read_with_its_place() -> None:
    document = read_ocl("a.ocl", TEXT)
    assert [(one.name, one.value, one.place.line) for one in document.attributes] == [
        ("name", 'A "b" \\ c', 2),
        ("count", -3, 3),
        ("ratio", 1.5, 4),
        ("tags", ("a", "b"), 5),
        ("nothing", None, 6),
        ("plain", "  kept", 21),
        ("secret", Call("base64", ("aGk=",)), 24),
    ]
    step = next(document.blocks("step"))
    assert (step.labels, step.place) == (("one", "more"), Place(7, 1))
    properties = step.get("properties")
    assert properties is not None and isinstance(properties.value, Entries)
    script = properties.value.get("script")
    assert script is not None and script.value == "first\n  second\n\nthird" and script.place == Place(11, 9)
    assert [block.name for block in step.blocks()] == ["empty", "inner"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = ", "a.ocl:1:5: found the end of the file, expected a value"),
        ("a = 1 2", "a.ocl:1:7: found '2', expected the end of the line"),
        ("a b", "a.ocl:1:3: found 'b', expected '=', a label or '{' after a"),
        ("a {\n b = 1\n", "a.ocl:3:1: found the end of the file, expected '}' for the '{' in line 1"),
        ('a = "x\n"', "a.ocl:1:5: found '\"x', expected text that ends"),
        ('a = "x\\q"', "a.ocl:1:7: found \\q, expected one of"),
        (
            "a = <<EOT\nx\n",
            "a.ocl:3:1: found the end of the file, expected EOT alone in a line, for the text of line 1",
        ),
        ("a = [1 2]", "a.ocl:1:8: found '2]', expected ','"),
        ("a = 1e6", "a.ocl:1:5: found '1e6', expected a value"),
        ("a = {\n x\n}", "a.ocl:2:3: found the end of the line, expected '=' after x"),
        ("=", "a.ocl:1:1: found '=', expected the name"),
        ("a {" * 60, "nesting over 50 deep"),
    ],
)
def test_an_error_says_where_what_was_found_and_what_was_expected(text: str, told: str) -> None:
    with pytest.raises(ProjectFileInvalid) as refused:
        read_ocl("a.ocl", text)
    assert told in str(refused.value)
