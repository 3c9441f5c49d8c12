"""A kind of action that says what it is told, or that it cannot: for trying processes without scripts or hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.plan import Effect, Node
from fairlead.domain.process import ResolvedAction
from fairlead.domain.record import Json, to_data
from fairlead.domain.text import redact
from fairlead.ports.step import ActionKind, EffectKind, Tools
from fairlead.steps.action_kinds import ACTION_KINDS
from fairlead.steps.effects.basis import Plain


class Say(Plain):
    """Writes the line `text`; says no where `fails` is a reason; gives `outputs`."""

    kind = "toy.say"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        await asyncio.sleep(0)
        tools.say(f"said: {effect.arguments['text']}")
        if reason := str(effect.arguments.get("fails", "")):
            return SaidNo("command.failed", reason)
        return Done({"outputs": effect.arguments.get("outputs", {})})


class SayAction:
    """``say``, with the properties *text*, *fails* and *outputs*."""

    name = "say"
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "says a line",
        "additionalProperties": False,
        "properties": {
            "text": {"type": "string"},
            "fails": {"type": "string"},
            "outputs": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
    effects: Mapping[str, EffectKind] = {Say.kind: Say()}

    def plan(self, resolved: ResolvedAction) -> Node:
        held = resolved.action.properties
        words = redact(resolved.text("text", resolved.action.name))
        told = {"text": words, "fails": redact(resolved.text("fails")), "outputs": to_data(held.get("outputs", {}))}
        arguments = {name: value for name, value in told.items() if value}
        title = f"say {words}"
        return Effect(Say.kind, f"{resolved.key}:say", title, arguments, is_undone=False, target=resolved.place)


KINDS: Mapping[str, ActionKind] = {**ACTION_KINDS, SayAction.name: SayAction()}
"""The built-in kinds, and this one."""
