"""What waits for a person inside deployments, and the forms that answer it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.interruption import InterruptionState
from fairlead.server.routing import page_router
from fairlead.server.web.counts import count_of
from fairlead.server.web.lists import Paged
from fairlead.server.web.visit import Posted, Visiting
from fairlead.usecases import interruptions

router = page_router()

SECTION = "/interruptions"


@router.get("/interruptions")
def show_all(visitor: Visiting, part: Paged) -> Response:
    """The newest first; those that wait before the others."""
    context, actor = visitor.context, visitor.actor
    waiting = interruptions.page(context, actor, state=InterruptionState.WAITING, limit=200)
    found = interruptions.page(context, actor, after=part.after, limit=part.limit)
    answered = [one for one in found.items if one.state is not InterruptionState.WAITING]
    shown = () if part.after else waiting.items
    values = {"section": SECTION, "waiting": shown, "answered": answered, "listed": part.shown(found.after)}
    return visitor.page("interruptions.html", values)


@router.get("/interruptions/count")
def show_count(visitor: Visiting, seen: Annotated[str, Query(max_length=64)] = "") -> Response:
    """How many wait, beside the word in the frame; 204 where nothing changed."""
    return count_of(visitor, SECTION, seen)


@router.get("/interruptions/{id}")
def show(visitor: Visiting, id: str) -> Response:
    """One of them."""
    found = interruptions.get(visitor.context, visitor.actor, id)
    is_waiting = found.state is InterruptionState.WAITING
    listed = {"waiting": [found] if is_waiting else [], "answered": [] if is_waiting else [found], "listed": None}
    values = {"section": SECTION, **listed}
    return visitor.page("interruptions.html", values)


@router.post("/interruptions/{id}/take")
def take(form: Posted, id: str) -> Response:
    """It is the visitor's to answer."""
    visitor, path = form.visitor, f"/interruptions/{quote(id)}"
    return form.act(path, lambda: (f"{interruptions.take(visitor.context, visitor.actor, id).title}: yours.", path))


@router.post("/interruptions/{id}/give-back")
def give_back(form: Posted, id: str) -> Response:
    """Whoever may answers it again."""
    visitor, path = form.visitor, f"/interruptions/{quote(id)}"

    def work() -> tuple[str, str]:
        return f"{interruptions.give_back(visitor.context, visitor.actor, id).title}: given back.", path

    return form.act(path, work)


@router.post("/interruptions/{id}/answer")
def answer(form: Posted, id: str) -> Response:
    """Say how it goes on."""
    visitor = form.visitor

    def work() -> tuple[str, str]:
        made = interruptions.answer(
            visitor.context,
            visitor.actor,
            id,
            form.text("choice"),
            note=form.text("note"),
            is_override=form.is_ticked("override"),
        )
        said = made.answer.value if made.answer else ""
        return f"{made.title}: {said}.", f"/tasks/{quote(made.task)}"

    return form.act(f"/interruptions/{quote(id)}", work)
