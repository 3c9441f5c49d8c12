"""The reference page of step kinds and their effects, made from the code; a test holds the page current."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence

from fairlead.ports.step import ActionKind, EffectKind, StepKind

HEAD = """# Step kinds

*This page is generated from the code.* A step kind turns resolved input into a plan; its effects are the idempotent
changes that the plan is made of. `look` tells whether it is so already, `do` makes it so, `undo` takes it back.
"""


ACTIONS = """# Action kinds

What an action of a process can be (`kind:`), and the properties that it takes; `fairlead process kinds NAME` shows
them in full.
"""


def page(kinds: Sequence[StepKind], actions: Sequence[ActionKind] = ()) -> str:
    """The whole page, as it lies in docs/reference/step-kinds.md."""
    lines = [HEAD]
    shown: dict[int, str] = {}
    for kind in kinds:
        lines += _step(kind, shown.get(id(kind.effects), ""))
        shown.setdefault(id(kind.effects), kind.name)
    lines += [ACTIONS] if actions else []
    for action in actions:
        lines += _step(action, shown.get(id(action.effects), ""), tuple(_properties(action)))
    return "\n".join(lines)


def _step(kind: StepKind | ActionKind, same_as: str, properties: Sequence[str] = ()) -> Iterator[str]:
    yield f"## {kind.name}\n"
    yield f"{_paragraph(kind)}\n"
    yield from properties
    if same_as:
        yield f"Its effects are among those of {same_as}.\n"
        return
    yield "| effect | what it does | look | undo |"
    yield "|---|---|---|---|"
    for name, effect in kind.effects.items():
        yield f"| `{name}` | {_paragraph(effect)} | {_verb(effect, 'look')} | {_verb(effect, 'undo')} |"
    yield ""


def _properties(kind: ActionKind) -> Iterator[str]:
    held = kind.schema.get("properties")
    if isinstance(held, dict) and held:
        yield "| property | what it says |"
        yield "|---|---|"
        for name, schema in held.items():
            said = schema.get("description", "") if isinstance(schema, dict) else ""
            yield f"| `{name}` | {said} |"
        yield ""


def _paragraph(kind: object) -> str:
    return " ".join((inspect.getdoc(type(kind)) or "").split())


def _verb(effect: EffectKind, verb: str) -> str:
    return " ".join((inspect.getdoc(getattr(type(effect), verb)) or "").split())
