"""An environment: where releases go. It belongs to the installation, not to a project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fairlead.domain.ids import EnvironmentId


@dataclass(frozen=True, slots=True)
class Environment:
    """`order` counts up from the one that releases reach first; `revision` counts edits. `asks_approval`: where a
    lifecycle states no phases, a person must say yes before each deployment there; where nobody answers the question
    expires after `approval_expires_s` (0: never). `is_guided`: a person is asked where an action fails there, unless
    the process or the deployment says otherwise."""

    id: EnvironmentId
    name: str
    order: int
    description: str = ""
    revision: int = 1
    asks_approval: bool = False
    is_guided: bool = False
    approval_expires_s: int = 0


FIRST_NAMES = ("Test", "Production")
"""What an installation begins with, in order; the last asks for approval."""


def in_order(environments: Iterable[Environment]) -> tuple[Environment, ...]:
    """By their order; equal orders by name, so that there is only one answer."""
    return tuple(sorted(environments, key=lambda environment: (environment.order, environment.name)))
