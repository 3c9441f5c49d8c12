"""Targets by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.formats.declared.layout import SecretField
from fairlead.formats.declared.targets import TARGETS, SshItem, TargetItem, normal_target
from fairlead.ports.hosts import KeyPair
from fairlead.store import environments, tenants
from fairlead.store import targets as rows
from fairlead.store.database import Connection
from fairlead.usecases import targets
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.target_tenancy import Serving
from fairlead.usecases.targets import NewSsh, TargetChange


class Targets(Noun[TargetItem]):
    """By name."""

    layout = TARGETS

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[TargetItem]]:
        actor.require(Permission.VIEW)
        known, customers = environments.all_of(connection), tenants.names(connection)
        for one in rows.all_of(connection):
            name = f"target/{one.name}/key"
            ssh = None
            secrets = {}
            if one.ssh is not None:
                is_given = not one.ssh.public_key
                ssh = SshItem(
                    host=one.ssh.host,
                    user=one.ssh.user,
                    port=one.ssh.port,
                    key=SecretField(secret=name) if is_given else None,
                    host_key=one.ssh.host_key,
                )
                secrets = {name: one.ssh.key} if is_given else {}
            item = TargetItem(
                name=one.name,
                environments=tuple(place.name for place in known if place.id in one.environments),
                tags=one.tags,
                enabled=one.is_enabled,
                description=one.description,
                ssh=ssh,
                tenancy=one.tenancy,
                tenants=tuple(customers[id] for id in one.tenants),
                tenant_tags=one.tenant_tags,
            )
            yield Held("", normal_target(item), secrets)

    def add(self, at: Applying, project: str, item: TargetItem) -> None:
        ssh = _ssh(at, item.ssh)
        made = at.make_key(f"fairlead-{item.name}") if ssh is not None and not ssh.key else None
        targets.add(
            at.context,
            at.actor,
            item.name,
            only_in=item.environments,
            tags=item.tags,
            ssh=ssh,
            made_key=KeyPair(made.private, made.public) if made else None,
            description=item.description,
            serving=_serving(item),
        )
        if not item.enabled:
            targets.change(at.context, at.actor, item.name, TargetChange(is_enabled=False))

    def change(self, at: Applying, old: Held[TargetItem], new: TargetItem) -> None:
        if (old.item.ssh is None) != (new.ssh is None):
            self.remove(at, old)
            self.add(at, old.project, new)
            return
        ssh, serving = _ssh(at, new.ssh), _serving(new)
        wanted = TargetChange(new.description, new.tags, new.environments, new.enabled, ssh, serving)
        targets.change(at.context, at.actor, old.item.name, wanted)

    def remove(self, at: Applying, held: Held[TargetItem]) -> None:
        targets.remove(at.context, at.actor, held.item.name)


def _serving(item: TargetItem) -> Serving:
    return Serving(item.tenancy, item.tenants, item.tenant_tags)


def _ssh(at: Applying, item: SshItem | None) -> NewSsh | None:
    if item is None:
        return None
    return NewSsh(item.host, item.user, item.port, at.value(item.key), item.host_key)
