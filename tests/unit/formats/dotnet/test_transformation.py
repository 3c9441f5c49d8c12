"""A transformation finds elements by place and locator, and changes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.formats.dotnet.transformation import transform
from fairlead.formats.structured.result import Unreadable

SOURCE = """\
<?xml version="1.0"?>
<configuration>
  <!-- settings -->
  <appSettings>
    <add key="a" value="1" />
    <add key="b" value="2" />
    <add key="c" value="3" />
  </appSettings>
  <system.web>
    <compilation debug="true" batch="false" />
    <customErrors mode="Off" />
  </system.web>
</configuration>"""


def made(inside: str, source: str = SOURCE) -> str:
    by = f'<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform">{inside}</configuration>'
    content = transform(source.encode(), by.encode()).content.decode()
    return content.replace(' encoding="utf-8"', "").replace("\r\n", "\n")


def settings(inside: str) -> str:
    return made(f"<appSettings>{inside}</appSettings>")


@pytest.mark.parametrize(
    ("inside", "old", "new"),
    [
        (
            '<add key="b" value="9" xdt:Locator="Match(key)" xdt:Transform="Replace"/>',
            '<add key="b" value="2" />',
            '<add key="b" value="9" />',
        ),
        (
            '<add key="b" value="9" more="x" xdt:Locator="Match(key)" xdt:Transform="SetAttributes(value)"/>',
            'key="b" value="2"',
            'key="b" value="9"',
        ),
        (
            '<add key="b" more="x" xdt:Locator="Match(key)" xdt:Transform="SetAttributes"/>',
            'key="b" value="2"',
            'key="b" value="2" more="x"',
        ),
        (
            '<add xdt:Locator="Condition(@key=\'c\' or @value=1)" xdt:Transform="RemoveAttributes(value)"/>',
            '<add key="a" value="1" />\n    <add key="b" value="2" />\n    <add key="c" value="3" />',
            '<add key="a" />\n    <add key="b" value="2" />\n    <add key="c" />',
        ),
        ('<add xdt:Transform="Remove"/>', '    <add key="a" value="1" />\n', ""),
        (
            '<add xdt:Transform="RemoveAll" xdt:Locator="Condition(@key != \'b\')"/>',
            '    <add key="a" value="1" />\n    <add key="b" value="2" />\n    <add key="c" value="3" />',
            '    <add key="b" value="2" />',
        ),
        (
            '<add key="d" value="4" xdt:Transform="Insert"><!-- new --></add>',
            '"3" />\n',
            '"3" />\n    <add key="d" value="4">\n      <!-- new -->\n    </add>\n',
        ),
        (
            '<add key="x" xdt:Transform="InsertBefore(/configuration/appSettings/add[@key=\'b\'])"/>',
            '    <add key="b"',
            '    <add key="x" />\n    <add key="b"',
        ),
        (
            '<add key="x" xdt:Transform="InsertAfter(add[2])"/>',
            '    <add key="c"',
            '    <add key="x" />\n    <add key="c"',
        ),
        ('<add key="b" value="9" xdt:Locator="Match(key)" xdt:Transform="InsertIfMissing"/>', "", ""),
        (
            '<add key="z" xdt:Locator="Match(key)" xdt:Transform="InsertIfMissing"/>',
            '"3" />\n',
            '"3" />\n    <add key="z" />\n',
        ),
        (
            '<add value="7" xdt:Locator="XPath(/configuration/*/add[last()])" xdt:Transform="SetAttributes"/>',
            'key="c" value="3"',
            'key="c" value="7"',
        ),
        (
            '<add value="7" xdt:Locator="XPath(add[@key=\'a\'])" xdt:Transform="SetAttributes"/>',
            'key="a" value="1"',
            'key="a" value="7"',
        ),
        ('<add key="nobody" value="7" />', "", ""),
    ],
)
def test_a_transform_changes_what_its_locator_finds(inside: str, old: str, new: str) -> None:
    assert settings(inside) == SOURCE.replace(old, new)


def test_a_locator_on_the_way_limits_what_is_inside() -> None:
    source = '<configuration><s n="1"><e /></s><s n="2"><e /></s></configuration>'
    inside = '<s n="2" xdt:Locator="Match(n)"><e x="y" xdt:Transform="SetAttributes"/></s>'
    assert '<s n="1">\n    <e />' in made(inside, source)
    assert '<s n="2">\n    <e x="y" />' in made(inside, source)


def test_elements_are_told_apart_by_their_namespace() -> None:
    source = '<configuration xmlns:p="urn:p"><p:e v="1" /><e v="1" /></configuration>'
    changed = made('<q:e xmlns:q="urn:p" v="2" xdt:Transform="SetAttributes(v)"/>', source)
    assert '<p:e v="2" />' in changed and '<e v="1" />' in changed


def test_what_finds_nothing_is_told() -> None:
    by = (
        '<configuration xmlns:x="http://schemas.microsoft.com/XML-Document-Transform">'
        '<gone key="q" x:Transform="Remove"/></configuration>'
    )
    transformed = transform(SOURCE.encode(), by.encode())
    assert transformed.warnings == ('nothing matches <gone key="q">, which says Remove',)


@pytest.mark.parametrize(
    "inside",
    [
        '<add xdt:Transform="Explode"/>',
        '<add xdt:Locator="Nearby(a)"/>',
        '<add xdt:Locator="Match(key)" xdt:Transform="Remove"/>',
        '<add xdt:Locator="Condition([)" xdt:Transform="Remove"/>',
        '<add xdt:Locator="XPath(document(\'/etc/passwd\'))" xdt:Transform="Remove"/>',
        '<add xdt:Transform="SetAttributes(nobody)"/>',
        '<add xdt:Transform="InsertBefore(nobody)"/>',
        '<add xdt:Transform="(x)"/>',
    ],
)
def test_what_is_not_in_the_language_is_refused(inside: str) -> None:
    with pytest.raises(Unreadable):
        settings(inside)


def test_nothing_is_inserted_into_nothing_and_no_root_is_removed() -> None:
    with pytest.raises(Unreadable, match="inserted"):
        made('<gone><x xdt:Transform="Insert"/></gone>')
    by = '<configuration xmlns:x="http://schemas.microsoft.com/XML-Document-Transform" x:Transform="Remove"/>'
    with pytest.raises(Unreadable, match="root"):
        transform(SOURCE.encode(), by.encode())


@given(st.text(alphabet="MatchCondix()@='a,[] /", max_size=25))
def test_whatever_the_locator_it_is_read_or_refused(locator: str) -> None:
    escaped = locator.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    try:
        settings(f'<add key="a" xdt:Locator="{escaped}" xdt:Transform="Remove"/>')
    except Unreadable as unreadable:
        assert str(unreadable)
