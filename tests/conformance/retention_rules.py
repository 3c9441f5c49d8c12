"""Judges of retention: of releases by phases, of what a phase inherits, and of what lies on a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.judging import Case, Shape, Verdict, each

from fairlead.domain.retention import Candidate, Keep, effective, fates, protected
from fairlead.domain.target_retention import JournalEntry, clearance

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def releases(case: Case) -> Iterator[Verdict]:
    """What goes, what stays, and why each that stays does."""
    phases = [(phase["name"], _keep(phase["retention"])) for phase in case["lifecycle"]["phases"]]
    keep = _keep(case["lifecycle"]["retention"]) or Keep()
    given = case["releases_newest_first"]
    shown = set(case["on_dashboard"])
    protection = protected({name: _history(given, name, shown) for name, _ in phases})
    candidates = [
        Candidate(one["v"], NOW - timedelta(hours=at), dict.fromkeys(one["deployed_to"], NOW), protection.get(one["v"]))
        for at, one in enumerate(given)
    ]
    found = fates(candidates, effective(keep, phases), keep, now=NOW)
    expected = {"keep": case["expected_keep"], "delete": case["expected_delete"]}
    came = {
        "keep": {fate.version: fate.words for fate in found if fate.is_kept},
        "delete": [fate.version for fate in found if not fate.is_kept],
    }
    yield Verdict("", came == expected, expected, came)


def _history(given: list[Any], phase: str, shown: set[str]) -> list[str]:
    """What was live in the phase, from the one that a dashboard shows on."""
    deployed = [one["v"] for one in given if phase in one["deployed_to"]]
    first = next((at for at, version in enumerate(deployed) if version in shown), len(deployed))
    return deployed[first:]


def inheritance(case: Case) -> Iterator[Verdict]:
    """What holds in each phase."""
    phases = [(name, None if count is None else Keep(releases=count)) for name, count in case["phases"]]
    found = effective(Keep(releases=case["lifecycle_keep"]), phases)
    came = {name: keep.releases for name, keep in found.items()}
    yield Verdict("", came == case["expected_effective"], case["expected_effective"], came)


def _keep(given: Mapping[str, int] | None) -> Keep | None:
    return None if given is None else Keep(given.get("keep_releases"), given.get("keep_days"))


def _targets(file: Mapping[str, Any]) -> Iterator[Verdict]:
    now = datetime.fromisoformat(file["meta"]["now"]).replace(tzinfo=UTC)
    known = {id: _entry(id, given, now) for id, given in file["entries"].items()}
    return each(file["cases"], lambda case: [_cleared(case, known, now)])


def _cleared(case: Case, known: Mapping[str, JournalEntry], now: datetime) -> Verdict:
    names = list(known) if case["journal"] == "all" else case["journal"]
    keep = Keep(releases=case.get("releases"), days=case.get("days"))
    found = clearance([known[name] for name in names], case["policySet"], keep, now=now)
    gone, entries = set(found.directories), set(found.entries)
    unused = {known[name].directory for name in names} - {None} - set(case.get("deleted_dirs", ()))
    checks = {
        "deleted_dirs": lambda wanted: set(wanted) <= gone,
        "kept_dirs": lambda wanted: not set(wanted) & gone,
        "only_deleted": lambda wanted: not wanted or not gone & unused,
        "removed_entries": lambda wanted: set(wanted) == entries,
        "removed_entries_include": lambda wanted: set(wanted) <= entries,
        "removed_entries_subset_of": lambda wanted: entries <= set(wanted),
    }
    expected = {name: case[name] for name in checks if name in case}
    is_right = all(checks[name](wanted) for name, wanted in expected.items())
    return Verdict(case["name"], is_right, expected, {"entries": found.entries, "directories": found.directories})


def _entry(id: str, given: list[Any], now: datetime) -> JournalEntry:
    policy_set, age_days, directory, was_successful = given[:4]
    return JournalEntry(id, policy_set, now - timedelta(days=age_days), directory, was_successful)


TARGETS = Shape("retention on targets", lambda file: "entries" in file and "cases" in file, _targets)
