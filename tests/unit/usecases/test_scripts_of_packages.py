"""Scripts from packages: which version a release takes, what stays as it is because of that, and what runs."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, House, push_package

from fairlead.domain.channel import VersionRule
from fairlead.domain.errors import Conflict, FairleadError, NotFound, Refused
from fairlead.domain.plan import effects_of
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.store import tasks
from fairlead.usecases import channels, packages, processes, projects, releases, runbook_runs, runbooks
from fairlead.usecases.channels import ChannelWords

FROM_TOOLS = Action("Measure", "script", {"package": "Tools", "file": "measure.sh"})
PROCESS = Process((ProcessStep("Measure", (FROM_TOOLS,)),))


def push(house: House, version: str, text: str = "echo hi", **how: Any) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("measure.sh"), f"{text} # {version}")
    push_package(house.context, ADMIN, f"tools.{version}.zip", held.getvalue(), **how)


def release(house: House, version: str, **more: Any) -> Any:
    return releases.create(house.context, ADMIN, "books", version=version, images={}, contents={}, **more)


@pytest.fixture
def books(house: House) -> House:
    house.add_project("books")
    processes.put(house.context, ADMIN, "books", PROCESS)
    return house


def test_a_release_takes_the_newest_version_and_keeps_it(books: House) -> None:
    for version in ("1.9.0", "1.10.0", "1.10.0-beta"):
        push(books, version)
    assert release(books, "1.0.0").packages == {"Tools": "1.10.0"}
    push(books, "2.0.0")
    [effect] = effects_of(books.intended("1.0.0").plan.forward)
    assert effect.title == "Measure (from tools 1.10.0)"
    assert release(books, "1.1.0").packages == {"Tools": "2.0.0"}
    assert release(books, "1.2.0", packages={"tools": "1.9.0"}).packages == {"Tools": "1.9.0"}
    assert books.intended("1.1.0").plan_hash != books.intended("1.2.0").plan_hash


def test_a_channels_rules_say_which_version(books: House) -> None:
    push(books, "1.0.0")
    push(books, "2.0.0")
    words = ChannelWords("Old", rules=(VersionRule(("Tools",), "[1.0,2.0)"),))
    channels.add(books.context, ADMIN, "books", words)
    assert release(books, "1.0.0", channel="Old").packages == {"Tools": "1.0.0"}
    assert release(books, "1.1.0").packages == {"Tools": "2.0.0"}
    with pytest.raises(Refused) as caught:
        release(books, "1.2.0", channel="Old", packages={"Tools": "2.0.0"})
    assert caught.value.code == "release.channel_rule"


@pytest.mark.parametrize("more", [{}, {"packages": {"Tools": "9.9"}}])
def test_a_package_that_the_feed_has_not_makes_no_release(books: House, more: dict[str, Any]) -> None:
    if more:
        push(books, "1.0.0")
    with pytest.raises(NotFound) as caught:
        release(books, "1.0.0", **more)
    assert caught.value.code == "package.unknown"


def test_a_package_that_a_release_names_stays_as_it_is(books: House) -> None:
    push(books, "1.0.0")
    release(books, "1.0.0")
    push(books, "1.0.0", on_existing="overwrite")  # the same bytes
    with pytest.raises(Conflict) as caught:
        push(books, "1.0.0", "rm -rf", on_existing="overwrite")
    assert caught.value.code == "package.in_use"


def test_the_package_can_give_the_release_its_number(books: House) -> None:
    push(books, "3.1.4")
    projects.change(
        books.context,
        ADMIN,
        "books",
        {"release_settings": projects.get(books.context, ADMIN, "books").release_settings.__class__(donor="Tools")},
    )
    assert release(books, "").version == "3.1.4"


def test_a_runbook_takes_the_newest_when_it_is_published(books: House) -> None:
    runbooks.put(books.context, ADMIN, "books", runbooks.Draft("Nightly", process=PROCESS))
    with pytest.raises(FairleadError) as caught:
        runbooks.publish(books.context, ADMIN, "books", "Nightly")
    assert caught.value.code == "package.unknown"
    push(books, "1.0.0")
    made = runbooks.publish(books.context, ADMIN, "books", "Nightly")
    assert made.runbook.published is not None and made.runbook.published.packages == {"Tools": "1.0.0"}
    push(books, "2.0.0")
    run = runbook_runs.run(books.context, ADMIN, "books", "Nightly", "Test")
    with books.database.reading() as connection:
        plan = runbook_runs.plan_of(books.context, connection, tasks.get(connection, run.run.task))
    assert [one.title for one in effects_of(plan.forward)] == ["Measure (from tools 1.0.0)"]
    with pytest.raises(Conflict) as taken:
        packages.remove(books.context, ADMIN, "tools", "1.0.0")
    assert taken.value.code == "package.in_use"


def test_a_package_needs_a_file(books: House) -> None:
    wrong = Action("Measure", "script", {"package": "Tools", "script": "echo"})
    with pytest.raises(FairleadError) as caught:
        processes.put(books.context, ADMIN, "books", Process((ProcessStep("Measure", (wrong,)),)))
    assert caught.value.code == "process.properties"
