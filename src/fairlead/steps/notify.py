"""The kind of action that tells people: by mail, by a signed webhook, or in a channel of Slack or Teams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fairlead.domain.effect import Done, Outcome
from fairlead.domain.plan import Effect, Node
from fairlead.domain.process import ResolvedAction
from fairlead.domain.record import Json
from fairlead.domain.text import Text
from fairlead.ports.notifier import Chat, Mail, Notice, Webhook
from fairlead.ports.step import EffectKind, Tools
from fairlead.steps.effects.basis import Plain, arguments, read
from fairlead.steps.filled_in import filled, known_at, unresolved
from fairlead.steps.late_texts import late

By = Literal["mail", "webhook", "slack", "teams"]
TRIES = 3
LATE = "may hold #{…}: outputs of earlier steps, Octopus.Deployment.Error and Octopus.Step[NAME].Status.Code too"
TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Told:
    """What is told to whom. All texts are as they were written: what is known only when earlier steps have ended is
    put in when it is sent, and secrets of the `variables` too."""

    by: By
    to: str
    subject: str
    body: str
    secret: str = ""
    variables: Mapping[str, Text] = field(default_factory=dict)
    target: str = ""


class SendNotice(Plain):
    """Sent once for its key: a receiver can drop doubles by it."""

    kind = "notice.send"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Handed over to the other side, which acknowledged it."""
        told = read(Told, effect)
        known = await known_at(told.variables, told.target, tools)
        if (lacking := unresolved(known, told.to, told.secret, told.subject, told.body)) is not None:
            return lacking
        to, secret = filled(known, told.to), filled(known, told.secret)
        notice = Notice("process.notify", filled(known, told.subject), filled(known, told.body))
        where: Mail | Webhook | Chat
        if told.by == "mail":
            where = Mail(tuple(part for part in to.replace(",", " ").split() if part))
        elif told.by == "webhook":
            where = Webhook(to, secret)
        else:
            where = Chat(to, told.by)
        await tools.notifier.deliver(notice, where, key=f"{tools.task}/{effect.key}{tools.attempt}")
        return Done()


class Notify:
    """An address that opens a channel is a secret: name the variable that holds it."""

    name = "notify"
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "tells people: by mail, by a webhook, or in a channel of Slack or Teams",
        "additionalProperties": False,
        "required": ["by", "to", "subject"],
        "properties": {
            "by": {"enum": ["mail", "webhook", "slack", "teams"], "description": "how"},
            "to": {
                "type": "string",
                "minLength": 1,
                "maxLength": 4000,
                "description": "addresses, or the webhook's address: a secret variable, as #{Slack.Url}",
            },
            "subject": {"type": "string", "minLength": 1, "maxLength": 500, "description": LATE},
            "body": {"type": "string", "maxLength": 20_000, "description": LATE},
            "secret": {"type": "string", "maxLength": 500, "description": "signs a webhook; a secret variable"},
        },
    }
    effects: Mapping[str, EffectKind] = {SendNotice.kind: SendNotice()}

    def plan(self, resolved: ResolvedAction) -> Node:
        """One effect."""
        by = str(resolved.action.properties.get("by", "mail"))
        assert by in ("mail", "webhook", "slack", "teams")  # the schema asked
        texts = {name: str(resolved.action.properties.get(name, "")) for name in ("to", "subject", "body", "secret")}
        target = resolved.target.name if resolved.target else ""
        told = Told(by, **texts, variables=late(resolved, texts), target=target)  # type: ignore[arg-type]
        return Effect(
            SendNotice.kind,
            f"{resolved.key}/notice",
            resolved.action.name,
            arguments(told),
            timeout_s=TIMEOUT_S,
            attempts=TRIES,
            is_undone=False,
        )
