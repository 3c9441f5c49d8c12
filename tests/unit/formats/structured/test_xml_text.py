"""Values go into XML where XPath selects, and all else stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.template.variables import Variables
from fairlead.formats.structured import xml_text
from fairlead.formats.structured.result import Unreadable
from fairlead.formats.structured.xml_paths import Nodes
from fairlead.formats.structured.xml_text import replace_in_xml
from fairlead.formats.structured.xml_tree import Comment, Document, Element, Instruction, Node, Text, read_xml
from fairlead.formats.structured.xml_writer import write_xml

_WORDS = st.text(st.characters(min_codepoint=0x21, exclude_categories=("Cs", "Cn", "Cc")), min_size=1, max_size=8)
_NAMES = st.sampled_from(["a", "b", "long-name", "_x", "é"])


def _elements(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.builds(
        Element,
        _NAMES,
        st.dictionaries(_NAMES, st.text(st.characters(min_codepoint=0x20, exclude_categories=("Cs", "Cn", "Cc")))),
        st.lists(inner, max_size=4),
    )


_NODES: st.SearchStrategy[Node] = st.recursive(
    st.builds(Text, _WORDS, st.booleans())
    | st.builds(Comment, _WORDS.filter(lambda text: "-" not in text))
    | st.builds(Instruction, st.just("pi"), _WORDS.filter(lambda text: "?" not in text)),
    _elements,
    max_leaves=15,
)


@given(_elements(_NODES), st.booleans())
def test_what_is_written_is_read_as_the_same_and_written_so_again(root: Node, has_declaration: bool) -> None:
    text = write_xml(Document([root], has_declaration), encoding="utf-8", line_end="\n")
    assert write_xml(read_xml(text), encoding="utf-8", line_end="\n") == text


@given(st.text(alphabet="<>/a b=\"'&;![]-?x", max_size=40))
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    try:
        replace_in_xml(text.encode(), Variables({"//a": "1"}))
    except Unreadable as unreadable:
        assert str(unreadable)


FILE = """\
<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE config [<!ENTITY who "people">]>
<config xmlns="urn:c" xmlns:x="urn:x">
    <!-- kept -->
    <add key="one" value="1"/>
    <x:add key="two" value="2"></x:add>
    <text>for &who; of <b>all</b> <i>kinds</i></text>
    <data><![CDATA[a < b]]></data>
    <group><item/><item>x</item></group>
    <?run this?>
</config>
"""


def filled(text: str, **named: str) -> str:
    return replace_in_xml(text.encode(), Variables(named)).content.decode()


def test_what_a_person_wrote_stays_and_is_indented_by_two() -> None:
    assert filled(FILE) == (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<!DOCTYPE config [<!ENTITY who "people">]>\n'
        '<config xmlns="urn:c" xmlns:x="urn:x">\n'
        "  <!-- kept -->\n"
        '  <add key="one" value="1" />\n'
        '  <x:add key="two" value="2"></x:add>\n'
        "  <text>for &who; of <b>all</b> <i>kinds</i></text>\n"
        "  <data><![CDATA[a < b]]></data>\n"
        "  <group>\n    <item />\n    <item>x</item>\n  </group>\n"
        "  <?run this?>\n"
        "</config>"
    )


@pytest.mark.parametrize(
    ("path", "value", "made"),
    [
        ("//x:add/@value", 'a"<b', '<x:add key="two" value="a&quot;&lt;b"></x:add>'),
        ("//*:add[@key='one']/@value", "9", '<add key="one" value="9" />'),
        ("//*:data", "]]>", "<data><![CDATA[]]]]><![CDATA[>]]></data>"),
        ("//*:data/text()", "new", "<data><![CDATA[new]]></data>"),
        ("//*:add[1]", "text & <b/>", '<add key="one" value="1">text &amp; &lt;b/&gt;</add>'),
        ("//*:group", "<item>1</item><x:y/>", "<group>\n    <item>1</item>\n    <x:y />\n  </group>"),
        ("//*:item", "z", "<item>z</item>\n    <item>z</item>"),
        ("/*/comment()", "a--b-", "<!--a- -b- -->"),
        ("//processing-instruction()", "other", "<?run other?>"),
        ("//*:b/text()", "none", "<b>none</b>"),
    ],
)
def test_what_is_selected_gets_the_value(path: str, value: str, made: str) -> None:
    assert made in filled(FILE, **{path: value})


@pytest.mark.parametrize("path", ["MyName", "Octopus.Release.Id", "y:add", "//[", "doc('/etc/passwd')/*", "//*:nobody"])
def test_what_is_no_path_into_the_file_changes_nothing(path: str) -> None:
    replaced = replace_in_xml(FILE.encode(), Variables({path: "never"}))
    assert replaced.found == () and "never" not in replaced.content.decode()


def test_each_variable_sees_what_the_ones_before_it_did() -> None:
    assert "<item>2</item>" in filled(FILE, **{"//*:item[.='x']": "1", "//*:item[.='1']": "2"})


def test_what_is_gone_with_an_element_around_it_is_gone() -> None:
    made = replace_in_xml(b"<a>\n<b><c><d/></c></b></a>", Variables({"//*": "<e/>"}))
    assert made.content == b"<a>\n  <e />\n</a>"


@pytest.mark.parametrize("value", ["<open>", "<z:y/>", "\x01"])
def test_what_is_no_xml_is_not_put_and_told(value: str) -> None:
    replaced = replace_in_xml(FILE.encode(), Variables({"//*:group": value}))
    assert b"<item>x</item>" in replaced.content
    assert any("//*:group was not set" in warning for warning in replaced.warnings)


def test_a_prefix_with_two_meanings_is_the_first_and_told() -> None:
    replaced = replace_in_xml(b'<a xmlns:p="1"><p:x/><b xmlns:p="2"><p:x/></b></a>', Variables({"//p:x": "v"}))
    assert replaced.content.count(b">v<") == 1
    assert len(replaced.warnings) == 1


def test_the_declaration_follows_the_encoding() -> None:
    text = '<?xml version="1.0" encoding="iso-8859-2" standalone="yes"?>\n<n>Michał</n>'
    kept = replace_in_xml(text.encode("iso8859-2"), Variables({"/n": "Łukasz"})).content
    assert kept == text.replace("Michał", "Łukasz").encode("iso8859-2")
    widened = replace_in_xml(text.encode("iso8859-2"), Variables({"/n": "日本"})).content
    assert widened == text.replace("Michał", "日本").replace("iso-8859-2", "utf-8").encode()
    with_mark = replace_in_xml("\ufeff<n>x</n>".encode("utf-16-be"), Variables({"/n": "y"})).content
    assert with_mark == "\ufeff<n>y</n>".encode("utf-16-be")


@pytest.mark.parametrize(
    "text",
    ["", "text", "<a>", "<a/><b/>", "<p:a/>", "<a>&nobody;</b>", "<a>" * 300 + "</a>" * 300],
)
def test_what_is_no_xml_says_so(text: str) -> None:
    with pytest.raises(Unreadable):
        replace_in_xml(text.encode(), Variables({}))


def test_a_bomb_of_references_stays_small() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "x">' + "".join(
        f'<!ENTITY b{level} "{f"&b{level - 1 if level > 1 else str()};" * 10}">' for level in range(1, 12)
    )
    assert len(replace_in_xml(f"{bomb}]><a>&b9;</a>".encode(), Variables({"/a": "v"})).content) < 10_000


SEEN = (
    "//*:item[.='x']",
    "//*:item",
    "//*:group",
    "//@*:n",
    "//*[@n='1']",
    "//*:group/*[1]",
    "//text()",
    "//comment()",
)


@given(st.lists(st.tuples(st.sampled_from(SEEN), st.sampled_from(["", "1", "x", "<item n='2'>1</item>"])), max_size=6))
def test_what_is_followed_is_what_reading_it_anew_would_see(puts: list[tuple[str, str]]) -> None:
    text = "<root n='1'><group><item n='1'>x</item><item>y</item></group><item n='x'/><!--c--><group>1</group></root>"
    named = {f"{path}[position()<{number + 5}]": value for number, (path, value) in enumerate(puts)}
    followed = replace_in_xml(text.encode(), Variables(named))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Nodes, "follows", lambda *_: False)
        assert replace_in_xml(text.encode(), Variables(named)) == followed


def test_a_file_is_read_once_for_many_places(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Document] = []
    monkeypatch.setattr(xml_text, "Nodes", lambda document: read.append(document) or Nodes(document))
    text = "<root>" + "".join(f"<item id='{number}'>x</item>" for number in range(30)) + "</root>"
    named = {f"/root/item[@id='{number}']": "new" for number in range(20)} | {"/root/item[25]/@id": "another"}
    assert replace_in_xml(text.encode(), Variables(named)).content.count(b">new<") == 20
    assert len(read) == 1


def test_an_empty_value_leaves_what_comes_after_it_to_be_found() -> None:
    named = {"//*:item[.='x']": "", "//*:group": "<item>z</item>"}
    assert "<item>z</item>" in filled(FILE, **named)


@pytest.mark.parametrize("value", [None, "#{Nobody | null}"])
def test_a_variable_without_a_value_empties_what_it_selects(value: str | None) -> None:
    replaced = replace_in_xml(b"<a><b c='1'>old</b></a>", Variables({"/a/b": value, "/a/b/@c": value}))
    assert replaced.content == b'<a>\r\n  <b c=""></b>\r\n</a>'
    assert replaced.found == ("/a/b", "/a/b/@c")
