"""Which format a file is read as goes by its name, JSON first."""

import pytest

from fairlead.domain.errors import Invalid
from fairlead.domain.template.variables import Variables
from fairlead.formats.structured.files import formats_to_try, replace_in_file


@pytest.mark.parametrize(
    ("path", "formats"),
    [
        ("a/appsettings.json", ("json",)),
        ("Values.YML", ("json", "yaml")),
        ("web.xml", ("json", "xml")),
        ("log4j.properties", ("json", "properties")),
        ("app.config", ("json", "xml", "yaml", "properties")),
        ("settings", ("json", "xml", "yaml", "properties")),
    ],
)
def test_the_name_says_what_is_tried(path: str, formats: tuple[str, ...]) -> None:
    assert formats_to_try(path) == formats


@pytest.mark.parametrize(
    ("path", "content", "format"),
    [
        ("a.yml", '{"key": "old"}', "json"),
        ("a.yml", "key: old", "yaml"),
        ("a.config", "<a><b>old</b></a>", "xml"),
        ("a", "key: 'old'", "yaml"),
        ("a", "key: [old\nb=c", "properties"),
    ],
)
def test_the_first_format_that_fits_is_taken(path: str, content: str, format: str) -> None:
    replaced = replace_in_file(path, content.encode(), Variables({"key": "new", "//b": "new"}))
    assert (replaced.format, len(replaced.found)) == (format, 1)


def test_a_file_that_no_format_fits_says_why_in_each() -> None:
    with pytest.raises(Invalid, match=r"a\.xml cannot be read as json: line 1.*; as xml: line 1") as refused:
        replace_in_file("a.xml", b"<a>", Variables({}))
    assert refused.value.code == "configuration.unreadable"


@pytest.mark.parametrize("path", ["a.properties", "a.yml", "a.xml", "a"])
@pytest.mark.parametrize("content", [b"", b"\n", b"  \r\n"])
def test_an_empty_file_stays_so(path: str, content: bytes) -> None:
    assert replace_in_file(path, content, Variables({"key": "new"})).content == content


def test_an_empty_file_that_is_called_json_is_an_empty_object() -> None:
    assert replace_in_file("a.json", b"", Variables({})).content == b"{}"


def test_what_can_be_read_in_several_ways_is_read_in_the_first_that_has_a_place() -> None:
    variables = Variables({"db.host": "db2"})
    replaced = replace_in_file("app.conf", b"db.host=db1\ndb.port=1\n", variables)
    assert (replaced.format, replaced.content) == ("properties", b"db.host=db2\ndb.port=1\n")
    untouched = replace_in_file("app.conf", b"db.name = x\n", variables)
    assert (untouched.format, untouched.content, untouched.found) == ("yaml", b"db.name = x\n", ())
