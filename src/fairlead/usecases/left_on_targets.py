"""On which hosts steps of a project may have left containers running: where its end in an environment has to look."""

from __future__ import annotations

from fairlead.domain.environment import Environment
from fairlead.domain.process import Process, RunLocation
from fairlead.domain.project import Project
from fairlead.domain.step_image import LEAVES
from fairlead.domain.target import Target, TargetKind
from fairlead.store import processes, releases, runbooks, targets
from fairlead.store.database import Connection


def hosts_of_steps(connection: Connection, project: Project, environment: Environment) -> dict[str, str]:
    """Targets by id, with their names: those of the environment over SSH that some step, of any release or runbook of
    the project, chooses by its tags and leaves something on. What is at this host is found without."""
    tags = {tag.lower() for process in _processes(connection, project) for tag in _tags(process)}
    found = (one for one in targets.all_of(connection) if _may_hold(one, environment, tags))
    return {str(one.id): one.name for one in found}


def _may_hold(target: Target, environment: Environment, tags: set[str]) -> bool:
    if target.kind is not TargetKind.SSH or environment.id not in target.environments:
        return False
    return bool(tags & {tag.lower() for tag in target.tags})


def _tags(process: Process) -> set[str]:
    leaving = (
        step for step, action in process.actions if action.kind in LEAVES and action.runs_on is RunLocation.TARGETS
    )
    return {tag for step in leaving for tag in step.target_tags}


def _processes(connection: Connection, project: Project) -> list[Process]:
    """Of every release, and of every runbook as it was run."""
    ids = {one.process for one in releases.all_of(connection, project.id)}
    ids |= set(runbooks.processes_run(connection, project.id))
    return list(processes.many_snapshots(connection, ids - {""}).values())
