"""Doing what a trigger is for: a deployment, a release, or a runbook's run; or saying which rule is in the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import assert_never

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.ids import DeploymentId, EnvironmentId, ReleaseId, TargetId
from fairlead.domain.image import names_of, version_of
from fairlead.domain.process import NO_CHOICE, Process
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.domain.target import Target, chosen, kept_out
from fairlead.domain.tenant import Tenant
from fairlead.domain.trigger import Evaluation, Trigger, TriggerAction, TriggerKind
from fairlead.domain.version import parse
from fairlead.store import (
    channels,
    contacts,
    deployments,
    environments,
    processes,
    projects,
    releases,
    runbooks,
    target_health,
    targets,
)
from fairlead.store.database import Connection
from fairlead.usecases import deployments as deploying
from fairlead.usecases import planning, runs, tenancy
from fairlead.usecases import releases as releasing
from fairlead.usecases import runbook_runs as running
from fairlead.usecases.context import Context
from fairlead.usecases.firing_for_tenants import for_each

LOOKED_BACK = 200
"""Live deployments of an environment that are looked through for the latest of a channel."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a trigger is looked at: what came, as its events tell; nothing where its time came, or a person asked.
    `environment` is where targets became available, or where its runbook is to run."""

    said: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[TargetId, ...] = ()
    environment: EnvironmentId | None = None


def acting(trigger: Trigger) -> Actor:
    """Who does it: Fairlead, in the trigger's name."""
    return replace(SYSTEM, name=f"trigger {trigger.name}", via=trigger.kind.value)


def fire(
    context: Context, connection: Connection, trigger: Trigger, occasion: Occasion, record: Evaluation
) -> Evaluation:
    """The record with what was begun; all of it in the caller's transaction. Raises the rule that says no: Conflict
    `trigger.disabled`, `trigger.nothing`, `trigger.same_version`, `trigger.older`, `trigger.no_target`, and what the
    use cases raise that it asks; where it is for tenants, that is told of each instead. `context` is of that
    transaction."""
    owner = projects.get(connection, trigger.project)
    if not trigger.is_enabled:
        raise Conflict("trigger.disabled", f"the trigger {trigger.name} is disabled", thing=trigger.name)
    if not owner.is_enabled:
        raise Conflict("trigger.disabled", f"the project {owner.name} is disabled", thing=owner.name)
    match trigger.action:
        case TriggerAction.DEPLOY_LATEST:
            work = partial(_deploy_latest, context, connection, owner, trigger, record)
            return _for_whom(connection, owner, trigger, trigger.destination, record, work)
        case TriggerAction.NEW_RELEASE if trigger.kind is TriggerKind.SCHEDULE and owner.source is not None:
            return _run_head(context, connection, owner, trigger, record)
        case TriggerAction.NEW_RELEASE:
            made = _new_release(context, connection, owner, trigger, occasion)
            return replace(record, has_fired=True, reason=f"made release {made.version}", release=made.id)
        case TriggerAction.DEPLOY_CURRENT:
            work = partial(_deploy_current, context, connection, owner, trigger, occasion, record)
            return _for_whom(connection, owner, trigger, occasion.environment, record, work)
        case TriggerAction.RUN_RUNBOOK:
            work = partial(_run_runbook, context, connection, owner, trigger, occasion, record)
            return _for_whom(connection, owner, trigger, occasion.environment, record, work)
        case _:
            assert_never(trigger.action)


def _for_whom(
    connection: Connection,
    owner: Project,
    trigger: Trigger,
    where: EnvironmentId | None,
    record: Evaluation,
    work: Callable[[Tenant | None], Evaluation],
) -> Evaluation:
    """For each of its tenants, or for nobody."""
    if where is None:
        raise Conflict("trigger.nothing", "no target became available", thing=owner.name)
    if not trigger.is_for_tenants:
        return work(None)
    return for_each(connection, owner, trigger, environments.get(connection, where), record, work)


def _deploy_latest(
    context: Context,
    connection: Connection,
    owner: Project,
    trigger: Trigger,
    record: Evaluation,
    tenant: Tenant | None,
) -> Evaluation:
    whose = _live_for(owner, trigger, tenant)
    found = _latest(connection, owner, trigger, whose)
    if found is None:
        raise Conflict("trigger.nothing", _nothing(connection, trigger, whose), thing=owner.name)
    view = deploying.create(
        context,
        acting(trigger),
        owner.id,
        found.id,
        str(trigger.destination),
        is_forced=trigger.is_forced,
        tenant=tenant.id if tenant else "",
    )
    words = f"{found.version} to {view.environment} is {view.deployment.state.value}"
    return _deployed(record, words, view.deployment.id, found.id)


def _live_for(owner: Project, trigger: Trigger, tenant: Tenant | None) -> Tenant | None:
    """Whose release in the source it is: the tenant's where it is connected there, else (as in Octopus) nobody's."""
    is_there = tenant is not None and trigger.source in tenant.connections.get(owner.id, ())
    return tenant if is_there else None


def _latest(connection: Connection, owner: Project, trigger: Trigger, tenant: Tenant | None) -> Release | None:
    """The latest release that is live in the source for the tenant (None: for nobody), or without a source the latest
    made; of the channel, if any."""
    if trigger.source is None:
        return releases.latest(connection, owner.id, trigger.channel)
    whose = tenant.id if tenant else None
    live = deployments.live_ones(connection, owner.id, trigger.source, tenant=whose, limit=LOOKED_BACK)
    by_id = releases.many(connection, [one.release for one in live])
    known = (by_id[one.release] for one in live if one.release in by_id)
    return next((one for one in known if trigger.channel in (None, one.channel)), None)


def _nothing(connection: Connection, trigger: Trigger, tenant: Tenant | None) -> str:
    where = environments.get(connection, trigger.source).name if trigger.source else ""
    where += f" for {tenant.name}" if tenant and where else ""
    line = channels.get(connection, trigger.channel).name if trigger.channel else ""
    which = f" of channel {line}" if line else ""
    return f"no release{which} was ever live in {where}" if where else f"there is no release{which}"


def _run_head(
    context: Context, connection: Connection, owner: Project, trigger: Trigger, record: Evaluation
) -> Evaluation:
    head = contacts.of(connection, owner.id)
    if head is None or not head.head:
        raise Conflict("trigger.nothing", "the repository was not read yet", thing=owner.name)
    made = runs.start(context, acting(trigger), owner.id, head.head)
    return replace(record, has_fired=True, reason=f"run {made.number} of {head.head[:12]} began", run=made.id)


def _new_release(
    context: Context, connection: Connection, owner: Project, trigger: Trigger, occasion: Occasion
) -> Release:
    """As the latest one, of the trigger's channel where it has one, with what came instead."""
    before = releases.latest(connection, owner.id, trigger.channel)
    base = before or releases.latest(connection, owner.id)
    images = dict(base.images) if base else {}
    packages = dict(occasion.packages)
    for name, reference in occasion.images.items():
        services = [service for service, held in images.items() if name in names_of(held)]
        images |= {service: _renamed(images[service], reference) for service in services}
        packages |= {} if services else {name: version_of(reference)}
    changed = {service for service, held in images.items() if base is None or held != base.images[service]}
    if before is not None and trigger.kind is not TriggerKind.SCHEDULE:
        _require_news(before, {**packages, **{one: version_of(images[one]) for one in changed}}, changed)
    if base is None and not packages:
        raise Conflict("trigger.nothing", f"{owner.name} has no release to go by", thing=owner.name)
    if base is None:
        return _create(context, owner, trigger, occasion, images={}, packages=packages)
    gone = [one for one in releasing.get(context, acting(trigger), owner.id, base.id).gone if one not in changed]
    if gone:
        message = f"the images of {', '.join(gone)} in {base.version} are deleted"
        raise Conflict("release.images_gone", message, thing=base.version)
    kept = {name: version for name, version in base.packages.items() if version and name not in changed}
    return _create(context, owner, trigger, occasion, base=base, images=images, packages=_over(kept, packages))


def _create(
    context: Context,
    owner: Project,
    trigger: Trigger,
    occasion: Occasion,
    *,
    images: Mapping[str, str],
    packages: Mapping[str, str],
    base: Release | None = None,
) -> Release:
    return releasing.create(
        context,
        acting(trigger),
        owner.id,
        images=images,
        test_image=base.test_image if base else "",
        files=base.files if base else None,
        contents=planning.ReleaseFiles(base.files, context.artifacts.content) if base else {},
        commit=base.commit if base else "",
        channel=trigger.channel or "",
        packages=packages,
        notes=occasion.said,
    )


def _over(kept: Mapping[str, str], came: Mapping[str, str]) -> dict[str, str]:
    """Both, what came in place of what was kept under the same id, whatever its case."""
    names = {name.lower() for name in came}
    return {**{name: version for name, version in kept.items() if name.lower() not in names}, **came}


def _renamed(held: str, reference: str) -> str:
    """The image as the release names it, with the tag and digest that came."""
    _, _, digest = reference.partition("@")
    return f"{names_of(held)[0]}:{version_of(reference)}@{digest}"


def _require_news(before: Release, came: Mapping[str, str], changed: set[str]) -> None:
    """That what came differs from what the release before has, and that none of it is an older version."""
    held = {name.lower(): version for name, version in before.packages.items()}
    differing = {name: version for name, version in came.items() if held.get(name.lower()) != version}
    if not differing and not changed:
        shown = ", ".join(f"{name} {version}" for name, version in came.items()) or "nothing new"
        message = f"the release {before.version} has {shown} already"
        raise Conflict("trigger.same_version", message, thing=before.version)
    for name, version in differing.items():
        known = held.get(name.lower(), "")
        if known and _is_older(version, known):
            message = f"{name} {version} is older than {known}, which the release {before.version} has"
            raise Conflict(
                "trigger.older", message, thing=name, hint="a channel of its own takes fixes of old versions"
            )


def _is_older(version: str, known: str) -> bool:
    try:
        return parse(version) < parse(known)
    except Invalid:
        return False


def _deploy_current(
    context: Context,
    connection: Connection,
    owner: Project,
    trigger: Trigger,
    occasion: Occasion,
    record: Evaluation,
    tenant: Tenant | None,
) -> Evaluation:
    place = environments.get(connection, str(occasion.environment))
    whose = tenant.id if tenant else None
    live = next(iter(deployments.live_ones(connection, owner.id, place.id, tenant=whose, limit=1)), None)
    if live is None:
        where = place.name + (f" for {tenant.name}" if tenant else "")
        raise Conflict("trigger.nothing", f"nothing of {owner.name} was ever live in {where}", thing=owner.name)
    release = releases.get(connection, live.release)
    tenancy.check(connection, owner, place, release, tenant)
    process = processes.snapshot(connection, release.process) if release.process else Process()
    there = _fitting(connection, process, place, occasion.targets, tenant)
    swapped = tuple(
        step.name
        for step in process.steps
        if step.deploys_services and not any(action.must_run for action in step.actions)
    )
    choice = replace(
        NO_CHOICE,
        skip=tuple(dict.fromkeys((*live.choice.skip, *swapped))),
        only_targets=tuple(str(one.id) for one in there),
    )
    wish = deploying.Wish(
        owner,
        place,
        release,
        is_forced=True,
        variables=live.variables,
        choice=choice,
        waits_for_thaw=True,
        tenant=tenant,
    )
    made = deploying.ask(context, connection, acting(trigger), wish)
    names = ", ".join(one.name for one in there)
    words = f"{release.version} to {names} in {place.name} is {made.state.value}"
    return _deployed(record, f"{words}: {made.reason}" if made.held_by else words, made.id, release.id)


def _deployed(record: Evaluation, words: str, deployment: DeploymentId, release: ReleaseId) -> Evaluation:
    return replace(record, has_fired=True, reason=words, deployment=deployment, release=release)


def _fitting(
    connection: Connection, process: Process, place: Environment, wanted: Sequence[TargetId], tenant: Tenant | None
) -> Sequence[Target]:
    """Those that steps run on there for whom it is, and that answer. Conflict `trigger.no_target`."""
    tags = process.target_tags
    known = [one for one in targets.all_of(connection) if one.id in wanted]
    silent = target_health.unavailable(connection)
    fitting = [one for one in chosen(known, place.id, tags, tenant=tenant) if one.id not in silent]
    if fitting:
        return fitting
    if not known:
        raise Conflict("trigger.no_target", "it is no target any more", thing=place.name)
    name = known[0].name
    if any(one.id in silent for one in known):
        why = f"{name} does not answer any more"
    elif not any(one.is_enabled for one in known):
        why = f"{name} is disabled"
    else:
        why = f"no step of the release that is live in {place.name} runs on {name}"
        why += kept_out(known, place.id, tags, tenant=tenant)
    raise Conflict("trigger.no_target", why, thing=name, hint="steps choose targets by their tags")


def _run_runbook(
    context: Context,
    connection: Connection,
    owner: Project,
    trigger: Trigger,
    occasion: Occasion,
    record: Evaluation,
    tenant: Tenant | None,
) -> Evaluation:
    found = runbooks.find(connection, trigger.runbook) if trigger.runbook else None
    if found is None:
        raise Conflict("trigger.nothing", "the runbook is no more", thing=trigger.name)
    whose = tenant.id if tenant else ""
    made = running.run(context, acting(trigger), owner.id, found.id, str(occasion.environment), tenant=whose)
    words = f"run {made.run.number} of {found.name} in {made.environment} is {made.state.value}"
    return replace(record, has_fired=True, reason=words, task=made.run.task)
