"""Commands of people: in a container of its own of the live release, and in a running instance; both are audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import Deployment
from fairlead.domain.effect import SaidNo
from fairlead.domain.errors import Conflict, Invalid, TooLarge
from fairlead.domain.ids import DeploymentId, TaskId
from fairlead.domain.permission import Permission
from fairlead.domain.plan import Plan
from fairlead.domain.record import Json
from fairlead.domain.slot import Slot
from fairlead.domain.task import Task
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import (
    LABEL_DEPLOYMENT,
    LABEL_INSTANCE,
    LABEL_KIND,
    LABEL_SERVICE,
    Container,
    ContainerEngine,
    labels_of,
)
from fairlead.steps.blueprint import KIND_ACCESSORY, KIND_INSTANCE, InstanceFacts, read_facts
from fairlead.steps.commands import Commands, ResolvedInside, ResolvedOneOff
from fairlead.steps.effects.one_offs import Inside
from fairlead.store import deployments, environments, projects, releases, slots
from fairlead.store.database import Connection
from fairlead.usecases import planning, tenancy, turns
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going
from fairlead.usecases.located import located

DEFAULT_TIMEOUT_S = 3600.0
LONGEST_TIMEOUT_S = 86_400.0
MOST_WORDS = 500
LONGEST_COMMAND = 32_768
SHOWN_COMMAND = 200
LARGEST_INPUT_BYTES = 3 * 1024 * 1024
"""What a request of the largest size holds, written as base64."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command's task was asked with, as its input holds it."""

    service: str
    project: str
    environment: str
    command: tuple[str, ...]
    timeout_s: float
    instance: int = 0
    is_inside: bool = False
    tenant: str = ""
    stdin: str = ""

    @property
    def place(self) -> Place:
        """Where it runs."""
        return Place(self.project, self.environment, self.tenant or None)


def run(
    context: Context,
    actor: Actor,
    project: str,
    environment: str,
    service: str,
    command: Sequence[str],
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    tenant: str = "",
    stdin: bytes | None = None,
) -> Task:
    """A task that runs the command in a container of the live release: its image, configuration and networks, no
    route; it finds `stdin` on its standard input. Conflict `command.nothing_live` where nothing is live there;
    NotFound `service.unknown`."""
    asked = Asked(service, project, environment, tuple(command), timeout_s, tenant=tenant)
    return _ask(context, actor, asked, stdin)


def execute(
    context: Context,
    actor: Actor,
    project: str,
    environment: str,
    service: str,
    command: Sequence[str],
    *,
    instance: int = 0,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    tenant: str = "",
    stdin: bytes | None = None,
) -> Task:
    """A task that runs the command in a running instance (an accessory's container, too); `instance` 0 takes the
    first. What is not there or does not run is said by the task."""
    asked = Asked(service, project, environment, tuple(command), timeout_s, instance, is_inside=True, tenant=tenant)
    return _ask(context, actor, asked, stdin)


def _ask(context: Context, actor: Actor, asked: Asked, stdin: bytes | None) -> Task:
    actor.require_somewhere(Permission.EXEC)
    _check(asked, stdin)
    with context.database.transaction() as connection:
        there = located(connection, asked.project, asked.environment, asked.tenant)
        there.require(actor, Permission.EXEC)
        owner, where, place = there.project, there.environment, there.place
        live = _live(connection, place)
        if stdin is not None:
            asked = replace(asked, stdin=context.artifacts.keep_within(connection, stdin))
        shown = _masked(context, connection, live, asked.command)
        verb = "exec" if asked.is_inside else "run"
        task = Task(
            TaskId(context.ids.new("tsk")),
            "command",
            f"{verb} in {owner.name} {place.shown} {asked.service}: {shown[:SHOWN_COMMAND]}",
            context.clock.now(),
            subject=live.id,
            input=_input(replace(asked, project=owner.name, environment=where.name, tenant=place.tenant or "")),
            created_by=actor.name,
        )
        turns.queue(context, connection, task)
        message = f"{verb} {asked.service} in {place.shown}: {shown[:SHOWN_COMMAND]}"
        context.note(
            connection,
            actor,
            f"command.{verb}",
            message,
            thing=task.id,
            project=owner.name,
            environment=where.name,
            tenant=place.tenant,
            facts={
                "service": asked.service,
                "instance": asked.instance,
                "command": shown,
                "input_bytes": len(stdin or b""),
            },
        )
    context.durable.wake()
    return task


def _check(asked: Asked, stdin: bytes | None) -> None:
    if not asked.command or not asked.command[0]:
        raise Invalid("input.invalid", "which command?", thing="command", hint="after --: fairlead run web -- ls /")
    if len(asked.command) > MOST_WORDS or sum(map(len, asked.command)) > LONGEST_COMMAND:
        raise TooLarge("input.too_large", f"a command has at most {LONGEST_COMMAND:,} characters", thing="command")
    if stdin is not None and len(stdin) > LARGEST_INPUT_BYTES:
        raise TooLarge(
            "input.too_large",
            f"a command is given at most {LARGEST_INPUT_BYTES:,} bytes on its standard input",
            thing="stdin",
            hint="put larger things where the command can fetch them: a volume, an object store",
        )
    if any("\0" in word for word in asked.command):
        raise Invalid("input.invalid", "a command holds no NUL character", thing="command")
    if not 0 < asked.timeout_s <= LONGEST_TIMEOUT_S:
        raise Invalid("input.invalid", f"a command may take up to {LONGEST_TIMEOUT_S:g} s", thing="timeout_s")


def _live(connection: Connection, place: Place) -> Deployment:
    slot = slots.live(connection, place)
    found = deployments.find(connection, slot.deployment) if slot else None
    if found is None:
        raise Conflict(
            "command.nothing_live",
            f"nothing of {place.project} is live in {place.shown}",
            thing=f"{place.project}/{place.where}",
        )
    return found


def _masked(context: Context, connection: Connection, live: Deployment, command: Sequence[str]) -> str:
    """The command as it may be shown: without what the live release was given of secrets."""
    text = " ".join(command)
    return context.secrets.mask(connection, live.task).apply(text) if live.task else text


def _input(asked: Asked) -> dict[str, Json]:
    return {
        "service": asked.service,
        "project": asked.project,
        "environment": asked.environment,
        "command": list(asked.command),
        "timeout_s": asked.timeout_s,
        "instance": asked.instance,
        "is_inside": asked.is_inside,
        "tenant": asked.tenant,
        "stdin": asked.stdin,
    }


def asked_of(task: Task) -> Asked:
    """What the task was asked with."""
    held = task.input
    command, timeout_s, instance = held["command"], held["timeout_s"], held["instance"]
    assert isinstance(command, list) and isinstance(timeout_s, int | float) and isinstance(instance, int)
    return Asked(
        str(held["service"]),
        str(held["project"]),
        str(held["environment"]),
        tuple(str(word) for word in command),
        float(timeout_s),
        instance,
        is_inside=bool(held["is_inside"]),
        tenant=str(held["tenant"]),
        stdin=str(held.get("stdin") or ""),
    )


async def bind(context: Context, container_engine: ContainerEngine, task: Task) -> Plan | SaidNo:
    """The plan of a command's task, from what is live now."""
    asked = asked_of(task)
    if asked.is_inside:
        return await _bind_inside(context, container_engine, asked)
    return await context.database.run(lambda: _bind_one_off(context, task, asked))


def _bind_one_off(context: Context, task: Task, asked: Asked) -> Plan | SaidNo:
    with context.database.reading() as connection:
        owner = projects.by_name(connection, asked.project)
        where = environments.by_name(connection, asked.environment)
        place = asked.place
        slot = slots.live(connection, place)
        live = _live(connection, place)
        assert slot is not None  # _live asked
        release = releases.get(connection, live.release)
        going = Going(owner, where, release, tenancy.of(connection, live.tenant))
        intended = planning.intend_again(context, connection, going, live)
    service = next((one for one in intended.definition.services if one.name == asked.service), None)
    if service is None:
        known = ", ".join(one.name for one in intended.definition.services)
        return SaidNo("service.unknown", f"{release.version} has no service {asked.service}", hint=f"it has {known}")
    resolved = replace(intended.resolved, deployment=DeploymentId(slot.deployment), colour=slot.colour)
    return Commands().plan(ResolvedOneOff(resolved, service, task.id, asked.command, asked.timeout_s, asked.stdin))


async def _bind_inside(context: Context, engine: ContainerEngine, asked: Asked) -> Plan | SaidNo:
    place = asked.place
    live = await context.database.read(lambda connection: slots.live(connection, place))
    labels = {**labels_of(place), LABEL_SERVICE: asked.service}
    found = [one for one in await engine.containers(labels) if _is_meant(one, asked, live)]
    if not found:
        which = f"instance {asked.instance} of {asked.service}" if asked.instance else asked.service
        return SaidNo(
            "engine.gone",
            f"{which} does not run in {place.shown}",
            hint=f"fairlead status -p {asked.project} -e {asked.environment}",
        )
    chosen = min(found, key=lambda one: (_facts(one).replica, one.name))
    inside = Inside(chosen.name, asked.command, asked.timeout_s, _facts(chosen).secrets, asked.stdin)
    return Commands().plan(ResolvedInside(inside, f"Run a command in {chosen.name}"))


def _is_meant(one: Container, asked: Asked, live: Slot | None) -> bool:
    """Whether it is a running instance of what is live, or an accessory's container, with that number."""
    kind, made_by = one.labels.get(LABEL_KIND), one.labels.get(LABEL_DEPLOYMENT)
    is_live = kind == KIND_INSTANCE and live is not None and made_by == live.deployment
    is_ours = kind == KIND_ACCESSORY or is_live
    return is_ours and one.state == "running" and asked.instance in (0, _facts(one).replica)


def _facts(one: Container) -> InstanceFacts:
    return read_facts(one.labels.get(LABEL_INSTANCE, ""))
