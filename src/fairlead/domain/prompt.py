"""Prompted variables: what a person is asked for when a release is deployed, and what counts as an answer.

Octopus's rules (docs, projects/variables/prompted-variables): asked at each deployment, not at the release; by label,
or by name where it has none, in their alphabetical order; what is required must not be blank.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fairlead.domain.errors import Invalid

LONGEST_LABEL = 200
MOST_OPTIONS = 200


class Control(StrEnum):
    """How it is asked for."""

    SINGLE = "single"
    MULTI = "multi"
    SELECT = "select"
    CHECKBOX = "checkbox"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True)
class Prompt:
    """`options` are what *select* offers. What *sensitive* takes is kept as a secret."""

    label: str = ""
    description: str = ""
    is_required: bool = False
    control: Control = Control.SINGLE
    options: tuple[str, ...] = ()


def check_prompt(prompt: Prompt, *, name: str) -> Prompt:
    """The prompt, or Invalid `prompt.invalid` that says what is wrong with it."""
    wrong = ""
    if not prompt.label.isprintable() or len(prompt.label) > LONGEST_LABEL:
        wrong = f"its label has line breaks or is over {LONGEST_LABEL} characters"
    elif prompt.control is Control.SELECT and not prompt.options:
        wrong = "a select needs options"
    elif prompt.options and prompt.control is not Control.SELECT:
        wrong = f"a {prompt.control.value} has no options"
    elif len(prompt.options) > MOST_OPTIONS or len(set(prompt.options)) != len(prompt.options):
        wrong = f"its options are over {MOST_OPTIONS}, or one is there twice"
    if wrong:
        raise Invalid("prompt.invalid", f"{name} cannot be asked for: {wrong}", thing=name)
    return prompt


def check_answer(prompt: Prompt, answer: str, *, name: str) -> str:
    """The answer as it is kept, or Invalid `prompt.value`."""
    asked = prompt.label or name
    match prompt.control:
        case Control.CHECKBOX:
            if answer.strip().lower() not in ("true", "false"):
                raise _refused(asked, "is a checkbox: True or False")
            return answer.strip().capitalize()
        case Control.SELECT if answer not in prompt.options and answer:
            raise _refused(asked, f"is one of {', '.join(prompt.options)[:300]}")
        case Control.SINGLE if "\n" in answer or "\r" in answer:
            raise _refused(asked, "is a single line")
        case _:
            return answer


def _refused(asked: str, rule: str) -> Invalid:
    return Invalid("prompt.value", f"{asked!r} {rule}; another value was given", thing=asked)
