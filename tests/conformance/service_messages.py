"""Cases of service messages: what a stream's pieces hold, and how the functions that scripts find write one."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.conformance.judging import Case, Shape, Verdict, each

from fairlead.domain.service_messages import ServiceMessage, ServiceMessageParser
from fairlead.steps.scripts.bundle import FOLDER, RUNNERS, Language


def judge(file: Mapping[str, Any]) -> Iterator[Verdict]:
    """A verdict for each case of both kinds."""
    yield from each(file.get("parse", ()), lambda case: [_parsed(case)])
    cases = list(file.get("format", ()))
    for case, came in zip(cases, _written(cases), strict=True):
        yield Verdict(case["name"], came == case["expected"], case["expected"], came)


WRITING = """\
import json
with open("cases.json", encoding="utf-8") as file:
    print(json.dumps([_message(name, **properties) for name, properties in json.load(file)]))
"""


def _written(cases: Sequence[Case]) -> list[str]:
    """As a Python script on a host writes them: with the functions that it is sent with."""
    runner = RUNNERS[Language.PYTHON]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / FOLDER).mkdir()
        (place / FOLDER / "variables").write_text("{}")
        start = files("fairlead.steps.scripts").joinpath(runner.resource)
        (place / FOLDER / runner.start).write_bytes(start.read_bytes())
        (place / "cases.json").write_text(json.dumps([[case["message"], case["properties"]] for case in cases]))
        (place / runner.name).write_text(WRITING)
        words = [sys.executable, f"{FOLDER}/{runner.start}", f"./{runner.name}"]
        ran = subprocess.run(words, cwd=place, capture_output=True, check=True, timeout=60)
    return list(json.loads(ran.stdout))


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
    return any(isinstance(file.get(section), list) for section in ("parse", "format"))


SHAPE = Shape("service messages", _fits, judge)
