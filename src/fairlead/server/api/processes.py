"""Processes: what a project's deployments do, step by step; and the kinds of actions that there are."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import Header, Response

from fairlead.domain.process import RunLocation
from fairlead.domain.record import to_data
from fairlead.formats.process import process_of, process_text, written
from fairlead.formats.process_model import ProcessModel
from fairlead.ports.step import ActionKind
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import Asked, Asking, Books, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import processes

router = api_router("processes")


class ProcessBody(ProcessModel, Body):
    """A process as people write it."""


@router.get("/action-kinds")
def list_action_kinds(context: Books, actor: Asking, asked: Asked) -> answers.Page[answers.ActionKind]:
    """The kinds of actions, by name, with the properties that each takes."""
    return shapes.cut(processes.kinds(context, actor), _kind, asked, name=lambda one: one.name)


@router.get("/projects/{project}/process")
def get_process(context: Books, actor: Asking, project: str, response: Response) -> answers.Process:
    """The project's process, as its next release will freeze it."""
    return _tagged(response, processes.get(context, actor, project))


@router.put("/projects/{project}/process")
def put_process(
    context: Books,
    actor: Asking,
    project: str,
    body: ProcessBody,
    response: Response,
    if_match: Annotated[str | None, Header(description="the ETag that was read")] = None,
) -> answers.Process:
    """Replace the project's process, from its next release on; with If-Match only if nobody has changed it since.
    Without steps the project has no process of its own."""
    made = processes.put(context, actor, project, process_of(body), revision=revision_of(if_match))
    return _tagged(response, made)


@router.get("/projects/{project}/releases/{version}/process")
def get_release_process(context: Books, actor: Asking, project: str, version: str) -> answers.Process:
    """The process as the release froze it."""
    return _shape(processes.of_release(context, actor, project, version))


def _tagged(response: Response, view: processes.ProcessView) -> answers.Process:
    tag(response, view.revision)
    return _shape(view)


def _shape(view: processes.ProcessView) -> answers.Process:
    full = ProcessModel.model_validate(written(view.process)).model_dump(mode="json")
    for step, held in zip(full["steps"], view.process.steps, strict=True):
        on = RunLocation.TARGETS if step["target_tags"] else RunLocation.SERVER
        for action, meant in zip(step["actions"], held.actions, strict=True):
            action["runs_on"], action["kind"] = action["runs_on"] or on.value, meant.kind
    told = {
        **full,
        "project": view.project.name,
        "hash": view.process.hash,
        "text": process_text(view.process),
        "revision": view.revision,
        "changed_at": view.held.changed_at.isoformat() if view.held else None,
        "changed_by": view.held.changed_by if view.held else "",
    }
    return cast("answers.Process", told)


def _kind(one: ActionKind) -> answers.ActionKind:
    schema = cast("dict[str, Any]", to_data(dict(one.schema)))
    return {"name": one.name, "description": str(schema.get("description", "")), "schema": schema}
