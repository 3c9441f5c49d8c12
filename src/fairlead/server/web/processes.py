"""The process of a project: its steps, and the form that replaces it."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from fairlead.domain.condition import Condition, when_told
from fairlead.domain.errors import FairleadError, NotAllowed
from fairlead.domain.process import Action, PackageRequirement, ProcessStep, RunLocation, StartTrigger
from fairlead.formats.process import process_text, read_process
from fairlead.server.routing import page_router
from fairlead.server.web.visit import Posted, Visiting, Visitor
from fairlead.usecases import processes

router = page_router()
FILE = "process.yaml"
_PLACES = {
    RunLocation.TARGETS: "for each target",
    RunLocation.SERVER: "at the server",
    RunLocation.WORKER: "on a worker",
    RunLocation.WORKER_FOR_TARGETS: "on a worker, for each target",
}
_ACQUISITION = {
    PackageRequirement.ANY: "",
    PackageRequirement.BEFORE: "before packages are acquired",
    PackageRequirement.AFTER: "once packages are acquired",
}


@router.get("/projects/{project}/process")
def show(visitor: Visiting, project: str) -> Response:
    """As its next release will freeze it."""
    view = processes.get(visitor.context, visitor.actor, project)
    return _page(visitor, view, process_text(view.process) if view.process.steps else "")


@router.post("/projects/{project}/process")
def put(form: Posted, project: str) -> Response:
    """Replace the process. If it is refused, the reason stands above the text, which is kept."""
    visitor, text = form.visitor, form.text("text").replace("\r\n", "\n")
    try:
        process = read_process(FILE, text.encode())
        made = processes.put(
            visitor.context,
            visitor.actor,
            project,
            process,
            revision=form.number("revision"),
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
    return visitor.page("process.html", {**values, "step_words": step_words, "action_words": action_words})


def step_words(step: ProcessStep) -> str:
    """When and where it runs, as far as that is not what everybody expects."""
    words = (
        "beside the step before" if step.start is StartTrigger.WITH_PREVIOUS else "",
        when_told(Condition(step.condition, step.expression)),
        f"on targets with the tag {' or '.join(step.target_tags)}" if step.target_tags else "",
        f"{step.window} at a time" if step.window else "",
        _ACQUISITION[step.package_requirement],
    )
    return ", ".join(word for word in words if word)


def action_words(action: Action) -> str:
    """The same of an action."""
    words = (
        _PLACES[action.runs_on] + (f" of the pool {action.worker_pool}" if action.worker_pool else ""),
        when_told(Condition(action.condition, action.expression)),
        f"only in {', '.join(action.environments)}" if action.environments else "",
        f"not in {', '.join(action.excluded_environments)}" if action.excluded_environments else "",
        f"only of the channel {' or '.join(action.channels)}" if action.channels else "",
        f"only for tenants with {', '.join(action.tenant_tags)}" if action.tenant_tags else "",
        f"tried up to {action.retries + 1} times" if action.retries else "",
        f"{action.timeout_s:g} s at most" if action.timeout_s else "",
        "required" if action.is_required else "",
        "disabled" if action.is_disabled else "",
    )
    return ", ".join(word for word in words if word)
