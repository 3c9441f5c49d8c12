"""Settings of .NET get the values of the variables they are called like."""

import pytest

from fairlead.domain.template.variables import Variables
from fairlead.formats.dotnet.settings import replace_settings
from fairlead.formats.structured.result import Unreadable

FILE = """\
<?xml version="1.0" encoding="utf-8"?>
<configuration>
    <appSettings xmlns="urn:other">
        <add key="Colour" value="red"/>
        <add key="Empty" />
        <other key="Colour" value="kept"/>
    </appSettings>
    <connectionStrings><add name="Db" connectionString="old"/></connectionStrings>
    <add key="Colour" value="kept"/>
    <applicationSettings>
        <Shop.Properties>
            <setting name="Size" serializeAs="String"><value>old</value></setting>
            <setting name="New"/>
        </Shop.Properties>
    </applicationSettings>
</configuration>
"""


def test_each_setting_gets_its_value_and_all_else_stays() -> None:
    variables = {"COLOUR": 'a "b" & #{X}', "X": "<c>", "empty": "", "db": "new", "Size": "9", "new": "n", "none": "x"}
    made = replace_settings(FILE.encode(), Variables(variables))
    wanted = (
        FILE.replace('"Colour" value="red"/>', '"Colour" value="a &quot;b&quot; &amp; &lt;c&gt;" />')
        .replace('key="Empty" />', 'key="Empty" value="" />')
        .replace('"old"/>', '"new" />')
        .replace("<value>old", "<value>9")
        .replace('<setting name="New"/>', '<setting name="New"><value>n</value></setting>')
        .replace('value="kept"/>', 'value="kept" />')
    )
    assert made.content.decode() == wanted
    assert sorted(made.found) == ["Colour", "Db", "Empty", "New", "Size"]


def test_a_variable_without_a_value_empties_its_setting() -> None:
    made = replace_settings(FILE.encode(), Variables({"colour": None, "SIZE": "#{Nobody | null}"}))
    assert '<add key="Colour" value="" />' in made.content.decode()
    assert "<value></value>" in made.content.decode()
    assert sorted(made.found) == ["Colour", "Size"]


def test_a_value_that_xml_cannot_hold_is_told() -> None:
    made = replace_settings(FILE.encode(), Variables({"Colour": "\x00"}))
    assert 'value="red"' in made.content.decode()
    assert len(made.warnings) == 1


def test_what_is_no_xml_says_so() -> None:
    with pytest.raises(Unreadable, match="line 1"):
        replace_settings(b"key=value", Variables({}))
