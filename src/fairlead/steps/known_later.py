"""What a plan cannot show yet, because a step's outputs decide it: in words, for each text of each action. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fairlead.domain.output_variables import becomes_known
from fairlead.domain.process import ResolvedAction
from fairlead.domain.record import Json
from fairlead.domain.substitution import names_in
from fairlead.steps.process_resolved import ResolvedProcess

MOST_NOTES = 50
LONGEST_NAME = 120
_STEP = re.compile(r"[^.]+\.(?:action|step)\[(.+?)\]", re.IGNORECASE)


def known_later(process: ResolvedProcess) -> tuple[str, ...]:
    """One line for each text, `known after STEP`; the same on every target, so each is told once."""
    told = dict.fromkeys(
        line
        for step in process.steps
        if not step.skipped
        for place in step.places
        for action in place.actions
        if not action.skipped
        for line in _of(action.resolved)
    )
    lines = tuple(told)
    more = len(lines) - MOST_NOTES
    return (*lines[:MOST_NOTES], f"and {more} more texts are known later") if more > 0 else lines


def _of(resolved: ResolvedAction) -> Iterator[str]:
    for property, text in _texts(resolved.action.properties):
        names = [name for name in names_in(text) if becomes_known(name) and resolved.variables.get(name) is None]
        steps = dict.fromkeys(found[1] for name in names if (found := _STEP.match(name)))
        if names:
            when = f"known after {', '.join(steps)}" if steps else "known when it is reached"
            said = ", ".join(name[:LONGEST_NAME] for name in dict.fromkeys(names))
            yield f"{resolved.action.name}: {property} is {when} ({said})"


def _texts(properties: Mapping[str, Json], outer: str = "") -> Iterator[tuple[str, str]]:
    for name, held in properties.items():
        if isinstance(held, str) and "#{" in held:
            yield f"{outer}{name}", held
        elif isinstance(held, dict):
            yield from _texts(held, f"{name} ")
