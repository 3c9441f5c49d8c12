"""More of everything that there is one of in a house, so that a list of it has something to leave out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from tests.unit.server.house import ADMINISTRATOR, House, wait_for
from tests.unit.usecases.house import push_package

from fairlead.domain.approval import Approval
from fairlead.domain.build_information import BuildCommit, BuildInformation
from fairlead.domain.certificate import Certificate
from fairlead.domain.ids import ApprovalId, DeploymentId, ProjectId, ReleaseId, RunId, TaskId
from fairlead.domain.interruption import Choice, Interruption, InterruptionKind, InterruptionState
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.project import Tenancy
from fairlead.domain.run import Run, RunState
from fairlead.domain.step_template import Parameter, TemplateContent, UsedTemplate
from fairlead.domain.target import TargetKind
from fairlead.formats.phase_lines import PhaseLine
from fairlead.store import approvals as approval_rows
from fairlead.store import certificates as certificate_rows
from fairlead.store import channels as channel_rows
from fairlead.store import deployments as deployment_rows
from fairlead.store import environments as environment_rows
from fairlead.store import projects as project_rows
from fairlead.store import releases as release_rows
from fairlead.store import runs as run_rows
from fairlead.store import targets as target_rows
from fairlead.store import tasks as task_rows
from fairlead.store import tenants as tenant_rows
from fairlead.store import triggers as trigger_rows
from fairlead.store.database import Connection
from fairlead.store.interruptions import interruptions as interruption_table
from fairlead.store.rows import to_row
from fairlead.usecases import (
    build_information,
    channels,
    defects,
    environments,
    evaluating,
    federated_credentials,
    freezes,
    groups,
    identities,
    identity_providers,
    library_sets,
    lifecycles,
    notifications,
    policies,
    processes,
    projects,
    registries,
    roles,
    runbook_runs,
    runbooks,
    step_templates,
    subscriptions,
    targets,
    teams,
    tenants,
    triggers,
    users,
    variables,
)
from fairlead.usecases.variables import InLibrary


def one_of_each(house: House) -> None:
    """Of each noun that can be read, beside what a furnished house has."""
    house.add_project("still", git="ssh://git@git.test/still.git")
    policies.allow(house.context, ADMINISTRATOR, "books", "privileged")
    notifications.add(house.context, ADMINISTRATOR, "ops@example.com", events=[], secret="", project="")
    targets.add(house.context, ADMINISTRATOR, "Db.Host", only_in=["Test"], tags=["web"])
    holidays = freezes.Draft("Holidays", ends_at=datetime(2099, 1, 1, tzinfo=UTC), projects=["still"])
    freezes.add(house.context, ADMINISTRATOR, holidays)
    watched = subscriptions.Draft("Watch", to=["https://watch.test/hook"], projects=["still"], secret="word")
    subscriptions.add(house.context, ADMINISTRATOR, watched)
    runbooks.put(house.context, ADMINISTRATOR, "identity", runbooks.Draft("Tidy"))
    content = TemplateContent("script", {"script": "dump #{Host}"}, (Parameter("Host", default="db"),))
    step_templates.put(house.context, ADMINISTRATOR, step_templates.Draft("Dump", content))
    use = Action("Dump", "", template=UsedTemplate("Dump", 1))
    processes.put(house.context, ADMINISTRATOR, "still", Process((ProcessStep("Dump", (use,)),)))
    tenants.put(house.context, ADMINISTRATOR, tenants.Draft("Acme", connections={"identity": ["Test"]}))
    nightly = triggers.Draft("Nightly", "0 2 * * *", destination="Production")
    triggers.put(house.context, ADMINISTRATOR, "identity", nightly)
    evaluating.evaluate(house.context, ADMINISTRATOR, "identity", "Nightly")
    registries.put(house.context, ADMINISTRATOR, "registry.test", "robot", "word")
    by = identity_providers.Draft("https://login.test", "fairlead", "word")
    identity_providers.put(house.context, ADMINISTRATOR, "ours", by)
    groups.add(house.context, ADMINISTRATOR, "Shops")
    users.add_service_account(house.context, ADMINISTRATOR, "robot")
    users.add_service_key(house.context, ADMINISTRATOR, "robot", "ci", days=30)
    trusted = federated_credentials.Draft("robot", "https://ci.test", "us", "repo:us/books:*", {"ref": "main"})
    federated_credentials.put(house.context, ADMINISTRATOR, "books", trusted)
    held = teams.HeldRole("project-deployer", ("books",), ("Shops",), ("Test",))
    teams.add(house.context, ADMINISTRATOR, "Shop", members=["robot"], held=[held])
    told = BuildInformation("", "web", "1.0", house.clock.now(), commits=(BuildCommit("c0ffee", "Fix #1"),))
    build_information.push(house.context, ADMINISTRATOR, told)
    push_package(house.context, ADMINISTRATOR, "web.1.0.zip", b"PK\x03\x04")


def fill(house: House, task: TaskId) -> None:
    """At least one more of each noun, another than what a furnished house has; the task has several files."""
    at, by = house.context, ADMINISTRATOR
    environments.add(at, by, "Demo")
    groups.add(at, by, "Tools")
    projects.change(at, by, "books", {"group": "Tools"})
    policies.allow(at, by, "checkout", "network_mode:host")
    notifications.add(at, by, "night@example.org", events=[], secret="", project="")
    targets.add(at, by, "Cache.Host", only_in=["Production"], tags=["cache"])
    freezes.add(at, by, freezes.Draft("Summer", ends_at=datetime(2099, 6, 1, tzinfo=UTC), projects=["still"]))
    subscriptions.add(at, by, subscriptions.Draft("Digest", to=["ops@example.com"], events=["deployments"]))
    tenants.put_tag_set(at, by, "Region", ["EU", "US"])
    tenants.put_tag_set(at, by, "Size", ["Large"])
    tenants.put(at, by, tenants.Draft("Zeta", tags=["Region/EU"]))
    registries.put(at, by, "mirror.test", "robot", "word")
    identity_providers.put(at, by, "theirs", identity_providers.Draft("https://theirs.test", "fairlead"))
    users.add_service_account(at, by, "probe")
    users.add_service_key(at, by, "robot", "night", days=30)
    for subject in ("1001", "2002"):
        identities.link(at, by, "admin", "https://login.test", subject)
    trusted = federated_credentials.Draft("robot", "https://ci.test", "us", "repo:us/shop:*")
    federated_credentials.put(at, by, "shop", trusted)
    roles.add(at, by, "Reader", ["view"])
    teams.add(at, by, "Night", members=["robot"], held=[])
    lifecycles.add(at, by, lifecycles.Draft("Short", [PhaseLine("Test", ("Test",))]))
    channels.add(at, by, "identity", channels.ChannelWords("Preview"))
    step_templates.put(at, by, step_templates.Draft("Dump", TemplateContent("script", {"script": "dump"})))
    step_templates.put(at, by, step_templates.Draft("Load", TemplateContent("script", {"script": "load"})))
    build_information.push(at, by, BuildInformation("", "shop", "1.0", house.clock.now()))
    push_package(at, by, "shop.1.0.zip", b"PK\x03\x04")
    for name in ("Chat", "Queue"):
        library_sets.add(at, by, name)
        library_sets.include(at, by, "identity", name)
    for owner in ("identity", InLibrary("Mail")):
        variables.put(at, by, owner, "Cache.Port", "1")
    for said in ("loses mail", "is slow"):
        defects.report(at, by, "identity", "1.30.0", said)
    _runbooks(house)
    _triggers(house)
    _rows(house, task)


def _runbooks(house: House) -> None:
    """Another, and runs of the first in two environments, for a tenant, and for later."""
    steps = Process((ProcessStep("Tidy", (Action("Tidy", "script", {"script": "true"}),)),))
    for name in ("Tidy", "Rotate"):
        draft = runbooks.Draft(name, process=steps, tenancy=Tenancy.EITHER)
        runbooks.put(house.context, ADMINISTRATOR, "identity", draft)
        runbooks.publish(house.context, ADMINISTRATOR, "identity", name)
    for place in ("Test", "Production"):
        runbook_runs.run(house.context, ADMINISTRATOR, "identity", "Tidy", place)
    tenants.connect(house.context, ADMINISTRATOR, "Zeta", "identity", ["Test"])
    runbook_runs.run(house.context, ADMINISTRATOR, "identity", "Tidy", "Test", tenant="Zeta")
    later = runbook_runs.Wish(not_before=house.clock.now() + timedelta(days=1))
    runbook_runs.run(house.context, ADMINISTRATOR, "identity", "Tidy", "Production", wish=later)


def _triggers(house: House) -> None:
    weekly = triggers.Draft("Weekly", "0 2 * * Mon", destination="Production")
    triggers.put(house.context, ADMINISTRATOR, "identity", weekly)
    first = triggers.evaluated(house.context, ADMINISTRATOR, "identity", "Nightly").items[0]
    with house.context.database.transaction() as connection:
        other = replace(first, id=house.ids.new("evl"), has_fired=not first.has_fired)
        trigger_rows.record(connection, other)


def _rows(house: House, task: TaskId) -> None:
    """What only the world outside makes."""
    _outside(house, task)
    with house.context.database.transaction() as connection:
        preview = channel_rows.by_name_or_id(connection, _owner(connection), "Preview").id
        release = release_rows.page(connection, project=_owner(connection), limit=1).items[0]
        of_preview = replace(release, id=ReleaseId(house.ids.new("rel")), channel=preview, version="1.31.0-preview")
        release_rows.insert(connection, of_preview)
        tenant = next(one for one in tenant_rows.all_of(connection) if one.name == "Acme").id
        deployed = deployment_rows.page(connection, limit=1).items[0]
        of_its_own = {"id": DeploymentId(house.ids.new("dep")), "task": None, "number": 99, "parent_key": "[step]"}
        for_one = replace(deployed, tenant=tenant, parent=task, **of_its_own)
        deployment_rows.insert(connection, for_one)
        demo = environment_rows.by_name(connection, "Demo").id
        asked = replace(for_one, id=DeploymentId(house.ids.new("dep")), environment=demo, parent=None, parent_key="")
        deployment_rows.insert(connection, asked)
        question = Approval(ApprovalId(house.ids.new("apr")), asked.id, asked.project, demo, "hash", asked.created_at)
        approval_rows.insert(connection, replace(question, tenant=tenant))
        ssh = target_rows.by_name_or_id(connection, "Cache.Host")
        target_rows.update(connection, replace(ssh, kind=TargetKind.SSH))


def _owner(connection: Connection) -> ProjectId:
    return project_rows.by_name_or_id(connection, "identity").id


def _outside(house: House, task: TaskId) -> None:
    now = house.clock.now()
    later = now + timedelta(days=90)
    with house.context.database.transaction() as connection:
        for host in ("shop.test", "blog.test"):
            key = house.context.keep(connection, "key", name=host, by="admin")
            made = Certificate(house.ids.new("crt"), host, "chain", key, "ab12", now, later, now)
            certificate_rows.insert(connection, made)
        owner = _owner(connection)
        for number, state in enumerate((RunState.FAILED, RunState.SUCCEEDED), start=1):
            run_rows.insert(
                connection, Run(RunId(house.ids.new("run")), number, owner, "main", "4be1" * 10, now, state=state)
            )
        asked = Interruption(
            house.ids.new("int"), task, "a", InterruptionKind.MANUAL, "Look", (Choice.PROCEED,), now, project="identity"
        )
        answered = replace(
            asked,
            id=house.ids.new("int"),
            task=next(one.id for one in task_rows.page(connection, limit=50).items if one.id != task),
            state=InterruptionState.ANSWERED,
            project="books",
        )
        for one in (asked, answered):
            connection.execute(sa.insert(interruption_table).values(**to_row(one)))
    for name in ("notes.txt", "report.xml"):
        wait_for(house.context.artifacts.attach(task, name, name.encode(), kind="artifact"))
