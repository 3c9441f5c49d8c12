"""Where a variable asks for it, an action's variables are told to the log before it begins. Pure."""

from __future__ import annotations

from fairlead.domain.plan import Effect
from fairlead.domain.process import ResolvedAction
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.printed_variables import PRINT_EVALUATED, PRINT_RAW, Printed, PrintVariables

TRIES = 2


def printing(resolved: ResolvedAction) -> Effect | None:
    """What tells them; None where no variable asks for it. One that is made of others is judged when it is reached."""
    held = (resolved.variables.get(name) for name in (*PRINT_RAW, *PRINT_EVALUATED))
    if not any(isinstance(text, str) and text.strip().lower() not in ("", "false") for text in held):
        return None
    target = resolved.target.name if resolved.target else ""
    action = resolved.action.name
    return Effect(
        PrintVariables.kind,
        f"{resolved.key}/variables",
        f"tell the variables of {action}",
        arguments(Printed(action, target, resolved.variables)),
        attempts=TRIES,
        is_undone=False,
        only_looks=True,
        target=resolved.place,
    )
