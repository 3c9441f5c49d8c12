"""Cases of structured configuration: a file and variables, and what the file is with their values in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.conformance.judging import Case, Shape, Verdict, each, lists

from fairlead.domain.template.variables import Variables
from fairlead.formats.structured.files import FORMATS
from fairlead.formats.structured.result import Replaced, Unreadable


def judge(file: Mapping[str, Any]) -> Iterator[Verdict]:
    """A verdict for each case; their files lie beside the one that lists them."""
    return each(file["cases"], lambda case: [_verdict(case, Path(file["meta"]["folder"]))])


def _verdict(case: Case, folder: Path) -> Verdict:
    expected = (folder / case["expected"]).read_bytes() if case["expected"] else None
    wanted = {"content": expected, "log": case.get("log_expectations", [])}
    try:
        replaced = FORMATS[case["format"]]((folder / case["input"]).read_bytes(), Variables(case["variables"]))
    except Unreadable as unreadable:
        return Verdict(case["name"], _is_failure_expected(case), wanted, str(unreadable))
    came = {"content": replaced.content, "found": replaced.found, "warnings": replaced.warnings}
    is_right = (
        not _is_failure_expected(case)
        and (expected is None or _is_same(case, replaced.content, expected))
        and all(_is_said(replaced, *said) for said in wanted["log"] or ())
    )
    return Verdict(case["name"], is_right, wanted, came)


def _is_failure_expected(case: Case) -> bool:
    said = [*(key for key in case if case[key]), *(kind for kind, *_ in case.get("log_expectations", ()))]
    return any(word in one for one in said for word in ("exception", "error", "throw"))


def _is_same(case: Case, came: bytes, expected: bytes) -> bool:
    if case["compare"].startswith("bytes"):
        return came == expected
    if _text(came) == _text(expected):
        return True
    return case["format"] == "json" and bool(json.loads(_text(came)) == json.loads(_text(expected)))


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig").replace("\r\n", "\n")


def _is_said(replaced: Replaced, kind: str, what: Any = None) -> bool:
    match kind:
        case "no_structures_found":
            return not replaced.found
        case "structures_found_count":
            return len(replaced.found) == what
        case "structure_found":
            return what in replaced.found
        case _:
            return any(what is None or str(what) in warning for warning in replaced.warnings)


def _fits(file: Mapping[str, Any]) -> bool:
    return lists(file, lambda case: {"format", "input", "variables"} <= set(case))


SHAPE = Shape("structured", _fits, judge)
