"""Cases of service messages: what a stream's pieces hold, and how a message is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.conformance.judging import Case, Shape, Verdict

from fairlead.domain.service_messages import ServiceMessage, ServiceMessageParser, write_message


def judge(file: Mapping[str, Any]) -> Iterator[Verdict]:
    """A verdict for each case of both kinds."""
    for case in file.get("parse", ()):
        yield _parsed(case)
    for case in file.get("format", ()):
        came = write_message(case["message"], case["properties"])
        yield Verdict(case["name"], came == case["expected"], case["expected"], came)


def _parsed(case: Case) -> Verdict:
    parser = ServiceMessageParser()
    pieces = [piece for chunk in case["chunks"] for piece in parser.feed(chunk)]
    pieces.extend(parser.close())
    came = [_plain(piece.name, piece.properties) for piece in pieces if isinstance(piece, ServiceMessage)]
    expected = [_plain(message["name"], message["properties"]) for message in case["expected"]]
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    return Verdict(case["name"], came == expected and text == case.get("text", text), case["expected"], (came, text))


def _plain(name: str, properties: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    return name, {key.lower(): value for key, value in properties.items()}


def _fits(file: Mapping[str, Any]) -> bool:
    return "parse" in file and "format" in file


SHAPE = Shape("service messages", _fits, judge)
