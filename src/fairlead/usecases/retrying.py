"""Trying a failed deployment again from the step that failed: what its process had finished is kept."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from fairlead.domain.acquisition import groups_of
from fairlead.domain.actor import Actor
from fairlead.domain.deployment import Deployment
from fairlead.domain.errors import Conflict
from fairlead.domain.lifecycle import phase_of
from fairlead.domain.permission import Permission
from fairlead.domain.process import ProcessChoice
from fairlead.domain.task import PhaseState
from fairlead.store import deployments, environments, processes, projects, releases, tasks
from fairlead.store.database import Connection
from fairlead.usecases import lines, tenancy
from fairlead.usecases.context import Context
from fairlead.usecases.deployments import DeploymentView, Wish, ask, require_of, views


def retry(context: Context, actor: Actor, id: str) -> DeploymentView:
    """A new deployment of the same release, with the same variables and choices, that leaves out the steps that the
    failed one had finished before it failed; what they gave is known to the others. Services are deployed anew, and so
    is all else that was taken back: packages on targets, containers that steps run.

    Conflict `deployment.nothing_to_retry` where it is under way, went live, or never began.
    """
    actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    with context.database.transaction() as connection:
        failed = deployments.get(connection, id)
        require_of(actor, Permission.DEPLOYMENT_CREATE, failed)
        if not failed.has_ended or failed.committed_at is not None or failed.task is None:
            raise Conflict(
                "deployment.nothing_to_retry",
                f"deployment {failed.number} did not fail: there is nothing to try again",
                thing=failed.id,
                hint="fairlead deploy VERSION --to ENVIRONMENT",
            )
        owner, place = projects.get(connection, failed.project), environments.get(connection, failed.environment)
        release = releases.get(connection, failed.release)
        tenant = tenancy.of(connection, failed.tenant)
        if failed.kind == "deployment":
            tenancy.check(connection, owner, place, release, tenant)
        phase = phase_of(lines.of_release(connection, owner, release), place.id)
        wish = Wish(
            owner,
            place,
            release,
            kind=failed.kind,
            is_forced=True,
            recreate_accessories=failed.recreate_accessories,
            phase=phase,
            variables=failed.variables,
            choice=_choice(connection, failed, release.process),
            tenant=tenant,
        )
        view = views(connection, [ask(context, connection, actor, wish)])[0]
    context.durable.wake()
    return view


def _choice(connection: Connection, failed: Deployment, process: str) -> ProcessChoice:
    """As before, and the steps that were finished, by it or by one that it went on from, up to the one that failed and
    those beside it: what ran behind that ran for the failure, or in spite of it. Services, packages and containers were
    taken away, and are others the next time: what comes behind them looks at them, and is run again, too."""
    assert failed.task is not None  # `retry` asked
    ends = {one.name: one.state for one in tasks.phases_of(connection, failed.task)}
    held = processes.snapshot(connection, process).steps
    names: tuple[str, ...] = ()
    for group in groups_of(takewhile(lambda step: not (step.is_taken_back or step.deploys_services), held)):
        names += tuple(step.name for step in group if ends.get(step.name) is PhaseState.DONE)
        if any(ends.get(step.name) not in (PhaseState.DONE, PhaseState.SKIPPED) for step in group):
            break
    return replace(failed.choice, kept=names, kept_from=failed.id if names else "")
