"""Projects' runbooks by declaration, each with its process."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.declaration import Change, DeclaredKey
from fairlead.domain.permission import Permission
from fairlead.domain.process import Process
from fairlead.domain.runbook import Runbook
from fairlead.formats.declared.layout import data_of
from fairlead.formats.declared.runbooks import RUNBOOKS, RunbookItem
from fairlead.formats.process import process_of, written
from fairlead.store import environments, processes, projects, variables
from fairlead.store import runbooks as rows
from fairlead.store.database import Connection
from fairlead.usecases import runbooks
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.runbooks import Draft


class Runbooks(Noun[RunbookItem]):
    """By project and name."""

    layout = RUNBOOKS
    goes_with_project = True

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[RunbookItem]]:
        actor.require(Permission.VIEW)
        places = {one.id: one.name for one in environments.all_of(connection)}
        owners = projects.names(connection)
        for one in sorted(rows.all_of(connection), key=lambda one: (owners[one.project], one.name)):
            draft = processes.find(connection, one.id)
            process = draft.process if draft else Process()
            said = RunbookItem(
                name=one.name,
                description=one.description,
                environments=tuple(places.get(id, id) for id in one.environments),
                in_lifecycle=one.in_lifecycle,
                keep_runs=one.kept_runs,
                tenancy=one.tenancy,
                published=True if _is_published(context, connection, one, process) else None,
            )
            yield Held(owners[one.project], RunbookItem.model_validate({**data_of(said), **written(process)}))

    def add(self, at: Applying, project: str, item: RunbookItem) -> None:
        draft = Draft(
            item.name,
            item.description,
            item.environments,
            item.keep_runs,
            process_of(item),
            item.in_lifecycle,
            item.tenancy,
        )
        runbooks.put(at.context, at.actor, project, draft)

    def change(self, at: Applying, old: Held[RunbookItem], new: RunbookItem) -> None:
        self.add(at, old.project, new)

    def remove(self, at: Applying, held: Held[RunbookItem]) -> None:
        runbooks.remove(at.context, at.actor, held.project, held.item.name)

    def settle(self, at: Applying, project: str, item: RunbookItem) -> Change | None:
        """What is to be published is published, once the project's variables are there that may be for it alone; and
        published anew where they, or its steps, are others now."""
        if not item.published:
            return None
        with at.context.database.reading() as connection:
            owner = projects.by_name(connection, project)
            found = rows.by_name_or_id(connection, owner.id, item.name)
            is_same = found.published is not None and found.published.process == process_of(item).hash
            if is_same and _runs_with(connection, found):
                return None
        runbooks.publish(at.context, at.actor, project, item.name)
        key = DeclaredKey(RUNBOOKS.noun, project, item.name)
        return Change("change", key, {"published": "with other variables"}, {"published": True})


def _is_published(context: Context, connection: Connection, runbook: Runbook, process: Process) -> bool:
    """Whether it was published with these steps and the project's variables as they are now. A repository does not
    speak of variables that were changed elsewhere (a secret that was rotated): whoever makes a release of it need not
    be allowed to publish what those change."""
    is_same = runbook.published is not None and runbook.published.process == process.hash
    return is_same and (context.is_from_repository or _runs_with(connection, runbook))


def _runs_with(connection: Connection, runbook: Runbook) -> bool:
    """Whether what is published has the project's variables as they are now."""
    published = runbook.published
    return published is not None and variables.is_current(connection, published.variables, runbook.project)
