"""Processes that deploy releases of other projects: that these are there, may be deployed, and go in no circle."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain.actor import SYSTEM, Actor, is_itself
from fairlead.domain.child_release import channel_of, children_of, deploys_itself, project_of, refuse_itself
from fairlead.domain.errors import Invalid, NotAllowed, Refused
from fairlead.domain.permission import Permission
from fairlead.domain.plan import Plan, all_effects
from fairlead.domain.policy import may_deploy_release, release_key
from fairlead.domain.process import Process, RunLocation, action_of
from fairlead.domain.project import Project, Tenancy
from fairlead.domain.tenant import Tenant
from fairlead.steps.deploy_release import DeployChild
from fairlead.store import channels, policies, processes, projects
from fairlead.store.database import Connection
from fairlead.usecases import access
from fairlead.usecases.located import Located


def check(connection: Connection, actor: Actor, owner: Project, process: Process) -> None:
    """NotFound `project.unknown`, `channel.unknown`; NotAllowed `permission.denied` where who saves the process may
    deploy nothing of the other project: a lifecycle would do it for them. Refused `process.deploys_itself` names the
    circle, Invalid `process.place` an action on targets."""
    if not any(True for _ in children_of(process)):
        return
    refuse_itself(process, owner.name)
    names = projects.names(connection)
    children = {held.id: _projects_in(connection, held.process) for held in processes.all_of(connection)}
    for action in children_of(process):
        if action.runs_on is not RunLocation.SERVER:
            raise Invalid(
                "process.place",
                f"action {action.name} deploys a release, and runs on {action.runs_on.value}",
                thing=action.name,
                hint="put it into a step without target tags: the other project's process says where it runs",
            )
        child = projects.by_name_or_id(connection, project_of(action))
        if (channel := channel_of(action)) and "#{" not in channel:
            channels.by_name_or_id(connection, child.id, channel)
        actor.require_somewhere(Permission.DEPLOYMENT_CREATE, project=child.id)
        if way := _way(child.id, owner.id, children):
            raise deploys_itself(action, [names.get(id, id) for id in (owner.id, *way)])  # type: ignore[call-overload]


def require_all(connection: Connection, actor: Actor, where: Located, plan: Plan) -> None:
    """That each release of another project that the plan deploys there may be: what `require` raises, before anything
    is begun. NotFound `project.unknown`."""
    for effect in all_effects(plan):
        if effect.kind == DeployChild.kind:
            child = projects.by_name_or_id(connection, str(effect.arguments["project"]))
            asked = actor if actor.kind != SYSTEM.kind else asker(connection, actor.name, plan.title)
            require(connection, asked, where, child, effect.key)


def asker(connection: Connection, name: str, title: str) -> Actor:
    """Who asked for the parent, with what they may now; Fairlead itself where nobody did."""
    actor = access.actor_named(connection, name, via=title)
    if actor is None and is_itself(name):
        return SYSTEM
    if actor is None:
        raise NotAllowed(
            "permission.denied",
            f"{name or 'who'} asked for {title}, and may not ask for anything any more",
            thing=Permission.DEPLOYMENT_CREATE.value,
            hint="ask for the deployment anew",
        )
    return actor


def require(connection: Connection, actor: Actor, where: Located, child: Project, key: str) -> Tenant | None:
    """That the actor may have a release of the child deployed there, as the effect with that key does; for whom: the
    tenant that the parent is for, where the child is deployed for tenants at all. NotAllowed `permission.denied`.
    Where nobody but Fairlead asked, who saved the process was asked; for a process that a repository declares an
    administrator's allowance stands for that: Refused `policy.refused`."""
    tenant = None if child.tenancy is Tenancy.UNTENANTED else where.tenant
    scope, place = tenant.id if tenant else None, where.environment
    if not actor.may(Permission.DEPLOYMENT_CREATE, project=child.id, environment=place.id, tenant=scope):
        action, _ = action_of(key) or (key, "")
        raise NotAllowed(
            "permission.denied",
            f"{actor.name} may not deploy {child.name} in {where.shown}, as {action} does",
            thing=Permission.DEPLOYMENT_CREATE.value,
            hint=f"leave it out, --skip '{action}', or have it asked for by who may deploy both projects there",
        )
    owner = where.project
    is_trusted = actor is not SYSTEM or "process" not in owner.code_nouns
    if not is_trusted and not may_deploy_release(policies.of_project(connection, owner.id), child.name, place.id):
        raise Refused(
            "policy.refused",
            f"the repository of {owner.name} may not have releases of {child.name} deployed",
            thing=child.name,
            hint=f"an administrator may allow it: fairlead policy allow {release_key(child.name)} "
            f"--project {owner.name}",
        )
    return tenant


def _projects_in(connection: Connection, process: Process) -> tuple[str, ...]:
    found = (projects.find_by_name(connection, project_of(action)) for action in children_of(process))
    return tuple(one.id for one in found if one is not None)


def _way(start: str, end: str, children: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """From the one project to the other by what their processes deploy; () where there is no way."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == end:
            return way
        fresh = [child for child in children.get(way[-1], ()) if child not in seen]
        seen.update(fresh)
        ways += [(*way, child) for child in fresh]
    return ()
