"""Which commit a task is about, and how other repositories are opened for it."""

from __future__ import annotations

from fairlead.domain.errors import NotFound
from fairlead.domain.ids import TaskId
from fairlead.domain.looked_up import StepImage
from fairlead.domain.project import Project
from fairlead.ports.checkouts import Checkout
from fairlead.ports.source import Repository
from fairlead.store import deployments, projects, releases, tasks
from fairlead.store.database import Connection
from fairlead.usecases.context import Context
from fairlead.usecases.runs import repository_of
from fairlead.usecases.script_sources import repository_at


class BookedCheckouts:
    """As ports.checkouts.Checkouts says."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def of_task(self, task: TaskId) -> Checkout:
        """The release's commit, and the project's repository as it is opened now."""
        project, commit, folder = await self._context.database.read(lambda books: _looked_up(books, task))
        repository = await self._context.database.run(lambda: repository_of(self._context, project))
        return Checkout(repository, commit, folder)

    async def of_repository(self, task: TaskId, url: str) -> Repository:
        """Opened as the task's project may."""

        def owner(books: Connection) -> Project:
            return projects.by_name_or_id(books, tasks.get(books, task).project or "")

        project = await self._context.database.read(owner)
        return await self._context.database.run(lambda: repository_at(self._context, project, url))

    async def of_image(self, wanted: StepImage) -> str:
        """As a release that is made by hand asks for it."""
        return await self._context.database.run(lambda: self._context.look_up_image(wanted))


def _looked_up(books: Connection, task: TaskId) -> tuple[Project, str, str]:
    held = deployments.get(books, tasks.get(books, task).subject)
    release = releases.get(books, held.release)
    if not release.commit:
        raise NotFound(
            "source.commit",
            f"release {release.version} was not made from a commit",
            thing=release.version,
            hint="a release that a run makes has one; fairlead release create takes --commit",
        )
    return projects.get(books, release.project), release.commit, release.folder
