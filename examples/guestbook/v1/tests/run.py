"""Picks the tests of the kind in TEST_TYPE, runs them, and writes what came of it as JUnit XML."""

import os
import sys
import time
import traceback
import unittest
from pathlib import Path
from xml.etree import ElementTree

MODULES = {
    "pre-deployment": ["tests.of_pages"],
    "pre-integration": ["tests.of_a_running_book"],
    "post-integration": ["tests.of_a_running_book", "tests.of_the_public_address"],
}


class Recorded(unittest.TextTestResult):
    """A result that remembers each test for the report."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.cases: list[ElementTree.Element] = []

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        module, name = type(test).__module__, test.shortDescription() or test.id().rsplit(".", 1)[-1]
        self.cases.append(ElementTree.Element("testcase", classname=module, name=name))
        self._began = time.monotonic()

    def stopTest(self, test: unittest.TestCase) -> None:
        self.cases[-1].set("time", f"{time.monotonic() - self._began:.3f}")
        super().stopTest(test)

    def addFailure(self, test: unittest.TestCase, error: tuple) -> None:
        super().addFailure(test, error)
        self._mark("failure", error)

    def addError(self, test: unittest.TestCase, error: tuple) -> None:
        super().addError(test, error)
        self._mark("error", error)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        ElementTree.SubElement(self.cases[-1], "skipped", message=reason)

    def _mark(self, outcome: str, error: tuple) -> None:
        case = self.cases[-1] if self.cases else ElementTree.Element("testcase", classname="tests", name="set-up")
        if not self.cases:
            self.cases.append(case)
        mark = ElementTree.SubElement(case, outcome, message=str(error[1]), type=error[0].__name__)
        mark.text = "".join(traceback.format_exception(*error))


def main() -> int:
    """0 where all held, 1 where one did not, 2 where there is no such kind."""
    kind = os.environ.get("TEST_TYPE", "pre-deployment")
    if kind not in MODULES:
        print(f"TEST_TYPE is '{kind}', expected one of: {', '.join(MODULES)}", file=sys.stderr)
        return 2
    asked = {name: os.environ.get(name, "") for name in ("TEST_URL", "TEST_RELEASE", "TEST_ENVIRONMENT")}
    print(f"{kind} tests", *(f"{name}={value}" for name, value in asked.items() if value), flush=True)
    suite = unittest.defaultTestLoader.loadTestsFromNames(MODULES[kind])
    began = time.monotonic()
    result = unittest.TextTestRunner(resultclass=Recorded, verbosity=2, stream=sys.stdout).run(suite)
    report(kind, result, time.monotonic() - began)
    return 0 if result.wasSuccessful() else 1


def report(kind: str, result: Recorded, took_s: float) -> None:
    counts = {
        "tests": result.testsRun,
        "failures": len(result.failures),
        "errors": len(result.errors),
        "skipped": len(result.skipped),
    }
    attributes = {name: str(count) for name, count in counts.items()}
    suite = ElementTree.Element("testsuite", {"name": kind, "time": f"{took_s:.3f}", **attributes})
    suite.extend(result.cases)
    results = Path(os.environ.get("RESULTS", "/results"))
    results.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(results / f"{kind}.xml", encoding="utf-8", xml_declaration=True)


if __name__ == "__main__":
    sys.exit(main())
