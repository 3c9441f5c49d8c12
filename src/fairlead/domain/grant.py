"""A grant: permissions that hold in some projects, environments and tenants, as a team's role gives them."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.permission import RESTRICTABLE, Permission, ScopeKind


@dataclass(frozen=True, slots=True)
class Grant:
    """None: not restricted in that way; an empty set: restricted to what is not there, so nothing.

    Its permissions apply where every restriction that the permission knows matches. A restriction that it does not know
    (a release belongs to no environment) is not looked at; one that knows none of those that there are is not given:
    a role scoped to one environment does not make anybody the editor of every project.
    """

    permissions: frozenset[Permission]
    projects: frozenset[str] | None = None
    environments: frozenset[str] | None = None
    tenants: frozenset[str] | None = None

    @property
    def is_scoped(self) -> bool:
        """Whether it is restricted in any way."""
        return any(held is not None for held in self._restrictions().values())

    def allows(
        self, permission: Permission, *, project: str | None, environment: str | None, tenant: str | None
    ) -> bool:
        """Whether it gives the permission for what belongs to these; None: to none in particular, which only a grant
        allows that is not restricted in that way."""
        asked = {ScopeKind.PROJECT: project, ScopeKind.ENVIRONMENT: environment, ScopeKind.TENANT: tenant}
        known = self._known(permission)
        return known is not None and all(asked[kind] in held for kind, held in known.items())

    def allows_somewhere(
        self, permission: Permission, *, project: str | None, environment: str | None, tenant: str | None
    ) -> bool:
        """Whether it gives the permission for something of these; None: of any."""
        asked = {ScopeKind.PROJECT: project, ScopeKind.ENVIRONMENT: environment, ScopeKind.TENANT: tenant}
        known = self._known(permission)
        return known is not None and all(
            bool(held) if asked[kind] is None else asked[kind] in held for kind, held in known.items()
        )

    def narrowed(self, permission: Permission) -> Grant | None:
        """What of it is about this permission alone; None where it does not give it at all."""
        known = self._known(permission)
        if known is None:
            return None
        return Grant(
            frozenset({permission}),
            projects=known.get(ScopeKind.PROJECT),
            environments=known.get(ScopeKind.ENVIRONMENT),
            tenants=known.get(ScopeKind.TENANT),
        )

    def _known(self, permission: Permission) -> dict[ScopeKind, frozenset[str]] | None:
        """The restrictions that the permission knows; None where the grant does not give it at all."""
        if permission not in self.permissions:
            return None
        restricted = {kind: held for kind, held in self._restrictions().items() if held is not None}
        known = {kind: held for kind, held in restricted.items() if kind in RESTRICTABLE[permission]}
        return None if restricted and not known else known

    def _restrictions(self) -> dict[ScopeKind, frozenset[str] | None]:
        return {
            ScopeKind.PROJECT: self.projects,
            ScopeKind.ENVIRONMENT: self.environments,
            ScopeKind.TENANT: self.tenants,
        }
