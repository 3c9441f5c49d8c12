"""A release on its way to an environment: what is asked about, told of and begun, long before there is a plan."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.deployment import Deployment
from fairlead.domain.environment import Environment
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.domain.tenant import Tenant
from fairlead.domain.variable import Scope
from fairlead.ports.catalogue import Place
from fairlead.store import environments, projects, releases
from fairlead.store.database import Connection
from fairlead.usecases import tenancy
from fairlead.usecases.values import scope_at


@dataclass(frozen=True, slots=True)
class Going:
    """Which release goes where; `tenant` None: for nobody in particular."""

    project: Project
    environment: Environment
    release: Release
    tenant: Tenant | None = None

    @property
    def place(self) -> Place:
        """Where it goes, and for whom, by names."""
        return place_of(self.project, self.environment, self.tenant)

    @property
    def snapshot(self) -> str:
        """The id of the variables as the release froze them."""
        return self.release.variables

    @property
    def scope(self) -> Scope:
        """What variables are chosen by, as far as it is the same in all of it."""
        return scope_at(self.environment, channel=self.release.channel, tenant=self.tenant)


def place_of(project: Project, environment: Environment, tenant: Tenant | None = None) -> Place:
    """The place by its names."""
    return Place(project.name, environment.name, tenant.name if tenant else None)


def going_of(connection: Connection, deployment: Deployment) -> Going:
    """What the deployment is of, as it is now."""
    return Going(
        projects.get(connection, deployment.project),
        environments.get(connection, deployment.environment),
        releases.get(connection, deployment.release),
        tenancy.of(connection, deployment.tenant),
    )
