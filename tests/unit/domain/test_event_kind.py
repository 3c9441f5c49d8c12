"""The list of kinds is what the code notes, and groups hold what their names say."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import fairlead
from fairlead.domain.approval import ApprovalState
from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.event_kind import GROUPS, KINDS, fits, groups_of, is_choice
from fairlead.domain.interruption import InterruptionState

ROOM = Path(fairlead.__file__).parent
NAMED = ("KIND", "ARCHIVED", "PASSED_OVER", "TESTED")
"""Constants that hold a kind; others that are noted are no events."""
KIND = re.compile(r"[a-z_]+\.[a-z_]+")
OF_STATES = {
    *(f"approval.{state.value}" for state in ApprovalState),
    *(f"interruption.{state.value}" for state in InterruptionState),
    *(f"deployment.{outcome.value}" for outcome in DeploymentOutcome if outcome.value),
    *("command.exec", "command.run", "deployment.asked", "rollback.asked", "run.failed", "run.cancelled"),
}
"""Those that are put together."""


def notes() -> Iterator[tuple[Path, ast.Module, ast.FunctionDef | ast.AsyncFunctionDef, ast.expr]]:
    """File, module, function and the expression of the kind of each event."""
    for file in [*sorted((ROOM / "usecases").glob("*.py")), ROOM / "server" / "rotating.py"]:
        module = ast.parse(file.read_text())
        for function in ast.walk(module):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for call in ast.walk(function):
                is_note = (
                    isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "note"
                )
                if is_note and isinstance(call, ast.Call) and len(call.args) > 2:
                    yield file, module, function, call.args[2]


def constants(expression: ast.AST) -> set[str]:
    return {
        one.value
        for one in ast.walk(expression)
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and KIND.fullmatch(one.value)
    }


def literal() -> set[str]:
    found: set[str] = set()
    for file, module, function, kind in notes():
        if isinstance(kind, ast.Name) and kind.id in NAMED:
            found.add(getattr(import_module(f"fairlead.{file.parent.name}.{file.stem}"), kind.id))
        elif isinstance(kind, ast.Name):
            for line in ast.walk(function):
                if isinstance(line, ast.Assign) and kind.id in {
                    one.id for one in ast.walk(line.targets[0]) if isinstance(one, ast.Name)
                }:
                    found |= constants(line.value)
            for call in ast.walk(module):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == function.name:
                    found |= constants(call)
        else:
            found |= constants(kind)
    return found


def test_every_kind_that_is_noted_is_listed_and_no_other() -> None:
    known = literal() | OF_STATES
    assert len(literal()) > 90
    assert sorted(known - set(KINDS)) == []
    assert sorted(set(KINDS) - known) == []


def test_kinds_and_groups_are_in_order() -> None:
    assert list(KINDS) == sorted(KINDS)
    assert all(group.kinds for group in GROUPS.values())
    assert groups_of("deployment.failed") == ["deployments", "deployment-failures"]


def test_a_choice_is_a_kind_a_noun_a_group_or_all() -> None:
    for good in ("*", "deployment.failed", "deployment.", "deployments", "ends"):
        assert is_choice(good)
    for bad in ("", ".", "deployment", "deployment.*", "nothing.", "nothing.at_all", "**", "deployment.failed "):
        assert not is_choice(bad)
    assert fits("deployment.failed", ["deployment-failures"]) and fits("deployment.failed", ["deployment."])
    assert not fits("deployment_x.failed", ["deployment."]) and not fits("deployment.live", ["deployment-failures"])
    assert fits("key.expiring", ["ends"]) and fits("variable.set", ["changes"]) and fits("target.available", ["*"])
