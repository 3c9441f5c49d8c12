"""Runs of runbooks that a trigger should have begun and a rule refused: in the audit, and to who wants to be told."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.trigger import Evaluation, Trigger, TriggerAction
from fairlead.store import environments, projects, runbooks
from fairlead.store.database import Connection
from fairlead.usecases import telling
from fairlead.usecases.context import Context
from fairlead.usecases.firing import acting
from fairlead.usecases.located import Located

NOT_TOLD = ("trigger.disabled",)
"""Somebody chose that, and would hear of it each time."""
NOTED = ("trigger.failed",)
"""In the audit as that already."""


def tell_refused_runs(context: Context, connection: Connection, trigger: Trigger, made: Iterable[Evaluation]) -> None:
    """Each time that the trigger's runbook did not begin (for some tenants, where it is for tenants), though its time
    came or something happened: who asks for it by hand reads it in the answer."""
    if trigger.action is not TriggerAction.RUN_RUNBOOK:
        return
    for one in made:
        if one.environment and one.code not in NOT_TOLD and (why := _why(one)):
            _tell(context, connection, trigger, one, why)


def _why(one: Evaluation) -> str:
    """Why not, for whom it did not begin; "" where it began for all."""
    left = [each for each in one.tenants if not each.has_fired]
    if left:
        return "\n".join(f"{each.name}: {each.reason}" for each in left)
    return "" if one.has_fired else one.reason


def _tell(context: Context, connection: Connection, trigger: Trigger, one: Evaluation, why: str) -> None:
    owner, place = projects.get(connection, trigger.project), environments.by_name(connection, one.environment)
    held = runbooks.find(connection, trigger.runbook) if trigger.runbook else None
    name = held.name if held else trigger.name
    if one.code not in NOTED:
        context.note(
            connection,
            acting(trigger),
            "runbook.refused",
            f"{name} in {place.name} is refused: {why}"[:1000],
            thing=trigger.id,
            project=owner.name,
            environment=place.name,
        )
    said = "\n".join(part for part in (why, one.hint, f"It was the trigger {trigger.name} that should run it.") if part)
    telling.runbook_failed(
        context,
        connection,
        Located(owner, place, None),
        name,
        said,
        outcome="refused",
        link=f"/projects/{owner.name}/triggers",
        about=one.id,
    )
