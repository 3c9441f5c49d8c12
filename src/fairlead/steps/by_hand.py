"""What a person runs on the host where an effect cannot be done or undone by us: for tasks that stand unsettled."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence

from fairlead.domain.plan import Effect
from fairlead.ports.container_engine import LABEL_DEPLOYMENT, LABEL_KIND, NetworkSpec
from fairlead.steps.blueprint import KIND_ACCESSORY, KIND_INSTANCE, KIND_SLOT_NETWORK, Blueprint
from fairlead.steps.effects.accessories import Accessory, EnsureAccessory
from fairlead.steps.effects.basis import read
from fairlead.steps.effects.ends import Retired, RetireSlot, Stopped, StopSlot, Tidied, Tidy
from fairlead.steps.effects.ground import EnsureNetwork
from fairlead.steps.effects.instances import (
    KeepInstancesUp,
    Lasting,
    MakeInstance,
    ResumeInstances,
    Standees,
    StartInstance,
    StopInstances,
)
from fairlead.steps.effects.routes import DrainRoute, FillRoute, PointRoutes, RemoveRoute
from fairlead.steps.effects.runs import Errand, RunContainer

LOOK_AT_PROXY = ("fairlead-server offline status", "fairlead-server boot")


def by_hand(effect: Effect, *, is_undo: bool) -> Sequence[str]:
    """Lines for a shell, in order (engine.parts.ByHand)."""
    known = (UNDOING if is_undo else DOING).get(effect.kind)
    return tuple(known(effect)) if known else ()


def _remove(names: Iterable[str]) -> list[str]:
    return [f"docker rm -f -v {shlex.quote(name)}" for name in names]


def _started(effect: Effect) -> list[str]:
    return _remove([read(Blueprint, effect).name])


def _ran(effect: Effect) -> list[str]:
    return _remove([read(Errand, effect).blueprint.name])


def _network(effect: Effect) -> list[str]:
    """The environment's stays where an earlier deployment made it, as the effect's own undo has it."""
    wanted = read(NetworkSpec, effect)
    name = shlex.quote(wanted.name)
    if wanted.labels.get(LABEL_KIND) == KIND_SLOT_NETWORK:
        look = f"docker network inspect {name}  # what is in it holds it: remove that first"
        return [look, f"docker network rm {name}"]
    ours = shlex.quote(f"label={LABEL_DEPLOYMENT}={wanted.labels[LABEL_DEPLOYMENT]}")
    called = shlex.quote(f"name=^{wanted.name}$")
    return [f"docker network ls -q --filter {called} --filter {ours} | xargs -r docker network rm"]


def _accessory(effect: Effect) -> list[str]:
    accessory = read(Accessory, effect)
    if accessory.was == "absent":
        return _remove([accessory.name])
    return [f"docker stop {shlex.quote(accessory.name)}"] if accessory.was == "stopped" else []


def _stopped(effect: Effect) -> list[str]:
    return [f"docker start {shlex.quote(one.name)}" for one in read(Standees, effect).instances if one.is_running]


def _resumed(effect: Effect) -> list[str]:
    ran = (one for one in read(Standees, effect).instances if not one.is_running)
    return [f"docker stop -t {one.grace_s:.0f} {shlex.quote(one.name)}" for one in ran]


def _kept_up(effect: Effect) -> list[str]:
    return [f"docker update --restart no {shlex.quote(name)}" for name, _, _ in read(Lasting, effect).instances]


def _slot_stopped(effect: Effect) -> list[str]:
    groups = read(Stopped, effect).groups
    return [f"docker stop -t {one.grace_s:.0f} {shlex.quote(one.name)}" for group in groups for one in group]


def _retired(effect: Effect) -> list[str]:
    retired = read(Retired, effect)
    network = [f"docker network rm {shlex.quote(retired.slot.network)}"] if retired.slot.network else []
    return [*_remove(retired.instances), *network]


def _tidied(effect: Effect) -> list[str]:
    tidied = read(Tidied, effect)
    ours = shlex.quote(f"label={LABEL_DEPLOYMENT}={tidied.deployment}")
    form = shlex.quote(f'{{{{.Names}}}} {{{{.Label "{LABEL_KIND}"}}}}')
    look = (
        f"docker ps -a --filter {ours} --format {form}  # remove what is neither {KIND_INSTANCE} nor {KIND_ACCESSORY}"
    )
    return [look, *_remove(tidied.replaced)]


def _proxy(effect: Effect) -> Sequence[str]:
    return LOOK_AT_PROXY


UNDOING: Mapping[str, Callable[[Effect], Sequence[str]]] = {
    MakeInstance.kind: _started,
    StartInstance.kind: _started,
    RunContainer.kind: _ran,
    EnsureNetwork.kind: _network,
    EnsureAccessory.kind: _accessory,
    StopInstances.kind: _stopped,
    ResumeInstances.kind: _resumed,
    KeepInstancesUp.kind: _kept_up,
    FillRoute.kind: _proxy,
    PointRoutes.kind: _proxy,
}
DOING: Mapping[str, Callable[[Effect], Sequence[str]]] = {
    StopSlot.kind: _slot_stopped,
    RetireSlot.kind: _retired,
    Tidy.kind: _tidied,
    DrainRoute.kind: _proxy,
    RemoveRoute.kind: _proxy,
}
