"""Whether the server is alive and ready, and what it counts, for those who watch it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from fairlead.domain.errors import FairleadError
from fairlead.domain.permission import Permission
from fairlead.domain.task import TaskState
from fairlead.server.api.answers import Alive, Ready
from fairlead.server.api.doors import Asking, Books, life_of
from fairlead.server.openapi import METRICS
from fairlead.store import projects, tasks

router = APIRouter(tags=["health"])


@router.get("/healthz")
def alive() -> Alive:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"model": Ready, "description": "Not yet, or not any more."}})
def ready(request: Request, response: Response, context: Books) -> Ready:
    """The database answers and work is taken; 503 while starting and while draining."""
    is_ready = life_of(request).is_ready
    try:
        context.database.check()
    except FairleadError as error:
        response.status_code = 503
        return {"status": "not ready", "reason": error.code}
    response.status_code = 200 if is_ready else 503
    return {"status": "ready" if is_ready else "not ready", "reason": ""}


@router.get("/metrics", response_class=Response, responses=METRICS)
def metrics(context: Books, actor: Asking) -> Response:
    """OpenMetrics text: tasks by state, projects."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest  # where it is watched

    actor.require(Permission.VIEW)
    registry = CollectorRegistry()
    by_state = Gauge("fairlead_tasks_unfinished", "Tasks that have not ended, by state", ["state"], registry=registry)
    known = Gauge("fairlead_projects", "Projects", registry=registry)
    with context.database.reading() as connection:
        counts = dict.fromkeys((state for state in TaskState if not state.has_ended), 0)
        for task in tasks.unfinished(connection):
            counts[task.state] += 1
        known.set(projects.count(connection))
    for state, count in counts.items():
        by_state.labels(state.value).set(count)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
