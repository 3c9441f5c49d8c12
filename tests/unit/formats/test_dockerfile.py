"""Which images a Dockerfile builds upon."""

import pytest

from fairlead.formats.dockerfile import base_images


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        ("FROM debian:12\n", {}, ("debian:12",)),
        ("# x\n\nfrom --platform=linux/amd64 debian:12 as Build\nFROM build\n", {}, ("debian:12",)),
        ("FROM scratch\nCOPY a /\n", {}, ()),
        ("ARG BASE=a:1\nFROM ${BASE}\n", {}, ("a:1",)),
        ("ARG BASE=a:1\nFROM ${BASE}\n", {"BASE": "b:2"}, ("b:2",)),
        ('ARG V="12"\nARG BASE=debian:$V\nFROM $BASE\n', {}, ("debian:12",)),
        ("ARG V\nFROM debian:${V:-11}\n", {}, ("debian:11",)),
        ("ARG V\nFROM debian:${V:-11}\n", {"V": "12"}, ("debian:12",)),
        ("FROM debian:$UNKNOWN\n", {}, ("debian:$UNKNOWN",)),
        ("FROM a\nARG B=c\nFROM b\n", {}, ("a", "b")),
        (
            "FROM a AS x\nFROM b\nCOPY --from=x /1 /1\nCOPY --chown=1 --from=c:1 /2 /2\nCOPY --from=0 /3 /3\n",
            {},
            ("a", "b", "c:1"),
        ),
        ("FROM \\\n  # a comment between\n  a:1 \\\n  AS x\n", {}, ("a:1",)),
        ("# escape=`\nFROM `\n a:1\n", {}, ("a:1",)),
        ("FROM a\nFROM a\n", {}, ("a",)),
        ("", {}, ()),
        ("RUN echo FROM x\n", {}, ()),
    ],
)
def test_bases_are_found(text: str, arguments: dict[str, str], expected: tuple[str, ...]) -> None:
    assert base_images(text, arguments) == expected
