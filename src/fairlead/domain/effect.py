"""What looking at, doing and undoing an effect can end in: values, because a "no" is news and not an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.domain.record import Json


@dataclass(frozen=True, slots=True)
class Done:
    """It is so. `output` is small JSON that later effects may read by this effect's key; never a secret."""

    output: Mapping[str, Json] = field(default_factory=dict)
    was_already_so: bool = False


@dataclass(frozen=True, slots=True)
class SaidNo:
    """The world answered, and the answer is no: unhealthy, tests failed, refused. Never tried again by itself.

    `code` is one of `domain.errors.CODES`; `reason` a sentence with the evidence in short; `evidence` the long form
    (a probe's answer, a container's last lines).
    """

    code: str
    reason: str
    hint: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waits:
    """It was begun, and ends when a deployment that this task asked for ends: until then the task is paused, holds no
    worker, and keeps its place. Then it is looked at and done once more. `reason` says what is waited for."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """Looking found that it is not so (or not wholly): *do* is needed."""


Outcome = Done | SaidNo
Looked = Done | NotYet
