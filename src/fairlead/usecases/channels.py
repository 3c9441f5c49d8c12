"""Channels of projects: making, changing, showing and removing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.domain.actor import Actor
from fairlead.domain.channel import LONGEST_NAME, Channel, VersionRule, check_rules
from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.ids import ChannelId, LifecycleId
from fairlead.domain.names import can_be_asked_for
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.store import channels, lifecycles, projects, releases
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases.as_code import refuse_edit
from fairlead.usecases.context import Context

MOST_TAGS = 100
LONGEST_DESCRIPTION = 10_000


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel and the name of its lifecycle, "" where it is the project's."""

    channel: Channel
    lifecycle: str = ""


@dataclass(frozen=True, slots=True)
class ChannelWords:
    """What a person says of a channel, whole. `lifecycle` by name, "" for the project's."""

    name: str
    description: str = ""
    lifecycle: str = ""
    is_default: bool = False
    rules: tuple[VersionRule, ...] = ()
    tenant_tags: tuple[str, ...] = ()


def page(
    context: Context, actor: Actor, project: str, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[ChannelView]:
    """The project's, by name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        part = channels.page(connection, owner.id, search=search, after=after, limit=limit)
        return Page(_views(connection, part.items), part.after)


def get(context: Context, actor: Actor, project: str, channel: str) -> ChannelView:
    """By name or id; NotFound `channel.unknown`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return _views(connection, [channels.by_name_or_id(connection, owner.id, channel)])[0]


def add(context: Context, actor: Actor, project: str, words: ChannelWords) -> ChannelView:
    """A new one; where it is to be the default, the one before is that no longer. Conflict `channel.exists`; Invalid
    `channel.rule`."""
    actor.require_somewhere(Permission.PROJECT_EDIT)
    _check(words)
    with context.database.transaction() as connection:
        owner = _edited(context, connection, actor, project)
        blank = Channel(ChannelId(context.ids.new("chn")), owner.id, is_default=False)
        made = replace(_spoken(connection, blank, words), is_default=False)
        channels.insert(connection, made)
        return _saved(context, connection, actor, owner, made, words)


def put(
    context: Context, actor: Actor, project: str, channel: str, words: ChannelWords, *, revision: int | None = None
) -> ChannelView:
    """The channel as these words have it, whole; releases that exist stay in it. With `revision` only if nobody
    changed it since, else Conflict `edit.conflict`. Conflict `channel.default` where it would leave the project
    without a default."""
    actor.require_somewhere(Permission.PROJECT_EDIT)
    _check(words)
    with context.database.transaction() as connection:
        owner = _edited(context, connection, actor, project)
        held = channels.by_name_or_id(connection, owner.id, channel)
        if revision is not None and revision != held.revision:
            raise Conflict(
                "edit.conflict", f"{held.name} was changed by somebody else since it was read", thing=held.name
            )
        if held.is_default and not words.is_default:
            raise _needs_default(held)
        saved = channels.update(connection, replace(_spoken(connection, held, words), is_default=held.is_default))
        return _saved(context, connection, actor, owner, saved, words, before=held)


def _edited(context: Context, connection: Connection, actor: Actor, project: str) -> Project:
    """The project whose channels the actor may edit here."""
    owner = projects.by_name_or_id(connection, project)
    actor.require(Permission.PROJECT_EDIT, project=owner.id)
    refuse_edit(context, owner, "channel")
    return owner


def _saved(
    context: Context,
    connection: Connection,
    actor: Actor,
    owner: Project,
    saved: Channel,
    words: ChannelWords,
    *,
    before: Channel | None = None,
) -> ChannelView:
    """The default where it is to be, and told of."""
    if words.is_default and not saved.is_default:
        saved = _make_default(connection, saved)
    kind, message = "channel.added", f"added the channel {saved.name}"
    if before is not None:
        what = _difference(before, saved) or "nothing"
        kind, message = "channel.changed", f"changed {what} of the channel {saved.name}"
    context.note(connection, actor, kind, message, thing=saved.id, project=owner.name, before=before, after=saved)
    return _views(connection, [saved])[0]


def remove(context: Context, actor: Actor, project: str, channel: str) -> None:
    """Gone, where no release was made in it and it is not the default."""
    actor.require_somewhere(Permission.PROJECT_EDIT)
    with context.database.transaction() as connection:
        owner = _edited(context, connection, actor, project)
        held = channels.by_name_or_id(connection, owner.id, channel)
        if held.is_default:
            raise _needs_default(held)
        if releases.are_in(connection, held.id):
            raise Conflict(
                "channel.in_use",
                f"releases of {owner.name} are in the channel {held.name}",
                thing=held.name,
                hint="give it rules that no version fits, so that no more are made in it",
            )
        channels.delete(connection, held.id)
        context.note(
            connection,
            actor,
            "channel.removed",
            f"removed the channel {held.name}",
            thing=held.id,
            project=owner.name,
            before=held,
        )


def _check(words: ChannelWords) -> None:
    name = words.name
    if name != name.strip() or len(name) > LONGEST_NAME or not can_be_asked_for(name):
        raise Invalid(
            "input.name",
            f"{name[:80]!r} is not the name of a channel",
            thing="name",
            hint=f"{LONGEST_NAME} printable characters at most, no slash, no space at its ends",
        )
    if len(words.description) > LONGEST_DESCRIPTION:
        raise Invalid("input.too_large", f"the description is over {LONGEST_DESCRIPTION:,} characters", thing=name)
    if len(words.tenant_tags) > MOST_TAGS or not all(_is_tag(tag) for tag in words.tenant_tags):
        raise Invalid("input.name", "a tenant tag is written Set/Tag", thing="tenant_tags")
    check_rules(words.rules)


def _is_tag(text: str) -> bool:
    group, slash, tag = text.partition("/")
    return bool(group.strip() and slash and tag.strip()) and len(text) <= 2 * LONGEST_NAME and text.isprintable()


def _spoken(connection: Connection, held: Channel, words: ChannelWords) -> Channel:
    line: LifecycleId | None = lifecycles.by_name(connection, words.lifecycle).id if words.lifecycle else None
    return replace(
        held,
        name=words.name,
        description=words.description,
        lifecycle=line,
        rules=words.rules,
        tenant_tags=words.tenant_tags,
    )


def _make_default(connection: Connection, channel: Channel) -> Channel:
    before = channels.default_of(connection, channel.project)
    channels.update(connection, replace(before, is_default=False))
    return channels.update(connection, replace(channel, is_default=True))


def _difference(old: Channel, new: Channel) -> str:
    fields = ("name", "description", "lifecycle", "rules", "tenant_tags", "is_default")
    return ", ".join(name for name in fields if getattr(old, name) != getattr(new, name))


def _needs_default(held: Channel) -> Conflict:
    return Conflict(
        "channel.default",
        f"{held.name} is the default channel, which every project has",
        thing=held.name,
        hint="make another the default first: fairlead channels set NAME --default",
    )


def _views(connection: Connection, found: Sequence[Channel]) -> tuple[ChannelView, ...]:
    known = {line.id: line.name for line in lifecycles.all_of(connection)}
    return tuple(ChannelView(one, known.get(one.lifecycle, "") if one.lifecycle else "") for one in found)
