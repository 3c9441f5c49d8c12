"""What a request names: a project in an environment, for a tenant or for nobody."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.actor import Actor
from fairlead.domain.environment import Environment
from fairlead.domain.ids import TenantId
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.tenant import Tenant
from fairlead.ports.catalogue import Place
from fairlead.store import environments, projects
from fairlead.store.database import Connection
from fairlead.usecases import tenancy
from fairlead.usecases.going import place_of


@dataclass(frozen=True, slots=True)
class Located:
    """The three as our books have them; `tenant` None: for nobody."""

    project: Project
    environment: Environment
    tenant: Tenant | None

    @property
    def scope(self) -> TenantId | None:
        """The tenant's id."""
        return self.tenant.id if self.tenant else None

    @property
    def place(self) -> Place:
        """What things there are named by."""
        return place_of(self.project, self.environment, self.tenant)

    @property
    def shown(self) -> str:
        """For people, without the project."""
        return self.environment.name + (f" for {self.tenant.name}" if self.tenant else "")

    def require(self, actor: Actor, permission: Permission) -> None:
        """NotAllowed `permission.denied` unless the actor has the permission right there."""
        actor.require(permission, project=self.project.id, environment=self.environment.id, tenant=self.scope)

    def require_somewhere(self, actor: Actor, permission: Permission) -> None:
        """NotAllowed `permission.denied` unless the actor has the permission there, or in a part of it."""
        actor.require_somewhere(permission, project=self.project.id, environment=self.environment.id, tenant=self.scope)


def located(connection: Connection, project: str, environment: str, tenant: str = "") -> Located:
    """By names or ids, the tenant "" for nobody. NotFound with the code of what is not there: `tenant.unknown`."""
    return Located(
        projects.by_name_or_id(connection, project),
        environments.by_name_or_id(connection, environment),
        tenancy.named(connection, tenant),
    )
