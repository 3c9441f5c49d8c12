"""Variables by declaration: of projects, and of the library sets that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fairlead.domain.actor import Actor
from fairlead.domain.composite import GIVEN
from fairlead.domain.declaration import placeholders, with_placeholders
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.permission import Permission
from fairlead.domain.prompt import Prompt
from fairlead.domain.variable import SETTABLE, Variable
from fairlead.formats.declared.layout import SecretField, data_of
from fairlead.formats.declared.variables import VARIABLES, PromptItem, ScopeItem, VariableItem
from fairlead.store import projects
from fairlead.store import variables as rows
from fairlead.store.database import Connection
from fairlead.usecases import variables
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.scopes import EntryNames, Wanted
from fairlead.usecases.variables import Counted, More, OwnerName

Secrets = Mapping[str, SecretVersionId]


class Variables(Noun[VariableItem]):
    """By name; those of one name in the order of their scopes."""

    layout = VARIABLES

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[VariableItem]]:
        actor.require(Permission.VIEW)
        of: dict[str, list[Variable]] = {}
        for one in rows.of_projects(connection):
            of.setdefault(str(one.project), []).append(one)
        for owner in projects.all_of(connection):
            if owner.id in of:
                names = EntryNames(connection, owner)
                for item, secrets in items(owner.name, of[owner.id], names):
                    yield Held(owner.name, item, secrets)

    def add(self, at: Applying, project: str, item: VariableItem) -> None:
        put(at, project, item, {})

    def change(self, at: Applying, old: Held[VariableItem], new: VariableItem) -> None:
        put(at, old.project, new, versions(old.item, old.secrets))

    def remove(self, at: Applying, held: Held[VariableItem]) -> None:
        variables.remove(at.context, at.actor, held.project, held.item.name, scope=wanted(held.item))


def items(owner: str, found: Iterable[Variable], names: EntryNames) -> list[tuple[VariableItem, Secrets]]:
    """As files have them, in the order of their names, with the versions behind their placeholders."""
    made = [
        _item(owner, one, ScopeItem(**{kind: tuple(known) for kind, known in names.scope(one).items()}))
        for one in found
    ]
    return sorted(made, key=lambda one: (one[0].name.lower(), one[0].spelt))


def put(at: Applying, owner: OwnerName, item: VariableItem, held: Secrets) -> None:
    """The variable is as the item says. `held` are the versions that it has now, by part, "" for its value."""
    is_secret = isinstance(item.value, SecretField)
    value = at.value_or_held(item.value, held.get("")) if isinstance(item.value, SecretField) else item.value
    parts = {
        name: at.value_or_held(part, held.get(name)) if isinstance(part, SecretField) else part
        for name, part in item.parts.items()
    }
    more = More(item.description, _prompt(item.prompt), item.type, parts)
    of, scope = _counted(at, owner), wanted(item)
    variables.put(at.context, at.actor, of, item.name, value, is_secret=is_secret, scope=scope, more=more)


def _counted(at: Applying, owner: OwnerName) -> Counted:
    if owner not in at.owners:
        with at.context.database.reading() as connection:
            at.owners[owner] = variables.counted(connection, owner)
    return at.owners[owner]


def same(at: Applying, held: VariableItem, item: VariableItem) -> bool:
    """Whether nothing has to be done: all fields are equal, and no value was given for a placeholder."""
    old, new = (with_placeholders(dict(data_of(one)), {}) for one in (held, item))
    given = [name for _, name in placeholders(dict(data_of(item))) if name in at.given]
    return old == new and not given


def wanted(item: VariableItem) -> Wanted:
    """Its scope by names."""
    return {one: getattr(item.scope, one.value) for one in SETTABLE if getattr(item.scope, one.value)}


def versions(item: VariableItem, secrets: Secrets) -> Secrets:
    """The secret versions behind the item's placeholders: by part, "" for its value."""
    found = {"": item.value, **item.parts}
    return {name: secrets[one.secret] for name, one in found.items() if isinstance(one, SecretField)}


def _item(owner: str, one: Variable, scope: ScopeItem) -> tuple[VariableItem, Secrets]:
    bare = VariableItem(name=one.name, scope=scope)
    name = f"{owner}/{bare.spelt}"[:250]
    secrets: dict[str, SecretVersionId] = {}
    value: str | SecretField = one.value
    if one.secret is not None:
        value = SecretField(secret=name)
        secrets[name] = one.secret
    parts: dict[str, str | SecretField] = {}
    if one.composite is not None:
        parts = {part: text for part, text in one.composite.parts.items() if part in GIVEN[one.composite.kind].plain}
        for part, version in one.composite.secrets.items():
            parts[part] = SecretField(secret=f"{name}/{part}")
            secrets[f"{name}/{part}"] = version
    prompt = one.prompt
    asked = None
    if prompt is not None:
        asked = PromptItem(
            label=prompt.label,
            description=prompt.description,
            required=prompt.is_required,
            control=prompt.control,
            options=prompt.options,
        )
    kind = one.composite.kind if one.composite else None
    fields = {"value": value, "type": kind, "parts": parts, "description": one.description, "prompt": asked}
    return bare.model_copy(update=fields), secrets


def _prompt(item: PromptItem | None) -> Prompt | None:
    if item is None:
        return None
    return Prompt(item.label, item.description, item.required, item.control, item.options)
