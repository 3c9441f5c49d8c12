"""What a deployment's plan would change, read from the plan itself: shown before anything runs (law 4). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, TypeAlias

from fairlead.domain.difference import differing
from fairlead.domain.plan import Effect, Plan, all_effects, effects_of
from fairlead.domain.record import Json, to_data
from fairlead.domain.service import Definition, Role, Service
from fairlead.domain.text import Text, secrets_in
from fairlead.ports.container_engine import NetworkSpec
from fairlead.ports.proxy import Endpoint, RouteSpec
from fairlead.steps.blueprint import Blueprint, configuration_hash
from fairlead.steps.effects.accessories import Accessory, EnsureAccessory
from fairlead.steps.effects.basis import read
from fairlead.steps.effects.copied import CopyPackage
from fairlead.steps.effects.ends import CommitProcess, Retired, RetireSlot, StandBy, Tidied, Tidy
from fairlead.steps.effects.ground import EnsureNetwork, EnsureVolume, NamedVolume
from fairlead.steps.effects.instances import ResumeInstances, Standees, StartInstance, StopInstances
from fairlead.steps.effects.packaged import RunPackagedScript
from fairlead.steps.effects.routes import Filled, FillRoute, RemoveRoute
from fairlead.steps.effects.runs import Errand, RunContainer
from fairlead.steps.effects.schema import OldTests, RunContraction, RunOldTests, StandInGate, Stood
from fairlead.steps.effects.scripts import RunScript
from fairlead.steps.plan_ground import is_made_again
from fairlead.steps.plan_schema import gate_of
from fairlead.steps.resolved import Presence, ResolvedDeployment
from fairlead.steps.roster import SLOT_ROLES, image_of
from fairlead.steps.words import counted

Doing: TypeAlias = Literal["make", "start", "run once", "keep", "stop", "stand by", "remove"]
Compared: TypeAlias = Literal["added", "changed", "removed", "unchanged"]
MOST_DIFFERENCES = 40


@dataclass(frozen=True, slots=True)
class Present:
    """What is there now, as far as it could be asked. `definition` None: nothing is live, or it cannot be compiled."""

    definition: Definition | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    networks: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """One container, network or volume and what becomes of it."""

    doing: Doing
    name: str
    service: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable that a service's containers are given, beside what the live ones have. Secrets are never shown."""

    service: str
    name: str
    compared: Compared
    old: str | None = None
    new: str | None = None
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Foreseen:
    """All of it, in the order in which people ask."""

    containers: tuple[Change, ...]
    networks: tuple[Change, ...]
    volumes: tuple[Change, ...]
    settings: tuple[Setting, ...]
    services: tuple[str, ...]
    accessories: tuple[str, ...]
    tests: tuple[str, ...]
    migration: str
    back: tuple[str, ...]


def foresee(resolved: ResolvedDeployment, plan: Plan, present: Present) -> Foreseen:
    """What the plan would change of what is there."""
    return Foreseen(
        containers=tuple(_containers(resolved, plan)),
        networks=tuple(_networks(plan, present)),
        volumes=tuple(_volumes(plan, present)),
        settings=tuple(_settings(resolved.definition, present.definition)),
        services=tuple(_services(resolved, present))[:MOST_DIFFERENCES],
        accessories=tuple(_accessories(resolved, present)),
        tests=tuple(_tests(resolved, plan)),
        migration=_migration(resolved),
        back=tuple(_way_back(resolved, plan)),
    )


def fills_of(plan: Plan) -> tuple[Filled, ...]:
    """Every route that the plan fills, with the colour and the endpoints."""
    return tuple(read(Filled, effect) for effect in all_effects(plan) if effect.kind == FillRoute.kind)


def wanted_at_the_proxy(plan: Plan) -> dict[RouteSpec, tuple[Endpoint, ...]]:
    """What the proxy is to hold for each route, in the colour that is filled."""
    return {one.spec: one.endpoints for one in fills_of(plan)}


def removed_routes(plan: Plan) -> tuple[str, ...]:
    """Routes that are given back, in the words of their effects."""
    return tuple(effect.title for effect in all_effects(plan) if effect.kind == RemoveRoute.kind)


def _containers(resolved: ResolvedDeployment, plan: Plan) -> Iterator[Change]:
    for effect in all_effects(plan):
        match effect.kind:
            case StartInstance.kind:
                made = read(Blueprint, effect)
                yield Change("make", made.name, effect.service, made.image)
            case RunContainer.kind | RunContraction.kind:
                once = read(Errand, effect).blueprint
                yield Change("run once", once.name, effect.service, once.image)
            case StandInGate.kind:
                stood = read(Stood, effect).service.blueprint
                yield Change("run once", stood.name, effect.service, stood.image)
            case RunOldTests.kind:
                tests = read(OldTests, effect).tests.blueprint
                yield Change("run once", tests.name, "", tests.image)
            case EnsureAccessory.kind:
                yield _accessory_change(read(Accessory, effect), effect)
            case StopInstances.kind:
                yield from (Change("stop", one.name, one.service) for one in read(Standees, effect).instances)
            case ResumeInstances.kind:
                yield from (Change("start", one.name, one.service) for one in read(Standees, effect).instances)
            case StandBy.kind:
                warm = resolved.live.of(*SLOT_ROLES) if resolved.live else ()
                yield from (Change("stand by", one.name, one.service) for one in warm)
            case RetireSlot.kind:
                yield from (Change("remove", name) for name in read(Retired, effect).instances)
            case Tidy.kind:
                yield from (Change("remove", name) for name in read(Tidied, effect).replaced)
            case _:
                continue


def _accessory_change(wanted: Accessory, effect: Effect) -> Change:
    now: dict[Presence, Doing] = {"absent": "make", "stopped": "start", "running": "keep"}
    doing = now[wanted.was]
    return Change(doing, wanted.name, effect.service, wanted.blueprint.image if doing == "make" else "")


def _networks(plan: Plan, present: Present) -> Iterator[Change]:
    for effect in all_effects(plan):
        if effect.kind == EnsureNetwork.kind:
            name = read(NetworkSpec, effect).name
            yield Change("keep" if name in present.networks else "make", name)
        elif effect.kind == RetireSlot.kind and (network := read(Retired, effect).slot.network):
            yield Change("remove", network)


def _volumes(plan: Plan, present: Present) -> Iterator[Change]:
    for effect in all_effects(plan):
        if effect.kind == EnsureVolume.kind:
            name = read(NamedVolume, effect).name
            yield Change("keep" if name in present.volumes else "make", name)


def _settings(new: Definition, old: Definition | None) -> Iterator[Setting]:
    """Every variable that differs, and every secret, changed or not."""
    before = {service.name: service for service in old.services} if old else {}
    for service in new.services:
        was = before[service.name].environment if service.name in before else {}
        for name in sorted({*was, *service.environment}):
            told = _setting(service.name, name, was.get(name), service.environment.get(name))
            if told.is_secret or told.compared != "unchanged":
                yield told


def _setting(service: str, name: str, old: Text | None, new: Text | None) -> Setting:
    compared: Compared = "unchanged" if old == new else "changed"
    if old is None or new is None:
        compared = "added" if old is None else "removed"
    is_secret = any(True for text in (old, new) if text is not None for _ in secrets_in(text))
    shown = [None if text is None else str(text) for text in (old, new)]
    return Setting(service, name, compared, shown[0], shown[1], is_secret)


def _services(resolved: ResolvedDeployment, present: Present) -> Iterator[str]:
    """In what else the services differ: images, commands, replicas, routes, limits, …"""
    if present.definition is None:
        return
    before = {service.name: service for service in present.definition.services}
    for service in resolved.definition.services:
        if service.name not in before:
            yield f"{service.name}: a new service"
            continue
        image, was = resolved.images.get(service.name, ""), present.images.get(service.name, "")
        if image != was:
            yield f"{service.name}: image: was {was or 'nothing'}, is {image}"
        yield from differing(_bare(before[service.name]), _bare(service), f"{service.name}: ")
    for name in sorted(before.keys() - {service.name for service in resolved.definition.services}):
        yield f"{name}: is no service any more"


def _bare(service: Service) -> Json:
    """Without what is told apart: variables and images."""
    apart = {"environment", "image", "build"}
    return {each.name: to_data(getattr(service, each.name)) for each in fields(service) if each.name not in apart}


def _accessories(resolved: ResolvedDeployment, present: Present) -> Iterator[str]:
    for service in (one for one in resolved.definition.services if one.role is Role.ACCESSORY):
        found = resolved.accessories.get(service.name)
        if found is None or found.presence == "absent":
            yield f"{service.name}: is made"
        elif is_made_again(resolved, service.name):
            yield f"{service.name}: is made again, because it was asked for; its volumes stay"
        elif found.configuration != configuration_hash(service, image_of(resolved, service.name)):
            yield f"{service.name}: its definition changed, and is not applied without --recreate-accessory"
        else:
            yield f"{service.name}: stays as it is"


def _tests(resolved: ResolvedDeployment, plan: Plan) -> Iterator[str]:
    for effect in all_effects(plan):
        if effect.kind == RunContainer.kind and (errand := read(Errand, effect)).purpose == "tests":
            yield _said(errand.title, errand.blueprint, errand.timeout_s)
        elif effect.kind == RunOldTests.kind:
            old = read(OldTests, effect)
            yield _said(f"tests of {old.old} on the migrated copy", old.tests.blueprint, old.tests.timeout_s)
    if resolved.is_switch_alone:
        yield "none before the switch: the release stood by, tested as it was"


def _said(title: str, blueprint: Blueprint, timeout_s: float) -> str:
    command = " ".join(blueprint.service.command or ())
    return f"{title}: {command or 'the image’s own command'}, within {timeout_s:g} s"


def _migration(resolved: ResolvedDeployment) -> str:
    migration = resolved.definition.migration
    if migration is None or resolved.is_switch_alone:
        return ""
    said = f"{' '.join(migration.command)} in the new image of {migration.service}, within {migration.timeout_s:g} s"
    if (gate := gate_of(resolved)) is not None:
        said = f"tried first on a copy of the schema, against {gate.old.version}; {said}"
    if migration.backup is not None:
        said += f"; before it {' '.join(migration.backup.command)} in that of {migration.backup.service}"
    if resolved.contracts and migration.after_retire is not None:
        said += f"; in the end {' '.join(migration.after_retire.command)} in that of {migration.after_retire.service}"
    return said


def _way_back(resolved: ResolvedDeployment, plan: Plan) -> Iterator[str]:
    undone = sum(effect.is_undone and not effect.only_tidies for effect in effects_of(plan.forward))
    if undone:
        yield f"until the commit point a failure undoes what was begun of {counted(undone, 'effect')}, in reverse"
    if scripts := sum(effect.kind == RunScript.kind for effect in effects_of(plan.forward)):
        yield f"not undone: what {counted(scripts, 'script')} did; a failure ends those that still run"
    if any(effect.kind == RunPackagedScript.kind for effect in effects_of(plan.forward)):
        yield "not undone: what scripts of packages did, where there are any"
    if any(effect.kind == CopyPackage.kind for effect in effects_of(plan.forward)):
        yield "not undone: what packages are copied to, which keeps what is new"
    if resolved.definition.migration and not resolved.is_switch_alone:
        yield "not undone: what the migration does to data"
    if any(effect.kind == EnsureVolume.kind for effect in all_effects(plan)):
        yield "not undone: volumes that were made, and what is in them"
    if any(effect.key.startswith("standby:") for effect in effects_of(plan.forward)):
        yield f"not undone: {resolved.idle.slot.version or 'what stands'} in the idle slot is ended first"
    if plan.commit is not None and plan.commit.kind == CommitProcess.kind:
        yield "after it: `fairlead rollback` runs the process of the release before, where there was one"
        return
    if resolved.live is None:
        yield "after it: nothing was live before, so there is nothing to go back to"
        return
    old = resolved.live.slot.version or "the release before"
    if resolved.keeps_standby_s > 0:
        yield f"after it, for {resolved.keeps_standby_s:g} s: `fairlead rollback` switches to {old}, which stands by"
        yield f"later: `fairlead rollback` deploys {old} again"
    else:
        yield f"after it: `fairlead rollback` deploys {old} again; it does not stand by (see `standby:`)"
