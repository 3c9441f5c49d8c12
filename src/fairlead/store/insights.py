"""What insights are told from: completions in a span, what was delivered before it, and the releases between."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.ids import ChannelId, EnvironmentId, ProjectId, ReleaseId, TenantId
from fairlead.domain.insights import Completion, Delivered, Made, Spot
from fairlead.domain.interruption import InterruptionKind
from fairlead.store.deployments import deployments
from fairlead.store.interruptions import interruptions
from fairlead.store.releases import releases
from fairlead.store.shelf import Condition

_c, _r = deployments.c, releases.c
_COMPLETED = [one.value for one in (DeploymentOutcome.LIVE, DeploymentOutcome.ROLLED_BACK, DeploymentOutcome.FAILED)]
_WAS_GUIDED = sa.exists().where(interruptions.c.task == _c.task, interruptions.c.kind == InterruptionKind.GUIDED.value)
_IS_SUCCESS = sa.and_(_c.outcome == DeploymentOutcome.LIVE.value, _c.marked_at.is_(None), ~_WAS_GUIDED)


def completions(
    connection: sa.Connection, project: ProjectId, *more: Condition, since: datetime
) -> tuple[Completion, ...]:
    """The project's deployments, `more` of them too, that ended from then on, live or failed after they began, the
    earliest first."""
    shown = (_c.environment, _c.tenant, _c.release, _r.channel, _c.ended_at, _IS_SUCCESS.label("is_success"))
    here = (_c.project == project, _c.ended_at >= since, _c.outcome.in_(_COMPLETED))
    found = sa.select(*shown).join(releases, _r.id == _c.release).where(*here, *more).order_by(_c.ended_at, _c.id)
    return tuple(
        Completion((EnvironmentId(environment), TenantId(tenant) if tenant else None), release, channel, at, bool(good))
        for environment, tenant, release, channel, at, good in connection.execute(found).all()
    )


def delivered(
    connection: sa.Connection, project: ProjectId, *more: Condition, before: datetime, since: datetime | None = None
) -> Delivered:
    """The newest release of each channel that each place had a success of before then, `since` a time or ever; one
    query."""
    shown = (_c.environment, _c.tenant, _r.channel)
    here = [_c.project == project, _c.ended_at < before, _IS_SUCCESS]
    here += [_c.ended_at >= since] if since is not None else []
    newest = sa.select(*shown, sa.func.max(_c.release)).join(releases, _r.id == _c.release).where(*here, *more)
    return {
        ((EnvironmentId(environment), TenantId(tenant) if tenant else None), ChannelId(channel)): ReleaseId(release)
        for environment, tenant, channel, release in connection.execute(newest.group_by(*shown)).all()
    }


def of_places(lacking: Collection[tuple[Spot, ChannelId]]) -> list[Condition]:
    """Conditions under which a deployment is of one of the places; of others, too, where they have the same tenants."""
    whose = {tenant for (_, tenant), _ in lacking}
    named = _c.tenant.in_(whose - {None})
    return [
        _c.environment.in_({environment for (environment, _), _ in lacking}),
        sa.or_(named, _c.tenant.is_(None)) if None in whose else named,
        _r.channel.in_({channel for _, channel in lacking}),
    ]


def made(
    connection: sa.Connection, project: ProjectId, completed: Sequence[Completion], before: Delivered
) -> tuple[Made, ...]:
    """The project's releases that these may have brought, by their making; no query where none was completed. As far
    back as nothing was delivered: where a place has had nothing of a channel, from the first."""
    if not completed:
        return ()
    known = [before.get((one.spot, one.channel)) for one in completed]
    here = [_r.project == project, _r.id <= max(one.release for one in completed)]
    least = [release for release in known if release is not None]
    here += [_r.id > min(least)] if len(least) == len(known) else []
    found = sa.select(_r.id, _r.channel, _r.created_at).where(*here).order_by(_r.id)
    return tuple(Made(id, channel, at) for id, channel, at in connection.execute(found).all())
