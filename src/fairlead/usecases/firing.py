"""Doing what a trigger is for: a deployment, a release, or a runbook's run; or saying which rule is in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from fairlead.domain.actor import ON_BEHALF, SYSTEM, Actor
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
    return replace(SYSTEM, name=f"{ON_BEHALF}{trigger.name}", via=trigger.kind.value)


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
    return _Firing(context, connection, owner, trigger, occasion, record).fire()


@dataclass(frozen=True, slots=True)
class _Firing:
    """One trigger that fires, in one transaction."""

    context: Context
    connection: Connection
    owner: Project
    trigger: Trigger
    occasion: Occasion
    record: Evaluation

    def fire(self) -> Evaluation:
        """The record with what was begun."""
        trigger = self.trigger
        match trigger.action:
            case TriggerAction.DEPLOY_LATEST:
                return self._for_whom(trigger.destination, self._deploy_latest)
            case TriggerAction.NEW_RELEASE if trigger.kind is TriggerKind.SCHEDULE and self.owner.source is not None:
                return self._run_head()
            case TriggerAction.NEW_RELEASE:
                made = self._new_release()
                return replace(self.record, has_fired=True, reason=f"made release {made.version}", release=made.id)
            case TriggerAction.DEPLOY_CURRENT:
                return self._for_whom(self.occasion.environment, self._deploy_current)
            case TriggerAction.RUN_RUNBOOK:
                return self._for_whom(self.occasion.environment, self._run_runbook)
            case _:
                assert_never(trigger.action)

    def _for_whom(self, where: EnvironmentId | None, work: Callable[[Tenant | None], Evaluation]) -> Evaluation:
        """For each of its tenants, or for nobody."""
        if where is None:
            raise Conflict("trigger.nothing", "no target became available", thing=self.owner.name)
        if not self.trigger.is_for_tenants:
            return work(None)
        place = environments.get(self.connection, where)
        return for_each(self.connection, self.owner, self.trigger, place, self.record, work)

    def _deployed(self, words: str, deployment: DeploymentId, release: ReleaseId) -> Evaluation:
        return replace(self.record, has_fired=True, reason=words, deployment=deployment, release=release)

    # The latest release

    def _deploy_latest(self, tenant: Tenant | None) -> Evaluation:
        whose = self._live_for(tenant)
        found = self._latest(whose)
        if found is None:
            raise Conflict("trigger.nothing", self._nothing(whose), thing=self.owner.name)
        view = deploying.create(
            self.context,
            acting(self.trigger),
            self.owner.id,
            found.id,
            str(self.trigger.destination),
            is_forced=self.trigger.is_forced,
            tenant=tenant.id if tenant else "",
        )
        words = f"{found.version} to {view.environment} is {view.deployment.state.value}"
        return self._deployed(words, view.deployment.id, found.id)

    def _live_for(self, tenant: Tenant | None) -> Tenant | None:
        """Whose release in the source it is: the tenant's if it is connected there, else (as in Octopus) nobody's."""
        is_there = tenant is not None and self.trigger.source in tenant.connections.get(self.owner.id, ())
        return tenant if is_there else None

    def _latest(self, tenant: Tenant | None) -> Release | None:
        """The latest release that is live in the source for the tenant (None: for nobody), or without a source the
        latest made; of the channel, if any."""
        trigger = self.trigger
        if trigger.source is None:
            return releases.latest(self.connection, self.owner.id, trigger.channel)
        whose = tenant.id if tenant else None
        wanted = () if trigger.channel is None else (deployments.of_channel(trigger.channel),)
        live = deployments.live_ones(self.connection, self.owner.id, trigger.source, *wanted, tenant=whose, limit=1)
        return releases.get(self.connection, live[0].release) if live else None

    def _nothing(self, tenant: Tenant | None) -> str:
        trigger = self.trigger
        where = environments.get(self.connection, trigger.source).name if trigger.source else ""
        where += f" for {tenant.name}" if tenant and where else ""
        line = channels.get(self.connection, trigger.channel).name if trigger.channel else ""
        which = f" of channel {line}" if line else ""
        return f"no release{which} was ever live in {where}" if where else f"there is no release{which}"

    # A new release

    def _run_head(self) -> Evaluation:
        head = contacts.of(self.connection, self.owner.id)
        if head is None or not head.head:
            raise Conflict("trigger.nothing", "the repository has not been read yet", thing=self.owner.name)
        made = runs.start(self.context, acting(self.trigger), self.owner.id, head.head)
        return replace(self.record, has_fired=True, reason=f"run {made.number} of {head.head[:12]} began", run=made.id)

    def _new_release(self) -> Release:
        """As the latest one, of the trigger's channel where it has one, with what came instead."""
        owner = self.owner
        before = releases.latest(self.connection, owner.id, self.trigger.channel)
        base = before or releases.latest(self.connection, owner.id)
        images = dict(base.images) if base else {}
        packages = dict(self.occasion.packages)
        for name, reference in self.occasion.images.items():
            services = [service for service, held in images.items() if name in names_of(held)]
            _require_others(owner, images, services)
            images |= {service: _renamed(images[service], reference) for service in services}
            packages |= {} if services else {name: version_of(reference)}
        changed = {service for service in images if base is None or _differs(base, service, images[service])}
        if before is not None and self.trigger.kind is not TriggerKind.SCHEDULE:
            _require_news(before, {**packages, **{one: version_of(images[one]) for one in changed}}, changed)
        if base is None and not packages:
            raise Conflict("trigger.nothing", f"{owner.name} has no release to go by", thing=owner.name)
        if base is None:
            return self._create(images={}, packages=packages)
        gone = releasing.get(self.context, acting(self.trigger), owner.id, base.id).gone
        if kept_gone := [one for one in gone if one not in changed]:
            message = f"the images of {', '.join(kept_gone)} in {base.version} are deleted"
            raise Conflict("release.images_gone", message, thing=base.version)
        kept = {name: version for name, version in base.packages.items() if version and name not in changed}
        return self._create(base=base, images=images, packages=_over(kept, packages))

    def _create(
        self, *, images: Mapping[str, str], packages: Mapping[str, str], base: Release | None = None
    ) -> Release:
        return releasing.create(
            self.context,
            acting(self.trigger),
            self.owner.id,
            images=images,
            test_image=base.test_image if base else "",
            files=base.files if base else None,
            contents=planning.ReleaseFiles(base.files, self.context.artifacts.content) if base else {},
            commit=base.commit if base else "",
            channel=self.trigger.channel or "",
            packages=packages,
            notes=self.occasion.said,
        )

    # What is live, to targets that became available

    def _deploy_current(self, tenant: Tenant | None) -> Evaluation:
        owner, connection = self.owner, self.connection
        place = environments.get(connection, str(self.occasion.environment))
        whose = tenant.id if tenant else None
        live = next(iter(deployments.live_ones(connection, owner.id, place.id, tenant=whose, limit=1)), None)
        if live is None:
            where = place.name + (f" for {tenant.name}" if tenant else "")
            raise Conflict("trigger.nothing", f"nothing of {owner.name} was ever live in {where}", thing=owner.name)
        release = releases.get(connection, live.release)
        tenancy.check(connection, owner, place, release, tenant)
        process = processes.snapshot(connection, release.process) if release.process else Process()
        there = _fitting(connection, process, place, self.occasion.targets, tenant)
        choice = replace(
            NO_CHOICE,
            skip=tuple(dict.fromkeys((*live.choice.skip, *_swapping(process)))),
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
        made = deploying.ask(self.context, connection, acting(self.trigger), wish)
        names = ", ".join(one.name for one in there)
        words = f"{release.version} to {names} in {place.name} is {made.state.value}"
        return self._deployed(f"{words}: {made.reason}" if made.held_by else words, made.id, release.id)

    # A runbook

    def _run_runbook(self, tenant: Tenant | None) -> Evaluation:
        trigger = self.trigger
        found = runbooks.find(self.connection, trigger.runbook) if trigger.runbook else None
        if found is None:
            raise Conflict("trigger.nothing", "the runbook no longer exists", thing=trigger.name)
        whose, where = tenant.id if tenant else "", str(self.occasion.environment)
        made = running.run(self.context, acting(trigger), self.owner.id, found.id, where, tenant=whose)
        words = f"run {made.run.number} of {found.name} in {made.environment} is {made.state.value}"
        return replace(self.record, has_fired=True, reason=words, task=made.run.task)


def _over(kept: Mapping[str, str], came: Mapping[str, str]) -> dict[str, str]:
    """Both, what came in place of what was kept under the same id, whatever its case."""
    names = {name.lower() for name in came}
    return {**{name: version for name, version in kept.items() if name.lower() not in names}, **came}


def _renamed(held: str, reference: str) -> str:
    """The image as the release names it, with the tag and digest that came."""
    _, _, digest = reference.partition("@")
    return f"{names_of(held)[0]}:{version_of(reference)}@{digest}"


def _require_others(owner: Project, held: Mapping[str, str], services: Iterable[str]) -> None:
    """That none of the images is one that the project's own runs push: they make the release themselves."""
    own = (name for name in services if names_of(held[name])[0].endswith(f"/{owner.name}/{name}"))
    if owner.source is not None and (service := next(own, None)) is not None:
        said = f"the runs of {owner.name} push {service} themselves, and make the release"
        raise Conflict("trigger.own_run", said, thing=service, hint="such a trigger is for images of others")


def _differs(base: Release, service: str, reference: str) -> bool:
    """Whether it is another image than the release has; a tag is, where the release knows the image by another."""
    held = base.images[service]
    if held.partition("@")[2] != reference.partition("@")[2]:
        return True
    return held != reference and base.packages.get(service, "") not in ("", version_of(reference))


def _require_news(before: Release, came: Mapping[str, str], changed: set[str]) -> None:
    """That what came differs from what the release before has, and that none of it is an older version."""
    held = {name.lower(): version for name, version in before.packages.items()}
    differing = {name: version for name, version in came.items() if held.get(name.lower()) != version}
    if not differing and not changed:
        shown = ", ".join(f"{name} {version}" for name, version in came.items())
        message = f"the release {before.version} has {shown} already"
        message = message if shown else f"nothing is newer than what the release {before.version} has"
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


def _swapping(process: Process) -> tuple[str, ...]:
    """The steps that only deploy the project's services: these are live already, and stay as they are."""
    return tuple(
        step.name
        for step in process.steps
        if step.deploys_services and not any(action.must_run for action in step.actions)
    )


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
        raise Conflict("trigger.no_target", "it is no longer a target", thing=place.name)
    name = known[0].name
    if any(one.id in silent for one in known):
        why = f"{name} no longer answers"
    elif not any(one.is_enabled for one in known):
        why = f"{name} is disabled"
    else:
        why = f"no step of the release that is live in {place.name} runs on {name}"
        why += kept_out(known, place.id, tags, tenant=tenant)
    raise Conflict("trigger.no_target", why, thing=name, hint="steps choose targets by their tags")
