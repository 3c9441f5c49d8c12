"""Asking that the idle slot of a deployment is left standing where it fails, for how long, at each time of its life."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import Deployment
from fairlead.domain.errors import Conflict
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import Task, TaskState
from fairlead.ports.catalogue import Place
from fairlead.steps.keeping import ASKED
from fairlead.store import deployments, environments, projects, slots, tasks
from fairlead.store.database import Connection
from fairlead.usecases import tenancy
from fairlead.usecases.context import Context
from fairlead.usecases.going import place_of

GOES_ON = (TaskState.QUEUED, TaskState.RUNNING, TaskState.PAUSED)


def ask(context: Context, connection: Connection, actor: Actor, found: Deployment, seconds: float) -> Deployment:
    """While it waits, it is remembered until there is a task; while it goes on, its task is told; where it failed and
    its slot stands, that stands for so long from now. Conflict `deployment.not_running` where nothing can be kept."""
    place, task = _place(connection, found), tasks.get(connection, found.task) if found.task else None
    said = f"asked to keep deployment {found.number} for {seconds:g} s where it fails"
    if task is None and not found.has_ended:
        found = deployments.update(connection, replace(found, keep_failed_s=seconds, keep_asked_by=actor.name))
    elif task is not None and task.state in GOES_ON and found.committed_at is None:
        _tell(connection, task, seconds, actor.name)
    elif not _extend(context, connection, place, found, seconds):
        raise Conflict(
            "deployment.not_running",
            f"deployment {found.number} is not under way, and nothing that was kept of it stands",
            thing=found.id,
            hint="ask for it before or while it runs: fairlead deploy VERSION --to ENVIRONMENT --keep-failed 7200",
        )
    else:
        said = f"asked to keep what stands of deployment {found.number} for {seconds:g} s from now"
    context.note(
        connection,
        actor,
        "deployment.keep_asked",
        said,
        thing=found.id,
        project=place.project,
        environment=place.environment,
        tenant=place.tenant,
    )
    return found


def stands_until(connection: Connection, found: Deployment) -> datetime | None:
    """Until when what was kept of a deployment that failed stands; None where nothing does."""
    slot = _standing(connection, _place(connection, found), found) if found.has_ended else None
    return slot.standby_until if slot else None


def hand_over(connection: Connection, found: Deployment, task: Task) -> None:
    """What was asked before there was a task is told to it."""
    if found.keep_failed_s:
        _tell(connection, task, found.keep_failed_s, found.keep_asked_by)


def _tell(connection: Connection, task: Task, seconds: float, by: str) -> None:
    tasks.note(connection, task.id, ASKED, {"seconds": seconds, "by": by})


def _extend(context: Context, connection: Connection, place: Place, found: Deployment, seconds: float) -> bool:
    slot = _standing(connection, place, found)
    if slot is None:
        return False
    slots.put(connection, place, replace(slot, standby_until=context.clock.now() + timedelta(seconds=seconds)))
    return True


def _standing(connection: Connection, place: Place, found: Deployment) -> Slot | None:
    for slot in slots.of(connection, place).values():
        if slot.deployment == found.id and slot.state is SlotState.IDLE and slot.standby_until is not None:
            return slot
    return None


def _place(connection: Connection, found: Deployment) -> Place:
    where, whose = environments.get(connection, found.environment), tenancy.of(connection, found.tenant)
    return place_of(projects.get(connection, found.project), where, whose)
