"""Projects' triggers by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.formats.declared.triggers import TRIGGERS, TriggerItem, normal
from fairlead.store import projects
from fairlead.store import triggers as rows
from fairlead.store.database import Connection
from fairlead.usecases import triggers
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.triggers import Draft, TriggerView

_RENAMED = {"force": "is_forced", "enabled": "is_enabled"}


class Triggers(Noun[TriggerItem]):
    """By project and name."""

    layout = TRIGGERS
    goes_with_project = True

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[TriggerItem]]:
        actor.require(Permission.VIEW)
        owners = projects.names(connection)
        for project in sorted({owners[one.project] for one in rows.all_of(connection)}):
            for one in triggers.all_of(context, actor, project):
                yield Held(project, _item(one))

    def add(self, at: Applying, project: str, item: TriggerItem) -> None:
        fields = {_RENAMED.get(name, name): held for name, held in dict(item).items()}
        triggers.put(at.context, at.actor, project, Draft(**fields))

    def change(self, at: Applying, old: Held[TriggerItem], new: TriggerItem) -> None:
        self.add(at, old.project, new)

    def remove(self, at: Applying, held: Held[TriggerItem]) -> None:
        triggers.remove(at.context, at.actor, held.project, held.item.name)


def _item(one: TriggerView) -> TriggerItem:
    """Each field by its name: from the view where that tells people's names, else from the trigger."""
    said = ((name, _RENAMED.get(name, name)) for name in TriggerItem.model_fields)
    fields = {name: getattr(one if hasattr(one, field) else one.trigger, field) for name, field in said}
    return normal(TriggerItem(**fields))
