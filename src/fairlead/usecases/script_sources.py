"""Scripts from others' repositories, and images of steps by tag: looked up while no transaction is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from fairlead.domain.errors import Conflict, FairleadError
from fairlead.domain.ids import ProjectId
from fairlead.domain.looked_up import NotLookedUp, ScriptSource, Sought, StepImage
from fairlead.domain.process import Process
from fairlead.domain.project import Project
from fairlead.domain.script_source import commits_of, is_ours_to_open
from fairlead.domain.step_image import images_of
from fairlead.ports.source import Repository
from fairlead.store import processes, projects
from fairlead.store.database import Connection
from fairlead.usecases.context import Context
from fairlead.usecases.runs import repository_of

T = TypeVar("T")
W = TypeVar("W", ScriptSource, StepImage)

MOST_ROUNDS = 5
"""Files that a release brings may name other repositories than were known before."""


def with_lookups(context: Context, work: Callable[[Context], T]) -> T:
    """What `work` gives, with every commit and digest that it asks for (`commits_at`, `step_images_at`): where one
    lacks, what was begun is undone, the repository or registry is asked while no transaction is open, and `work` begins
    again. Inside of somebody else's transaction it is his to begin again: NotLookedUp passes."""
    for _ in range(MOST_ROUNDS):
        try:
            return work(context)
        except NotLookedUp as lacking:
            if context.database.is_within:
                raise
            found = {(lacking.project, one): _looked_up(context, lacking.project, one) for one in lacking.wanted}
            context = replace(context, looked_up={**context.looked_up, **found})
    raise Conflict(
        "edit.conflict",
        "the process kept changing while the repositories and registries that it names were asked",
        thing="process",
        hint="try again",
    )


def commits_at(context: Context, connection: Connection, project: ProjectId, snapshot: str) -> dict[str, str]:
    """Action → commit for a process that was frozen just now; as `domain.script_source.commits_of`."""
    return commits_in(context, project, processes.snapshot(connection, snapshot))


def commits_in(context: Context, project: ProjectId, process: Process) -> dict[str, str]:
    """The same for a process at hand."""
    return commits_of(process, _known(context, project, ScriptSource), project=project)


def step_images_at(context: Context, connection: Connection, project: ProjectId, snapshot: str) -> dict[str, str]:
    """Action → image by digest for a process that was frozen just now; as `domain.step_image.images_of`."""
    return images_of(processes.snapshot(connection, snapshot), _known(context, project, StepImage), project=project)


def _known(context: Context, project: ProjectId, kind: type[W]) -> dict[W, str | FairleadError]:
    found = context.looked_up.items()
    return {wanted: held for (owner, wanted), held in found if owner == project and isinstance(wanted, kind)}


def with_known(context: Context, project: ProjectId, known: Mapping[Sought, str]) -> Context:
    """The same context, for which these are looked up already."""
    return replace(context, looked_up={**context.looked_up, **{(project, one): known[one] for one in known}})


def repository_at(context: Context, project: Project, url: str) -> Repository:
    """Another repository, with the project's credentials in clear where they are for it, else with none. Refused
    `source.local`."""
    own = project.source.url if project.source else None
    return replace(repository_of(context, project), url=url) if is_ours_to_open(own, url) else Repository(url)


def _looked_up(context: Context, project: str, wanted: Sought) -> str | FairleadError:
    if isinstance(wanted, StepImage):
        try:
            return context.look_up_image(wanted)
        except FairleadError as error:
            return error
    with context.database.reading() as connection:
        owner = projects.get(connection, ProjectId(project))
    try:
        return context.look_up(repository_at(context, owner, wanted.url), wanted)
    except FairleadError as error:
        return error
