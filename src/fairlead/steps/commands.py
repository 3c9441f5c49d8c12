"""The step kind of a person's command: in a container of its own of the live release, or in a running instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.domain.plan import Effect, Plan, Step
from fairlead.domain.service import Service
from fairlead.ports.container_engine import Attachment
from fairlead.ports.step import EffectKind
from fairlead.steps.blueprint import KIND_ONE_OFF
from fairlead.steps.bounds import START_TIMEOUT_S, TRIES
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.one_offs import ClearCommand, ExecuteCommand, Inside, OneOff, OneOffCleared, RunCommand
from fairlead.steps.plan_filling import errand_of
from fairlead.steps.resolved import ResolvedDeployment


@dataclass(frozen=True, slots=True)
class ResolvedOneOff:
    """The deployment that is live, as it would be resolved today; the service; the task that the container is of."""

    live: ResolvedDeployment
    service: Service
    task: str
    command: tuple[str, ...]
    timeout_s: float
    stdin: str = ""


@dataclass(frozen=True, slots=True)
class ResolvedInside:
    """The instance as the engine told it."""

    inside: Inside
    title: str


class Commands:
    """Runs one command; there is nothing to undo, and a one-off's container is removed however it ended."""

    name = "commands"
    effects: Mapping[str, EffectKind] = {kind.kind: kind for kind in (RunCommand(), ExecuteCommand(), ClearCommand())}

    def plan(self, resolved: ResolvedOneOff | ResolvedInside) -> Plan:
        """One effect, and for a one-off its removal."""
        return _one_off(resolved) if isinstance(resolved, ResolvedOneOff) else _inside(resolved)


def _one_off(resolved: ResolvedOneOff) -> Plan:
    names = resolved.live.names
    blueprint = errand_of(
        resolved.live,
        resolved.service,
        key=f"{KIND_ONE_OFF}:{resolved.task}",
        name=names.one_off(resolved.service.name, resolved.task),
        command=resolved.command,
        networks=(Attachment(names.slot_network), Attachment(names.place.network)),
    )
    run = Effect(
        RunCommand.kind,
        "command",
        f"run a command in {blueprint.name}",
        arguments(OneOff(blueprint, resolved.timeout_s, resolved.stdin)),
        timeout_s=resolved.timeout_s + START_TIMEOUT_S,
        attempts=TRIES,
        is_undone=False,
        service=resolved.service.name,
    )
    clear = Effect(
        ClearCommand.kind,
        "clear",
        f"remove {blueprint.name}",
        arguments(OneOffCleared(blueprint.labels)),
        attempts=TRIES,
        is_undone=False,
    )
    place = resolved.live.place
    return Plan(
        "command",
        f"Run a command of {place.project} {resolved.service.name} in {place.shown}",
        {"run": resolved.service.name, "task": resolved.task},
        Step("command", "Run the command", run),
        always=Step("clear", "Remove its container", clear),
    )


def _inside(resolved: ResolvedInside) -> Plan:
    effect = Effect(
        ExecuteCommand.kind,
        "command",
        f"run a command in {resolved.inside.container}",
        arguments(resolved.inside),
        timeout_s=resolved.inside.timeout_s + START_TIMEOUT_S,
        is_undone=False,
    )
    return Plan("command", resolved.title, {"execute": resolved.inside.container}, Step("command", "Run it", effect))
