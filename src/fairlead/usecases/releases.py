"""Releases: making one from outside, showing them, and freezing new variables as a recorded act."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fairlead.domain import names
from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, Invalid, TooLarge
from fairlead.domain.ids import ProjectId, ReleaseId
from fairlead.domain.image import version_of
from fairlead.domain.outline import Outline
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.release import Release, require_digest
from fairlead.domain.slot import SlotState
from fairlead.domain.tenant_value import template_changes
from fairlead.domain.variable import VariableChange, differences
from fairlead.domain.version import parse
from fairlead.formats.project import read_outline
from fairlead.ports.catalogue import Place
from fairlead.store import (
    channels,
    deployments,
    environments,
    gone_images,
    processes,
    projects,
    releases,
    slots,
    tenant_templates,
    tenants,
    variables,
)
from fairlead.store.database import Connection
from fairlead.store.release_choice import Wanted, choose
from fairlead.store.release_description import LONGEST_NOTES, notes_of
from fairlead.store.shelf import Page
from fairlead.usecases import declarations, following, lines, planning
from fairlead.usecases.context import Context
from fairlead.usecases.run_outline import outlined, versions_named
from fairlead.usecases.script_sources import commits_at, step_images_at, with_lookups
from fairlead.usecases.viewed_variables import viewed

LONGEST_PACKAGE = 200
MOST_PACKAGES = 500
_COMMIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}|")


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """A release, the names of its channel and of the environments where it is live now, and of what retention has
    deleted the images: where that is anything, it can no longer be deployed."""

    release: Release
    channel: str = ""
    live_in: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def is_deployable(self) -> bool:
        """Whether all of its images are kept."""
        return not self.gone


@dataclass(frozen=True, slots=True)
class VariablesUpdate:
    """What differs between what a release froze and what holds now; `release` as it is after the act. `hidden` is how
    many more differ that the actor may not view."""

    release: Release
    changes: tuple[VariableChange, ...]
    hidden: int = 0


def page(
    context: Context,
    actor: Actor,
    project: str | Project,
    *,
    channel: str = "",
    search: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[ReleaseView]:
    """The newest first."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=found.id)
        line = channels.by_name_or_id(connection, found.id, channel).id if channel else None
        part = releases.page(connection, project=found.id, channel=line, search=search, after=after, limit=limit)
        return Page(_views(connection, found, part.items), part.after)


def get(context: Context, actor: Actor, project: str, version: str) -> ReleaseView:
    """By version; `latest` is the one made last."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=found.id)
        release = planning.release_named(connection, found, version)
        return _views(connection, found, [release])[0]


def create(
    context: Context,
    actor: Actor,
    project: str,
    *,
    version: str = "",
    images: Mapping[str, str],
    test_image: str = "",
    files: Mapping[str, str] | None = None,
    contents: Mapping[str, bytes],
    commit: str = "",
    notes: str = "",
    channel: str = "",
    packages: Mapping[str, str] | None = None,
) -> Release:
    """A release of images that somebody else built: every service's by digest. `contents` path → bytes of what it
    carries; `files` path → key where they are kept already; `packages` name → version, where an image's tag does not
    say it. Scripts from other repositories are those of the commits that are named there now, images that steps run
    those that their tags name now. What its lifecycle begins by itself is begun. Raises what
    store.release_choice.choose raises; NotFound `source.ref`, `source.file`, `image.unknown`."""
    actor.require_somewhere(Permission.RELEASE_CREATE)
    if len(notes) > LONGEST_NOTES:
        raise TooLarge("input.too_large", f"the notes are over {LONGEST_NOTES:,} characters", thing="notes")
    _check_words(version, commit, contents)
    _check_packages(packages or {})
    outline = read_outline(contents) if contents else _without_services(context, project)
    _check_images(outline, images, test_image)
    kept = (
        files
        if files is not None
        else {path: context.artifacts.keep(held, is_durable=True) for path, held in contents.items()}
    )
    draft = _Draft(version, images, test_image, kept, contents, commit, notes, channel, packages or {}, outline)
    made = with_lookups(context, lambda inner: _made(inner, actor, project, draft))
    context.durable.wake()
    return made


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is to be in a release, vetted; as `create` is given it."""

    version: str
    images: Mapping[str, str]
    test_image: str
    files: Mapping[str, str]
    contents: Mapping[str, bytes]
    commit: str
    notes: str
    channel: str
    packages: Mapping[str, str]
    outline: Outline


def _made(context: Context, actor: Actor, project: str, draft: _Draft) -> Release:
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.RELEASE_CREATE, project=owner.id)
        outline, images = draft.outline, draft.images
        if outline.project and outline.project != owner.name:
            raise Invalid(
                "release.images", f"the project file is of {outline.project}, not of {owner.name}", thing=owner.name
            )
        declarations.take(context, connection, actor, owner.id, draft.contents)
        wanted = Wanted(draft.channel, draft.version, _packages(outline, images) | dict(draft.packages))
        chosen = choose(connection, owner, wanted, context.clock.now())
        frozen = freeze(context, connection, owner.id)
        outline = _with_images(context, connection, owner, draft, channel=chosen.channel.id, snapshot=frozen)
        process = processes.freeze(connection, owner.id, at=context.clock.now())
        made = Release(
            ReleaseId(context.ids.new("rel")),
            owner.id,
            chosen.channel.id,
            chosen.version,
            context.clock.now(),
            images=dict(images),
            test_image=draft.test_image,
            commit=draft.commit,
            files=dict(draft.files),
            variables=frozen,
            process=process,
            script_commits=commits_at(context, connection, owner.id, process),
            step_images=step_images_at(context, connection, owner.id, process),
            created_by=actor.name,
            notes=notes_of(connection, owner, chosen, images, draft.notes),
            warnings=outline.warnings,
            packages={**chosen.packages, **_packages_left(draft, outline)},
        )
        releases.insert(connection, made)
        gone_images.are_there(connection, (*made.images.values(), made.test_image))
        context.note(
            connection, actor, "release.created", f"made release {made.version}", thing=made.id, project=owner.name
        )
        following.release_made(context, connection, owner, made)
    return made


def _with_images(
    context: Context, connection: Connection, owner: Project, draft: _Draft, *, channel: str, snapshot: str
) -> Outline:
    """As a run has it: an image that variables name, and nobody gave, must be by digest. Invalid `release.images`, and
    what `run_outline.outlined` raises."""
    left = _left(draft)
    if not left:
        return draft.outline
    found, _ = outlined(context, connection, owner, draft.contents, draft.outline, channel=channel, snapshot=snapshot)
    for one in found.services:
        if one.name in left and one.has_whole_name and "@sha256:" not in one.image:
            raise _no_image(one.name, f", which variables name {one.image}")
    return found


def _left(draft: _Draft) -> frozenset[str]:
    """The services whose images variables name, and nobody gave."""
    return frozenset(
        one.name for one in draft.outline.services if not one.has_fixed_image and one.name not in draft.images
    )


def _packages_left(draft: _Draft, outline: Outline) -> dict[str, str]:
    left = _left(draft)
    return {name: version for name, version in versions_named(outline).items() if name in left and version}


def copy(
    context: Context,
    actor: Actor,
    project: str,
    version: str,
    *,
    new_version: str = "",
    channel: str = "",
    notes: str | None = None,
    packages: Mapping[str, str] | None = None,
) -> Release:
    """A release with the images, files, commit, packages and notes of another, and its channel unless one is named;
    process and variables are as they are now. Conflict `release.images_gone` where images of it are gone."""
    actor.require_somewhere(Permission.RELEASE_CREATE)
    view = get(context, actor, project, version)
    old = view.release
    if not view.is_deployable:
        gone = ", ".join(view.gone)
        raise Conflict("release.images_gone", f"the images of {gone} in {old.version} are deleted", thing=old.version)
    return create(
        context,
        actor,
        project,
        version=new_version,
        images=old.images,
        test_image=old.test_image,
        files=old.files,
        contents=planning.ReleaseFiles(old.files, context.artifacts.content),
        commit=old.commit,
        notes=old.notes if notes is None else notes,
        channel=channel or old.channel,
        packages={**{name: known for name, known in old.packages.items() if known}, **(packages or {})},
    )


def _without_services(context: Context, project: str) -> Outline:
    """What a release holds whose process deploys no services; ProjectFileInvalid `project_file.missing` for others."""
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        held = processes.find(connection, owner.id)
    if held is None or not held.process.steps or held.process.deploys_services:
        return read_outline({})
    return Outline(owner.name, ())


def freeze(context: Context, connection: Connection, project: ProjectId) -> str:
    """The id of a snapshot of the project's variables as they are now."""
    return variables.freeze(connection, id=context.ids.new("vsn"), project=project, at=context.clock.now()).id


def update_variables(
    context: Context, actor: Actor, project: str, version: str, *, is_preview: bool = False
) -> VariablesUpdate:
    """The release has the variables as they are now, and a line in the audit says so; with `is_preview` only the
    difference is told. Of what the actor may not view only the number is told."""
    actor.require_somewhere(Permission.VIEW if is_preview else Permission.RELEASE_CREATE)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        if is_preview:
            actor.require_somewhere(Permission.VIEW, project=owner.id)
        else:
            actor.require(Permission.RELEASE_CREATE, project=owner.id)
        release = planning.release_named(connection, owner, version)
        frozen = variables.snapshot(connection, release.variables)
        known = variables.of_project(connection, owner.id)
        changes = differences(frozen.variables, known)
        shown = differences(viewed(actor, owner.id, frozen.variables), viewed(actor, owner.id, known))
        templates = template_changes(frozen.templates, tenant_templates.of_project(connection, owner.id))
        changes, shown = changes + templates, tuple(_with_names(connection, shown + templates))
        if is_preview or not changes:
            return VariablesUpdate(release, shown, len(changes) - len(shown))
        _refuse_locked(connection, owner, release)
        updated = releases.update(connection, replace(release, variables=freeze(context, connection, owner.id)))
        context.note(
            connection,
            actor,
            "release.variables_updated",
            f"froze new variables in release {release.version}: {', '.join(sorted({one.name for one in changes}))}",
            thing=release.id,
            project=owner.name,
        )
    return VariablesUpdate(updated, shown, len(changes) - len(shown))


def _refuse_locked(connection: Connection, project: Project, release: Release) -> None:
    """A release that has gone, or goes, beyond the first phase keeps what it was promoted with."""
    if not project.release_settings.locks_variables:
        return
    line = lines.of_release(connection, project, release)
    first = line.phases[0].environments if line.phases else ()
    beyond = deployments.asked_beyond(connection, release.id, first)
    if beyond is None:
        return
    where = environments.get(connection, beyond.environment).name
    raise Conflict(
        "release.variables_locked",
        f"{release.version} was promoted to {where}, and keeps its variables",
        thing=release.version,
        hint="copy the release (fairlead release copy), or unlock them for the project (fairlead release settings)",
    )


def _check_words(version: str, commit: str, contents: Mapping[str, bytes]) -> None:
    if version:
        parse(names.version_text(version))
    if not _COMMIT.fullmatch(commit):
        raise Invalid("input.name", f"{commit[:80]!r} is not the name of a commit", thing="commit")
    for path in contents:
        if not path or path.startswith("/") or ".." in path.split("/") or not path.isprintable() or len(path) > 500:
            raise Invalid("input.name", f"{path[:80]!r} is not a path inside the repository", thing="files")


def _check_packages(packages: Mapping[str, str]) -> None:
    if len(packages) > MOST_PACKAGES:
        raise Invalid("input.too_large", f"a release names {MOST_PACKAGES} packages at most", thing="packages")
    for name, version in packages.items():
        if not name.strip() or len(name) > LONGEST_PACKAGE or not name.isprintable():
            raise Invalid("input.name", f"{name[:80]!r} is not the name of a package", thing="packages")
        names.version_text(version)


def _packages(outline: Outline, images: Mapping[str, str]) -> dict[str, str]:
    """The versions of the services' images, as far as their tags say them. Accessories are never swapped."""
    swapped = [one for one in outline.services if not one.is_accessory and one.has_whole_name]
    return {one.name: version_of(images.get(one.name) or one.image) for one in swapped}


def _check_images(outline: Outline, images: Mapping[str, str], test_image: str) -> None:
    known = {service.name for service in outline.services}
    for service in images:
        if service not in known:
            raise Invalid("release.images", f"the project file has no service {service[:80]!r}", thing=service[:80])
    for known_one in outline.services:
        if known_one.has_fixed_image and known_one.name not in images and "@sha256:" not in known_one.image:
            raise _no_image(known_one.name)
    for service, reference in images.items():
        require_digest(service, reference)
    if test_image:
        require_digest("the tests", test_image)


def _no_image(service: str, why: str = "") -> Invalid:
    hint = f"--image {service}=NAME@sha256:…"
    return Invalid("release.images", f"no image is given for {service}{why}", thing=service, hint=hint)


def _views(connection: Connection, project: Project, found: Sequence[Release]) -> tuple[ReleaseView, ...]:
    live, gone = _live_in(connection, project), gone_images.of_releases(connection, found)
    names = {one.id: one.name for one in channels.of_project(connection, project.id)}
    return tuple(
        ReleaseView(one, names.get(one.channel, ""), live.get(one.id, ()), gone.get(one.id, ())) for one in found
    )


def _live_in(connection: Connection, project: Project) -> dict[str, tuple[str, ...]]:
    """By release, the environments (and tenants) where it is live: by its slot, or where a place has none, because its
    process deploys no services, by the deployment that went live last."""
    recorded = slots.all_by_place(connection, [project.name])
    held = {
        place: slot.release
        for place, both in recorded.items()
        for slot in both.values()
        if slot.state is SlotState.LIVE
    }
    committed = deployments.committed_by_place(connection, [project.id])
    whose = tenants.many(connection, (tenant for _, _, tenant in committed if tenant is not None))
    there = environments.all_of(connection)
    names = {environment.id: environment.name for environment in there}
    for (_, environment, tenant), last in committed.items():
        if environment in names and (tenant is None or tenant in whose):
            place = Place(project.name, names[environment], whose[tenant].name if tenant else None)
            if place not in recorded:
                held[place] = last.release
    order = {environment.name: number for number, environment in enumerate(there)}
    live: dict[str, tuple[str, ...]] = {}
    known = [place for place in held if place.environment in order]
    for place in sorted(known, key=lambda place: (order[place.environment], place.tenant or "")):
        live[held[place]] = (*live.get(held[place], ()), place.shown)
    return live


def _with_names(connection: Connection, changes: Sequence[VariableChange]) -> Sequence[VariableChange]:
    places = {environment.id: environment.name for environment in environments.all_of(connection)}
    shown = []
    for change in changes:
        scope = change.scope
        for id, name in places.items():
            scope = scope.replace(id, name)
        old, new = ("•••" if (value or "").startswith("secret ") else value for value in (change.old, change.new))
        if (old, new) == ("•••", "•••"):
            old, new = "••• (old)", "••• (new)"
        shown.append(replace(change, scope=scope, old=old, new=new))
    return shown
