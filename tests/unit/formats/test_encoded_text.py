"""Text comes back in the encoding that its file has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.formats.encoded_text import decoded


@given(st.binary(max_size=200))
def test_whatever_the_bytes_they_come_back_as_they_were(content: bytes) -> None:
    assert decoded(content).content() == content


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_byte_order_mark_says_the_encoding_and_stays(encoding: str) -> None:
    content = ("\ufeff" if encoding == "utf-16-le" else "").encode("utf-16-le") + "Grüße †".encode(encoding)
    file = decoded(content)
    assert file.text == "Grüße †"
    assert file.with_text("Łódź").content()[: len(file.mark)] == file.mark
    assert decoded(file.with_text("Łódź").content()).text == "Łódź"


def test_what_is_no_utf_8_is_windows_1252() -> None:
    file = decoded("price: 5 €".encode("cp1252"))
    assert (file.text, file.encoding) == ("price: 5 €", "cp1252")
    assert file.with_text("price: 6 €").content() == "price: 6 €".encode("cp1252")


def test_a_character_that_the_encoding_lacks_makes_it_utf_8() -> None:
    file = decoded("caf\xe9".encode("cp1252")).with_text("café in Łódź")
    assert file.content() == "café in Łódź".encode()


def test_an_encoding_that_is_preferred_is_tried_first_and_one_that_nobody_knows_is_not() -> None:
    content = "Michał".encode("iso8859-2")
    assert decoded(content, ["iso8859-2"]).text == "Michał"
    assert decoded("Michał".encode(), ["no-such-thing"]).text == "Michał"


@pytest.mark.parametrize(
    ("text", "line_end"),
    [("a\nb\nc\r\n", "\n"), ("a\r\nb\r\nc\n", "\r\n"), ("a", "\r\n"), ("a\nb\r\n", "\n"), ("a\r\nb\n", "\r\n")],
)
def test_the_line_end_is_the_more_frequent_one(text: str, line_end: str) -> None:
    assert decoded(text.encode()).line_end == line_end
