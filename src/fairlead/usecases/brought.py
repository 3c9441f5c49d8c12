"""Which releases a deployment brings, and what its steps are told of them.

As Octopus counts (docs.octopus.com, "Deployment changes", "Release notes accumulation"): by version numbers within the
channel, not by time; a pre-release brings itself alone, and adds to no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from fairlead.domain.build_information import BuildInformation, distinct, listed, values_of
from fairlead.domain.deployment import Deployment
from fairlead.domain.release import Release
from fairlead.domain.release_settings import DEFAULT_CHANGES_TEMPLATE
from fairlead.domain.template.variables import Variables
from fairlead.domain.version import parse
from fairlead.formats.markdown import MARKDOWN_FILTERS
from fairlead.store import channels, deployments, releases
from fairlead.store.database import Connection
from fairlead.store.release_choice import template_values
from fairlead.store.release_description import builds_of
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going
from fairlead.usecases.values import system_of

MOST_RELEASES = 200
PREFIXES = ("Octopus", "Fairlead")


@dataclass(frozen=True, slots=True)
class ReleaseChange:
    """One release that is brought, and what was told of the builds of its packages."""

    release: Release
    builds: tuple[BuildInformation, ...]


@dataclass(frozen=True, slots=True)
class DeploymentChanges:
    """`previous` is the version that was live there before, "" where none was; the oldest release first."""

    version: str
    environment: str
    previous: str
    changes: tuple[ReleaseChange, ...]
    markdown: str


def changes_of(
    context: Context,
    connection: Connection,
    going: Going,
    deployment: Deployment | None,
) -> DeploymentChanges:
    """What deploying the release there (for the tenant) brings; with `deployment` what that one brought, whatever came
    after it."""
    project, release, place = going.project, going.release, going.environment
    before = _before(connection, going, deployment)
    brought = [
        ReleaseChange(one, builds_of(connection, one.packages, one.images))
        for one in _brought(connection, release, before)
        if deployment is None or one.created_at <= deployment.created_at
    ]
    values = {**system_of(context, connection, project, place, release, going.tenant)}
    values |= template_values(connection, project.id, channels.get(connection, release.channel))
    values |= {f"{prefix}.{name}": value for prefix in PREFIXES for name, value in _values(brought).items()}
    template = project.release_settings.changes_template or DEFAULT_CHANGES_TEMPLATE
    made = Variables(values, now=context.clock.now, more_filters=MARKDOWN_FILTERS).evaluate(template, is_lenient=True)
    previous = before.version if before else ""
    return DeploymentChanges(release.version, place.name, previous, tuple(brought), (made.text or "").strip())


def _before(connection: Connection, going: Going, deployment: Deployment | None) -> Release | None:
    """The release that was live there before: of the same channel where there was one."""
    release, whose = going.release, going.tenant.id if going.tenant else None
    until = (deployment.committed_at or deployment.created_at) if deployment else None
    others = deployments.of_others(release.id, before=until)
    here = partial(deployments.live_ones, connection, release.project, going.environment.id, tenant=whose, limit=1)
    found = here(others, deployments.of_channel(release.channel)) or here(others)
    return releases.get(connection, found[0].release) if found else None


def _brought(connection: Connection, release: Release, before: Release | None) -> Sequence[Release]:
    wanted = parse(release.version)
    if wanted.is_prerelease or (before is not None and parse(before.version) >= wanted):
        return [release]
    from_here = parse(before.version) if before else None
    numbers = [(parse(version), id) for id, version in releases.in_channel(connection, release.channel)]
    between = sorted(
        (number, id)
        for number, id in numbers
        if number <= wanted and not number.is_prerelease and (from_here is None or number > from_here)
    )
    ids = [id for _, id in between][-MOST_RELEASES:]
    known = releases.many(connection, ids)
    return [known[id] for id in ids]


def _values(brought: Sequence[ReleaseChange]) -> dict[str, str]:
    values: dict[str, str] = {}
    for number, one in enumerate(brought):
        at = f"Deployment.Changes[{number}]"
        values |= {f"{at}.Version": one.release.version, f"{at}.ReleaseNotes": one.release.notes}
        values |= listed(at, one.builds)
    every = distinct(item for one in brought for build in one.builds for item in build.issues)
    for number, item in enumerate(every):
        at = f"Deployment.WorkItems[{number}]"
        values |= {f"{at}.Id": item.id, f"{at}.LinkUrl": item.url, f"{at}.Description": item.description}
    return values


def variables_of(found: DeploymentChanges, release: Release) -> dict[str, str]:
    """What steps and scripts are told, without the prefix: ``Deployment.Changes[…]``, ``Deployment.ChangesMarkdown``,
    and of the release's packages, builds and issues."""
    own = next((one.builds for one in found.changes if one.release.id == release.id), ())
    told = {"Deployment.ChangesMarkdown": found.markdown}
    return values_of(own, release.packages) | _values(found.changes) | told
