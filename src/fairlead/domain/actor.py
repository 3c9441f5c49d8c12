"""Who acts: a user, an API key on behalf of one, or Fairlead itself. Every use case has one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from fairlead.domain.errors import NotAllowed
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import ROLES, Permission, RoleName

ActorKind: TypeAlias = Literal["user", "key", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` is what the audit shows; `via` says how (session, key prefix, webhook, poll); `address` from where.

    `permissions` hold everywhere; `grants` are those of scoped roles. A use case that is about something of a project,
    environment or tenant first asks `require_somewhere` (before anything is looked up), then `require` with the ids.
    Who `is_exchanged` has a key for a while only, and makes none that lasts.
    """

    id: ActorId
    name: str
    kind: ActorKind
    permissions: frozenset[Permission]
    via: str = ""
    address: str = ""
    grants: tuple[Grant, ...] = ()
    is_exchanged: bool = False

    def may(
        self,
        permission: Permission,
        *,
        project: str | None = None,
        environment: str | None = None,
        tenant: str | None = None,
    ) -> bool:
        """Whether the permission is held for what belongs to the project, environment and tenant with these ids; None:
        to none in particular, for which it must be held without that restriction."""
        return permission in self.permissions or any(
            grant.allows(permission, project=project, environment=environment, tenant=tenant) for grant in self.grants
        )

    def may_somewhere(
        self,
        permission: Permission,
        *,
        project: str | None = None,
        environment: str | None = None,
        tenant: str | None = None,
    ) -> bool:
        """Whether the permission is held for anything that belongs to these; None: to any."""
        return permission in self.permissions or any(
            grant.allows_somewhere(permission, project=project, environment=environment, tenant=tenant)
            for grant in self.grants
        )

    def reach(self, permission: Permission) -> tuple[Grant, ...] | None:
        """Where the permission is held, for lists: None everywhere, else in what any of these grants names."""
        if permission in self.permissions:
            return None
        narrowed = (grant.narrowed(permission) for grant in self.grants)
        return tuple(grant for grant in narrowed if grant is not None)

    def require(
        self,
        permission: Permission,
        *,
        project: str | None = None,
        environment: str | None = None,
        tenant: str | None = None,
    ) -> None:
        """NotAllowed `permission.denied`, naming what lacks, where `may` says no."""
        if not self.may(permission, project=project, environment=environment, tenant=tenant):
            raise self._denied(permission)

    def require_somewhere(
        self,
        permission: Permission,
        *,
        project: str | None = None,
        environment: str | None = None,
        tenant: str | None = None,
    ) -> None:
        """NotAllowed `permission.denied` where `may_somewhere` says no: what comes before looking anything up, and
        before a list that then shows only what the actor may view."""
        if not self.may_somewhere(permission, project=project, environment=environment, tenant=tenant):
            raise self._denied(permission)

    def _denied(self, permission: Permission) -> NotAllowed:
        where = " here" if self.may_somewhere(permission) else ""
        return NotAllowed(
            "permission.denied",
            f"{self.name} lacks the permission {permission.value}{where}",
            thing=permission.value,
            hint="ask an administrator for a role that holds it" + (where and ", with this in its scope"),
        )


def permissions_of(role: RoleName) -> frozenset[Permission]:
    """What the role bundles."""
    return ROLES[role]


ON_BEHALF = "trigger "
"""How the name of Fairlead begins where it acts by a trigger: no user's name has a space."""


def is_itself(name: str) -> bool:
    """Whether whoever is called so in the books is Fairlead itself, by a trigger or not."""
    return name == SYSTEM.name or name.startswith(ON_BEHALF)


SYSTEM = Actor(ActorId("system"), "fairlead", "system", frozenset(Permission))
"""Fairlead itself: what happens by a lifecycle, a poll, a schedule or a take-over."""
