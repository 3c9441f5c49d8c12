"""What tenants are asked for by templates, and what each gives: read once, for one tenant or for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fairlead.domain.actor import Actor
from fairlead.domain.ids import EnvironmentId, ProjectId
from fairlead.domain.library_set import LibrarySet
from fairlead.domain.permission import Permission
from fairlead.domain.record import fingerprint
from fairlead.domain.step_template import Parameter
from fairlead.domain.tenant import Tenant
from fairlead.domain.tenant_template import TemplateList, TenantTemplate
from fairlead.domain.tenant_value import TenantValue, TenantValues
from fairlead.store import environments, library_sets, projects, tenant_templates
from fairlead.store.database import Connection

LONGEST_KEY = 200
"""Letters that tell what is asked for in order; longer ones end in a hash, so that each can be told in an address."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A template that the tenant is asked for, in a project's environment or ("" for both) by a library set; or, where
    `is_left`, a value that nothing asks for any more. `value` None: it gives none. A secret's is never in here."""

    name: str
    project: str = ""
    environment: str = ""
    library_set: str = ""
    parameter: Parameter | None = None
    is_secret: bool = False
    value: TenantValue | None = None

    @property
    def is_left(self) -> bool:
        """Whether the template is gone, or the tenant not connected there any more."""
        return self.parameter is None

    @property
    def is_missing(self) -> bool:
        """Whether a deployment would be refused."""
        return self.value is None and self.parameter is not None and self.parameter.default is None

    @property
    def state(self) -> str:
        """given, default, missing or left."""
        if self.is_left:
            return "left"
        return "given" if self.value else "missing" if self.is_missing else "default"

    @property
    def shown(self) -> str:
        """The value, given or default; "" for a secret's and where there is none."""
        if self.value is not None:
            return self.value.value
        return (self.parameter.default or "") if self.parameter else ""

    @property
    def key(self) -> str:
        """Apart from all others of the tenant, and in order: projects, then library sets, then what is left."""
        rank = "2" if self.is_left else "1" if self.library_set else "0"
        whole = "\n".join((rank, self.project, self.environment, self.library_set, self.name))
        return bounded_key(whole)


@dataclass(frozen=True, slots=True)
class Ground:
    """All that asks tenants for values: projects and environments by id, sets by name with the projects that include
    them, and the templates of each owner."""

    projects: Mapping[ProjectId, str]
    places: Mapping[EnvironmentId, str]
    sets: Sequence[LibrarySet]
    included: Mapping[ProjectId, tuple[str, ...]]
    templates: Mapping[str, TemplateList]

    @classmethod
    def read(cls, connection: Connection) -> Ground:
        """As it is now; as many queries for one tenant as for all."""
        return cls(
            projects.names(connection),
            {one.id: one.name for one in environments.all_of(connection)},
            library_sets.all_of(connection),
            library_sets.included(connection),
            tenant_templates.by_owner(connection),
        )

    def asked(self, actor: Actor, tenant: Tenant, held: TenantValues) -> Iterator[tuple[Asked, bool]]:
        """What the tenant is asked for, each with whether the actor may see it there."""
        joined = {project: its for project, its in tenant.connections.items() if project in self.projects and its}
        for project, its in joined.items():
            for template in self._of(project):
                for id in (one for one in its if one in self.places):
                    is_seen = actor.may(Permission.VIEW, project=project, environment=id, tenant=tenant.id)
                    where = {"project": self.projects[project], "environment": self.places[id]}
                    yield _of(template, held.of(template, id), **where), is_seen
        named = {name for project in joined for name in self.included.get(project, ())}
        for library in (one for one in self.sets if one.name in named):
            for template in self._of(library.id):
                yield _of(template, held.of(template, None), library_set=library.name), True

    def left(self, actor: Actor, tenant: Tenant, values: Sequence[TenantValue]) -> Iterator[Asked]:
        """What nothing asks for any more, of `values`, where the actor may see it."""
        owners: dict[str, str] = {str(id): name for id, name in self.projects.items()}
        sets: dict[str, str] = {str(one.id): one.name for one in self.sets}
        for one in values:
            is_secret = one.secret is not None
            if one.environment is None:
                if one.owner in sets:
                    yield Asked(one.name, library_set=sets[one.owner], is_secret=is_secret, value=one)
            elif one.owner in owners and actor.may(
                Permission.VIEW, project=one.owner, environment=one.environment, tenant=tenant.id
            ):
                place = self.places.get(one.environment, one.environment)
                yield Asked(one.name, owners[one.owner], place, is_secret=is_secret, value=one)

    def _of(self, owner: str) -> Sequence[TenantTemplate]:
        return self.templates.get(owner, TemplateList("")).templates


def bounded_key(whole: str) -> str:
    """The letters that tell what is asked for apart and in order, short enough for an address."""
    return whole if len(whole) <= LONGEST_KEY else f"{whole[:LONGEST_KEY]}{fingerprint(whole)[:16]}"


def included(connection: Connection, owners: Iterable[ProjectId]) -> frozenset[str]:
    """The names of the sets that any of these projects includes."""
    known = library_sets.included(connection)
    return frozenset(name for owner in owners for name in known.get(owner, ()))


def _of(template: TenantTemplate, value: TenantValue | None, **where: str) -> Asked:
    name = template.parameter.name
    return Asked(name, parameter=template.parameter, is_secret=template.is_secret, value=value, **where)
