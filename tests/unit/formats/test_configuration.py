"""A folder is filled in by each feature in turn, and says what it did."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from fairlead.domain.errors import Invalid
from fairlead.domain.template.variables import Variables
from fairlead.formats.configuration import Configured, Features, configure, wanted

XDT = "http://schemas.microsoft.com/XML-Document-Transform"
FILES = {
    "app.env": b"HOST=#{Host}\nNAME=#{Nobody}\n",
    "appsettings.json": b'{"Db": {"Host": "x"}}',
    "Web.config": b'<c><appSettings><add key="Mode" value="#{Mode}" /></appSettings></c>',
    "Web.Release.config": (
        f'<c xmlns:t="{XDT}"><appSettings><add key="Host" value="?" t:Transform="Insert" /></appSettings></c>'.encode()
    ),
    "sub/values.yml": b"db:\n  host: x\n",
    "readme.md": b"#{Host}",
}
VALUES = {"Host": "db.example.com", "Db:Host": "#{Host}", "Mode": "live"}


def filled(
    features: Features, files: dict[str, bytes] = FILES, more: Mapping[str, str] = MappingProxyType({})
) -> Configured:
    paths, variables = tuple(files), Variables({**VALUES, **more})
    return configure(paths, {path: files[path] for path in wanted(paths, features)}, features, variables)


ALL = Features(
    substitute=("*.env", "Web.config"),
    structured=("appsettings.json", "**/*.yml"),
    words=("Release", "Test"),
    settings=True,
)


def test_each_feature_sees_what_those_before_it_made() -> None:
    changed = filled(ALL).changed
    assert changed["app.env"] == b"HOST=db.example.com\nNAME=#{Nobody}\n"
    assert changed["appsettings.json"] == b'{"Db": {"Host": "db.example.com"}}'
    assert changed["sub/values.yml"] == b"db:\n  host: db.example.com\n"
    assert b'key="Host" value="db.example.com"' in changed["Web.config"]
    assert b'key="Mode" value="live"' in changed["Web.config"]
    assert set(changed) == {"app.env", "appsettings.json", "sub/values.yml", "Web.config"}


def test_only_what_is_asked_for_is_read() -> None:
    assert set(wanted(tuple(FILES), ALL)) == set(FILES) - {"readme.md"}
    assert wanted(tuple(FILES), Features(structured=("*.json",))) == ("appsettings.json",)


def test_a_second_time_changes_nothing() -> None:
    once = {**FILES, **filled(ALL).changed}
    again = filled(Features(substitute=ALL.substitute, structured=ALL.structured), once)
    assert again.changed == {}


def test_it_tells_what_was_done_and_what_was_not() -> None:
    told = [(line.level, line.text) for line in filled(ALL).told]
    assert ("warning", "app.env: without a value: #{Nobody}") in told
    assert ("info", "Web.config: transformed by Web.Release.config") in told
    assert ("info", "Web.config: 2 settings") in told
    assert ("info", "sub/values.yml: 1 place, as YAML") in told
    assert ("debug", "appsettings.json: Db:Host") in told
    missing = filled(Features(substitute=("*.none",), transformations=("Foo => bar.xml",)))
    assert [line.text for line in missing.told if line.level == "warning"] == [
        "no file matches *.none (substitution)",
        "no files are there for the transformation Foo => bar.xml",
    ]


def test_the_warning_of_a_pattern_without_a_file_can_be_spared_for_tokens_alone() -> None:
    spared = {"Octopus.Action.SubstituteInFiles.EnableNoMatchWarning": "False"}
    told = filled(Features(substitute=("*.none",), structured=("*.nothing",)), more=spared).told
    assert [line.text for line in told] == ["no file matches *.nothing (structured values)"]


def test_structured_values_can_be_kept_to_json() -> None:
    only_json = {"Octopus.Action.StructuredConfigurationFallbackFlag": "True"}
    made = filled(Features(structured=("appsettings.json",)), more=only_json)
    assert made.changed["appsettings.json"] == b'{"Db": {"Host": "db.example.com"}}'
    with pytest.raises(Invalid) as refused:
        filled(Features(structured=("**/*.yml",)), more=only_json)
    assert "as json" in str(refused.value) and "as yaml" not in str(refused.value)


def test_a_file_in_which_nothing_is_found_stays_byte_by_byte() -> None:
    odd = {"a.yml": b"a:    1\n\n\nb: [ 1,2 ]\n", "b.config": b"<c  ><x/></c>"}
    assert filled(Features(structured=("a.yml",), settings=True), odd).changed == {}


@pytest.mark.parametrize(
    "features",
    [
        Features(structured=("app.json",)),
        Features(settings=True),
        Features(transformations=("bad.xml => good.xml",)),
        Features(transformations=("strict.xml => good.xml",)),
    ],
)
def test_a_file_that_is_not_of_its_format_is_named(features: Features) -> None:
    files = {
        "app.json": b"{",
        "x.config": b"not XML",
        "good.xml": b"<a/>",
        "bad.xml": b"<a",
        "strict.xml": f'<a xmlns:t="{XDT}"><b t:Transform="Remove"/></a>'.encode(),
    }
    with pytest.raises(Invalid) as refused:
        filled(features, files)
    assert refused.value.code == "configuration.unreadable"
    assert refused.value.thing in files


def test_what_is_not_strict_goes_on_with_a_warning() -> None:
    files = {"good.xml": b"<a/>", "strict.xml": f'<a xmlns:t="{XDT}"><b t:Transform="Remove"/></a>'.encode()}
    told = filled(Features(transformations=("strict.xml => good.xml",), is_strict=False), files).told
    assert [line.text for line in told if line.level == "warning"] == [
        "strict.xml on good.xml: nothing matches <b>, which says Remove"
    ]


@pytest.mark.parametrize(
    ("named", "content"),
    [
        ("utf-8", b"\xef\xbb\xbfNAME=\xc3\xa9\r\n"),
        ("utf-16", "\ufeffNAME=é\r\n".encode("utf-16-le")),
        ("utf-16BE", "\ufeffNAME=é\r\n".encode("utf-16-be")),
        ("Windows-1252", b"NAME=\xe9\r\n"),
        ("us-ascii", b"NAME=\xc3\xa9\r\n"),
        ("utf-666", b"NAME=\xc3\xa9\r\n"),
        ("base64", b"NAME=\xc3\xa9\r\n"),
        ("", b"NAME=\xc3\xa9\r\n"),
    ],
)
def test_files_with_tokens_may_be_written_in_an_encoding_that_a_variable_names(named: str, content: bytes) -> None:
    more = {"Octopus.Action.SubstituteInFiles.OutputEncoding": named, "E": "é"}
    made = filled(Features(substitute=("*.env",)), {"app.env": b"NAME=#{E}\r\n"}, more)
    assert made.changed == {"app.env": content}


BROKEN = {"Web.config": b"<c>", "Web.Release.config": f'<c xmlns:t="{XDT}"><d t:Transform="Remove" /></c>'.encode()}
PACKAGE = "Octopus.Action.Package."


def test_errors_in_files_of_dotnet_can_be_let_pass() -> None:
    transform, settings = Features(words=("Release",)), Features(settings=True)
    for features, name in (
        (transform, "IgnoreConfigTransformationErrors"),
        (settings, "IgnoreVariableReplacementErrors"),
    ):
        with pytest.raises(Invalid):
            filled(features, BROKEN)
        made = filled(features, BROKEN, {PACKAGE + name: "True"})
        assert not made.changed
        assert [line.text for line in made.told if line.level == "warning" and "Web.config stays as it is" in line.text]


def test_a_transformation_that_finds_nothing_is_no_error_where_a_variable_says_so() -> None:
    files = {**BROKEN, "Web.config": b"<c><e>#</e></c>"}
    with pytest.raises(Invalid):
        filled(Features(words=("Release",)), files)
    made = filled(Features(words=("Release",)), files, {PACKAGE + "TreatConfigTransformationWarningsAsErrors": "False"})
    assert [line.level for line in made.told] == ["warning", "info"]
