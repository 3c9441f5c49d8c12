"""variables.print: an action's variables to the log before it begins, for whoever looks for a mistake in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fairlead.domain.effect import Done, Outcome
from fairlead.domain.errors import FairleadError
from fairlead.domain.plan import Effect
from fairlead.domain.template.variables import Variables
from fairlead.domain.text import Text
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import Plain, read
from fairlead.steps.filled_in import is_asked_for, shown_at

PRINT_RAW = ("OctopusPrintVariables", "FairleadPrintVariables")
PRINT_EVALUATED = ("OctopusPrintEvaluatedVariables", "FairleadPrintEvaluatedVariables")
"""A variable that is true under one of these names asks for them: as they are set, or with their own tokens filled in
(Octopus: docs, support/debug-problems-with-octopus-variables)."""

MOST_PRINTED = 2_000
"""Of one action on one target: a task's log keeps 200,000 lines, and the action has to have room there, too."""


@dataclass(frozen=True, slots=True)
class Printed:
    """Whose variables they are: of the action, on the target of that name ("": on none)."""

    action: str
    target: str
    variables: Mapping[str, Text] = field(default_factory=dict)


class PrintVariables(Plain):
    """Tells them, sorted, at the level of details. A secret is a mark in them, and what is made of one is made of the
    mark: its value is never asked for."""

    kind = "variables.print"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Each name on a line of its own."""
        printed = read(Printed, effect)
        known = shown_at(printed.variables, printed.target, tools)
        for names, what, value in ((PRINT_RAW, "", _raw), (PRINT_EVALUATED, ", evaluated", _evaluated)):
            if is_asked_for(known, names):
                tools.say(f"{names[0]} is for debugging only: take it away once you have seen enough", "warning")
                tools.say(f"the variables of {printed.action}{what}:", "debug")
                _tell(known, value, tools)
        return Done()


def _tell(known: Variables, value: Callable[[Variables, str], str], tools: Tools) -> None:
    names = sorted(known.names, key=str.casefold)
    for name in names[:MOST_PRINTED]:
        tools.say(value(known, name), "debug")
    if more := len(names[MOST_PRINTED:]):
        tools.say(f"and {more} more variables", "debug")


def _raw(known: Variables, name: str) -> str:
    return f"[{name}] = '{known.raw(name) or ''}'"


def _evaluated(known: Variables, name: str) -> str:
    try:
        found = known.evaluate(known.raw(name) or "", is_lenient=True)
    except FairleadError as error:
        return f"{_raw(known, name)} ({error.message})"
    return f"[{name}] = '{found.text or ''}'"
