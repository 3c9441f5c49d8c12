"""What a variable's scope may name: names to ids when it is set, ids to names when it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fairlead.domain.errors import Invalid
from fairlead.domain.project import Project
from fairlead.domain.variable import NOT_IN_A_LIBRARY_SET, SETTABLE, Dimension, Scope, Variable
from fairlead.store import channels, environments, processes, runbooks, targets, tenants
from fairlead.store.database import Connection

DEPLOYMENT_PROCESS = "deployment"
"""The entry of the dimension *process* that stands for the project's deployment process; runbooks go by their ids."""

MOST_ENTRIES = 500
"""In one scope."""

Wanted = Mapping[Dimension, Sequence[str]]
"""Entries by name or id, as people give them."""


def scope_of(connection: Connection, project: Project | None, wanted: Wanted) -> Scope:
    """The entries by id. NotFound `environment.unknown` and `channel.unknown`, Invalid `variable.scope` for what else
    is not there or, where `project` is None, what a library set's variable may not name."""
    if sum(len(entries) for entries in wanted.values()) > MOST_ENTRIES:
        raise Invalid("variable.scope", f"a scope names {MOST_ENTRIES} entries at most", thing="scope")
    found: dict[Dimension, frozenset[str]] = {}
    for dimension, entries in wanted.items():
        if not entries:
            continue
        if dimension not in SETTABLE or (project is None and dimension in NOT_IN_A_LIBRARY_SET):
            raise Invalid(
                "variable.scope",
                f"a variable of a library set cannot be for a {dimension.words}: that belongs to one project",
                thing=dimension.value,
                hint="set it in the project: at equal rank it comes before the library set's",
            )
        found[dimension] = frozenset(_entry(connection, project, dimension, entry) for entry in entries)
    return found


def _entry(connection: Connection, project: Project | None, dimension: Dimension, entry: str) -> str:
    if dimension is Dimension.ENVIRONMENT:
        return environments.by_name_or_id(connection, entry).id
    for id, name in _known(connection, project, dimension).items():
        if entry == id or entry.lower() == name.lower():
            return id
    known = sorted(_known(connection, project, dimension).values())
    raise Invalid(
        "variable.scope",
        f"there is no {dimension.words} {entry[:80]!r}" + (f" in {project.name}" if project else ""),
        thing=entry[:80],
        hint=f"there are: {', '.join(known)[:300]}" if known else f"there is no {dimension.words} at all",
    )


def _known(connection: Connection, project: Project | None, dimension: Dimension) -> dict[str, str]:
    """What a scope can name by this dimension: names by id."""
    match dimension:
        case Dimension.ENVIRONMENT:
            return {str(one.id): one.name for one in environments.all_of(connection)}
        case Dimension.CHANNEL if project is not None:
            return {str(one.id): one.name for one in channels.of_project(connection, project.id)}
        case Dimension.PROCESS if project is not None:
            its = {one.id: one.name for one in runbooks.of_project(connection, project.id)}
            return {DEPLOYMENT_PROCESS: DEPLOYMENT_PROCESS, **its}
        case Dimension.STEP if project is not None:
            return {name.lower(): name for name in _step_names(connection, project)}
        case Dimension.TENANT:
            return tenants.names(connection)
        case Dimension.TENANT_TAG:
            return {tag.lower(): tag for one in tenants.sets(connection) for tag in one.written}
        case Dimension.TARGET:
            return targets.names(connection)
        case Dimension.TARGET_TAG:
            return {tag.lower(): tag for tag in _tags(connection, project)}
        case _:
            return {}


def _step_names(connection: Connection, project: Project) -> Iterator[str]:
    """Of the process as it is now: steps, and their actions, which go by names of their own."""
    held = processes.find(connection, project.id)
    for step in held.process.steps if held else ():
        yield step.name
        yield from (action.name for action in step.actions)


def _tags(connection: Connection, project: Project | None) -> Iterator[str]:
    """Those that a target has, or a step of the project targets."""
    held = processes.find(connection, project.id) if project else None
    yield from (tag for step in (held.process.steps if held else ()) for tag in step.target_tags)
    yield from targets.tags(connection)


class EntryNames:
    """Names of what scopes name, read once for many variables; what is gone is called by its id."""

    def __init__(self, connection: Connection, project: Project | None) -> None:
        self._names: dict[Dimension, dict[str, str]] = {
            dimension: _known(connection, project, dimension)
            for dimension in SETTABLE
            if project is not None or dimension not in NOT_IN_A_LIBRARY_SET
        }

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """What a scope can name, by dimension, for a form; dimensions without anything to choose are left out."""
        return {dimension.value: tuple(known.values()) for dimension, known in self._names.items() if known}

    def of(self, dimension: Dimension, ids: Iterable[str]) -> list[str]:
        """Sorted."""
        known = self._names.get(dimension, {})
        return sorted(known.get(id, id) for id in ids)

    def scope(self, variable: Variable) -> dict[str, list[str]]:
        """The variable's scope with names; dimensions that it does not name are left out."""
        return {one.value: self.of(one, variable.scope[one]) for one in SETTABLE if variable.scope.get(one)}

    def words(self, variable: Variable) -> str:
        """The variable's scope in words, "everywhere" where it names nothing."""
        parts = [
            ", ".join(self.of(one, variable.scope[one]))
            if one is Dimension.ENVIRONMENT
            else f"{one.words} {', '.join(self.of(one, variable.scope[one]))}"
            for one in SETTABLE
            if variable.scope.get(one)
        ]
        return "; ".join(parts) or "every environment"
