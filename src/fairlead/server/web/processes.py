"""The process of a project: its steps, and the form that replaces it."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from fairlead.domain.errors import FairleadError, NotAllowed
from fairlead.formats.process import process_text, read_process
from fairlead.server.routing import page_router
from fairlead.server.web.visit import Posted, Visiting, Visitor
from fairlead.usecases import processes

router = page_router()
FILE = "process.yaml"


@router.get("/projects/{project}/process")
def show(visitor: Visiting, project: str) -> Response:
    """As its next release will freeze it."""
    view = processes.get(visitor.context, visitor.actor, project)
    return _page(visitor, view, process_text(view.process) if view.process.steps else "")


@router.post("/projects/{project}/process")
def put(form: Posted, project: str) -> Response:
    """Replace the process. If it is refused, the reason stands above the text, which is kept."""
    visitor, text = form.visitor, form.text("text").replace("\r\n", "\n")
    revision = form.text("revision")
    try:
        process = read_process(FILE, text.encode())
        made = processes.put(
            visitor.context,
            visitor.actor,
            project,
            process,
            revision=int(revision) if revision.isdigit() else None,
        )
    except NotAllowed:
        raise
    except FairleadError as error:
        return _page(visitor, processes.get(visitor.context, visitor.actor, project), text, trouble=str(error))
    back = f"/projects/{quote(project)}/process"
    return form.done(back, f"{made.project.name} has this process from its next release on.")


def _page(visitor: Visitor, view: processes.ProcessView, text: str, *, trouble: str = "") -> Response:
    kinds = processes.kinds(visitor.context, visitor.actor)
    values = {"project": view.project, "view": view, "text": text, "trouble": trouble, "kinds": kinds}
    return visitor.page("process.html", values)
