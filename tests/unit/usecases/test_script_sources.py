"""Scripts from other repositories: the commit is looked up when the release is made, and is what runs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import FairleadError
from fairlead.domain.looked_up import NotLookedUp
from fairlead.domain.plan import effects_of
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.store import releases as kept
from fairlead.store import tasks
from fairlead.usecases import processes, projects, releases, runbook_runs, runbooks, runs
from fairlead.usecases.script_sources import repository_at

URL, OTHER = "https://git.test/tools.git", "https://elsewhere.test/tools.git"
BOOKS = "https://git.test/books.git"


def process(ref: str = "main", file: str = "measure.sh", url: str = URL) -> Process:
    action = Action("Measure", "script", {"file": file, "repository": {"url": url, "ref": ref}})
    return Process((ProcessStep("Measure", (action,)),))


def release(house: House, version: str, **more: Any) -> Any:
    return releases.create(house.context, ADMIN, "books", version=version, images={}, contents={}, **more)


@pytest.fixture
def books(house: House) -> House:
    house.add_project("books")
    processes.put(house.context, ADMIN, "books", process())
    return house


def test_the_commit_of_the_release_is_what_runs(books: House) -> None:
    first = books.source.commit(URL, "main", {"measure.sh": b"1"})
    assert release(books, "1.0.0").script_commits == {"Measure": first}
    second = books.source.commit(URL, "main", {"measure.sh": b"2"})
    assert release(books, "1.1.0").script_commits == {"Measure": second}
    [effect] = effects_of(books.intended("1.0.0").plan.forward)
    assert effect.title == f"Measure (from {URL} {first[:12]})"
    assert books.intended("1.0.0").plan_hash != books.intended("1.1.0").plan_hash
    assert releases.copy(books.context, ADMIN, "books", "1.0.0").script_commits == {"Measure": second}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (process("v9"), "source.ref"),
        (process(file="bin/absent.sh"), "source.file"),
        (process(file="../measure.sh"), "source.file"),
        (process(url="https://nowhere.test/x.git"), "source.unreachable"),
        (process(url="/var/lib/fairlead/mirrors/others.git"), "source.local"),
    ],
)
def test_what_is_not_there_makes_no_release(books: House, wanted: Process, code: str) -> None:
    books.source.commit(URL, "main", {"measure.sh": b"1"})
    processes.put(books.context, ADMIN, "books", wanted)
    with pytest.raises(FairleadError) as caught:
        release(books, "1.0.0")
    assert caught.value.code == code
    assert not releases.page(books.context, ADMIN, "books").items


@pytest.mark.parametrize(
    "wrong",
    [
        {"file": "x.sh", "package": "Tools", "repository": {"url": URL, "ref": "main"}},
        {"script": "echo", "repository": {"url": URL, "ref": "main"}},
        {"file": "x.sh", "repository": {"url": URL}},
        {"file": "x.sh", "repository": {"url": URL, "ref": "main", "commit": "a" * 40}},
    ],
)
def test_half_a_repository_or_two_places_are_refused(books: House, wrong: dict[str, Any]) -> None:
    with pytest.raises(FairleadError) as caught:
        processes.put(
            books.context, ADMIN, "books", Process((ProcessStep("Measure", (Action("Measure", "script", wrong),)),))
        )
    assert caught.value.code == "process.properties"


def test_a_published_runbook_keeps_its_commit(books: House) -> None:
    runbooks.put(books.context, ADMIN, "books", runbooks.Draft("Nightly", process=process("v1")))
    first = books.source.commit(URL, "main", {"measure.sh": b"1"})
    with pytest.raises(FairleadError) as caught:
        runbooks.publish(books.context, ADMIN, "books", "Nightly")
    assert caught.value.code == "source.ref"
    books.source.tag(URL, "v1", first)
    made = runbooks.publish(books.context, ADMIN, "books", "Nightly")
    assert made.runbook.published is not None and made.runbook.published.script_commits == {"Measure": first}
    assert not made.is_changed
    books.source.tag(URL, "v1", books.source.commit(URL, "main", {"measure.sh": b"2"}))
    run = runbook_runs.run(books.context, ADMIN, "books", "Nightly", "Test")
    with books.database.reading() as connection:
        plan = runbook_runs.plan_of(books.context, connection, tasks.get(connection, run.run.task))
    assert [one.title for one in effects_of(plan.forward)] == [f"Measure (from {URL} {first[:12]})"]
    runbooks.publish(books.context, ADMIN, "books", "Nightly")
    again = runbook_runs.run(books.context, ADMIN, "books", "Nightly", "Test")
    with books.database.reading() as connection:
        later = runbook_runs.plan_of(books.context, connection, tasks.get(connection, again.run.task))
    assert later.hash != plan.hash


async def test_the_release_of_a_run_needs_the_commit_too(house: House) -> None:
    """The effect that makes it asks the repository, and comes again with what it found."""
    owner = house.add_project("books", git=BOOKS)
    processes.put(house.context, ADMIN, "books", process())
    commit = house.source.commit(URL, "main", {"measure.sh": b"1"})
    looked = runs.saw_head(house.context, ADMIN, owner, "4be1" * 10, cause="poll")
    assert looked.run is not None and looked.run.task is not None
    with pytest.raises(NotLookedUp) as caught:
        await house.records.create_release(looked.run.task, {})
    told = [[{"url": one.url, "ref": one.ref, "file": one.file}, commit] for one in caught.value.wanted]
    id = await house.records.create_release(looked.run.task, {"script_commits": told})
    with house.database.reading() as connection:
        assert kept.get(connection, id).script_commits == {"Measure": commit}


def test_the_projects_password_goes_to_its_own_server_only(house: House) -> None:
    projects.add(house.context, ADMIN, "books", source=projects.NewSource(BOOKS, user="reader", password="pa55word"))
    owner = projects.get(house.context, ADMIN, "books")
    assert repository_at(house.context, owner, URL).password == "pa55word"
    assert repository_at(house.context, owner, OTHER).password == ""
