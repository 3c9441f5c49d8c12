"""The kind of action that asks a person: the deployment goes on where somebody says so, and holds nothing meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from fairlead.domain.interruption import Choice, InterruptionKind, Question
from fairlead.domain.known_variables import needed_by
from fairlead.domain.plan import Ask, Node
from fairlead.domain.process import MANUAL_INTERVENTION, ResolvedAction
from fairlead.domain.record import Json
from fairlead.ports.step import EffectKind

LONGEST_WAIT_S = 365 * 86_400


class ManualIntervention:
    """Its outputs are Octopus's: ``Octopus.Action[NAME].Output.Manual.Notes``, ``…Manual.Approved``,
    ``…Manual.ResponsibleUser.Username`` and its like."""

    name = MANUAL_INTERVENTION
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "asks a person, and goes on where somebody says so",
        "additionalProperties": False,
        "required": ["instructions"],
        "properties": {
            "instructions": {
                "type": "string",
                "maxLength": 20_000,
                "description": "what to look at, and what to decide; may hold #{…}, outputs of earlier steps too",
            },
            "teams": {
                "type": "array",
                "maxItems": 50,
                "items": {"type": "string", "minLength": 1, "maxLength": 100},
                "description": "who may answer; none: whoever may approve deployments of the project",
            },
            "expires_s": {
                "type": "number",
                "minimum": 0,
                "maximum": LONGEST_WAIT_S,
                "description": "after so many seconds without an answer it is a no; 0: never",
            },
            "blocks": {
                "type": "boolean",
                "description": "whether other deployments to the environment wait, too",
            },
        },
    }
    effects: Mapping[str, EffectKind] = {}

    def plan(self, resolved: ResolvedAction) -> Node:
        """One question."""
        held = resolved.action.properties
        instructions = str(held.get("instructions", ""))
        question = Question(
            InterruptionKind.MANUAL,
            resolved.action.name,
            (Choice.PROCEED, Choice.ABORT),
            instructions=instructions,
            variables=needed_by(instructions, resolved.variables),
            teams=tuple(str(team) for team in cast("list[Json]", held.get("teams", []))),
            expires_s=float(cast("float", held.get("expires_s", 0))),
            blocks=bool(held.get("blocks", False)),
            action=resolved.action.name,
            target=resolved.target.name if resolved.target else "",
        )
        return Ask(resolved.key, question)
