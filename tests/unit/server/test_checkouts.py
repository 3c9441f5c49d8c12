"""Which commit a task is about: its deployment's release's."""

import pytest
from tests.unit.server.house import ADMINISTRATOR, DIGEST, PROJECT_FILE, House

from fairlead.domain.errors import NotFound, Refused
from fairlead.domain.ids import TaskId
from fairlead.server.checkouts import BookedCheckouts
from fairlead.usecases import releases, variables

COMMIT = "4be1" * 10


def begun(house: House) -> None:
    house.add_project("books", git="https://git.test/books.git")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")


def deployed(house: House, version: str, commit: str) -> TaskId:
    contents = {"fairlead.yml": PROJECT_FILE.format(name="books", image=DIGEST).encode()}
    images = {"web": DIGEST, "worker": DIGEST, "db": DIGEST}
    releases.create(
        house.context, ADMINISTRATOR, "books", version=version, images=images, contents=contents, commit=commit
    )
    task = house.deployment("books", version, "Test").task
    assert task is not None
    return TaskId(task)


async def test_a_task_is_about_the_commit_of_the_release(house: House) -> None:
    begun(house)
    found = await BookedCheckouts(house.context).of_task(deployed(house, "1.0.0", COMMIT))
    assert (found.commit, found.repository.url) == (COMMIT, "https://git.test/books.git")


async def test_a_release_that_was_made_from_no_commit_is_told(house: House) -> None:
    begun(house)
    with pytest.raises(NotFound) as refused:
        await BookedCheckouts(house.context).of_task(deployed(house, "1.0.0", ""))
    assert refused.value.code == "source.commit" and "1.0.0" in refused.value.message


async def test_another_repository_at_the_same_server_is_opened_for_the_project_of_the_task(house: House) -> None:
    begun(house)
    books, task = BookedCheckouts(house.context), deployed(house, "1.0.0", COMMIT)
    assert (await books.of_repository(task, "https://git.test/tools.git")).url == "https://git.test/tools.git"
    with pytest.raises(Refused) as refused:
        await books.of_repository(task, "/var/lib/fairlead/mirrors/others.git")
    assert refused.value.code == "source.local"
