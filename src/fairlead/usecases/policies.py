"""Policy: what an administrator allows a project file to ask of the host (law 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Invalid
from fairlead.domain.permission import Permission
from fairlead.domain.policy import KINDS_OF_KEYS, WHOLE_KEYS, Allowance, is_key
from fairlead.domain.project import Project
from fairlead.store import environments, policies, projects
from fairlead.store.database import Connection
from fairlead.usecases.context import Context

LONGEST_KEY = 300


@dataclass(frozen=True, slots=True)
class Allowed:
    """An allowance with the names that people know; `environment` "" means every one."""

    allowance: Allowance
    project: str
    environment: str


def all_of(context: Context, actor: Actor, *, project: str = "") -> Sequence[Allowed]:
    """What was allowed, of one project or of all."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        names = projects.names(connection)
        id = projects.by_name_or_id(connection, project).id if project else None
        held = policies.all_of(connection) if id is None else policies.of_project(connection, id)
        places = {environment.id: environment.name for environment in environments.all_of(connection)}
        return tuple(
            Allowed(
                allowance,
                names[allowance.project],
                places.get(allowance.environment, "") if allowance.environment else "",
            )
            for allowance in held
            if actor.may_somewhere(Permission.VIEW, project=allowance.project, environment=allowance.environment)
        )


def allow(context: Context, actor: Actor, project: str, key: str, *, environment: str = "", note: str = "") -> Allowed:
    """Allow the harm of that key, as a refusal names it. Where just that is allowed already it stays,
    with the note that is given now, if one is."""
    actor.require_somewhere(Permission.POLICY_EDIT)
    if len(key) > LONGEST_KEY or not key.isprintable() or not is_key(key):
        known = ", ".join((*sorted(WHOLE_KEYS), *(f"{kind}…" for kind in KINDS_OF_KEYS)))
        raise Invalid(
            "input.invalid",
            f"{key[:80]!r} is not the key of a harm",
            thing="key",
            hint=f"copy it from the error message: {known}",
        )
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        place = environments.by_name_or_id(connection, environment) if environment else None
        actor.require(Permission.POLICY_EDIT, project=owner.id, environment=place.id if place else None)
        held = policies.of_project(connection, owner.id)
        for one in held:
            if (one.harm, one.environment) == (key, place.id if place else None):
                if note and note != one.note:
                    one = _noted(context, connection, actor, owner, one, note)
                return Allowed(one, owner.name, place.name if place else "")
        made = Allowance(
            context.ids.new("pol"),
            owner.id,
            key,
            actor.name,
            context.clock.now(),
            environment=place.id if place else None,
            note=note,
        )
        policies.insert(connection, made)
        where = place.name if place else "every environment"
        context.note(
            connection,
            actor,
            "policy.allowed",
            f"allowed {key} in {where}",
            thing=made.id,
            project=owner.name,
            environment=place.name if place else None,
            after=made,
        )
    return Allowed(made, owner.name, place.name if place else "")


def _noted(
    context: Context, connection: Connection, actor: Actor, owner: Project, held: Allowance, note: str
) -> Allowance:
    made = replace(held, note=note)
    policies.change(connection, held.id, note=note)
    said = f"says otherwise why {held.harm} is allowed"
    context.note(connection, actor, "policy.allowed", said, thing=held.id, project=owner.name, before=held, after=made)
    return made


def revoke(context: Context, actor: Actor, id: str) -> None:
    """Refused again, from the next deployment on."""
    actor.require_somewhere(Permission.POLICY_EDIT)
    with context.database.transaction() as connection:
        held = policies.get(connection, id)
        actor.require(Permission.POLICY_EDIT, project=held.project, environment=held.environment)
        policies.delete(connection, id)
        context.note(connection, actor, "policy.revoked", f"revoked {held.harm}", thing=id, before=held)
