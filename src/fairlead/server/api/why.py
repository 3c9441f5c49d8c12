"""Why: the chain of reasons, with its evidence."""

from __future__ import annotations

from fairlead.domain.reason import Reason
from fairlead.server.api import answers
from fairlead.server.api.doors import Asking, Books
from fairlead.server.api.places import WhereAsked
from fairlead.server.routing import api_router
from fairlead.usecases import why

router = api_router("why", "/why")


def reason(one: Reason) -> answers.Reason:
    """A reason and those behind it."""
    return {
        "said": one.said,
        "code": one.code,
        "hint": one.hint,
        "at": one.at.isoformat() if one.at else None,
        "noun": one.noun,
        "thing": one.thing,
        "evidence": list(one.evidence),
        "because": [reason(each) for each in one.because],
    }


@router.get("/deployments/{id}")
def why_deployment(context: Books, actor: Asking, id: str, project: str = "", environment: str = "") -> answers.Reason:
    """Why a deployment began, and why it ended as it did. By id, or by its number in a project and environment."""
    return reason(why.deployment(context, actor, id, project=project, environment=environment))


@router.get("/releases/{project}/{version}")
def why_release(context: Books, actor: Asking, project: str, version: str) -> answers.Reason:
    """How a release came to be."""
    return reason(why.release(context, actor, project, version))


@router.get("/values/{project}/{name:path}")
def why_value(
    context: Books,
    actor: Asking,
    project: str,
    name: str,
    where: WhereAsked,
    version: str = "",
    deployment: str = "",
) -> answers.Reason:
    """Which value of the variable holds there, and why each other one does not: now, in a release, or in a
    deployment."""
    return reason(why.value(context, actor, project, name, where, version=version, deployment=deployment))


@router.get("/runs/{id}")
def why_run(context: Books, actor: Asking, id: str, project: str = "") -> answers.Reason:
    """Why a run, or a runbook's, began, and why it ended as it did. By its id, its task's, or a run's number in a
    project."""
    return reason(why.run(context, actor, id, project=project))


@router.get("/skipped/{id}")
def why_skipped(context: Books, actor: Asking, id: str, project: str = "", environment: str = "") -> answers.Reason:
    """Why a run, a deployment or a runbook's run was skipped, refused, superseded or undone; each by its id, or its
    task's."""
    return reason(why.skipped(context, actor, id, project=project, environment=environment))
