"""Retention of releases: judged by their lifecycle, shown first, done by a task, and never of what is needed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.databases import ON_BOTH
from tests.unit.usecases.house import ADMIN, DIGEST, OTHER_DIGEST, House

from fairlead.domain.actor import Actor
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId, DeploymentId, ReleaseId
from fairlead.domain.permission import Permission
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.retention import Keep
from fairlead.domain.task import TaskState
from fairlead.formats.phase_lines import read
from fairlead.store import deployments, projects, releases, tasks
from fairlead.usecases import lifecycles, processes, release_retention, retention, tenants
from fairlead.usecases import releases as releasing
from fairlead.usecases.lifecycles import Draft

pytestmark = ON_BOTH

TELL = Process((ProcessStep("Tell", (Action("Tell", "notify", {"by": "mail", "to": "a@x.test", "subject": "s"}),)),))


def keep(house: House, count: int, *phases: str) -> None:
    lifecycles.change(
        house.context,
        ADMIN,
        "Default",
        Draft("Default", [read(line) for line in phases], releases=Keep(releases=count)),
    )


def said(house: House, project: str = "books") -> dict[str, str]:
    judged = release_retention.preview(house.context, ADMIN, project=project)
    return {one.release.version: ("" if one.fate.is_kept else "goes: ") + one.fate.words for one in judged}


def versions(house: House, project: str = "books") -> list[str]:
    with house.database.reading() as connection:
        found = releases.page(connection, project=projects.by_name(connection, project).id, limit=200).items
        return [one.version for one in reversed(found)]


def forget(house: House) -> frozenset[ReleaseId]:
    resolved = retention.resolve(house.context, "")
    return asyncio.run(house.records.forget_releases([ReleaseId(one.release) for one in resolved.leaving]))


def test_each_release_is_told_why_it_stays_or_goes_and_what_goes_takes_all_with_it(books: House) -> None:
    keep(books, 1, "Test: Test; automatic", "Live: Production; keep 2 releases")
    for number in range(6):
        books.add_release(f"1.{number}.0")
        books.go_live(f"1.{number}.0", "Test")
    assert said(books) == {
        "1.5.0": "dashboard",
        "1.4.0": "previous of dashboard (rollback)",
        "1.3.0": "Test kept 0",
        "1.2.0": "goes: Test full",
        "1.1.0": "goes: Test full",
        "1.0.0": "goes: Test full",
    }
    task = books.deployment("1.0.0", "Test").task
    assert len(forget(books)) == 3
    assert versions(books) == ["1.3.0", "1.4.0", "1.5.0"]
    with books.database.reading() as connection:
        assert tasks.find(connection, task or "") is None
    assert forget(books) == frozenset(), "twice is once"


def test_what_went_live_only_where_its_lifecycle_no_longer_leads_is_judged_too(books: House) -> None:
    """For several tenants, none of whom had it in a phase."""
    books.add_release("1.0.0")
    held = books.go_live("1.0.0", "Test")
    for number, name in enumerate(("Acme", "Bolt"), 8):
        made = tenants.put(books.context, ADMIN, tenants.Draft(name, connections={"books": ["Test"]})).tenant
        theirs = replace(held, id=DeploymentId(f"dep-{name}"), number=number, tenant=made.id, task=None)
        with books.database.transaction() as connection:
            deployments.insert(connection, theirs)
    keep(books, 1, "Live: Production")
    assert not said(books)["1.0.0"].startswith("goes")


def test_what_one_tenant_has_and_another_has_not_is_judged_by_who_has_it(books: House) -> None:
    keep(books, 1)
    for version in ("1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"):
        books.add_release(version)
        held = books.go_live(version, "Test")
    for number, version in ((7, "1.0.0"), (8, "1.1.0")):
        draft = tenants.Draft(f"T{number}", connections={"books": ["Test"]})
        made = tenants.put(books.context, ADMIN, draft).tenant
        release = books.deployment(version).release
        more = {"id": DeploymentId(f"dep-{number}"), "release": release, "tenant": made.id, "task": None}
        with books.database.transaction() as connection:
            deployments.change(connection, books.deployment(version).id, committed_at=None)
            deployments.insert(connection, replace(held, number=number, **more))
    assert {version: words.startswith("goes") for version, words in said(books).items()} == {
        "1.4.0": False,
        "1.3.0": False,
        "1.2.0": False,
        "1.1.0": False,
        "1.0.0": False,
    }


def test_without_a_rule_nothing_goes(books: House) -> None:
    for number in range(3):
        books.add_release(f"1.{number}.0")
        books.go_live(f"1.{number}.0", "Test")
    assert all("goes" not in words for words in said(books).values())
    assert forget(books) == frozenset()


def test_what_waits_or_runs_is_never_let_go(books: House) -> None:
    keep(books, 0)
    books.add_release("1.0.0")
    assert "under way" in said(books)["1.0.0"]
    release = books.deployment("1.0.0", "Test").release
    assert asyncio.run(books.records.forget_releases([release])) == frozenset()


def test_the_plan_of_the_task_names_what_goes(books: House) -> None:
    keep(books, 0)
    for number in range(4):
        books.add_release(f"1.{number}.0")
        books.go_live(f"1.{number}.0", "Test")
    from fairlead.steps.retention import Retention

    plan = Retention().plan(retention.resolve(books.context, ""))
    assert "release books 1.0.0 (Test full)" in plan.notes


# What releases of other projects deploy


def deploys(project: str) -> Process:
    return Process((ProcessStep("Go", (Action("Go", "deploy-release", {"project": project}),)),))


def release(house: House, project: str, version: str, child: str = "") -> None:
    """A release of the project that was tried and failed, so that nothing but others' need keeps it."""
    packages = {"Go": child} if child else {}
    releasing.create(house.context, ADMIN, project, version=version, images={}, contents={}, packages=packages)
    fail(house, version, project)


def fail(house: House, version: str, project: str) -> None:
    task = house.deployment(version, project=project).task
    house.begin(task)
    house.end(task, TaskState.FAILED)


@pytest.fixture
def chain(house: House) -> House:
    """all deploys shop, which deploys books. What is live of `all` takes the first of shop, and that one the third of
    books; the last of each stands on the dashboard. Lifecycles keep nothing."""
    for name in ("books", "shop", "all"):
        house.add_project(name)
    processes.put(house.context, ADMIN, "books", TELL)
    processes.put(house.context, ADMIN, "shop", deploys("books"))
    processes.put(house.context, ADMIN, "all", deploys("shop"))
    for number in range(4):
        release(house, "books", f"1.{number}.0")
    for number, child in enumerate(("1.2.0", "1.0.0", "1.3.0")):
        release(house, "shop", f"2.{number}.0", child)
    release(house, "all", "3.0.0", "2.1.0")
    live(house, "3.1.0", "2.0.0")
    keep(house, 0)
    return house


def live(house: House, version: str, child: str = "") -> None:
    packages = {"Go": child} if child else {}
    releasing.create(house.context, ADMIN, "all", version=version, images={}, contents={}, packages=packages)
    house.go_live(version, project="all")


def test_what_a_kept_release_of_another_project_deploys_stays_and_names_it(chain: House) -> None:
    assert said(chain) == {
        "1.3.0": "dashboard",
        "1.2.0": "shop 2.0.0 deploys it",
        "1.1.0": "goes: undeployed full",
        "1.0.0": "goes: undeployed full",
    }
    assert said(chain, "shop") == {
        "2.2.0": "dashboard",
        "2.1.0": "goes: undeployed full",
        "2.0.0": "all 3.1.0 deploys it",
    }
    assert said(chain, "all") == {"3.1.0": "dashboard", "3.0.0": "goes: undeployed full"}
    assert len(forget(chain)) == 4
    assert versions(chain) == ["1.2.0", "1.3.0"] and versions(chain, "shop") == ["2.0.0", "2.2.0"]


def test_it_takes_no_place_in_a_counter(chain: House) -> None:
    keep(chain, 1)
    assert said(chain)["1.1.0"] == "undeployed kept 0"
    assert said(chain)["1.0.0"] == "shop 2.1.0 deploys it"  # that one is kept by a counter of its own


def test_a_version_in_the_process_itself_is_named_too_and_a_disabled_action_names_none(chain: House) -> None:
    fixed = Action("Go", "deploy-release", {"project": "books", "version": "1.0.0"})
    off = replace(fixed, is_disabled=True, properties={"project": "books", "version": "1.1.0"})
    for version, action in (("3.2.0", fixed), ("3.3.0", off)):
        processes.put(chain.context, ADMIN, "all", Process((ProcessStep("Go", (action,)), *TELL.steps)))
        live(chain, version)
    assert said(chain)["1.0.0"] == "all 3.2.0 deploys it"
    assert said(chain)["1.1.0"] == "goes: undeployed full"


def test_a_project_that_is_left_alone_keeps_what_its_releases_deploy(chain: House) -> None:
    with chain.database.reading() as connection:
        books, shop = (projects.by_name(connection, name).id for name in ("books", "shop"))
        history = release_retention.read(connection, [books])
    judged = release_retention.judge(history, chain.clock.now(), untouched={shop})
    assert {one.release.version for one in judged[books] if one.fate.is_kept} == {"1.0.0", "1.2.0", "1.3.0"}


def test_who_may_not_see_the_other_project_is_not_told_its_name(chain: House) -> None:
    with chain.database.reading() as connection:
        only = frozenset({projects.by_name(connection, "books").id})
    grants = (Grant(frozenset({Permission.VIEW}), projects=only),)
    eve = Actor(ActorId("usr-eve"), "eve", "user", frozenset(), via="test", grants=grants)
    words = [one.fate.words for one in release_retention.preview(chain.context, eve)]
    assert "a release of another project deploys it" in words and not [one for one in words if "shop" in one]


def test_a_release_that_was_made_since_the_plan_keeps_what_it_deploys(chain: House) -> None:
    leaving = [ReleaseId(one.release) for one in retention.resolve(chain.context, "").leaving]
    live(chain, "3.2.0", "2.1.0")
    asyncio.run(chain.records.forget_releases(leaving))
    assert versions(chain, "shop") == ["2.0.0", "2.1.0", "2.2.0"]
    assert versions(chain) == ["1.0.0", "1.2.0", "1.3.0"]


def test_images_of_what_a_kept_release_deploys_stay_with_that_ones_own(chain: House) -> None:
    chain.context = replace(chain.context, installation=replace(chain.context.installation, keep_releases=1))
    keep(chain, 99)
    chain.add_project("web")
    processes.put(chain.context, ADMIN, "all", deploys("web"))
    for version, image in (("1.0.0", OTHER_DIGEST), ("1.1.0", DIGEST)):
        file = f"project: web\nservices: {{web: {{image: {image}, port: 8080}}}}\n"
        chain.add_release(version, project="web", image=image, file=file)
        fail(chain, version, "web")
    kept = []
    for version, child in (("4.0.0", "1.0.0"), ("4.1.0", "1.1.0"), ("4.2.0", "1.1.0")):
        live(chain, version, child)
        kept.append(OTHER_DIGEST in retention.resolve(chain.context, "").keep)
    assert kept == [True, True, False], "live, the way back, and neither"
