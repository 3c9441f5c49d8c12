"""The process of a project: looking at it, and replacing it. Releases keep what they froze."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, Invalid, NotFound
from fairlead.domain.permission import Permission
from fairlead.domain.process import Process
from fairlead.domain.project import Project
from fairlead.formats.process import by_name, written
from fairlead.ports.step import ActionKind
from fairlead.steps.action_kinds import ACTION_KINDS
from fairlead.store import channels, environments, processes, projects, tenants
from fairlead.store.database import Connection
from fairlead.store.processes import HeldProcess
from fairlead.usecases import child_projects, planning
from fairlead.usecases.as_code import refuse_edit
from fairlead.usecases.context import Context
from fairlead.usecases.process_checking import completed


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A project's process; `held` None where it has none of its own and its services are deployed."""

    project: Project
    process: Process
    held: HeldProcess | None = None

    @property
    def revision(self) -> int:
        """0 where there is none."""
        return self.held.revision if self.held else 0


def kinds(context: Context, actor: Actor) -> tuple[ActionKind, ...]:
    """Every kind of action, by name."""
    actor.require_somewhere(Permission.VIEW)
    return tuple(ACTION_KINDS[name] for name in sorted(ACTION_KINDS))


def get(context: Context, actor: Actor, project: str) -> ProcessView:
    """The project's process as it is now."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return _view(owner, processes.find(connection, owner.id))


def of_release(context: Context, actor: Actor, project: str, version: str) -> ProcessView:
    """The process that the release froze."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        release = planning.release_named(connection, owner, version)
        return ProcessView(owner, processes.snapshot(connection, release.process))


def put(context: Context, actor: Actor, project: str, process: Process, *, revision: int | None = None) -> ProcessView:
    """The project has this process from its next release on. With `revision` (0: it has none yet) only if nobody
    changed it since, else Conflict `edit.conflict`. `Invalid` with a code for each rule that it breaks."""
    actor.require_somewhere(Permission.PROCESS_EDIT)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.PROCESS_EDIT, project=owner.id)
        refuse_edit(context, owner, "process")
        process = completed(connection, process)
        require_known(connection, owner, process)
        child_projects.check(connection, actor, owner, process)
        held = processes.find(connection, owner.id)
        if revision is not None and revision != (held.revision if held else 0):
            message = f"the process of {owner.name} was changed by somebody else since it was read"
            raise Conflict("edit.conflict", message, thing=owner.name, hint="read it again, then decide")
        at, by = context.clock.now(), actor.name
        if held is None:
            made = HeldProcess(owner.id, process, at, by)
            processes.insert(connection, made)
        elif held.process == process:
            return _view(owner, held)
        else:
            made = processes.update(connection, replace(held, process=process, changed_at=at, changed_by=by))
        _note(context, connection, actor, owner, held.process if held else Process(), process)
    return _view(owner, made)


def require_known(connection: Connection, owner: Project, process: Process) -> None:
    """Environments, channels and tags of tenants that an action names are there: a slip of the pen would let it run
    nowhere. Invalid `tenant.tag`."""
    tags = {tag.lower() for one in tenants.sets(connection) for tag in one.written}
    known = {one.name.lower() for one in environments.all_of(connection)}
    lines = {one.name.lower() for one in channels.of_project(connection, owner.id)}
    for _, action in process.actions:
        for name in (*action.environments, *action.excluded_environments):
            if name.lower() not in known:
                message = f"action {action.name} names the environment {name[:80]!r}, which is not there"
                raise NotFound("environment.unknown", message, thing=name[:80])
        for name in action.channels:
            if name.lower() not in lines:
                message = f"action {action.name} names the channel {name[:80]!r}, which {owner.name} does not have"
                raise NotFound("channel.unknown", message, thing=name[:80])
        for tag in action.tenant_tags:
            if tag.lower() not in tags:
                message = f"action {action.name} names the tag {tag[:80]!r} of tenants, which no set has"
                raise Invalid("tenant.tag", message, thing=tag[:80], hint="fairlead tenants tag-sets")


def _view(owner: Project, held: HeldProcess | None) -> ProcessView:
    return ProcessView(owner, held.process if held else Process(), held)


def _note(context: Context, connection: Connection, actor: Actor, owner: Project, old: Process, new: Process) -> None:
    before, after = ({step.name: step for step in one.steps} for one in (old, new))
    parts = {
        "added": [name for name in after if name not in before],
        "changed": [name for name in after if name in before and before[name] != after[name]],
        "removed": [name for name in before if name not in after],
    }
    told = "; ".join(f"{what} {', '.join(names)}" for what, names in parts.items() if names)
    context.note(
        connection,
        actor,
        "process.changed",
        f"changed the process: {told or 'the order or the settings'}"[:2000],
        thing=owner.id,
        project=owner.name,
        facts={"before": written(old), "after": written(new)},
        before=by_name(old),
        after=by_name(new),
    )
