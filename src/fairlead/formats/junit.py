"""Reads JUnit XML: what tests reported, as data; bounded, and never an error, whatever a test runner wrote."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError, XMLParser

from fairlead.domain.test_report import CaseOutcome, TestCase, TestReport, TestSuite

SIZE_LIMIT = 16_777_216
"""Bytes of one file."""

CASE_LIMIT = 20_000
"""Cases of one report; a page that shows more helps nobody."""

DEPTH_LIMIT = 30
DETAIL_LIMIT = 8_192
NAME_LIMIT = 500

_OUTCOMES: Mapping[str, CaseOutcome] = {"failure": "failed", "error": "errored", "skipped": "skipped"}


def read_junit(name: str, content: bytes) -> TestReport:
    """The report in one file; where it cannot be read, what could be, and a problem that says why."""
    if len(content) > SIZE_LIMIT:
        return TestReport(problems=(f"{name}: {len(content)} bytes, at most {SIZE_LIMIT} are read",))
    reading = _Reading()
    parser = XMLParser(target=reading)
    problem = ""
    try:
        parser.feed(content)
        parser.close()
    except _Refused as refused:
        problem = str(refused)
    except (ParseError, ValueError, LookupError) as error:
        problem = f"not well-formed XML ({error})"
    if not problem and not reading.is_junit:
        problem = "not JUnit XML (no <testsuite>)"
    suites = tuple(suite for suite in reading.finished() if suite.cases)
    return TestReport(suites, (f"{name}: {problem}",) if problem else ())


def read_junit_files(files: Mapping[str, bytes]) -> TestReport:
    """The reports of several files as one."""
    reports = [read_junit(name, files[name]) for name in sorted(files)]
    return TestReport(
        tuple(suite for report in reports for suite in report.suites),
        tuple(problem for report in reports for problem in report.problems),
    )


class _Refused(Exception):
    """The document is read no further; the message says why."""


@dataclass(slots=True)
class _Suite:
    name: str
    cases: list[TestCase] = field(default_factory=list)


@dataclass(slots=True)
class _Case:
    attributes: Mapping[str, str]
    outcome: CaseOutcome = "passed"
    message: str = ""
    detail: list[str] = field(default_factory=list)
    length: int = 0


@dataclass(slots=True)
class _Reading:
    """What the XML parser calls; it keeps no more than the bounds allow."""

    suites: list[_Suite] = field(default_factory=list)
    opened: list[_Suite] = field(default_factory=list)
    case: _Case | None = None
    inside: str = ""
    depth: int = 0
    count: int = 0
    is_junit: bool = False

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise _Refused("a document type, which could define entities without end")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise _Refused(f"elements over {DEPTH_LIMIT} deep")
        tag = tag.rpartition("}")[2]
        if tag in ("testsuites", "testsuite"):
            self.is_junit = True
        if tag == "testsuite":
            suite = _Suite(attributes.get("name", "")[:NAME_LIMIT])
            self.suites.append(suite)
            self.opened.append(suite)
        elif tag == "testcase":
            self.count += 1
            if self.count > CASE_LIMIT:
                raise _Refused(f"over {CASE_LIMIT} cases; the rest is not read")
            self.case = _Case(attributes)
        elif self.case is not None and tag in _OUTCOMES:
            self.inside = tag
            self.case.outcome = _OUTCOMES[tag]
            self.case.message = attributes.get("message", "")[:DETAIL_LIMIT]

    def data(self, text: str) -> None:
        if self.case is not None and self.inside and self.case.length < DETAIL_LIMIT:
            self.case.detail.append(text[: DETAIL_LIMIT - self.case.length])
            self.case.length += len(text)

    def end(self, tag: str) -> None:
        self.depth -= 1
        tag = tag.rpartition("}")[2]
        if tag == self.inside:
            self.inside = ""
        elif tag == "testcase" and self.case is not None:
            self._suite().cases.append(_finished(self.case))
            self.case = None
        elif tag == "testsuite" and self.opened:
            self.opened.pop()

    def close(self) -> None:
        return None

    def finished(self) -> list[TestSuite]:
        return [TestSuite(suite.name, tuple(suite.cases)) for suite in self.suites]

    def _suite(self) -> _Suite:
        if not self.opened:
            self.suites.append(_Suite(""))
            self.opened.append(self.suites[-1])
        return self.opened[-1]


def _finished(case: _Case) -> TestCase:
    attributes = case.attributes
    detail = "".join(case.detail).strip()
    first = detail.splitlines()[0][:NAME_LIMIT] if detail else ""
    return TestCase(
        name=attributes.get("name", "")[:NAME_LIMIT],
        outcome=case.outcome,
        class_name=attributes.get("classname", "")[:NAME_LIMIT],
        seconds=_seconds(attributes.get("time", "")),
        message=case.message or first,
        detail=detail,
    )


def _seconds(written: str) -> float:
    try:
        seconds = float(written.replace(",", ""))
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds >= 0 else 0.0
