"""A failed idle slot that is left standing, unrouted, for a stated time, because a person asked for it (law 2's one
exception: asked for, recorded, told in the certificate, and ended by its time or by the next deployment)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fairlead.domain.capture import Capture
from fairlead.domain.record import Json
from fairlead.ports.step import Tools

ASKED = "keep.asked"
"""The task's fact that says for how many seconds the slot is to be kept where the deployment fails."""

KEPT = "keep.kept:"
"""Before a name: the task's fact that this thing was left standing."""


async def keeps_s(tools: Tools) -> float:
    """How long what failed is to be kept; 0 where nobody asked."""
    return asked_s(await tools.records.facts(tools.task))


def asked_s(facts: Mapping[str, Json]) -> float:
    """The same, of facts that are at hand."""
    asked = facts.get(ASKED)
    seconds = asked.get("seconds") if isinstance(asked, dict) else None
    return float(seconds) if isinstance(seconds, int | float) else 0.0


async def note_kept(kind: str, name: str, tools: Tools) -> None:
    """It was left standing: the certificate tells it as announced, not as a difference."""
    await tools.records.note(tools.task, f"{KEPT}{name}", {"kind": kind})
    tools.say(f"kept {kind} {name}, as was asked for")


def without_kept(after: Capture, before: Capture, facts: Mapping[str, Json]) -> Capture:
    """The state after, without what was left standing on purpose: that is announced, and compared with nothing."""
    kept = {name.removeprefix(KEPT) for name in facts if name.startswith(KEPT)}
    if not kept:
        return after
    return replace(
        after,
        containers=_but(after.containers, kept),
        networks=_but(after.networks, kept),
        slots={name: before.slots.get(name, slot) if name in kept else slot for name, slot in after.slots.items()},
    )


def kept_words(facts: Mapping[str, Json]) -> tuple[str, ...]:
    """What was left standing, in words."""
    return tuple(
        f"{fact.get('kind')} {name.removeprefix(KEPT)} is kept, as was asked for"
        for name, fact in sorted(facts.items())
        if name.startswith(KEPT) and isinstance(fact, dict)
    )


def _but(states: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: state for name, state in states.items() if name not in names}
