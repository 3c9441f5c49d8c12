"""Targets: adding, changing and removing them, trusting a host's key, and looking whether they can be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fairlead.domain import target as words
from fairlead.domain.actor import Actor
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, Invalid, Refused
from fairlead.domain.ids import EnvironmentId, TargetId, TenantId
from fairlead.domain.permission import Permission
from fairlead.domain.project import Tenancy
from fairlead.domain.target import SshAccess, Target, TargetHealth, TargetKind
from fairlead.domain.trigger import TargetEvent
from fairlead.ports.hosts import Hosts, KeyPair, Keys, Seen
from fairlead.store import environments, target_health, targets
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import happenings, target_looks
from fairlead.usecases.context import Context
from fairlead.usecases.named_tenants import names_for
from fairlead.usecases.target_tenancy import AS_IT_IS, Serving, bound, serves_more


@dataclass(frozen=True, slots=True)
class TargetView:
    """A target with the names of its environments, and of the tenants that it names and the actor may view; `health`
    is what the last look found, None before the first."""

    target: Target
    environments: tuple[str, ...]
    tenants: tuple[str, ...] = ()
    health: TargetHealth | None = None

    @property
    def hidden_tenants(self) -> int:
        """How many more tenants it names."""
        return len(self.target.tenants) - len(self.tenants)

    @property
    def served(self) -> str:
        """For whom steps run on it, for people."""
        if self.target.tenancy is Tenancy.UNTENANTED:
            return "nobody in particular"
        hidden = [f"{self.hidden_tenants} more"] if self.hidden_tenants else []
        named = ", ".join([*self.tenants, *self.target.tenant_tags, *hidden])
        if self.target.tenancy is Tenancy.TENANTED:
            return named or "tenants only"
        return f"nobody in particular, and {named}" if named else "everybody"


@dataclass(frozen=True, slots=True)
class NewSsh:
    """How a host is reached; without `key` one is made."""

    host: str
    user: str
    port: int = words.SSH_PORT
    key: str = ""
    host_key: str = ""


@dataclass(frozen=True, slots=True)
class TargetChange:
    """What is to differ; None: stays."""

    description: str | None = None
    tags: Sequence[str] | None = None
    environments: Sequence[str] | None = None
    is_enabled: bool | None = None
    ssh: NewSsh | None = None
    serving: Serving = AS_IT_IS


def page(
    context: Context,
    actor: Actor,
    *,
    environment: str = "",
    kind: TargetKind | None = None,
    tag: str = "",
    search: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[TargetView]:
    """Those of environments that the actor may view, by name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        place = environments.by_name_or_id(connection, environment).id if environment else None
        found = targets.page(connection, environment=place, kind=kind, tag=tag, search=search, after=after, limit=limit)
        health = target_health.of(connection, [one.id for one in found.items])
        seen = [one for one in found.items if _may_view(actor, one)]
        names = names_for(connection, actor, (id for one in seen for id in one.tenants))
        known = environments.all_of(connection)
        views = (replace(_view(one, names, known), health=health.get(one.id)) for one in seen)
        return Page(tuple(views), found.after)


def get(context: Context, actor: Actor, name: str) -> TargetView:
    """By name or id."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = targets.by_name_or_id(connection, name)
        if not _may_view(actor, found):
            actor.require(Permission.VIEW, environment=next(iter(found.environments), None))
        names = names_for(connection, actor, found.tenants)
        view = _view(found, names, environments.all_of(connection))
        return replace(view, health=target_health.of(connection, [found.id]).get(found.id))


def add(
    context: Context,
    actor: Actor,
    name: str,
    *,
    only_in: Sequence[str],
    tags: Sequence[str] = (),
    ssh: NewSsh | None = None,
    made_key: KeyPair | None = None,
    description: str = "",
    serving: Serving = AS_IT_IS,
) -> TargetView:
    """A new one: this host, or with `ssh` another; `made_key` is used where `ssh` brings none. It serves everybody
    where `serving` says nothing else."""
    actor.require_somewhere(Permission.TARGET_EDIT)
    words.target_name(name)
    known_tags = words.tags_of(tags)
    with context.database.transaction() as connection:
        places = _places(connection, only_in)
        _require_all(actor, places)
        made = Target(
            TargetId(context.ids.new("tgt")),
            name,
            TargetKind.SSH if ssh else TargetKind.LOCAL,
            context.clock.now(),
            environments=places,
            tags=known_tags,
            ssh=_access(context, connection, actor, name, ssh, made_key) if ssh else None,
            description=description,
            created_by=actor.name,
        )
        made = bound(connection, actor, made, serving)
        targets.insert(connection, made)
        happenings.target_became(context, connection, made, TargetEvent.ADDED)
        view = _view(made, names_for(connection, actor, made.tenants), environments.all_of(connection))
        where = ", ".join(view.environments)
        context.note(
            connection, actor, "target.added", f"added {name} ({made.address}) for {where}", thing=made.id, after=made
        )
    return view


def change(
    context: Context, actor: Actor, name: str, wanted: TargetChange, *, revision: int | None = None
) -> TargetView:
    """Change what is not None; with `revision` only if nobody changed it since, else Conflict
    `edit.conflict`. A new host or port is trusted anew."""
    actor.require_somewhere(Permission.TARGET_EDIT)
    with context.database.transaction() as connection:
        held = _held(connection, actor, name, revision)
        changed = held
        if wanted.description is not None:
            changed = replace(changed, description=wanted.description)
        if wanted.tags is not None:
            changed = replace(changed, tags=words.tags_of(wanted.tags))
        if wanted.environments is not None:
            places = _places(connection, wanted.environments)
            _require_all(actor, places)
            changed = replace(changed, environments=places)
        if wanted.is_enabled is not None:
            changed = replace(changed, is_enabled=wanted.is_enabled)
        if wanted.ssh is not None:
            changed = replace(changed, ssh=_moved(context, connection, actor, held, wanted.ssh))
        changed = bound(connection, actor, changed, wanted.serving)
        saved = targets.update(connection, changed)
        _tell_triggers(context, connection, held, saved)
        what = ", ".join(_differing(held, changed)) or "nothing"
        context.note(
            connection,
            actor,
            "target.changed",
            f"changed {what} of {held.name}",
            thing=held.id,
            before=held,
            after=saved,
        )
        return _view(saved, names_for(connection, actor, saved.tenants), environments.all_of(connection))


def remove(context: Context, actor: Actor, name: str) -> None:
    """No step runs on it any more; what ran there is kept in the tasks."""
    actor.require_somewhere(Permission.TARGET_EDIT)
    with context.database.transaction() as connection:
        held = _held(connection, actor, name, None)
        targets.delete(connection, held.id)
        target_health.forget(connection, held.id)
        context.note(connection, actor, "target.removed", f"removed {held.name}", thing=held.id, before=held)


async def trust(context: Context, actor: Actor, keys: Keys, name: str, fingerprint: str) -> TargetView:
    """Trust the key that the host offers now, if this is its fingerprint; else
    Refused `target.host_key`, which tells the one that is offered."""
    actor.require_somewhere(Permission.TARGET_EDIT)
    found = (await asyncio.to_thread(get, context, actor, name)).target
    _require_all(actor, found.environments)
    access = _ssh_of(found)
    offered = await target_looks.bounded(found, keys.host_key(access))
    seen = keys.fingerprint(offered)
    if seen != fingerprint.strip():
        raise Refused(
            "target.host_key",
            f"{access.address} offers a key with the fingerprint {seen}",
            thing=found.name,
            hint=f"compare it at the host itself (ssh-keygen -lf), then: fairlead targets trust {found.name} {seen}",
        )

    def work(connection: Connection) -> TargetView:
        held = _held(connection, actor, found.id, found.revision)
        saved = targets.update(connection, replace(held, ssh=replace(access, host_key=offered)))
        context.note(
            connection,
            actor,
            "target.trusted",
            f"trusted {seen} of {held.name}",
            thing=held.id,
            before=held,
            after=saved,
        )
        return _view(saved, names_for(connection, actor, saved.tenants), environments.all_of(connection))

    return await context.database.write(work)


def to_look_at(context: Context, actor: Actor, name: str) -> Target:
    """The target, for something that is looked at there: who may change it may."""
    actor.require_somewhere(Permission.TARGET_EDIT)
    found = get(context, actor, name).target
    _require_all(actor, found.environments)
    return found


async def check(context: Context, actor: Actor, hosts: Hosts, name: str) -> Seen:
    """Whether something can be run there, and what with. What was found is recorded as its health."""
    actor.require_somewhere(Permission.TARGET_EDIT)
    found = await asyncio.to_thread(to_look_at, context, actor, name)
    return await target_looks.look(context, hosts, found)


def _tell_triggers(context: Context, connection: Connection, old: Target, new: Target) -> None:
    """Where it has become available: everywhere if it was disabled, has a new tag or serves somebody new, else
    where it is new."""
    if not new.is_enabled:
        return
    if not old.is_enabled:
        happenings.target_became(context, connection, new, TargetEvent.ENABLED)
        return
    has_new_tag = bool({tag.lower() for tag in new.tags} - {tag.lower() for tag in old.tags})
    is_new = has_new_tag or serves_more(connection, old, new)
    where = [place for place in new.environments if is_new or place not in old.environments]
    if where:
        happenings.target_became(context, connection, new, TargetEvent.ADDED, where)


def _may_view(actor: Actor, target: Target) -> bool:
    places: tuple[EnvironmentId | None, ...] = target.environments or (None,)
    return any(actor.may_somewhere(Permission.VIEW, environment=place) for place in places)


def _require_all(actor: Actor, places: Sequence[EnvironmentId]) -> None:
    for place in places:
        actor.require(Permission.TARGET_EDIT, environment=place)


def _held(connection: Connection, actor: Actor, name: str, revision: int | None) -> Target:
    found = targets.by_name_or_id(connection, name)
    _require_all(actor, found.environments)
    if revision is not None and revision != found.revision:
        message = f"{found.name} was changed by somebody else since it was read"
        raise Conflict("edit.conflict", message, thing=found.name, hint="read it again, then decide")
    return found


def _places(connection: Connection, names: Sequence[str]) -> tuple[EnvironmentId, ...]:
    if not names:
        raise Invalid(
            "input.invalid", "a target belongs to an environment at least", thing="environments", hint="name them"
        )
    found = [environments.by_name_or_id(connection, name).id for name in names]
    return tuple(dict.fromkeys(found))


def _view(target: Target, tenants: Mapping[TenantId, str], known: Sequence[Environment]) -> TargetView:
    places = tuple(one.name for one in known if one.id in target.environments)
    return TargetView(target, places, tuple(name for id, name in tenants.items() if id in target.tenants))


def _access(
    context: Context, connection: Connection, actor: Actor, name: str, given: NewSsh, made: KeyPair | None
) -> SshAccess:
    private = given.key or (made.private if made else "")
    if not private:
        raise Invalid("input.invalid", "the host's private key is needed", thing="key")
    if given.key:
        words.require_private_key(given.key)
    public = made.public if made and not given.key else ""
    kept = context.keep(connection, private, name=f"{name}: SSH key", by=actor.name)
    return words.checked(SshAccess(given.host, given.user, kept, given.port, given.host_key, public))


def _moved(context: Context, connection: Connection, actor: Actor, held: Target, given: NewSsh) -> SshAccess:
    """What is not given again stays; the host key does where the host and port do."""
    before = _ssh_of(held)
    is_there = (given.host, given.port) == (before.host, before.port)
    host_key = given.host_key or (before.host_key if is_there else "")
    if given.key:
        access = _access(context, connection, actor, held.name, given, None)
        return replace(access, host_key=host_key)
    return words.checked(replace(before, host=given.host, port=given.port, user=given.user, host_key=host_key))


def _ssh_of(target: Target) -> SshAccess:
    if target.ssh is None:
        raise Invalid("target.kind", f"{target.name} is this host: it is not reached over SSH", thing=target.name)
    return target.ssh


def _differing(old: Target, new: Target) -> Sequence[str]:
    named = {
        "the description": old.description != new.description,
        "the tags": old.tags != new.tags,
        "the environments": old.environments != new.environments,
        "enabled" if new.is_enabled else "disabled": old.is_enabled != new.is_enabled,
        "the access": old.ssh != new.ssh,
        "the tenancy": old.tenancy != new.tenancy,
        "the tenants": (old.tenants, old.tenant_tags) != (new.tenants, new.tenant_tags),
    }
    return [name for name, differs in named.items() if differs]
