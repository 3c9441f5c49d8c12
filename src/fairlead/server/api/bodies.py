"""What every body of a request is: fields that are known, and text that can be kept."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from fairlead.domain.record import is_kept

DEEPEST = 20


class Body(BaseModel):
    """A field that is not known is refused: it was meant to do something. Text has neither NUL nor half characters."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _text_can_be_kept(cls, given: Any) -> Any:
        _check(given, DEEPEST)
        return given


def _check(held: Any, depth: int) -> None:
    if depth == 0:
        raise ValueError("it is nested too deeply")
    if isinstance(held, str):
        if not is_kept(held):
            raise ValueError("text must not hold NUL or half a surrogate pair")
    elif isinstance(held, dict):
        for name, value in held.items():
            _check(name, depth - 1)
            _check(value, depth - 1)
    elif isinstance(held, list):
        for value in held:
            _check(value, depth - 1)
