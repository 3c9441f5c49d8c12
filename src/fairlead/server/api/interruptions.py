"""Interruptions: what running tasks ask persons, and the answers."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.interruption import Choice, Interruption, InterruptionState
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asking, Books, Limit
from fairlead.server.routing import api_router
from fairlead.usecases import interruptions

router = api_router("deployments")


class InterruptionAnswer(Body):
    choice: Choice
    note: str = Field("", max_length=10_000)
    override: bool = Field(default=False, description="in spite of teams and authors; the note has to say why")


@router.get("/interruptions")
def list_interruptions(
    context: Books,
    actor: Asking,
    state: InterruptionState | None = None,
    project: str = "",
    task: str = "",
    after: After = None,
    limit: Limit = 50,
) -> answers.Page[answers.Interruption]:
    """Interruptions, the newest first."""
    part = interruptions.page(context, actor, state=state, project=project, task=task, after=after, limit=limit)
    return shapes.page(part, shape)


@router.get("/interruptions/{id}")
def get_interruption(context: Books, actor: Asking, id: str) -> answers.Interruption:
    """One interruption."""
    return shape(interruptions.get(context, actor, id))


@router.post("/interruptions/{id}/answer")
def answer_interruption(context: Books, actor: Asking, id: str, body: InterruptionAnswer) -> answers.Interruption:
    """Answer the interruption: its task goes on accordingly."""
    made = interruptions.answer(context, actor, id, body.choice, note=body.note, is_override=body.override)
    return shape(made)


@router.post("/interruptions/{id}/take")
def take_interruption(context: Books, actor: Asking, id: str) -> answers.Interruption:
    """Take the interruption: nobody else may answer it until you give it back."""
    return shape(interruptions.take(context, actor, id))


@router.post("/interruptions/{id}/give-back")
def give_back_interruption(context: Books, actor: Asking, id: str) -> answers.Interruption:
    """Give the interruption back: again anyone with the permission may answer it."""
    return shape(interruptions.give_back(context, actor, id))


def shape(one: Interruption) -> answers.Interruption:
    """As the API tells it."""
    return {
        "id": one.id,
        "task": one.task,
        "kind": one.kind,
        "state": one.state,
        "project": one.project,
        "environment": one.environment,
        "tenant": one.tenant,
        "title": one.title,
        "instructions": one.instructions,
        "why": one.why,
        "step": one.step,
        "action": one.action,
        "target": one.target,
        "choices": list(one.choices),
        "teams": list(one.teams),
        "blocks": one.blocks,
        "opened_at": one.opened_at.isoformat(),
        "expires_at": one.expires_at.isoformat() if one.expires_at else None,
        "assigned_to": one.assigned_to,
        "answer": one.answer,
        "note": one.note,
        "answered_by": one.answered_by,
        "answered_at": one.answered_at.isoformat() if one.answered_at else None,
        "is_override": one.is_override,
    }
