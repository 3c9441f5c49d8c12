"""What deployments would be refused for: the values that any tenant is asked for and does not give, in one list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.domain.tenant import fits
from fairlead.domain.tenant_value import TenantValues
from fairlead.store import environments, projects, tenant_templates, tenants
from fairlead.store.database import Connection
from fairlead.store.shelf import Page, part_of
from fairlead.usecases.asked_of_tenants import Asked, Ground, bounded_key
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that the tenant of this name, with these tags, does not give, and that has no default."""

    tenant: str
    tags: tuple[str, ...]
    asked: Asked

    @property
    def key(self) -> str:
        """Apart from all others, and in order: by tenant, then as each tenant's own list has them."""
        return bounded_key(f"{self.tenant.lower()}\n{self.asked.key}")

    @property
    def words(self) -> str:
        """What a search looks in: tenant, project or library set, environment and template."""
        return "\n".join(
            (self.tenant, self.asked.project, self.asked.environment, self.asked.library_set, self.asked.name)
        )


def page(
    context: Context,
    actor: Actor,
    *,
    search: str = "",
    project: str = "",
    environment: str = "",
    tags: tuple[str, ...] = (),
    after: str | None = None,
    limit: int = 50,
) -> Page[Missing]:
    """A part of them, by tenant, where the actor may look. `project` and `environment` are names that theirs must be,
    whatever the case, NotFound where there is none such; with `tags` only those of tenants that these mean: of one set
    any, of several sets one each."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        _require_known(connection, project, environment)
        found = [
            one
            for one in _all(connection, actor, tags)
            if project.lower() in ("", one.asked.project.lower())
            and environment.lower() in ("", one.asked.environment.lower())
        ]
    return part_of(
        found, name=lambda one: one.words, order=lambda one: one.key, search=search, after=after, limit=limit
    )


def _require_known(connection: Connection, project: str, environment: str) -> None:
    """What is left out is."""
    if project:
        projects.by_name_or_id(connection, project.lower())  # as all of their names are
    if environment.lower() not in ("", *(one.name.lower() for one in environments.all_of(connection))):
        environments.by_name_or_id(connection, environment)


def _all(connection: Connection, actor: Actor, tags: tuple[str, ...]) -> Iterator[Missing]:
    ground, given = Ground.read(connection), tenant_templates.all_values(connection)
    for tenant in tenants.all_of(connection):
        if not fits(tenant.tags, tags) or not actor.may_somewhere(Permission.VIEW, tenant=tenant.id):
            continue
        held = given.get(tenant.id, TenantValues(tenant.id))
        for asked, is_seen in ground.asked(actor, tenant, held):
            if is_seen and asked.is_missing:
                yield Missing(tenant.name, tuple(tenant.tags), asked)
