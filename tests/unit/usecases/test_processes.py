"""The process of a project: set, read, refused with a code, and frozen by releases."""

from dataclasses import replace

import pytest
from tests.unit.usecases.house import ADMIN, VIEWER, House

from fairlead.domain.errors import Conflict, FairleadError, NotAllowed
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.store import events
from fairlead.usecases import processes, projects

SERVICES = Action("Deploy", "deploy-services")
PROCESS = Process((ProcessStep("Deploy", (SERVICES,)),))


def of(**changes: object) -> Process:
    return Process((ProcessStep("Deploy", (replace(SERVICES, **changes),)),))  # type: ignore[arg-type]


@pytest.fixture
def books(house: House) -> House:
    house.add_project("books")
    return house


def test_a_project_has_no_process_of_its_own_until_one_is_set(books: House) -> None:
    view = processes.get(books.context, ADMIN, "books")
    assert (view.revision, view.process) == (0, Process())
    made = processes.put(books.context, ADMIN, "books", PROCESS, revision=0)
    assert made.revision == 1
    assert processes.get(books.context, ADMIN, "books").process == PROCESS


def test_a_change_is_audited_with_what_it_was_and_is(books: House) -> None:
    processes.put(books.context, ADMIN, "books", PROCESS)
    processes.put(books.context, ADMIN, "books", of(is_required=True))
    with books.context.database.reading() as connection:
        told = [one for one in events.page(connection, limit=10).items if one.kind == "process.changed"]
    assert [one.message for one in told] == ["changed the process: changed Deploy", "changed the process: added Deploy"]
    assert told[0].facts["before"] != told[0].facts["after"]


def test_who_edits_what_somebody_else_has_changed_is_told(books: House) -> None:
    processes.put(books.context, ADMIN, "books", PROCESS)
    with pytest.raises(Conflict) as caught:
        processes.put(books.context, ADMIN, "books", of(is_required=True), revision=0)
    assert caught.value.code == "edit.conflict"


@pytest.mark.parametrize(
    ("process", "code"),
    [
        (of(kind="fax"), "process.kind"),
        (of(properties={"colour": "blue"}), "process.properties"),
        (of(environments=("Nowhere",)), "environment.unknown"),
        (of(excluded_environments=("Nowhere",)), "environment.unknown"),
        (of(channels=("Nowhere",)), "channel.unknown"),
        (of(tenant_tags=("Ring/none",)), "tenant.tag"),
    ],
)
def test_what_it_names_must_be_there(books: House, process: Process, code: str) -> None:
    with pytest.raises(FairleadError) as caught:
        processes.put(books.context, ADMIN, "books", process)
    assert caught.value.code == code
    assert processes.get(books.context, ADMIN, "books").revision == 0


def test_a_release_keeps_the_process_that_it_froze(books: House) -> None:
    books.add_release("1.0.0")
    processes.put(books.context, ADMIN, "books", PROCESS)
    books.add_release("1.1.0")
    processes.put(books.context, ADMIN, "books", of(is_required=True))
    frozen = [processes.of_release(books.context, ADMIN, "books", version).process for version in ("1.0.0", "1.1.0")]
    assert frozen == [Process(), PROCESS]


def test_a_project_that_is_removed_leaves_no_process(books: House) -> None:
    processes.put(books.context, ADMIN, "books", PROCESS)
    projects.remove(books.context, ADMIN, "books")
    books.add_project("books")
    assert processes.get(books.context, ADMIN, "books").revision == 0


def test_who_only_looks_may_not_set_it(books: House) -> None:
    with pytest.raises(NotAllowed):
        processes.put(books.context, VIEWER, "books", PROCESS)
