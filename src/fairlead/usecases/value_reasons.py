"""Why a variable has its value at a place: the one that holds, where it comes from, and why each other lost."""

from __future__ import annotations

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import Deployment
from fairlead.domain.errors import Conflict, NotFound
from fairlead.domain.project import Project
from fairlead.domain.reason import Reason
from fairlead.domain.release import Release
from fairlead.domain.tenant_value import Filled
from fairlead.domain.variable import Lost, Variable, resolve
from fairlead.store import environments, events, library_sets, releases, variables
from fairlead.store.database import Connection
from fairlead.usecases import tenancy, tenant_filling
from fairlead.usecases.scopes import EntryNames
from fairlead.usecases.values import Where, scope_where
from fairlead.usecases.viewed_variables import viewed


def of_value(
    connection: Connection,
    actor: Actor,
    project: Project,
    name: str,
    where: Where,
    *,
    release: Release | None = None,
    deployed: Deployment | None = None,
    when: str,
) -> Reason:
    """As the variables are now, as `release` froze them, or as the deployment was given them; `when` says which. Only
    those count that the actor may view, who may view what is at that place. NotFound `variable.missing` where none has
    the name."""
    of = releases.get(connection, deployed.release) if deployed is not None else release
    filled = _known(connection, project, of, deployed, where)
    known = viewed(actor, project.id, filled.variables)
    scope = scope_where(connection, project, where, channel=of.channel if of else "")
    found = resolve([one for one in known if one.name.lower() == name.lower()], scope)
    if found is None and (lacks := _lacking(connection, filled, name, where)) is not None:
        return Reason(f"{lacks.message}, {when}: {lacks.hint}", noun="variable", thing=lacks.thing)
    if found is None:
        raise NotFound("variable.missing", f"no variable is called {name[:80]!r}, {when}", thing=name[:80])
    words = _Words(connection, project)
    losers = tuple(words.lost(lost) for lost in found.losers)
    if found.winner is None:
        said = f"{found.name} has no value in {where.environment}, {when}"
        return Reason(said, losers, noun="variable", thing=found.name)
    rule = "it is the only one of the name" if not losers else "it is the most specific of those that apply"
    won = Reason(f"the one for {words.of(found.winner)} holds: {rule}", _set_by(connection, found.winner))
    said = f"{found.name} is {shown(found.winner)} in {where.environment}, {when}"
    return Reason(said, (won, *losers), noun="variable", thing=found.name)


def shown(variable: Variable) -> str:
    """Its value for people; a secret by its version."""
    if variable.composite is not None:
        return f"a {variable.composite.kind.value}"
    return f"a secret (version {variable.secret})" if variable.secret is not None else repr(variable.value)


class _Words:
    def __init__(self, connection: Connection, project: Project) -> None:
        self._names = EntryNames(connection, project)
        self._project = project.name
        self._sets = {str(one.id): one.name for one in library_sets.of_project(connection, project.id)}

    def of(self, variable: Variable) -> str:
        """Its scope, and the library set that it comes from."""
        scope, owner = self._names.words(variable), self._project
        if variable.library_set is not None:
            owner = f"the library set {self._sets.get(variable.library_set, variable.library_set)}"
        source = tenant_filling.source_words(variable, self._names, owner)
        if source or variable.library_set is None:
            return f"{scope} ({source})" if source else scope
        return f"{scope} (of {owner})"

    def lost(self, lost: Lost) -> Reason:
        """That it does not hold, and why."""
        return Reason(f"{shown(lost.variable)}, the one for {self.of(lost.variable)}, does not hold: {lost.reason}")


def _known(
    connection: Connection, project: Project, release: Release | None, deployed: Deployment | None, where: Where
) -> Filled:
    if deployed is not None:
        return Filled(variables.snapshot(connection, deployed.variables).variables)
    place, tenant = environments.by_name_or_id(connection, where.environment), tenancy.named(connection, where.tenant)
    return tenant_filling.of_now(connection, project, release, place, tenant)


def _lacking(connection: Connection, filled: Filled, name: str, where: Where) -> Conflict | None:
    """What a deployment would be refused with, where a template of the name lacks the tenant's value."""
    lacking = tuple(one for one in filled.missing if one.parameter.name.lower() == name.lower())
    place, tenant = environments.by_name_or_id(connection, where.environment), tenancy.named(connection, where.tenant)
    return tenant_filling.missing(connection, lacking, place, tenant) if lacking and tenant else None


def _set_by(connection: Connection, variable: Variable) -> tuple[Reason, ...]:
    found = events.page(connection, *events.fitting(thing=variable.id), limit=1).items
    return tuple(Reason(f"{one.actor} {one.message}", at=one.at) for one in found)
