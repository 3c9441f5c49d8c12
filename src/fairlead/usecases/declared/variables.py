"""Projects' variables by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.permission import Permission
from fairlead.domain.variable import Dimension, Variable
from fairlead.formats.declared.layout import SecretField
from fairlead.formats.declared.variables import VARIABLES, ScopeItem, VariableItem
from fairlead.store import environments, projects
from fairlead.store import variables as rows
from fairlead.store.database import Connection
from fairlead.usecases import variables
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun


class Variables(Noun[VariableItem]):
    """By name; those of one name in the order of their scopes."""

    layout = VARIABLES

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[VariableItem]]:
        actor.require(Permission.VIEW)
        owners = projects.names(connection)
        places = {str(one.id): one.name for one in environments.all_of(connection)}
        made = [
            (owners[one.project], _item(owners[one.project], one, places), one.secret)
            for one in rows.of_projects(connection)
            if one.project is not None
        ]
        for project, item, secret in sorted(made, key=lambda one: (one[0], one[1].name.lower(), one[1].spelt)):
            yield Held(project, item, _secrets(item, secret))

    def add(self, at: Applying, project: str, item: VariableItem) -> None:
        is_secret = isinstance(item.value, SecretField)
        value = at.value(item.value) if isinstance(item.value, SecretField) else item.value
        only_in = item.scope.environment
        variables.put(at.context, at.actor, project, item.name, value, is_secret=is_secret, only_in=only_in)

    def change(self, at: Applying, project: str, old: VariableItem, new: VariableItem) -> None:
        if isinstance(new.value, SecretField) and not at.value(new.value):
            return
        self.add(at, project, new)

    def remove(self, at: Applying, project: str, item: VariableItem) -> None:
        variables.remove(at.context, at.actor, project, item.name, only_in=item.scope.environment)


def _item(project: str, one: Variable, places: dict[str, str]) -> VariableItem:
    names = tuple(sorted(places.get(id, id) for id in one.scope.get(Dimension.ENVIRONMENT, ())))
    bare = VariableItem(name=one.name, value=one.value, scope=ScopeItem(environment=names))
    if one.secret is None:
        return bare
    return bare.model_copy(update={"value": SecretField(secret=f"{project}/{bare.spelt}"[:300])})


def _secrets(item: VariableItem, secret: SecretVersionId | None) -> dict[str, SecretVersionId]:
    return {item.value.secret: secret} if secret and isinstance(item.value, SecretField) else {}
