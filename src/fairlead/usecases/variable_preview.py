"""Variables as they would hold at a place: which value wins for each name, what it comes to, why each other lost.

Nothing is kept and no secret is opened: a value that holds one shows •••, and what would look into one is told as the
refusal that a deployment would meet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from fairlead.domain.actor import Actor
from fairlead.domain.environment import Environment
from fairlead.domain.errors import FairleadError, Invalid
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.substitution import substitute
from fairlead.domain.tenant import Tenant
from fairlead.domain.tenant_value import Filled
from fairlead.domain.text import Text, redact
from fairlead.domain.variable import Resolution, Variable, resolve_all
from fairlead.domain.variable_table import VariableTable
from fairlead.store import channels, environments, library_sets, projects
from fairlead.store.database import Connection
from fairlead.store.shelf import LARGEST_PAGE, Page
from fairlead.usecases import planning, tenancy, tenant_filling
from fairlead.usecases.context import Context
from fairlead.usecases.scopes import EntryNames
from fairlead.usecases.values import Where, lookup_in, scope_where, system_of, warnings_of
from fairlead.usecases.viewed_variables import viewed

HIDDEN = "•••"


@dataclass(frozen=True, slots=True)
class Shown:
    """A variable for people: its value as it was set (a secret as •••), its scope in words, its library set's name;
    of a tenant, where its value comes from."""

    variable: Variable
    value: str
    scope: str
    library_set: str
    template: str = ""


@dataclass(frozen=True, slots=True)
class Previewed:
    """What holds for one name. `evaluated` is the value with every ``#{…}`` in its place; `problem` why there is none.
    `lost` are the others, each with the reason; `is_tied`: the rules leave open which holds."""

    name: str
    winner: Shown | None
    lost: tuple[tuple[Shown, str], ...]
    is_tied: bool
    evaluated: str = ""
    problem: FairleadError | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A part of the names, in their order; and in words what else to know of the whole place."""

    page: Page[Previewed]
    warnings: tuple[str, ...] = ()


def preview(
    context: Context,
    actor: Actor,
    project: str,
    where: Where,
    *,
    version: str = "",
    search: str = "",
    after: str | None = None,
    limit: int = 100,
) -> Preview:
    """As the variables are now, or as the release of that version froze them; with `search` only names that have it in
    them, of variables that the actor may view. Needs an environment; what else `where` names must be there too."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        if not where.environment:
            raise Invalid("input.invalid", "an environment is needed", thing="environment")
        environment = environments.by_name_or_id(connection, where.environment)
        tenant = tenancy.named(connection, where.tenant)
        whose = tenant.id if tenant else None
        actor.require_somewhere(Permission.VIEW, project=owner.id, environment=environment.id, tenant=whose)
        release = planning.release_named(connection, owner, version) if version else None
        channel = release.channel if release else channels.default_of(connection, owner.id).id
        scope = scope_where(connection, owner, where, channel=channel)
        filled = tenant_filling.of_now(connection, owner, release, environment, tenant)
        known = viewed(actor, owner.id, filled.variables)
        system = system_of(context, connection, owner, environment, release, tenant)
        holding = VariableTable(known).at(scope)
        lookup, names = lookup_in(holding, system), (*holding, *system)
        found = _sorted(resolve_all(known, scope).values())
        shown = _Shows(connection, owner)
        wanted = [one for one in found if search.lower() in one.name.lower()]
        rest = [one for one in wanted if after is None or _key(one) > after]
        bounded = max(1, min(limit, LARGEST_PAGE))
        items = tuple(shown.previewed(one, lookup, names) for one in rest[:bounded])
        last = _key(rest[bounded - 1]) if len(rest) > bounded else None
        lacking = _lacking(connection, filled, environment, tenant)
        return Preview(Page(items, last), (*lacking, *warnings_of(known, scope, lookup)))


def choices(context: Context, actor: Actor, project: str) -> dict[str, tuple[str, ...]]:
    """What a scope, or a place, can name, by dimension; of a library set where `project` is ""."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project) if project else None
        if owner is not None:
            actor.require_somewhere(Permission.VIEW, project=owner.id)
        return EntryNames(connection, owner).choices


def _lacking(
    connection: Connection, filled: Filled, environment: Environment, tenant: Tenant | None
) -> tuple[str, ...]:
    """A sentence for each template that a deployment would be refused for."""
    if tenant is None:
        return ()
    told = (tenant_filling.missing(connection, (one,), environment, tenant) for one in filled.missing)
    return tuple(f"{one.message}: {one.hint}" for one in told)


def _key(one: Resolution) -> str:
    return one.name.lower()


def _sorted(found: Iterable[Resolution]) -> list[Resolution]:
    return sorted(found, key=_key)


class _Shows:
    def __init__(self, connection: Connection, project: Project) -> None:
        self._names = EntryNames(connection, project)
        self._project = project.name
        self._sets = {str(one.id): one.name for one in library_sets.of_project(connection, project.id)}

    def previewed(self, one: Resolution, lookup: Callable[[str], Text | None], names: Collection[str]) -> Previewed:
        lost = tuple((self.shown(each.variable), each.reason) for each in one.losers)
        if one.winner is None:
            return Previewed(one.name, None, lost, is_tied=False)
        evaluated, problem = "", None
        try:
            evaluated = redact(substitute(one.winner.text, lookup, where=one.name, names=names))
        except FairleadError as error:
            problem = error
        return Previewed(one.winner.name, self.shown(one.winner), lost, bool(one.tied), evaluated, problem)

    def shown(self, one: Variable) -> Shown:
        value = HIDDEN if one.is_secret else f"({one.composite.kind.value})" if one.composite else one.value
        of = self._sets.get(one.library_set, one.library_set) if one.library_set else ""
        owner = f"the library set {of}" if of else self._project
        return Shown(one, value, self._names.words(one), of, tenant_filling.source_words(one, self._names, owner))
