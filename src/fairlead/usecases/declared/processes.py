"""Projects' processes by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.domain.process import Process
from fairlead.formats.declared.processes import PROCESSES
from fairlead.formats.process import process_of, written
from fairlead.formats.process_model import ProcessModel
from fairlead.store import processes as rows
from fairlead.store import projects
from fairlead.store.database import Connection
from fairlead.usecases import processes
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun


class Processes(Noun[ProcessModel]):
    """By project; a process without steps or settings is left out."""

    layout = PROCESSES
    goes_with_project = True

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[ProcessModel]]:
        actor.require(Permission.VIEW)
        owners = {str(id): name for id, name in projects.names(connection).items()}
        found = [(owners[one.id], one.process) for one in rows.all_of(connection) if one.id in owners]
        for project, process in sorted(found, key=lambda one: one[0]):
            if process != Process():
                yield Held(project, ProcessModel.model_validate(written(process)))

    def add(self, at: Applying, project: str, item: ProcessModel) -> None:
        processes.put(at.context, at.actor, project, process_of(item))

    def change(self, at: Applying, old: Held[ProcessModel], new: ProcessModel) -> None:
        self.add(at, old.project, new)

    def remove(self, at: Applying, held: Held[ProcessModel]) -> None:
        processes.put(at.context, at.actor, held.project, Process())
