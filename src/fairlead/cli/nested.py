"""What has parts within parts, a line for each: a task with its phases and facts, what is left of an unsettled one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairlead.cli.screen import Screen

CAPTURE = "Capture"
"""A whole captured state, among a task's facts: for programs, who ask with -o json."""


def show_task(screen: Screen, task: Mapping[str, Any]) -> None:
    """Its fields, then its phases as a table, then what else has parts."""
    apart = ("phases", "facts", "unsettled", "evidence", "differences", "waits_for")
    screen.fields({name: value for name, value in task.items() if name not in apart})
    _section(screen, "it waits for its turn", [f"  {one['said']} ({one['task'] or '—'})" for one in task["waits_for"]])
    columns = {"title": "PHASE", "state": "STATE", "begun_at": "BEGUN", "ended_at": "ENDED", "reason": "REASON"}
    phases = [{**one, "state": "—" if one["state"] == "waiting" else one["state"]} for one in task["phases"]]
    screen.table(phases, columns, empty="no phases")
    for heading, lines in (
        ("evidence", [f"  │ {line}" for line in task["evidence"]]),
        ("not as it was", [] if task["unsettled"] else [f"  {line}" for line in task["differences"]]),
        ("facts", list(lines_of(task["facts"]))),
    ):
        _section(screen, heading, lines)
    show_unsettled(screen, task["unsettled"])


def show_unsettled(screen: Screen, left: Mapping[str, Any] | None) -> None:
    """What is not as it should be, what was tried, and what a person can run; nothing where it is settled."""
    if not left:
        return
    _section(screen, "not as it should be", [f"  {line}" for line in left["differences"]])
    _section(screen, "was tried", [f"  {line}" for line in left["tried"]])
    _section(screen, "where it does not settle by itself, run on the host", [f"  {line}" for line in left["commands"]])
    times = f"taken up {left['taken_up']} times so far"
    waits = "it waits for a person" if left["waits_for_a_person"] else "it is taken up again by itself"
    screen.out.print(f"{waits}; {times}; nothing else is deployed there until then", markup=False)


def lines_of(value: Any, depth: int = 1) -> Iterator[str]:
    """Names and values, what is in something indented below it."""
    indent = "  " * depth
    if isinstance(value, Mapping):
        for name, part in value.items():
            if isinstance(part, Mapping) and part.get("is") == CAPTURE:
                continue
            if isinstance(part, Mapping | list) and part:
                yield f"{indent}{name}:"
                yield from lines_of(part, depth + 1)
            else:
                yield f"{indent}{name}: {_plain(part)}"
    elif isinstance(value, list):
        yield from (f"{indent}- {_plain(part)}" for part in value)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "—" if value in (None, "", [], {}) else str(value)


def _section(screen: Screen, heading: str, lines: Sequence[str]) -> None:
    if lines:
        screen.out.print(f"[bold]{heading}[/]")
        for line in lines:
            screen.out.print(line, markup=False)
