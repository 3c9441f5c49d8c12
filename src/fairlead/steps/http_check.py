"""The kind of action that asks an address, and fails where the answer is not the expected one in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.errors import Unreachable
from fairlead.domain.plan import Effect, Node
from fairlead.domain.process import ResolvedAction
from fairlead.domain.record import Json
from fairlead.domain.text import Text
from fairlead.ports.step import EffectKind, Tools
from fairlead.ports.web import WebAnswer
from fairlead.steps.effects.basis import Plain, arguments, read
from fairlead.steps.filled_in import filled, known_at, unresolved
from fairlead.steps.late_texts import late

PAUSE_S = 2.0
REQUEST_S = 10.0
LONGEST_S = 3600
MARGIN_S = 15.0
LATE = "may hold #{…}, outputs of earlier steps too"


@dataclass(frozen=True, slots=True)
class Checked:
    """What is asked, and which answer is good: its status (0: any below 400), and what it holds. Texts are as they
    were written: what is known only when earlier steps have ended is put in when it is asked."""

    url: str
    status: int = 0
    contains: str = ""
    within_s: float = 0.0
    variables: Mapping[str, Text] = field(default_factory=dict)
    target: str = ""


class CheckHttp(Plain):
    """Asks again, within the bound, until the answer is the expected one."""

    kind = "http.check"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Its status is an output."""
        checked = read(Checked, effect)
        known = await known_at(checked.variables, checked.target, tools)
        if (lacking := unresolved(known, checked.url, checked.contains)) is not None:
            return lacking
        url, contains = filled(known, checked.url), filled(known, checked.contains)
        until_s = tools.clock.monotonic_s() + checked.within_s
        while True:
            said = await _said(url, tools)
            if isinstance(said, WebAnswer) and _is_good(said, checked.status, contains):
                return Done({"outputs": {"Status": str(said.status)}})
            if tools.clock.monotonic_s() >= until_s:
                return SaidNo("check.failed", _why(said, checked.status, contains))
            await tools.clock.sleep(PAUSE_S)


async def _said(url: str, tools: Tools) -> WebAnswer | str:
    try:
        return await tools.web.get(url, timeout_s=REQUEST_S)
    except Unreachable as error:
        return error.message


def _is_good(answer: WebAnswer, status: int, contains: str) -> bool:
    is_expected = answer.status == status if status else answer.status < 400
    return is_expected and contains in answer.text


def _why(said: WebAnswer | str, status: int, contains: str) -> str:
    if isinstance(said, str):
        return said
    if (said.status == status) if status else said.status < 400:
        return f"the answer {said.status} does not hold what it should"
    return f"the answer was {said.status}" + (f", not {status}" if status else "")


class HttpCheck:
    """Asked from the server."""

    name = "http-check"
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "asks an address, and fails where the answer is not the expected one in time",
        "additionalProperties": False,
        "required": ["url"],
        "properties": {
            "url": {"type": "string", "minLength": 1, "maxLength": 4000, "description": f"the address; {LATE}"},
            "status": {
                "type": "integer",
                "minimum": 100,
                "maximum": 599,
                "description": "the expected status; any below 400 where none is given",
            },
            "contains": {"type": "string", "maxLength": 4000, "description": f"what the answer holds; {LATE}"},
            "within_s": {
                "type": "number",
                "minimum": 0,
                "maximum": LONGEST_S,
                "description": "asked again until the answer is good, for so many seconds; 0: once",
            },
        },
    }
    effects: Mapping[str, EffectKind] = {CheckHttp.kind: CheckHttp()}

    def plan(self, resolved: ResolvedAction) -> Node:
        """One effect."""
        held = resolved.action.properties
        url, contains = (str(held.get(name, "")) for name in ("url", "contains"))
        checked = Checked(
            url,
            int(cast("int", held.get("status", 0))),
            contains,
            float(cast("float", held.get("within_s", 0))),
            late(resolved, {"url": url, "contains": contains}),
            resolved.target.name if resolved.target else "",
        )
        return Effect(
            CheckHttp.kind,
            f"{resolved.key}/check",
            resolved.action.name,
            arguments(checked),
            timeout_s=checked.within_s + REQUEST_S + MARGIN_S,
            is_undone=False,
            target=resolved.place,
        )
