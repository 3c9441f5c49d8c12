"""Scripts at the server that nobody allowed are refused when they are asked for, not in the middle of the task."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import FairleadError, Refused
from fairlead.domain.policy import SCRIPTS_AT_SERVER
from fairlead.domain.process import Action, Process, ProcessStep, RunCondition, RunLocation
from fairlead.usecases import deployments, policies, processes, releases, runbook_runs, runbooks, targets
from fairlead.usecases import projects as projecting
from fairlead.usecases.policies import Allowed

HERE = Action("Here", "script", {"script": "echo"})


@pytest.fixture
def books(house: House) -> House:
    """A project whose scripts nobody allowed at the server."""
    projecting.add(house.context, ADMIN, "books")
    return house


def made(house: House, *actions: Action, version: str = "1.0.0") -> None:
    process = Process(tuple(ProcessStep(action.name, (action,)) for action in actions))
    processes.put(house.context, ADMIN, "books", process)
    releases.create(house.context, ADMIN, "books", version=version, images={}, contents={})


def create(house: House, environment: str = "Test", version: str = "1.0.0") -> object:
    return deployments.create(house.context, ADMIN, "books", version, environment)


def refused(act: Callable[[], object]) -> FairleadError:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def allow(house: House, environment: str = "") -> Allowed:
    return policies.allow(house.context, ADMIN, "books", SCRIPTS_AT_SERVER, environment=environment)


def test_a_deployment_is_refused_when_it_is_asked_for_and_by_itself_it_says_so(books: House) -> None:
    made(books, HERE)
    row = books.deployment("1.0.0", "Test")
    assert (row.code, row.task) == ("policy.refused", None), "the lifecycle asked for it"
    error = refused(lambda: create(books))
    assert error.code == "policy.refused" and "script:server of Here (step Here)" in error.message
    assert error.hint == (
        "run it on a target, or let an administrator allow it: fairlead policy allow script:server --project books"
    )
    allow(books, "Production")
    assert refused(lambda: create(books)).code == "policy.refused"
    allow(books, "Test")
    create(books)
    plan = books.intended("1.0.0").plan
    assert plan.warnings == ("script:server of Here is allowed by admin",)


def test_what_was_revoked_meanwhile_begins_nothing(books: House) -> None:
    held = allow(books)
    made(books, HERE)
    policies.revoke(books.context, ADMIN, held.allowance.id)
    assert refused(lambda: books.intended("1.0.0")).code == "policy.refused"


def test_so_is_a_run_of_a_runbook_and_its_plan(books: House) -> None:
    process = Process((ProcessStep("Here", (HERE,)),))
    runbooks.put(books.context, ADMIN, "books", runbooks.Draft("Tidy", process=process))
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    for act in (runbook_runs.run, runbook_runs.preview):
        error = refused(lambda act=act: act(books.context, ADMIN, "books", "Tidy", "Test"))
        assert (error.code, "the runbook Tidy asks" in error.message) == ("policy.refused", True)
    allow(books)
    assert runbook_runs.run(books.context, ADMIN, "books", "Tidy", "Test").run.task


def test_files_that_are_filled_in_at_the_server_ask_the_same(books: House) -> None:
    made(books, Action("Fill", "configure-files", {"folder": "/srv/books"}))
    assert "script:server of Fill" in refused(lambda: create(books)).message


def test_what_runs_on_a_target_or_not_at_all_asks_for_nothing(books: House) -> None:
    targets.add(books.context, ADMIN, "here", only_in=["Test"], tags=["web"])
    elsewhere = Action("There", "script", {"script": "echo"}, runs_on=RunLocation.TARGETS)
    left = Action("Left", "script", {"script": "echo"}, is_disabled=True)
    not_here = Action("Other", "script", {"script": "echo"}, environments=("Production",))
    steps = (
        ProcessStep("There", (elsewhere,), target_tags=("web",)),
        ProcessStep("Left", (left,)),
        ProcessStep("Other", (not_here,)),
    )
    processes.put(books.context, ADMIN, "books", Process(steps))
    releases.create(books.context, ADMIN, "books", version="1.0.0", images={}, contents={})
    assert books.deployment("1.0.0", "Test").task


def test_one_that_runs_only_after_a_failure_is_asked_about_too(books: House) -> None:
    made(books, Action("After", "script", {"script": "echo"}, condition=RunCondition.FAILURE))
    assert refused(lambda: create(books)).code == "policy.refused"


def test_asking_is_no_slower_by_it(books: House) -> None:
    allow(books)
    asked: list[str] = []
    sa.event.listen(books.database.engine, "before_cursor_execute", lambda *told: asked.append(str(told[2])))
    made(books, HERE)
    books.intended("1.0.0")
    del asked[:]
    books.intended("1.0.0")
    assert sum("FROM allowances" in one for one in asked) == 1
