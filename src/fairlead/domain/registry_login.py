"""What opens a registry that is not Fairlead's own."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.text import SecretRef


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """`registry` is its name (`domain.image.registry_of`)."""

    registry: str
    user: str
    password: SecretRef
