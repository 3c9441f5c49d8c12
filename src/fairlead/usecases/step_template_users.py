"""Users of a step template taken to another of its versions, up or down: shown as a plan, then done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Invalid, NotFound, Refused
from fairlead.domain.permission import Permission
from fairlead.domain.process import Process
from fairlead.domain.project import Project
from fairlead.domain.record import fingerprint, to_data
from fairlead.domain.step_template import Move, StepTemplate, move
from fairlead.store import processes, projects, runbooks, step_templates
from fairlead.store.database import Connection
from fairlead.usecases import processes as project_processes
from fairlead.usecases import runbooks as project_runbooks
from fairlead.usecases.context import Context
from fairlead.usecases.step_templates import User, users_of


@dataclass(frozen=True, slots=True)
class PlannedMove:
    """What going there means for one user. `why_not` says why it cannot be done here, "" where it can; where it uses
    that version already nothing `is_needed`."""

    user: User
    move: Move
    why_not: str = ""

    @property
    def now(self) -> int:
        """The version that it uses."""
        return self.user.action.template.version if self.user.action.template else 0

    @property
    def is_needed(self) -> bool:
        """Whether anything would change."""
        return self.now != self.move.used.version


@dataclass(frozen=True, slots=True)
class Wish:
    """Which version (0: the newest), for which users as their processes are named (none: all that the actor may view),
    and values for parameters that it has."""

    version: int = 0
    users: Sequence[str] = ()
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MovePlan:
    """Every chosen user, by name, those that stay as they are too."""

    template: StepTemplate
    version: int
    moves: tuple[PlannedMove, ...]

    @property
    def needed(self) -> tuple[PlannedMove, ...]:
        """Those for which something would change."""
        return tuple(one for one in self.moves if one.is_needed)

    @property
    def lacking(self) -> tuple[str, ...]:
        """Parameters that some of them need a value of."""
        return tuple(dict.fromkeys(name for one in self.needed for name in one.move.missing))

    @property
    def hash(self) -> str:
        """Of what would be done, to whom, and from what."""
        told = [[one.user.owner, one.user.action.name, one.now, to_data(one.move), one.why_not] for one in self.needed]
        return fingerprint(to_data([self.template.id, self.version, told]))


def plan(context: Context, actor: Actor, name: str, wish: Wish) -> MovePlan:
    """What `apply` would do now. NotFound `step_template.unknown`, `step_template.version_unknown`, or
    `step_template.user_unknown` for a user that does not use it."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return _planned(connection, actor, name, wish)


def apply(context: Context, actor: Actor, name: str, wish: Wish, *, plan_hash: str | None = None) -> MovePlan:
    """All of the chosen users use that version from their next release (or publishing) on, or none does. Each process
    is changed by its own use case, which asks for the permission of its project. Invalid `step_template.value_missing`
    or `step_template.value`; Refused `step_template.plan_changed` where the plan is not the one that was shown."""
    actor.require_somewhere(Permission.PROCESS_EDIT)
    with context.database.transaction() as connection:
        made = _planned(connection, actor, name, wish)
        if plan_hash is not None and (not plan_hash or not made.hash.startswith(plan_hash.lower())):
            raise Refused(
                "step_template.plan_changed",
                f"who uses {made.template.name}, or how, has changed since the plan was made",
                thing=made.template.name,
                hint="look at the plan again",
            )
        for one in made.needed:
            _require_possible(made, one)
        inner = context.within(connection)
        for owner in dict.fromkeys((one.user.project, one.user.runbook) for one in made.needed):
            moves = {one.user.action.name: one.move for one in made.needed if _owner(one) == owner}
            _save(inner, connection, actor, *owner, moves)
        if made.needed:
            told = f"took {len(made.needed)} users of {made.template.name} to version {made.version}"
            context.note(connection, actor, "step_template.moved", told, thing=made.template.id)
    return made


def _planned(connection: Connection, actor: Actor, name: str, wish: Wish) -> MovePlan:
    template = step_templates.by_name_or_id(connection, name)
    target = step_templates.version(connection, template, wish.version or template.latest)
    held = {one.number: one.content for one in step_templates.versions_of(connection, template.id)}
    as_code = {one.name: one.code_nouns for one in projects.all_of(connection)}
    using = [
        one
        for one in users_of(connection, template.name)
        if actor.may_somewhere(Permission.VIEW, project=one.project_id)
    ]
    _refuse_unknown(template, wish, using)
    moves = []
    for user in using:
        used = user.action.template
        assert used is not None
        if wish.users and not _is_chosen(user, wish.users):
            continue
        old = held.get(used.version, target.content)
        made = move(used, old, target.content, target.number, wish.values)
        moves.append(PlannedMove(user, made, _why_not(user, as_code.get(user.project, ()))))
    return MovePlan(template, target.number, tuple(moves))


def _why_not(user: User, as_code: Sequence[str]) -> str:
    noun = "runbook" if user.runbook else "process"
    return f"its repository declares the {noun}: change it there" if noun in as_code else ""


def _refuse_unknown(template: StepTemplate, wish: Wish, using: Sequence[User]) -> None:
    known = {one.owner.lower() for one in using}
    for name in wish.users:
        if name.lower() not in known:
            raise NotFound(
                "step_template.user_unknown",
                f"{name[:80]} does not use {template.name}",
                thing=name[:80],
                hint=f"fairlead step-templates users {template.name}",
            )


def _is_chosen(user: User, chosen: Sequence[str]) -> bool:
    return user.owner.lower() in {name.lower() for name in chosen}


def _require_possible(made: MovePlan, one: PlannedMove) -> None:
    what = f"action {one.user.action.name} of {one.user.owner}"
    if one.why_not:
        hint = "leave it out: name the users that are meant"
        raise Refused("project.as_code", f"{what}: {one.why_not}", thing=one.user.owner, hint=hint)
    if one.move.missing:
        raise Invalid(
            "step_template.value_missing",
            f"{what} gives no value for {', '.join(one.move.missing)}, which version {made.version} needs",
            thing=one.user.owner,
            hint=f"give it: --set {one.move.missing[0]}=…, or leave this user out",
        )
    if one.move.wrong:
        raise Invalid("step_template.value", f"{what}: {'; '.join(one.move.wrong)}", thing=one.user.owner)


def _owner(one: PlannedMove) -> tuple[str, str]:
    return one.user.project, one.user.runbook


def _save(
    inner: Context, connection: Connection, actor: Actor, project: str, runbook: str, moves: Mapping[str, Move]
) -> None:
    owner = projects.by_name_or_id(connection, project)
    if not runbook:
        held = processes.find(connection, owner.id)
        assert held is not None
        project_processes.put(inner, actor, project, _moved(held.process, moves), revision=held.revision)
        return
    _save_runbook(inner, connection, actor, owner, runbook, moves)


def _save_runbook(
    inner: Context, connection: Connection, actor: Actor, owner: Project, name: str, moves: Mapping[str, Move]
) -> None:
    view = project_runbooks.get(inner, actor, owner.name, name)
    found = runbooks.by_name_or_id(connection, owner.id, name)
    draft = project_runbooks.Draft(
        found.name,
        found.description,
        view.environments,
        found.kept_runs,
        _moved(view.draft, moves),
        in_lifecycle=found.in_lifecycle,
    )
    project_runbooks.put(inner, actor, owner.name, draft, revision=found.revision)


def _moved(process: Process, moves: Mapping[str, Move]) -> Process:
    """What the actions take from their old version is left out: that of the new one is put in when it is saved."""
    steps = []
    for step in process.steps:
        actions = tuple(
            replace(one, kind="", properties={}, template=moves[one.name].used) if one.name in moves else one
            for one in step.actions
        )
        steps.append(replace(step, actions=actions))
    return replace(process, steps=tuple(steps))
