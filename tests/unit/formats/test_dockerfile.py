"""Which images a Dockerfile builds upon, which builder it needs, and what it exposes."""

import pytest

from fairlead.formats.dockerfile import base_images, exposed_ports, only_for_buildkit


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


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("FROM a\nRUN --mount=type=cache,target=/root/.cache pip install .\n", "RUN --mount"),
        ("FROM a\nRUN --network=none make\n", "RUN --network"),
        ("FROM a\nCOPY --chown=1 --chmod=755 a /a\n", "COPY --chmod"),
        ("FROM a\nCOPY --link a /a\n", "COPY --link"),
        ("FROM a\nADD --checksum=sha256:1 http://x /a\n", "ADD --checksum"),
        ("FROM a\nRUN <<EOF\necho 1\nEOF\n", "RUN <<EOF"),
        ("FROM a\nCOPY <<-'END' /a\nhi\nEND\n", "COPY <<END"),
        ("FROM a\nRUN echo $((1<<FOUR)) --mount\nCOPY --from=b --chown=c a /a\n", ""),
        ("# syntax=docker/dockerfile:1\nFROM a\nRUN echo '<< 1'\n", ""),
        ("FROM --platform=$BUILDPLATFORM golang AS build\nRUN go build\n", "FROM $BUILDPLATFORM"),
        ("FROM base-${TARGETARCH}\n", "FROM $TARGETARCH"),
        ("FROM a\nARG TARGETOS TARGETARCH\nRUN fetch $TARGETARCH\n", "ARG TARGETOS"),
        ("FROM a\nARG TARGETVARIANT\n", "ARG TARGETVARIANT"),
        ("FROM --platform=linux/amd64 a\nARG TARGETARCH=amd64\nRUN echo $TARGETPLATFORM\n", ""),
        ("ARG BUILDPLATFORM=linux/amd64\nFROM --platform=$BUILDPLATFORM a\n", ""),
        ("ARG TARGETS\nFROM a-$TARGETS\nARG TARGETARCHIVE\n", ""),
        ("", ""),
    ],
)
def test_what_only_buildkit_understands_is_named(text: str, what: str) -> None:
    assert only_for_buildkit(text, {}) == what


def test_a_platform_that_is_given_needs_no_buildkit() -> None:
    text = "ARG BUILDPLATFORM\nFROM --platform=$BUILDPLATFORM a\nARG TARGETARCH\n"
    assert only_for_buildkit(text, {"BUILDPLATFORM": "linux/amd64", "TARGETARCH": "amd64"}) == ""
    assert only_for_buildkit(text, {"BUILDPLATFORM": "linux/amd64"}) == "ARG TARGETARCH"


def test_what_stands_in_a_here_document_is_no_instruction() -> None:
    text = "FROM a\nRUN <<EOF\nFROM table\nCOPY --from=other x y\nEXPOSE 1\nEOF\nFROM b\n"
    assert base_images(text, {}) == ("a", "b")
    assert exposed_ports(text, {}) == ()


def test_a_mounted_image_is_a_base_too() -> None:
    text = "FROM a AS x\nFROM b\nRUN --mount=type=bind,from=c:1,target=/c --mount=from=x,target=/x ls\n"
    assert base_images(text, {}) == ("a", "b", "c:1")


@pytest.mark.parametrize(
    ("text", "arguments", "target", "ports"),
    [
        ("FROM a\nEXPOSE 8000\n", {}, "", (8000,)),
        ("FROM a\nENV PORT=8080\nEXPOSE $PORT/tcp 53/udp\n", {}, "", (8080,)),
        ("FROM a\nARG PORT=1\nEXPOSE ${PORT}\n", {"PORT": "9000"}, "", (9000,)),
        ("FROM a\nEXPOSE 80 443\n", {}, "", (80, 443)),
        ("FROM a AS base\nEXPOSE 1\nFROM base AS final\nEXPOSE 2\n", {}, "", (1, 2)),
        ("FROM a AS base\nEXPOSE 1\nFROM b\nEXPOSE 2\n", {}, "base", (1,)),
        ("FROM a AS base\nEXPOSE 1\nFROM b\n", {}, "", ()),
        ("FROM a\nEXPOSE $NOTHING 99999 8000-8010\n", {}, "", ()),
        ("EXPOSE 1\n", {}, "", ()),
    ],
)
def test_the_ports_of_the_built_stage_are_found(
    text: str, arguments: dict[str, str], target: str, ports: tuple[int, ...]
) -> None:
    assert exposed_ports(text, arguments, target) == ports
