"""The installation as files: exported, planned, applied."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import Field
from starlette.requests import Request

from fairlead.domain.declaration import Change
from fairlead.domain.record import Json
from fairlead.server.api import answers
from fairlead.server.api.bodies import Body
from fairlead.server.api.declaring import key_maker, look_at_added
from fairlead.server.api.doors import Asking, Books, life_of
from fairlead.server.routing import api_router
from fairlead.usecases import declarations
from fairlead.usecases.declarations import Planned, Wish

router = api_router("installation")


class Declared(Body):
    files: dict[str, str] = Field(description="path → text")
    secrets: dict[str, str] = Field(default_factory=dict, description="placeholder → value")
    prune: bool = Field(default=False, description="remove what no file names")
    mode: Literal["plan", "apply"] = "plan"
    hash: str | None = Field(None, max_length=64, description="apply only this plan")


@router.get("/export")
def export(context: Books, actor: Asking) -> answers.Exported:
    """The whole installation as files that `apply` takes. Secrets are named placeholders."""
    return {"files": declarations.export(context, actor)}


@router.post("/apply")
def apply(context: Books, request: Request, actor: Asking, body: Declared) -> answers.Applied:
    """Plan what these files would change, or change it, all or nothing. With a hash it is applied only if the plan
    still has that hash."""
    files = {path: text.encode() for path, text in body.files.items()}
    wish = Wish(files, body.secrets, body.prune)
    if body.mode == "plan":
        return _shape(declarations.plan(context, actor, wish), is_applied=False)
    life = life_of(request)
    done = declarations.apply(context, actor, wish, plan_hash=body.hash, make_key=key_maker(life))
    look_at_added(life, done)
    return _shape(done, is_applied=True)


def _shape(planned: Planned, *, is_applied: bool) -> answers.Applied:
    return {
        "hash": planned.pending.hash,
        "pending": bool(planned.pending.changes) and not is_applied,
        "applied": is_applied,
        "changes": [_change(planned, change) for change in (*planned.pending.changes, *planned.following)],
        "unnamed": [str(key) for key in planned.unnamed],
        "refused": planned.refused,
    }


def _change(planned: Planned, change: Change) -> answers.DeclaredChange:
    mark = planned.places.get(change.key)
    return {
        "act": change.act,
        "noun": change.key.noun,
        "project": change.key.project,
        "name": change.key.name,
        "file": mark.file if mark else "",
        "line": mark.line if mark else 0,
        "fields": [{"field": one.field, "old": _spelt(one.old), "new": _spelt(one.new)} for one in change.fields],
    }


def _spelt(value: Json) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
