"""A plan as people read it: its parts in order, each step with what it does."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fairlead.domain.condition import when_told
from fairlead.domain.errors import FairleadError
from fairlead.domain.plan import Effect, Node, Plan, Step, inside, told_of
from fairlead.usecases.foreseeing import Preview

NO_PLAN: Mapping[str, Any] = {"plan": None, "outline": (), "trouble": "", "preview": None}


async def shown(looking: Awaitable[Preview]) -> Mapping[str, Any]:
    """What `plan.html` is filled with: what would run and what it would change, or why that cannot be said."""
    try:
        found = await looking
    except FairleadError as error:
        return {**NO_PLAN, "trouble": str(error)}
    return {"plan": found.plan, "outline": outline(found.plan), "trouble": "", "preview": found}


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A named step, what it does, and when it does so."""

    title: str
    effects: tuple[str, ...] = ()
    part: str = ""
    skipped: str = ""
    when: str = ""


def outline(plan: Plan) -> tuple[PlannedStep, ...]:
    """The steps in order; `part` says on which side of the commit point each stands."""
    commit = () if plan.commit is None else (PlannedStep(plan.commit.title, part="commit"),)
    return (
        *_steps(plan.forward, "before"),
        *commit,
        *_steps(plan.onward, "after"),
        *_steps(plan.always, "always"),
    )


def _steps(node: Node, part: str) -> Iterator[PlannedStep]:
    match node:
        case Effect():
            yield PlannedStep(node.title, part=part)
        case Step():
            yield PlannedStep(node.title, tuple(told_of(node)), part, node.skipped, when_told(node.when))
        case _:
            for child in inside(node):
                yield from _steps(child, part)
