"""Makes the plan of a task from what is so now, under the task's lock, and judges the end by comparing the states."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fairlead.domain.actor import SYSTEM
from fairlead.domain.announced import Announced, unexpected
from fairlead.domain.capture import Capture, differences, restarted
from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Deployment
from fairlead.domain.effect import SaidNo
from fairlead.domain.environment import Environment
from fairlead.domain.errors import FairleadError, NotFound
from fairlead.domain.ids import TaskId
from fairlead.domain.outline import Outline
from fairlead.domain.plan import Plan
from fairlead.domain.project import Project
from fairlead.domain.record import Json, to_data
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.release import Release
from fairlead.domain.run import Run
from fairlead.domain.task import Task, TaskState
from fairlead.domain.tenant import Tenant
from fairlead.domain.text import SecretRef
from fairlead.formats.files import Directory
from fairlead.formats.project import read_outline
from fairlead.ports.catalogue import Catalogue, Place
from fairlead.ports.container_engine import ContainerEngine, labels_of
from fairlead.ports.proxy import Proxy, RouteState
from fairlead.ports.records import Records
from fairlead.ports.secrets import Secrets
from fairlead.ports.source import Source
from fairlead.ports.tasks import End
from fairlead.steps.capturing import capture, routes_of
from fairlead.steps.effects.basis import meanwhile, side_by_side
from fairlead.steps.effects.schema import CONTRACTION
from fairlead.steps.effects.state import state_before
from fairlead.steps.end_standby import EndStandby, ResolvedStandby
from fairlead.steps.keeping import kept_words, without_kept
from fairlead.steps.pipeline import Pipeline
from fairlead.steps.resolved import AccessoryState, LiveRelease, ResolvedDeployment, Standing
from fairlead.steps.retention import Retention
from fairlead.steps.retire_place import ResolvedRetirement, RetirePlace
from fairlead.steps.run_resolved import ResolvedRun, SourceAccess
from fairlead.steps.standing import standing_accessories, standing_slots
from fairlead.steps.workspace import prepare, project_root, remove
from fairlead.store import deployments, environments, projects, releases, runs, subnets, tasks
from fairlead.store.database import Connection
from fairlead.store.release_choice import Wanted, choose
from fairlead.usecases import (
    commands,
    declarations,
    gates,
    places,
    planning,
    registries,
    retention,
    runbook_runs,
    tenancy,
)
from fairlead.usecases import releases as releasing
from fairlead.usecases.context import Context
from fairlead.usecases.deployments import CERTIFICATE
from fairlead.usecases.going import Going
from fairlead.usecases.run_outline import outlined, versions_named
from fairlead.usecases.runs import repository_of
from fairlead.usecases.slot_choice import choose_colour, stands_idle, users_elsewhere

MOST_TAKINGS_UP = 2
"""How often a task is taken up again only because the state after differs; then it ends, and says so."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The ports that binding looks through; it changes nothing by them."""

    container_engine: ContainerEngine
    proxy: Proxy
    catalogue: Catalogue
    records: Records
    secrets: Secrets
    source: Source
    logins: tuple[RegistryLogin, ...] = ()
    installation: str = ""


@dataclass(frozen=True, slots=True)
class _About:
    """What a deployment's task is about."""

    task: Task
    deployment: Deployment
    project: Project
    environment: Environment
    release: Release
    tenant: Tenant | None

    @property
    def going(self) -> Going:
        return Going(self.project, self.environment, self.release, self.tenant)

    @property
    def place(self) -> Place:
        return self.going.place


@dataclass(frozen=True, slots=True)
class _Seen:
    """What stands at a place now, as its outside tells it. `strange_subnets` are those in use that none of the place's
    own networks has."""

    slots: Mapping[Colour, Standing]
    routes: tuple[RouteState, ...]
    accessories: Mapping[str, AccessoryState]
    used_subnets: tuple[str, ...]
    strange_subnets: tuple[str, ...]
    logins: tuple[RegistryLogin, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """ports.tasks.Binder for every kind of task."""

    context: Context
    outside: Outside

    async def bind(self, task: TaskId) -> Plan | SaidNo:
        """As the port says."""
        row = await self.context.database.read(lambda connection: tasks.get(connection, task))
        if row.kind == "run":
            return await self._bind_run(row)
        if row.kind in ("deployment", "rollback"):
            return await self._bind_deployment(row)
        if row.kind == "retention":
            return await self.context.database.run(self._retention_plan)
        if row.kind == "runbook":
            return await self.context.database.run(lambda: self._runbook_plan(row))
        if row.kind == "command":
            return await commands.bind(self.context, self.outside.container_engine, row)
        if row.kind == "retirement":
            return await self._bind_retirement(row)
        return await self._bind_standby(row)

    async def conclude(self, task: TaskId, end: End) -> End:
        """As the port says: a deployment that came back must have left everything as it was (law 2)."""
        database = self.context.database
        row, facts = await database.read(lambda books: (tasks.get(books, task), tasks.facts_of(books, task)))
        before = state_before(facts)
        if row.kind not in ("deployment", "rollback") or before is None:
            return end
        async with side_by_side() as group:
            captured = group.create_task(self._capture(tasks.place_of(row)))
            frozen = group.create_task(database.read(lambda books: tasks.plan_of(books, task)))
        after, plan = captured.result(), frozen.result()
        is_live = end.state is TaskState.SUCCEEDED
        announced = plan.announced if plan and plan.announced else Announced()
        found = (
            unexpected(before, after, announced) if is_live else differences(before, without_kept(after, before, facts))
        )
        certificate: dict[str, Json] = {
            "before": to_data(before),
            "after": to_data(after),
            "differences": list(found),
            "restarted": list(restarted(before, after)),
            "is_as_it_was": not is_live and not found,
            "is_as_announced": is_live and not found,
            "announced": list(announced.sentences if is_live else kept_words(facts)),
        }
        await self.outside.records.note(task, CERTIFICATE, certificate)
        if not found:
            return _live_but_not_contracted(end, facts) if is_live else end
        if is_live:
            return _live_but_different(end, found)
        told = replace(end, differences=found, reason=f"{end.reason}; not all is as it was: {found[0]}")
        is_given_up = end.again - row.again >= MOST_TAKINGS_UP or end.state is TaskState.UNSETTLED
        return told if is_given_up else replace(told, state=TaskState.UNSETTLED)

    async def _capture(self, place: Place) -> Capture:
        outside = self.outside
        return await capture(
            place,
            container_engine=outside.container_engine,
            proxy=outside.proxy,
            catalogue=outside.catalogue,
            records=outside.records,
            secrets=outside.secrets,
        )

    async def _bind_deployment(self, task: Task) -> Plan | SaidNo:
        async with meanwhile(self._seen(tasks.place_of(task))) as seeing:  # while the books are read
            return await self._bind_what_was_asked(task, seeing)

    async def _bind_what_was_asked(self, task: Task, seeing: Awaitable[_Seen]) -> Plan | SaidNo:
        about, no = await self.context.database.read(lambda connection: self._asked(connection, task))
        if no is not None:
            return no
        intended = await self.context.database.run(lambda: self._intended(about))
        migration = intended.definition.migration
        has_gate = migration is not None and migration.database is not None
        before = await self.context.database.run(lambda: self._before(about, intended)) if has_gate else None
        if about.deployment.plan_hash and about.deployment.plan_hash != intended.plan_hash:
            changes = planning.changes_since(self.context, about.deployment.plan_hash, intended)
            return _plan_changed(about, intended.plan_hash, changes)
        if intended.process is not None and not intended.process.deploys_services:
            return intended.plan_for(
                replace(intended.resolved, deployment=about.deployment.id, number=about.deployment.number)
            )
        seen = await seeing
        if (disagreement := users_elsewhere(seen.slots, seen.routes)) is not None:
            return disagreement
        colour = choose_colour(about.deployment, seen.slots)
        environment_subnet, slot_subnet = await self._subnets(about.place, colour, seen)
        resolved = ResolvedDeployment(
            deployment=about.deployment.id,
            number=about.deployment.number,
            place=about.place,
            release=about.release.id,
            version=about.release.version,
            definition=intended.definition,
            images=intended.images,
            colour=colour,
            slots=seen.slots,
            environment_subnet=environment_subnet,
            slot_subnet=slot_subnet,
            kind=about.deployment.kind,
            test_image=about.release.test_image,
            routes=planning.planned_routes(intended.definition, about.place),
            routes_before=seen.routes,
            variables=about.deployment.variables,
            allowed_harms=intended.allowed_harms,
            accessories=seen.accessories,
            recreate_accessories=frozenset(about.deployment.recreate_accessories),
            proxy=planning.proxy_facts(self.context.installation),
            logins=seen.logins,
            room=planning.room_rule(self.context.installation),
            is_forced=about.deployment.is_forced,
            before=before,
            pool=self.context.installation.subnet_pool,
            cautions=intended.resolved.cautions,
            acquire_at_once=intended.resolved.acquire_at_once,
        )
        return intended.plan_for(resolved)

    async def _seen(self, place: Place) -> _Seen:
        engine, records, labels = self.outside.container_engine, self.outside.records, labels_of(place)
        async with side_by_side() as group:
            standing = group.create_task(standing_slots(place, records=records, container_engine=engine))
            routed = group.create_task(routes_of(place, self.outside.proxy))
            accessories = group.create_task(standing_accessories(place, container_engine=engine))
            used = group.create_task(engine.used_subnets())
            networks = group.create_task(engine.networks(labels))
            logins = group.create_task(self.context.database.read(self._logins))
        own = {subnet for network in networks.result() for subnet in network.subnets}
        return _Seen(
            slots=standing.result(),
            routes=routed.result(),
            accessories=accessories.result(),
            used_subnets=tuple(used.result()),
            strange_subnets=tuple(subnet for subnet in used.result() if subnet not in own),
            logins=logins.result(),
        )

    def _asked(self, connection: Connection, task: Task) -> tuple[_About, SaidNo | None]:
        """What it is about, and a freeze, a defect or the end of its time that came while it waited for its turn."""
        about = _about(connection, task)
        one, now = about.deployment, self.context.clock.now()
        no = gates.expired(one.not_after, at=now) or gates.closed(
            connection,
            about.going,
            at=now,
            passes_freezes=bool(one.freeze_override),
        )
        return about, None if no is None else SaidNo(no.code, no.message, hint=no.hint)

    def _before(self, about: _About, intended: planning.Intended) -> LiveRelease | None:
        with self.context.database.reading() as connection:
            return planning.live_release(self.context, connection, about.going, intended.definition)

    def _logins(self, connection: Connection) -> tuple[RegistryLogin, ...]:
        return (*self.outside.logins, *registries.logins(connection))

    def _intended(self, about: _About) -> planning.Intended:
        with self.context.database.reading() as connection:
            asked = about.deployment
            return planning.intend_again(self.context, connection, about.going, asked, deployment=asked)

    async def _subnets(self, place: Place, colour: Colour, seen: _Seen) -> tuple[str, str]:
        pool = (self.context.installation.subnet_pool,)

        def claim(connection: Connection) -> tuple[str, ...]:
            return tuple(
                subnets.claim_subnet(
                    connection,
                    place,
                    purpose,
                    pool=pool,
                    used=seen.used_subnets,
                    at=self.context.clock.now(),
                    strangers=seen.strange_subnets,
                )
                for purpose in ("environment", colour.value)
            )

        environment, slot = await self.context.database.write(claim)
        return environment, slot

    async def _bind_standby(self, task: Task) -> Plan | SaidNo:
        place = tasks.place_of(task)
        slots = await standing_slots(
            place, records=self.outside.records, container_engine=self.outside.container_engine
        )
        standing = next((one for one in slots.values() if stands_idle(one)), None)
        if standing is None:
            return SaidNo("deployment.nothing_to_do", "nothing stands by there any more")
        routes = await routes_of(place, self.outside.proxy)
        if (disagreement := users_elsewhere(slots, routes)) is not None:
            return disagreement
        return EndStandby().plan(ResolvedStandby(place, standing, routes))

    async def _bind_retirement(self, task: Task) -> Plan:
        """Whatever our books say of the place, all of it ends: there is nothing that the two could disagree about."""
        place, outside = tasks.place_of(task), self.outside
        is_whole = bool(task.input.get(places.ACCESSORIES))
        hosts = await self.context.database.read(lambda connection: places.hosts_left(connection, task))
        return RetirePlace().plan(
            ResolvedRetirement(
                place,
                await standing_slots(place, records=outside.records, container_engine=outside.container_engine),
                await routes_of(place, outside.proxy),
                await standing_accessories(place, container_engine=outside.container_engine) if is_whole else None,
                hosts if is_whole else {},
            )
        )

    def _runbook_plan(self, task: Task) -> Plan | SaidNo:
        with self.context.database.reading() as connection:
            try:
                return runbook_runs.plan_of(self.context, connection, task)
            except FairleadError as error:
                return SaidNo(error.code, error.message, error.hint)

    def _retention_plan(self) -> Plan:
        return Retention().plan(retention.resolve(self.context, self.outside.installation))

    async def _bind_run(self, task: Task) -> Plan | SaidNo:
        def read(connection: Connection) -> tuple[Run, Project]:
            run = runs.get(connection, task.subject)
            return run, projects.get(connection, run.project)

        run, project = await self.context.database.read(read)
        repository = await self.context.database.run(lambda: repository_of(self.context, project))
        workspace = str(Path(self.context.installation.workspaces) / run.id)
        try:
            tree = await prepare(self.outside.source, repository, run.commit, workspace)
            told = {"subject": tree.commit.subject[:500], "author": tree.commit.author[:200]}
            await self.context.database.write(lambda connection: runs.change(connection, run.id, **told))
            return await asyncio.to_thread(self._run_plan, task, run, project, workspace, tree.warnings)
        except FairleadError as error:
            await remove(workspace)
            return SaidNo(error.code, error.message, error.hint)

    def _run_plan(self, task: Task, run: Run, project: Project, workspace: str, warnings: Sequence[str]) -> Plan:
        source = project.source
        assert source is not None
        root = project_root(workspace, source.folder)
        if not root.is_dir():
            raise NotFound("project_file.missing", f"the repository has no folder {source.folder}", thing=source.folder)
        files = Directory(root)
        outline = read_outline(files)
        with self.context.database.transaction() as connection:
            declarations.take(self.context, connection, SYSTEM, project.id, files)
            logins = self._logins(connection)
            chosen = choose(connection, project, _wanted(outline), self.context.clock.now())
            outline, definition = outlined(
                self.context,
                connection,
                project,
                files,
                outline,
                channel=chosen.channel.id,
                snapshot=releasing.freeze(self.context, connection, project.id),
            )
            outline = replace(outline, warnings=(*warnings, *outline.warnings))  # the release is to say them, too
        if outline.project and outline.project != project.name:
            raise NotFound(
                "project.unknown",
                f"fairlead.yml is of project {outline.project}, not of {project.name}",
                thing=outline.project,
                hint=f"write `project: {project.name}`, or add a project {outline.project}",
            )
        resolved = ResolvedRun(
            task=task.id,
            run=run.id,
            number=run.number,
            project=project.name,
            version=chosen.version,
            channel=chosen.channel.id,
            packages={**chosen.packages, **versions_named(outline)},
            branch=run.branch,
            commit=run.commit,
            workspace=workspace,
            source=SourceAccess(
                source.url,
                user=source.user,
                password=SecretRef(source.password, "repository password") if source.password else None,
                ssh_key=SecretRef(source.ssh_key, "deploy key") if source.ssh_key else None,
                known_hosts=source.known_hosts,
            ),
            outline=outline,
            definition=definition,
            created=run.created_at.isoformat(),
            pool=self.context.installation.subnet_pool,
            previous=run.previous_commit,
            folder=source.folder,
            installation=self.outside.installation,
            logins=logins,
        )
        return Pipeline().plan(resolved)


def _live_but_different(end: End, found: tuple[str, ...]) -> End:
    """It is past its commit point and live; nothing is undone, but each item is named."""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return replace(
        end,
        differences=found,
        code="certificate.differs",
        reason=f"live, but not all is as its plan said: {found[0]}{more}",
        hint="look at each item: fairlead deployments certificate",
    )


def _live_but_not_contracted(end: End, facts: Mapping[str, Json]) -> End:
    """It is live, but the contracting half of its migration failed: nothing breaks by that, and nobody is kept."""
    told = facts.get(CONTRACTION)
    if not isinstance(told, dict):
        return end
    return replace(
        end, code="migration.contraction", reason=f"live, but {told.get('reason')}", hint=str(told.get("hint", ""))
    )


def _about(connection: Connection, task: Task) -> _About:
    deployment = deployments.get(connection, task.subject)
    return _About(
        task,
        deployment,
        projects.get(connection, deployment.project),
        environments.get(connection, deployment.environment),
        releases.get(connection, deployment.release),
        tenancy.of(connection, deployment.tenant),
    )


def _plan_changed(about: _About, now: str, changes: tuple[str, ...]) -> SaidNo:
    return SaidNo(
        "plan.changed",
        planning.changed_words(about.deployment.plan_hash, now, changes),
        hint=planning.ask_anew(about.release.version, about.environment.name, about.place.tenant or ""),
        evidence=changes,
    )


def _wanted(outline: Outline) -> Wanted:
    """The services whose images are built have the release's version; of the others the tag is known, or nothing."""
    built = frozenset(one.name for one in outline.services if one.build is not None and not one.is_accessory)
    return Wanted(packages=versions_named(outline), built=built)
