"""JUnit XML: what is read, and what is refused without an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.record import from_data, to_data
from fairlead.domain.test_report import TestReport
from fairlead.formats import junit
from fairlead.formats.junit import read_junit, read_junit_files

PYTEST = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="1" failures="1" tests="4" time="0.1">
<testcase classname="tests.test_a" name="test_good" time="0.001" />
<testcase classname="tests.test_a" name="test_bad" time="1,000.5">
  <failure message="assert 1 == 2">def test_bad():
      assert 1 == 2</failure></testcase>
<testcase classname="tests.test_a" name="test_odd"><error>RuntimeError: x
more</error><system-out>noise</system-out></testcase>
<testcase classname="tests.test_a" name="test_left"><skipped message="later"/></testcase>
</testsuite></testsuites>"""


def test_cases_are_read_with_their_outcome_message_and_detail() -> None:
    report = read_junit("a.xml", PYTEST)
    assert report.problems == ()
    assert [(case.name, case.outcome) for case in report.cases] == [
        ("test_good", "passed"),
        ("test_bad", "failed"),
        ("test_odd", "errored"),
        ("test_left", "skipped"),
    ]
    bad, odd = report.failures
    assert (bad.message, bad.seconds, bad.class_name) == ("assert 1 == 2", 1000.5, "tests.test_a")
    assert "def test_bad" in bad.detail
    assert (odd.message, odd.detail) == ("RuntimeError: x", "RuntimeError: x\nmore")
    assert report.count("passed") == 1
    assert from_data(TestReport, to_data(report)) == report


def test_several_files_are_one_report_in_the_order_of_their_names() -> None:
    report = read_junit_files({"b.xml": b"<testsuite name='b'><testcase name='y'/></testsuite>", "a.xml": b"<oops"})
    assert [suite.name for suite in report.suites] == ["b"]
    assert report.problems and report.problems[0].startswith("a.xml: not well-formed")


def test_nested_suites_and_cases_without_a_suite_are_read() -> None:
    nested = b"<testsuite name='o'><testsuite name='i'><testcase name='x'/></testsuite><testcase name='y'/></testsuite>"
    assert [(suite.name, len(suite.cases)) for suite in read_junit("a", nested).suites] == [("o", 1), ("i", 1)]
    assert len(read_junit("a", b"<testsuites><testcase name='z'/></testsuites>").cases) == 1


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<testsuite name="&b;"><testcase name="x"/></testsuite>"""


def test_a_document_type_is_refused_before_its_entities_are_read() -> None:
    report = read_junit("bomb.xml", BOMB)
    assert report.cases == ()
    assert "document type" in report.problems[0]
    outside = b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>'
    assert "document type" in read_junit("x.xml", outside).problems[0]


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00", b"not xml", b"<a/>", b"<testsuite>", b"<?xml version='1.0' encoding='x-none'?><testsuite/>"],
)
def test_what_is_no_report_is_a_problem_and_no_error(content: bytes) -> None:
    report = read_junit("x.xml", content)
    assert report.cases == () and len(report.problems) == 1


def test_what_was_read_before_the_fault_is_kept() -> None:
    report = read_junit("x.xml", b"<testsuite name='a'><testcase name='one'/><testcase name='two'>")
    assert [case.name for case in report.cases] == ["one"]
    assert report.problems


def test_depth_number_of_cases_and_length_of_detail_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "deep" in read_junit("x", b"<testsuite>" * 100).problems[0]
    monkeypatch.setattr(junit, "CASE_LIMIT", 2)
    many = read_junit("x", b"<testsuite>" + b"<testcase name='a'/>" * 5 + b"</testsuite>")
    assert len(many.cases) == 2 and "over 2 cases" in many.problems[0]
    long = b"<testsuite><testcase name='a'><failure>" + b"y" * 100_000 + b"</failure></testcase></testsuite>"
    assert len(read_junit("x", long).failures[0].detail) == junit.DETAIL_LIMIT
    monkeypatch.setattr(junit, "SIZE_LIMIT", 10)
    assert "bytes" in read_junit("x", PYTEST).problems[0]


@given(st.binary(max_size=300) | st.text(alphabet="<>/testcasuifrl=' \"&;!", max_size=200).map(str.encode))
def test_any_bytes_are_a_report(content: bytes) -> None:
    assert isinstance(read_junit("x.xml", content), TestReport)
