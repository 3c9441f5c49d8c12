"""Judges which of several variables of a name holds at a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.conformance.judging import Case, Verdict
from tests.conformance.output_rules import OPEN

from fairlead.domain.ids import LibrarySetId, ProjectId
from fairlead.domain.variable import Dimension, Scope, Variable, resolve
from fairlead.domain.variable_table import VariableTable

WORDS = {
    "step": Dimension.STEP,
    "action": Dimension.STEP,
    "machine": Dimension.TARGET,
    "target": Dimension.TARGET,
    "role": Dimension.TARGET_TAG,
    "target_tag": Dimension.TARGET_TAG,
    "tenant": Dimension.TENANT,
    "tenant_tag": Dimension.TENANT_TAG,
    "environment": Dimension.ENVIRONMENT,
    "channel": Dimension.CHANNEL,
    "process": Dimension.PROCESS,
}
"""How a case calls what a variable's scope names. A place says beside it by `machine_roles` what tags its target has;
then `role` is what the step targets."""


def judge(case: Case) -> Iterator[Verdict]:
    """Variables (name, value, scope, and whose they are) and what holds at each place."""
    found = [_variable(number, *row) for number, row in enumerate(case["variables"], 1)]
    name = found[0].name
    table = VariableTable(found)
    for number, (place, expected) in enumerate(case["expected"], 1):
        at = _place(place)
        came = table.at(at).get(name)
        alone = resolve(found, at)
        winner = alone.winner.value if alone and alone.winner else None
        is_open = isinstance(expected, str) and OPEN in expected
        is_right = came in {one.value for one in found} if is_open else came == expected
        yield Verdict(str(number), is_right and came == winner, expected, came)


def _variable(number: int, name: str, value: str, scope: Mapping[str, Any], owner: str = "project") -> Variable:
    named = {WORDS[word]: _entries(entries) for word, entries in scope.items()}
    if owner == "library":
        return Variable(f"{number:04d}", name, value, scope=named, library_set=LibrarySetId("library"))
    return Variable(f"{number:04d}", name, value, scope=named, project=ProjectId("project"))


def _place(place: Mapping[str, Any]) -> Scope:
    at: dict[Dimension, frozenset[str]] = {}
    for word, entries in place.items():
        if word in ("machine_roles", "target_tags"):
            at[Dimension.TARGET_TAG] = _entries(entries)
        elif word in ("role", "roles"):
            at[Dimension.TARGETED_TAG] = _entries(entries)
        else:
            at[WORDS[word]] = at.get(WORDS[word], frozenset()) | _entries(entries)
    at.setdefault(Dimension.TARGET_TAG, at.get(Dimension.TARGETED_TAG, frozenset()))
    return at


def _entries(given: str | list[str]) -> frozenset[str]:
    return frozenset([given] if isinstance(given, str) else given)
