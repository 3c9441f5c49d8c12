"""Tokens of a file get their values, and those without one are told."""

from fairlead.domain.template.variables import Variables
from fairlead.formats.substituted import substitute_in_file


def test_tokens_get_their_values_and_the_encoding_stays() -> None:
    made = substitute_in_file("\ufeffHost=#{Host} †".encode("utf-16-be"), Variables({"Host": "#{Name}.é", "Name": "x"}))
    assert (made.content, made.missing) == ("\ufeffHost=x.é †".encode("utf-16-be"), ())


def test_what_has_no_value_stays_and_is_told_once() -> None:
    made = substitute_in_file(b"#{A} #{B} #{ #{A} #{if C}x#{/if}", Variables({"B": "1"}))
    assert made.content == b"#{A} 1 #{ #{A} "
    assert made.missing == ("#{A}",)


def test_a_file_without_tokens_is_the_same_byte_by_byte() -> None:
    content = bytes(range(256)) * 3
    assert substitute_in_file(content.replace(b"#", b""), Variables({})).content == content.replace(b"#", b"")
