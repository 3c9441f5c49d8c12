"""Deploying a package to targets: what the plan holds, and the dry run of what the next deployment removes."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.databases import ON_BOTH
from tests.unit.usecases.house import ADMIN, VIEWER, House, push_package

from fairlead.adapters.connections.local import LocalConnection
from fairlead.domain.errors import NotAllowed
from fairlead.domain.installed_package import InstalledPackage, Owner, directory_of, id_of, read_journal
from fairlead.domain.plan import all_effects, steps_of
from fairlead.domain.process import Action, Process, ProcessStep, RunLocation
from fairlead.domain.retention import Keep
from fairlead.ports.connection import Command, Connection
from fairlead.ports.hosts import NoHosts
from fairlead.steps.effects.basis import read
from fairlead.steps.effects.installed import NewPackage
from fairlead.store import tasks
from fairlead.usecases import (
    lifecycles,
    processes,
    releases,
    runbook_runs,
    runbooks,
    target_files,
    targets,
)
from fairlead.usecases.lifecycles import Draft

pytestmark = ON_BOTH

TOOLS = Action("Tools", "deploy-package", {"package": "Tools"}, runs_on=RunLocation.TARGETS)
PROCESS = Process((ProcessStep("Tools", (TOOLS,), target_tags=("web",)),))


class AtHome(LocalConnection):
    """This machine, for a user with that home."""

    home: Path

    async def start(self, ticket: str, command: Command) -> None:
        await super().start(ticket, replace(command, environment={"HOME": str(self.home)}))


class OneHost(NoHosts):
    """Every target is that one."""

    def __init__(self, host: Connection) -> None:
        self.host = host

    async def of_target(self, target: str) -> Connection:
        return self.host


def push(house: House, version: str) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("run.sh", f"# {version}")
    push_package(house.context, ADMIN, f"Tools.{version}.zip", held.getvalue())


def release(house: House, version: str) -> Any:
    return releases.create(house.context, ADMIN, "books", version=version, images={}, contents={})


def keep_files(house: House, keep: Keep) -> None:
    name = lifecycles.all_of(house.context, ADMIN)[0].lifecycle.name
    held = lifecycles.get(house.context, ADMIN, name)
    lifecycles.change(house.context, ADMIN, name, Draft(held.lifecycle.name, files=keep))


SCRIPTS = ["package.script"] * 4
"""PreDeploy, Deploy, PostDeploy and DeployFailed, where the package has them."""
TIDYING = ["Tidy up packages on targets", "Remove from hosts what was acquired"]


@pytest.fixture
def books(house: House) -> House:
    house.add_project("books")
    targets.add(house.context, ADMIN, "web-1", only_in=["Test"], tags=["web"])
    processes.put(house.context, ADMIN, "books", PROCESS)
    push(house, "1.4.0")
    return house


def test_the_plan_unpacks_it_and_tidies_up_where_not_everything_is_kept(books: House) -> None:
    assert release(books, "1.0.0").packages == {"Tools": "1.4.0"}
    plain = books.intended("1.0.0").plan
    kinds = ["package.acquire", "package.install", *SCRIPTS, "deployment.commit_process", "package.forget"]
    assert [one.kind for one in all_effects(plan=plain)] == kinds
    keep_files(books, Keep(releases=2))
    tidied = books.intended("1.0.0").plan
    assert tidied.hash == plain.hash
    [_, install, *_, tidy, _] = all_effects(tidied)
    assert tidy.kind == "package.tidy" and not tidy.is_undone and install.is_undone
    assert install.title == "Tools: unpack Tools 1.4.0 on web-1"
    assert [step.title for step in steps_of(tidied.always)] == TIDYING


def test_a_runbook_deploys_the_version_that_it_was_published_with(books: House) -> None:
    context = books.context
    runbooks.put(context, ADMIN, "books", runbooks.Draft("Nightly", process=PROCESS))
    runbooks.publish(context, ADMIN, "books", "Nightly")
    push(books, "1.5.0")
    keep_files(books, Keep(releases=2))
    made = runbook_runs.run(context, ADMIN, "books", "Nightly", "Test").run
    with books.database.reading() as connection:
        plan = runbook_runs.plan_of(context, connection, tasks.get(connection, made.task))
    [_, install, *_, tidy, _] = all_effects(plan)
    assert install.title == "Tools: unpack Tools 1.4.0 on web-1" and install.is_undone
    assert tidy.kind == "package.tidy" and [step.title for step in steps_of(plan.always)] == TIDYING
    new = read(NewPackage, install)
    assert new.owner == Owner("books", "Test", runbook="Nightly")


async def test_what_a_runbook_left_is_counted_apart_and_known_while_the_runbook_is(
    books: House, tmp_path: Path
) -> None:
    host = AtHome(tmp_path / "tickets", name="web-1")
    host.home = tmp_path
    (tmp_path / ".fairlead" / "journal").mkdir(parents=True)
    for number, runbook in enumerate(["", "Nightly", "", "Nightly", "Gone"]):
        id = id_of(str(number))
        directory, at = (
            directory_of(("books", "Test"), "Tools", f"1.{number}", id),
            f"2025-01-0{number + 1}T00:00:00+00:00",
        )
        one = InstalledPackage(id, "books", "Test", "", "Tools", "Tools", f"1.{number}", directory, at, runbook)
        assert read_journal(one.line) == (one,)
        (tmp_path / ".fairlead" / "journal" / id).write_text(one.line)
    keep_files(books, Keep(releases=1))
    runbooks.put(books.context, ADMIN, "books", runbooks.Draft("Nightly", process=PROCESS))
    found = await target_files.preview(books.context, ADMIN, OneHost(host), "web-1")
    assert [(one.package.version, one.is_kept) for one in found] == [
        ("1.4", True),
        ("1.3", True),
        ("1.2", True),
        ("1.1", False),
        ("1.0", False),
    ]
    assert "nothing is deployed there any more" in found[0].reason


async def test_the_dry_run_says_what_the_next_deployment_removes_and_why(books: House, tmp_path: Path) -> None:
    host = AtHome(tmp_path / "tickets", name="web-1")
    host.home = tmp_path
    (tmp_path / ".fairlead" / "journal").mkdir(parents=True)
    for number, (project, version) in enumerate(
        [("books", "1.0"), ("books", "1.1"), ("gone", "3.0"), ("books", "1.2")]
    ):
        id = id_of(str(number))
        directory = directory_of((project, "Test", ""), "Tools", version, id)
        at = f"2025-01-0{number + 1}T00:00:00+00:00"
        one = InstalledPackage(id, project, "Test", "", "Tools", "Tools", version, directory, at)
        assert read_journal(one.line) == (one,)
        (tmp_path / ".fairlead" / "journal" / id).write_text(one.line)

    async def told() -> list[tuple[str, bool]]:
        found = await target_files.preview(books.context, ADMIN, OneHost(host), "web-1")
        return [(one.package.version, one.is_kept) for one in found]

    assert await told() == [("1.2", True), ("3.0", True), ("1.1", True), ("1.0", True)]
    keep_files(books, Keep(releases=1))
    assert await told() == [("1.2", True), ("3.0", True), ("1.1", False), ("1.0", False)]
    found = await target_files.preview(books.context, ADMIN, OneHost(host), "web-1")
    assert [one.reason for one in found] == [
        "among those that are kept",
        "nothing is deployed there any more: a person may remove it",
        *["the present and 1 before it are kept"] * 2,
    ]
    with pytest.raises(NotAllowed):
        await target_files.preview(books.context, VIEWER, OneHost(host), "web-1")
    assert len(list((tmp_path / ".fairlead" / "journal").iterdir())) == 4


@pytest.mark.usefixtures("house")
def test_names_of_directories_are_safe_and_apart() -> None:
    id = id_of("x")
    for environment in ("Pre Prod", "..", "a/b", "é", "-x", "."):
        made = directory_of(("books", environment, "T/../x"), "Tools", "1.0+b", id)
        one = InstalledPackage(id, "p", "e", "", "a", "Tools", "1.0", made, "2026-01-01T00:00:00+00:00")
        assert read_journal(one.line) == (one,), made
        assert made.endswith(f"/Tools/1.0+b-{id[:8]}") and ".." not in made
