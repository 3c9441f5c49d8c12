"""Who acts: a user, an API key on behalf of one, or Fairlead itself. Every use case has one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from fairlead.domain.errors import NotAllowed
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import ROLES, Permission, RoleName

ActorKind: TypeAlias = Literal["user", "key", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` is what the audit shows; `via` says how (session, key prefix, webhook, poll); `address` from where."""

    id: ActorId
    name: str
    kind: ActorKind
    permissions: frozenset[Permission]
    via: str = ""
    address: str = ""

    def may(self, permission: Permission) -> bool:
        """Whether the permission is held."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """NotAllowed `permission.denied`, naming what lacks, where the permission is not held."""
        if not self.may(permission):
            raise NotAllowed(
                "permission.denied",
                f"{self.name} lacks the permission {permission.value}",
                thing=permission.value,
                hint="ask an administrator for a role that holds it",
            )


def permissions_of(role: RoleName) -> frozenset[Permission]:
    """What the role bundles."""
    return ROLES[role]


SYSTEM = Actor(ActorId("system"), "fairlead", "system", frozenset(Permission))
"""Fairlead itself: what happens by a lifecycle, a poll, a schedule or a take-over."""
