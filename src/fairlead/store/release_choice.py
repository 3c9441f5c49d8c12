"""Which channel and version a release that is about to be made gets, from the books."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

import sqlalchemy as sa

from fairlead.domain.channel import Channel, in_order_of_choice, objections
from fairlead.domain.errors import Conflict, Invalid, NotFound, Refused
from fairlead.domain.ids import ProjectId
from fairlead.domain.package import newest_first
from fairlead.domain.process import Process
from fairlead.domain.project import Project
from fairlead.domain.release_number import Made, number_of, values_for
from fairlead.domain.variable import Dimension, resolve_all
from fairlead.store import channels, packages, processes, releases, variables
from fairlead.store.child_choice import chosen_children

MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of the release: "" where it is to be chosen. `packages` service or package → version; those of
    `built` are made with it, and have its version."""

    channel: str = ""
    version: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    built: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the release gets."""

    channel: Channel
    version: str
    packages: Mapping[str, str]


def choose(connection: sa.Connection, project: Project, wanted: Wanted, at: datetime) -> Chosen:
    """The named channel, else the first whose rules take all versions, the default before the others; the named
    version, else the donor's, else what the project's template makes.

    With it go the releases that its process deploys of other projects, as `child_choice.chosen_children` says.
    Of each package of the feed that the project's process takes files from, and whose version is not said, the newest
    that the channel's rules take is chosen. Refused `release.channel_rule` or `release.no_channel`; Conflict
    `release.exists`; Invalid `release.template`, `release.donor`; NotFound `channel.unknown`, `package.unknown`.
    """
    if wanted.version and releases.find_by_version(connection, project.id, wanted.version) is not None:
        raise _taken(project, wanted.version)
    if wanted.channel:
        candidates = [channels.by_name_or_id(connection, project.id, wanted.channel)]
    else:
        candidates = in_order_of_choice(channels.of_project(connection, project.id))
    made = releases.made(connection, project.id)
    wanted = replace(wanted, packages={**wanted.packages, **chosen_children(connection, project.id, wanted.packages)})
    feed = _feed(connection, project.id, wanted)
    reasons: list[str] = []
    for channel in candidates:
        known = _with_feed(wanted, feed, channel)
        version = wanted.version or _number(connection, project, channel, known, made, at)
        packages = {**known.packages, **dict.fromkeys(sorted(wanted.built), version)}
        found = list(islice(objections(channel, packages), MOST_REASONS))
        if not found:
            return Chosen(channel, version, packages)
        reasons += found
    raise _no_channel(wanted.channel, reasons)


def template_values(connection: sa.Connection, project: ProjectId, channel: Channel) -> dict[str, str]:
    """The project's variables that hold for every release of the channel; secrets are left out."""
    place = {Dimension.CHANNEL: frozenset({str(channel.id)})}
    resolutions = resolve_all(variables.of_project(connection, project), place)
    held = {name: found.winner for name, found in resolutions.items()}
    return {name: winner.value for name, winner in held.items() if winner is not None and not winner.is_secret}


def newest_of_feed(connection: sa.Connection, process: Process) -> dict[str, str]:
    """The newest version of each package of the feed that the process takes files from, as the process spells it.
    NotFound `package.unknown`."""
    return {name: versions[0] for name, versions in _held(connection, process.packages).items()}


def _feed(connection: sa.Connection, project: ProjectId, wanted: Wanted) -> dict[str, list[str]]:
    """For each package that the process takes files from, those that may be meant, the newest first."""
    held = processes.find(connection, project)
    if held is None or not held.process.packages:
        return {}
    said = {name.lower(): version for name, version in wanted.packages.items()}
    found = _held(connection, held.process.packages)
    for name, versions in found.items():
        version = said.get(name.lower())
        if version is not None and version not in versions:
            raise _no_package(f"{name} {version}")
        found[name] = versions if version is None else [version]
    return found


def _held(connection: sa.Connection, names: Iterable[str]) -> dict[str, list[str]]:
    held = packages.versions_of(connection, names)
    for name in names:
        if name.lower() not in held:
            raise _no_package(name)
    return {name: newest_first(held[name.lower()]) for name in names}


def _with_feed(wanted: Wanted, feed: Mapping[str, list[str]], channel: Channel) -> Wanted:
    """With the newest of each package of the feed that the channel's rules take; where they take none, the newest, for
    them to object to."""
    newest = {
        name: next((one for one in versions if not any(objections(channel, {name: one}))), versions[0])
        for name, versions in feed.items()
    }
    keys = {name.lower() for name in newest}
    others = {name: version for name, version in wanted.packages.items() if name.lower() not in keys}
    return replace(wanted, packages={**others, **newest})


def _no_package(what: str) -> NotFound:
    return NotFound(
        "package.unknown",
        f"the process takes files from the package {what[:120]}, which is not in the feed",
        thing=what[:120],
        hint="fairlead packages push FILE, or name a version that is there: --package NAME=VERSION",
    )


def _number(
    connection: sa.Connection,
    project: Project,
    channel: Channel,
    wanted: Wanted,
    made: tuple[Made, ...],
    at: datetime,
) -> str:
    settings = project.release_settings
    if settings.donor:
        version = wanted.packages.get(settings.donor, "")
        if not version:
            raise Invalid(
                "release.donor",
                f"the releases of {project.name} are numbered by {settings.donor}, whose version is not known",
                thing=settings.donor,
                hint=f"give it: --package {settings.donor}=VERSION, or an image with a tag; what runs build has none: "
                "fairlead release settings --donor ''",
            )
        if releases.find_by_version(connection, project.id, version) is not None:
            hint = f"releases are numbered by {settings.donor}: choose another version of it, or name the release's own"
            raise _taken(project, version, hint)
        return version
    values = template_values(connection, project.id, channel) | values_for(made, channel.name, at)
    return number_of(settings.version_template, [one.version for one in made], values)


def _taken(project: Project, version: str, hint: str = "") -> Conflict:
    return Conflict("release.exists", f"{project.name} has a release {version} already", thing=version, hint=hint)


def _no_channel(named: str, reasons: list[str]) -> Refused:
    shown = "; ".join(reasons[:MOST_REASONS])
    if named:
        return Refused("release.channel_rule", shown, thing=named, hint="choose another channel or version")
    return Refused(
        "release.no_channel",
        f"no channel takes this release: {shown}",
        thing="channel",
        hint="give other versions, or change a rule (fairlead channels set)",
    )
