"""What tests left in /results: counted for people, and the failing cases named in the reason."""

from __future__ import annotations

from dataclasses import replace

from fairlead.domain.effect import Outcome, SaidNo
from fairlead.domain.record import Json
from fairlead.domain.test_report import TestReport
from fairlead.formats.junit import read_junit_files
from fairlead.ports.step import Tools

NAMED_CASES = 10
EVIDENCE_LENGTH = 2000


async def summarise(outcome: Outcome, kind: str, tools: Tools) -> Outcome:
    """The outcome, with failing cases in its reason; the counts are noted as the fact ``tests:<kind>``."""
    report = await report_of(kind, tools)
    if report is None:
        await tools.records.note(tools.task, f"tests:{kind}", {"reported": False})
        return outcome
    counts: dict[str, Json] = {
        "reported": True,
        "passed": report.count("passed"),
        "failed": report.count("failed"),
        "errored": report.count("errored"),
        "skipped": report.count("skipped"),
        "failing": [case_name(case.class_name, case.name) for case in report.failures[:NAMED_CASES]],
    }
    await tools.records.note(tools.task, f"tests:{kind}", counts)
    tools.say(
        f"{len(report.cases)} cases: {counts['passed']} passed, {counts['failed']} failed,"
        f" {counts['errored']} errored, {counts['skipped']} skipped"
    )
    for problem in report.problems:
        tools.say(problem, level="warning")
    if not isinstance(outcome, SaidNo) or not report.failures:
        return outcome
    names = ", ".join(case_name(case.class_name, case.name) for case in report.failures[:NAMED_CASES])
    more = len(report.failures) - NAMED_CASES
    said = f"{outcome.reason}: {names}" + (f" and {more} more" if more > 0 else "")
    shown = tuple(
        f"{case_name(case.class_name, case.name)}: {(case.message or case.detail)[:EVIDENCE_LENGTH]}"
        for case in report.failures[:NAMED_CASES]
    )
    return replace(outcome, reason=said, evidence=(*shown, *outcome.evidence))


async def report_of(kind: str, tools: Tools) -> TestReport | None:
    """All JUnit files of these tests as one report; None where they left none."""
    names = await tools.artifacts.names(tools.task)
    ours = sorted(name for name, what in names.items() if what == "junit" and name.startswith(f"{kind}/"))
    if not ours:
        return None
    return read_junit_files({name: await tools.artifacts.read(tools.task, name) for name in ours})


def case_name(class_name: str, name: str) -> str:
    """How people know a case."""
    return f"{class_name}.{name}" if class_name else name
