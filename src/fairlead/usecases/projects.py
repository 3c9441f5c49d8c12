"""Projects: adding one with its repository, changing, showing, removing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal, TypeAlias

from fairlead.domain import names
from fairlead.domain.actor import Actor
from fairlead.domain.channel import Channel
from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.git_address import branch_name, read_address
from fairlead.domain.ids import ChannelId, GroupId, ProjectId, SecretVersionId
from fairlead.domain.permission import Permission
from fairlead.domain.project import DEFAULT_POLL_S, Forge, ForgeKind, Project, Source, WebhookKind
from fairlead.domain.release_settings import ReleaseSettings, check_settings
from fairlead.store import (
    channels,
    groups,
    library_sets,
    lifecycles,
    processes,
    project_rows,
    projects,
    runbooks,
    tenant_templates,
    triggers,
    variables,
)
from fairlead.store.database import Connection
from fairlead.store.reach import within
from fairlead.store.shelf import Page
from fairlead.usecases.context import Context
from fairlead.usecases.donors import require_donor

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+")
_FORGE = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?")


class Stays(Enum):
    """What is given in place of a secret's value, or of the hosts' keys, where what is held stays."""

    AS_IT_IS = "as it is"


@dataclass(frozen=True, slots=True)
class NewSource:
    """What a person gives of a repository; secrets in clear, kept as secret versions. `ssh_key` "" on an ssh address
    has a deploy key made, whose pair is (`private`, `public`) of `made_key`."""

    url: str
    branch: str = "main"
    folder: str = ""
    user: str = ""
    password: str | Stays = ""
    ssh_key: str | Stays = ""
    known_hosts: str | Stays = ""
    poll_s: float = DEFAULT_POLL_S
    webhook_kind: WebhookKind = "generic"


@dataclass(frozen=True, slots=True)
class NewForge:
    """Where commit statuses go; `token` in clear, kept as a secret version."""

    kind: ForgeKind
    api_url: str
    repository: str
    token: str | Stays = ""


Field: TypeAlias = Literal[
    "title",
    "description",
    "is_enabled",
    "is_as_code",
    "release_settings",
    "lifecycle",
    "branch",
    "poll_s",
    "group",
    "tenancy",
]
OWN_FIELDS = ("is_as_code", "title", "description", "is_enabled", "release_settings", "tenancy")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A deploy key: the private half in OpenSSH's form, the public one as a line."""

    private: str
    public: str


@dataclass(frozen=True, slots=True)
class Added:
    """A project that was just made; the webhook's secret is told only now."""

    project: Project
    webhook_secret: str = ""


def page(
    context: Context, actor: Actor, *, after: str | None = None, limit: int = 50, search: str = "", group: str = ""
) -> Page[Project]:
    """By name: those that the actor may view, of one project group where it is given."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return projects.page(
            connection,
            *projects.fitting(search=search, group=groups.by_name_or_id(connection, group).id if group else None),
            *within(actor.reach(Permission.VIEW), project=projects.projects.c.id),
            after=after,
            limit=limit,
        )


def get(context: Context, actor: Actor, name: str) -> Project:
    """By name or id."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = projects.by_name_or_id(connection, name)
    actor.require_somewhere(Permission.VIEW, project=found.id)
    return found


def needs_key(source: NewSource | None) -> bool:
    """Whether a deploy key has to be made for it."""
    return source is not None and not source.ssh_key and read_address(source.url).kind == "ssh"


def add(
    context: Context,
    actor: Actor,
    name: str,
    *,
    title: str = "",
    description: str = "",
    source: NewSource | None = None,
    forge: NewForge | None = None,
    made_key: KeyPair | None = None,
    lifecycle: str = "Default",
    group: str = "",
) -> Added:
    """A new project with its default channel, in a project group where one is given: who may edit the projects of a
    group may add to it. Conflict `project.exists`; Invalid `source.url`."""
    actor.require_somewhere(Permission.PROJECT_EDIT)
    names.project_name(name)
    if source is not None:
        _check(source)
    if forge is not None:
        _check_forge(forge)
    with context.database.transaction() as connection:
        inside = groups.by_name_or_id(connection, group).id if group else None
        actor.require(Permission.PROJECT_EDIT, project=inside)
        line = lifecycles.by_name(connection, lifecycle)
        secret = context.ids.secret(24) if source is not None else ""
        made = Project(
            ProjectId(context.ids.new("prj")),
            name,
            line.id,
            context.clock.now(),
            title=title,
            description=description,
            source=_source(context, connection, name, source, secret, made_key),
            forge=_forge(context, connection, name, forge),
            group=inside,
        )
        projects.insert(connection, made)
        channels.insert(connection, Channel(ChannelId(context.ids.new("chn")), made.id))
        context.note(connection, actor, "project.added", f"added {name}", thing=made.id, project=name, after=made)
    return Added(made, secret)


def change(
    context: Context,
    actor: Actor,
    name: str,
    fields: Mapping[Field, object],
    *,
    revision: int | None = None,
    asks_donor: bool = True,
) -> Project:
    """Some fields of it, the lifecycle by name; with `revision` only if nobody changed it since, else Conflict
    `edit.conflict`. Invalid `release.donor_unknown` for another donor that nothing of the project is called, unless
    the caller asks later (`require_donor`)."""
    actor.require_somewhere(Permission.PROJECT_EDIT)
    if "branch" in fields:
        branch_name(str(fields["branch"]))
    if isinstance(settings := fields.get("release_settings"), ReleaseSettings):
        check_settings(settings)
    with context.database.transaction() as connection:
        found = projects.by_name_or_id(connection, name)
        actor.require(Permission.PROJECT_EDIT, project=found.id)
        own = {key: value for key, value in fields.items() if key in OWN_FIELDS}
        if "lifecycle" in fields:
            own["lifecycle"] = lifecycles.by_name(connection, str(fields["lifecycle"])).id
        of_source = {key: value for key, value in fields.items() if key in ("branch", "poll_s")}
        if asks_donor and isinstance(settings, ReleaseSettings) and settings.donor != found.release_settings.donor:
            require_donor(connection, found, settings.donor)
        changed = replace(_read_as(found, revision), **own)  # type: ignore[arg-type]
        if not changed.is_as_code:
            changed = replace(changed, code_nouns=())
        if "group" in fields:
            changed = replace(changed, group=_moved(connection, actor, str(fields["group"])))
        if of_source:
            if found.source is None:
                raise Invalid("input.invalid", f"{found.name} has no repository", thing=found.name)
            changed = replace(changed, source=replace(found.source, **of_source))  # type: ignore[arg-type]
        saved = projects.update(connection, changed)
        words = ", ".join(sorted(fields)) or "nothing"
        context.note(
            connection,
            actor,
            "project.changed",
            f"changed {words} of {found.name}",
            thing=found.id,
            project=found.name,
            before=found,
            after=saved,
        )
    return saved


def connect(
    context: Context,
    actor: Actor,
    name: str,
    source: NewSource | None,
    *,
    made_key: KeyPair | None = None,
    revision: int | None = None,
) -> Added:
    """Connect another repository, give other credentials, or disconnect it. The webhook's address and secret stay if
    there was one; a new one's secret is in this answer only. A deploy key that was made stays, unless `made_key` takes
    its place. With `revision` only if nobody changed the project since, else Conflict `edit.conflict`."""
    actor.require_somewhere(Permission.PROJECT_EDIT)
    if source is not None:
        _check(source)
    with context.database.transaction() as connection:
        found = projects.by_name_or_id(connection, name)
        actor.require(Permission.PROJECT_EDIT, project=found.id)
        secret = context.ids.secret(24) if source is not None and found.source is None else ""
        made = _source(context, connection, found.name, source, secret, made_key, found.source)
        saved = projects.update(connection, replace(_read_as(found, revision), source=made))
        message = f"{found.name} comes from {source.url}" if source else f"{found.name} has no repository any more"
        context.note(
            connection,
            actor,
            "project.connected",
            message,
            thing=found.id,
            project=found.name,
            before=found,
            after=saved,
        )
    return Added(saved, secret)


def report_to(
    context: Context, actor: Actor, name: str, forge: NewForge | None, *, revision: int | None = None
) -> Project:
    """Report commit statuses there, or nowhere; `revision` as `connect` has it."""
    actor.require_somewhere(Permission.PROJECT_EDIT)
    if forge is not None:
        _check_forge(forge)
    with context.database.transaction() as connection:
        found = projects.by_name_or_id(connection, name)
        actor.require(Permission.PROJECT_EDIT, project=found.id)
        made = _forge(context, connection, found.name, forge, found.forge)
        saved = projects.update(connection, replace(_read_as(found, revision), forge=made))
        message = f"commit statuses of {found.name} go to {forge.api_url if forge else 'nobody'}"
        context.note(
            connection,
            actor,
            "project.changed",
            message,
            thing=found.id,
            project=found.name,
            before=found,
            after=saved,
        )
    return saved


def remove(context: Context, actor: Actor, name: str) -> None:
    """Gone with all that was set for it, where it has no history; else it can only be disabled, its history is kept."""
    actor.require_somewhere(Permission.PROJECT_EDIT)
    with context.database.transaction() as connection:
        found = projects.by_name_or_id(connection, name)
        actor.require(Permission.PROJECT_EDIT, project=found.id)
        if kept := project_rows.history_of(connection, found.id):
            raise Conflict(
                "edit.conflict",
                f"{found.name} has {' and '.join(kept)}, whose history is kept",
                thing=found.name,
                hint="disable it instead (fairlead projects set --disable); fairlead retire ends what is live",
            )
        for runbook in runbooks.of_project(connection, found.id):
            runbooks.delete(connection, runbook.id)
            processes.delete(connection, runbook.id)
        for trigger in triggers.of_project(connection, found.id):
            triggers.delete(connection, trigger.id)
        for channel in channels.of_project(connection, found.id):
            channels.delete(connection, channel.id)
        library_sets.exclude(connection, found.id)
        variables.delete_all(connection, found.id, at=context.clock.now(), by=actor.name)
        project_rows.forget(connection, found.id)
        tenant_templates.forget_owner(connection, found.id)
        processes.delete(connection, found.id)
        projects.delete(connection, found.id)
        context.note(
            connection,
            actor,
            "project.removed",
            f"removed {found.name}",
            thing=found.id,
            project=found.name,
            before=found,
        )


def webhook_url(context: Context, project: Project) -> str:
    """The address that a forge calls; "" where the project has no repository."""
    if project.source is None or not project.source.webhook:
        return ""
    return f"{context.installation.url}/hooks/{project.source.webhook}"


def _moved(connection: Connection, actor: Actor, group: str) -> GroupId | None:
    """The group that it comes to, "" for none: who may edit only the projects of some groups may move it only there."""
    if not group:
        actor.require(Permission.PROJECT_EDIT)
        return None
    found = groups.by_name_or_id(connection, group).id
    actor.require(Permission.PROJECT_EDIT, project=found)
    return found


def _check(source: NewSource) -> None:
    read_address(source.url)
    branch_name(source.branch)
    if source.folder.startswith("/") or ".." in source.folder.split("/") or not source.folder.isprintable():
        raise Invalid("input.name", f"{source.folder[:80]!r} is not a folder of the repository", thing="folder")
    if not source.user.isprintable():
        raise Invalid("input.name", f"{source.user[:80]!r} is not a user's name", thing="user")


def _read_as(found: Project, revision: int | None) -> Project:
    """With the revision that a person read, where one is given: the store refuses an old one."""
    return found if revision is None else replace(found, revision=revision)


def _check_forge(forge: NewForge) -> None:
    if not _REPOSITORY.fullmatch(forge.repository) or ".." in forge.repository:
        raise Invalid(
            "input.name", f"{forge.repository[:80]!r} is not a repository at a forge", thing="forge", hint="owner/name"
        )
    if not _FORGE.fullmatch(forge.api_url):
        raise Invalid("input.invalid", f"{forge.api_url[:80]!r} is not the address of a forge", thing="forge")


def _source(
    context: Context,
    connection: Connection,
    name: str,
    given: NewSource | None,
    webhook_secret: str,
    key: KeyPair | None,
    held: Source | None = None,
) -> Source | None:
    if given is None:
        return None
    private = given.ssh_key or (key.private if key else "")
    if not private and held is not None and held.deploy_key and needs_key(given):
        private = Stays.AS_IT_IS
    public = key.public if key else held.deploy_key if held and needs_key(given) else ""
    webhook = context.ids.secret(12).replace("_", "-").strip("-").lower()
    return Source(
        given.url,
        branch=given.branch,
        folder=given.folder.strip("/"),
        user=given.user,
        password=_keep(
            context, connection, given.password, f"{name}: repository password", held.password if held else None
        ),
        ssh_key=_keep(context, connection, private, f"{name}: deploy key", held.ssh_key if held else None),
        deploy_key="" if given.ssh_key else public,
        known_hosts=_hosts(given.known_hosts, held),
        poll_s=given.poll_s,
        webhook=held.webhook if held else webhook,
        webhook_kind=given.webhook_kind,
        webhook_secret=held.webhook_secret
        if held
        else _keep(context, connection, webhook_secret, f"{name}: webhook secret"),
    )


def _hosts(given: str | Stays, held: Source | None) -> str:
    if isinstance(given, Stays):
        return held.known_hosts if held else ""
    return given


def _forge(
    context: Context, connection: Connection, name: str, given: NewForge | None, held: Forge | None = None
) -> Forge | None:
    if given is None:
        return None
    token = _keep(context, connection, given.token, f"{name}: forge token", held.token if held else None)
    return Forge(given.kind, given.api_url.rstrip("/"), given.repository, token)


def _keep(
    context: Context, connection: Connection, value: str | Stays, name: str, held: SecretVersionId | None = None
) -> SecretVersionId | None:
    if isinstance(value, Stays):
        return held
    return context.keep(connection, value, name=name, by="") if value else None
