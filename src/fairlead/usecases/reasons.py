"""The links of the chains that `usecases.why` answers with, each made from rows that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from fairlead.domain.actor import Actor
from fairlead.domain.approval import Approval, ApprovalState
from fairlead.domain.deployment import Deployment, DeploymentOutcome
from fairlead.domain.event import Event
from fairlead.domain.interruption import WHERE_NOBODY_ANSWERS, InterruptionState
from fairlead.domain.reason import Reason
from fairlead.domain.record import Json
from fairlead.domain.release import Release
from fairlead.domain.run import Run
from fairlead.domain.task import PhaseState, Task, TaskState
from fairlead.steps.keeping import ASKED, asked_s, kept_words
from fairlead.steps.remains import FACT
from fairlead.store import (
    approvals,
    artifacts,
    deployments,
    environments,
    events,
    interruptions,
    releases,
    runs,
    tasks,
    webhook_deliveries,
)
from fairlead.store.database import Connection
from fairlead.usecases import turns
from fairlead.usecases.context import Context

LAST_LINES = 12
LAST_SPANS = 6
MOST_FAILING = 20
TESTS_FACT = "tests:"
MOST_LOOKED_BACK = 50


def of_start(connection: Connection, deployment: Deployment) -> Iterator[Reason]:
    """Who or what began it, and what allowed it."""
    asked = _event(connection, deployment.id, f"{deployment.kind}.asked")
    where = f" over {asked.via} from {asked.address}" if asked and asked.address else ""
    if deployment.created_by in ("fairlead", ""):
        yield _promoted(connection, deployment)
    else:
        yield Reason(f"{deployment.created_by} asked for it{where}", at=deployment.created_at)
    if deployment.held_by:
        yield Reason(deployment.reason, code=deployment.code, hint=deployment.hint, at=deployment.not_before)
    for approval in approvals.of_deployment(connection, deployment.id):
        yield of_approval(approval, not_after=deployment.not_after)


def _promoted(connection: Connection, deployment: Deployment) -> Reason:
    newest = deployments.live_before(connection, deployment.release, deployment.created_at)
    if newest is None:
        return Reason("the lifecycle begins it by itself once the release is made", at=deployment.created_at)
    place = environments.get(connection, newest.environment).name
    earlier = Reason(
        f"deployment {newest.number} made it live in {place}",
        at=newest.committed_at,
        noun="deployment",
        thing=newest.id,
    )
    return Reason("the lifecycle takes it there by itself", (earlier,), at=deployment.created_at)


def of_approval(approval: Approval, *, not_after: datetime | None = None) -> Reason:
    """What was answered, by whom, to which plan; how to answer, and until when (`not_after`), where nobody has."""
    plan = f"plan {approval.plan_hash[:16]}"
    note = (approval.note,) if approval.note else ()
    said = {
        ApprovalState.WAITING: f"it waits for an approval of {plan}",
        ApprovalState.APPROVED: f"{approval.answered_by} approved {plan}",
        ApprovalState.REJECTED: f"{approval.answered_by} rejected {plan}",
        ApprovalState.SUPERSEDED: f"nobody answered to {plan} while it waited",
        ApprovalState.EXPIRED: f"nobody answered to {plan} in time",
    }[approval.state]
    hint = ""
    if approval.state is ApprovalState.WAITING:
        hint = f"fairlead approve {approval.id} --plan {approval.plan_hash[:16]}"
        until = min((end for end in (not_after, approval.expires_at) if end is not None), default=None)
        hint += f"; it does not begin any more after {until:%Y-%m-%d %H:%M:%S} UTC" if until else ""
    at = approval.answered_at or approval.created_at
    return Reason(said, evidence=note, hint=hint, at=at, noun="approval", thing=approval.id)


def of_end(context: Context, connection: Connection, viewer: Actor, deployment: Deployment) -> Iterator[Reason]:
    """What made it end as it did, the nearest first."""
    if deployment.marked_at is not None:
        said = f"{deployment.marked_by} marked it as failed afterwards: {deployment.marked_why}"
        yield Reason(said, at=deployment.marked_at)
    if deployment.outcome is DeploymentOutcome.SUPERSEDED:
        yield from _superseded(connection, deployment)
    task = tasks.get(connection, deployment.task) if deployment.task else None
    if task is None:
        return
    yield from of_task(context, connection, viewer, task)
    if deployment.outcome is DeploymentOutcome.LIVE:
        yield from _replaced(connection, deployment)


def _superseded(connection: Connection, deployment: Deployment) -> Iterator[Reason]:
    first = deployments.asked_next(connection, deployment)
    if first is not None:
        version = releases.get(connection, first.release).version
        said = f"deployment {first.number} of {version} was asked for while it waited"
        yield Reason(said, at=first.created_at, noun="deployment", thing=first.id)


def _replaced(connection: Connection, deployment: Deployment) -> Iterator[Reason]:
    first = deployments.live_next(connection, deployment)
    if first is not None:
        version = releases.get(connection, first.release).version
        said = f"deployment {first.number} of {version} has taken its place since"
        yield Reason(said, at=first.committed_at, noun="deployment", thing=first.id)


def of_task(context: Context, connection: Connection, viewer: Actor, task: Task) -> Iterator[Reason]:
    """What or whom it waits for, the phase that failed, who cancelled it, what became of instances and tests, how the
    state compares, and what a person can do about one that is unsettled."""
    if task.state is TaskState.QUEUED:
        yield from _turn(connection, viewer, task)
    yield from _asked_of_persons(connection, task)
    yield from _answered_by_persons(connection, task)
    if task.cancel_asked_at is not None:
        by = task.cancel_asked_by or "somebody"
        yield Reason(f"{by} asked to cancel it", at=task.cancel_asked_at, noun="task", thing=task.id)
    for phase in tasks.phases_of(connection, task.id):
        if phase.state is PhaseState.FAILED:
            said = f"the phase “{phase.title}” failed" + (f": {phase.reason}" if phase.reason else "")
            yield Reason(said, at=phase.ended_at, noun="task", thing=task.id)
        elif phase.state is PhaseState.SKIPPED and phase.reason:
            yield Reason(f"“{phase.title}” was skipped: {phase.reason}", noun="task", thing=task.id)
    facts = tasks.facts_of(connection, task.id)
    yield from (_tests(name, fact) for name, fact in facts.items() if _has_failing(name, fact))
    for name, fact in facts.items():
        if name.startswith(FACT) and isinstance(fact, dict):
            yield _instance(context, connection, task, name.removeprefix(FACT), fact)
    if left := kept_words(facts):
        yield Reason(_asked_to_keep(facts), evidence=left, noun="task", thing=task.id)
    if task.differences:
        yield Reason("not all is as it was before", evidence=task.differences, noun="task", thing=task.id)
    if stuck := tasks.unsettled_end(connection, task):
        yield Reason("this was tried", evidence=stuck.tried, noun="task", thing=task.id)
        yield Reason("where it does not settle by itself, this can be run by hand", evidence=stuck.commands)
    elif not task.differences and _is_as_it_was(facts):
        yield Reason("all is as it was before: captured before and after, and compared", noun="task", thing=task.id)


def _is_as_it_was(facts: Mapping[str, Json]) -> bool:
    certificate = facts.get("certificate")
    return isinstance(certificate, dict) and bool(certificate.get("is_as_it_was"))


def _turn(connection: Connection, viewer: Actor, task: Task) -> Iterator[Reason]:
    for one in turns.seen_by(connection, viewer, turns.awaited(connection, task)):
        said = f"it waits for its turn: {one.said}"
        if one.is_hidden:
            yield Reason(said)
            continue
        before = one.task
        hint = f"it begins when that has settled; at once: fairlead tasks resume {before.id}"
        is_stuck = before.state is TaskState.UNSETTLED
        itself = [Reason(before.reason, code=before.code, hint=before.hint)] if before.reason else []
        further = () if one.has_it else _turn(connection, viewer, before)
        because = (*itself, *_asked_of_persons(connection, before), *further)
        at = before.begun_at or before.created_at
        yield Reason(said, because, hint=hint if is_stuck else "", at=at, noun="task", thing=before.id)


def _asked_of_persons(connection: Connection, task: Task) -> Iterator[Reason]:
    """Each question that nobody has answered yet, how it is answered, and what happens where nobody does."""
    for asked in interruptions.waiting_in(connection, task.id):
        whom = asked.assigned_to or (f"one of {', '.join(asked.teams)}" if asked.teams else "a person")
        hint = f"fairlead interruptions answer {asked.id} {'|'.join(asked.choices)}"
        if asked.expires_at:
            nobody = WHERE_NOBODY_ANSWERS[asked.kind]
            hint += f"; without an answer until {asked.expires_at:%Y-%m-%d %H:%M:%S} UTC it is {nobody}"
        evidence = tuple(text for text in (asked.instructions, asked.why) if text)
        yield Reason(f"it waits for {whom}: {asked.title}", evidence=evidence, hint=hint, at=asked.opened_at)


def _answered_by_persons(connection: Connection, task: Task) -> Iterator[Reason]:
    """What somebody said where it asked: a failure that was ignored shows nowhere else."""
    for asked in interruptions.of_task(connection, task.id):
        if asked.answer is None or asked.state is not InterruptionState.ANSWERED:
            continue
        evidence = tuple(text for text in (asked.why, asked.note) if text)
        yield Reason(
            f"{asked.answered_by} said {asked.answer} to “{asked.title}”", evidence=evidence, at=asked.answered_at
        )


def _asked_to_keep(facts: Mapping[str, Json]) -> str:
    asked = facts.get(ASKED)
    by = asked.get("by") if isinstance(asked, dict) else None
    return f"{by or 'somebody'} asked to keep what failed, for {asked_s(facts):g} s"


def _has_failing(name: str, fact: Json) -> bool:
    return name.startswith(TESTS_FACT) and isinstance(fact, dict) and bool(fact.get("failing"))


def _tests(name: str, fact: Json) -> Reason:
    assert isinstance(fact, dict)
    failing = fact.get("failing")
    cases = tuple(str(one) for one in failing[:MOST_FAILING]) if isinstance(failing, list) else ()
    kind = name.removeprefix(TESTS_FACT)
    counts = ", ".join(
        f"{fact[state]} {state}" for state in ("passed", "failed", "errored", "skipped") if state in fact
    )
    return Reason(f"of the {kind} tests these said no ({counts})", evidence=cases)


def _instance(context: Context, connection: Connection, task: Task, name: str, fact: Mapping[str, Json]) -> Reason:
    """How an instance of the failed slot ended: its probes' answers, then its last lines."""
    health = fact.get("health")
    spans = [span for span in health if isinstance(span, dict)] if isinstance(health, list) else []
    answers = tuple(_span(span) for span in spans[-LAST_SPANS:])
    output = str(fact.get("output") or "")
    lines = _last_lines(context, connection, task, output)
    because = []
    if answers:
        because.append(Reason("its probes got these answers", evidence=answers))
    if lines:
        said = "the last lines that it wrote"
        because.append(Reason(said, evidence=lines, noun="artifact", thing=f"{task.id}/{output}"))
    oom = " (OOM)" if fact.get("oom_killed") else ""
    return Reason(f"{fact.get('service')}: {name} {fact.get('how')}{oom}", tuple(because), noun="task", thing=task.id)


def _span(span: Mapping[str, Json]) -> str:
    first, last = (str(span.get(key))[11:23] for key in ("first", "last"))
    times = f"{first} – {last}, {span.get('times')} times" if first != last else first
    return f"{times}: {'healthy' if span.get('healthy') else 'unhealthy'}: {span.get('answer')}"


def _last_lines(context: Context, connection: Connection, task: Task, name: str) -> tuple[str, ...]:
    key = artifacts.blob_of(connection, task.id, name) if name else None
    if key is None:
        return ()
    return tuple(context.artifacts.content(key).decode(errors="replace").splitlines()[-LAST_LINES:])


def of_release(connection: Connection, release: Release) -> Reason:
    """How it came to be."""
    said = f"release {release.version}"
    if release.run is None:
        by = release.created_by or "somebody"
        chosen = tuple(f"{name} {version}" for name, version in release.packages.items() if name not in release.images)
        pinned = tuple(f"{action} runs {image}" for action, image in release.step_images.items())
        without = "made it, without images of services" if pinned else "made it, without any image"
        what = "made it from images that were built elsewhere" if release.images else without
        made = Reason(f"{by} {what}", evidence=(*pinned, *chosen), at=release.created_at)
        return Reason(said, (made,), noun="release", thing=release.id)
    return Reason(said, (of_run(connection, runs.get(connection, release.run)),), noun="release", thing=release.id)


def of_run(connection: Connection, run: Run) -> Reason:
    """What made it begin, and of which commit."""
    subject = (f"{run.subject} ({run.author})",) if run.subject else ()
    commit = Reason(f"{run.branch} was at {run.commit[:12]}", evidence=subject)
    return Reason(f"run {run.number}", (commit, _cause(connection, run)), at=run.created_at, noun="run", thing=run.id)


def _cause(connection: Connection, run: Run) -> Reason:
    event = _event(connection, run.id, "run.started")
    match run.cause:
        case "webhook":
            return _delivery(connection, run)
        case "poll":
            return Reason("the repository was looked at, as from time to time", at=run.created_at)
        case "registry":
            return Reason("the registry told of a push", at=run.created_at)
        case "person":
            where = f" over {event.via} from {event.address}" if event and event.address else ""
            return Reason(f"{run.created_by or 'somebody'} asked for it{where}", at=run.created_at)


def _delivery(connection: Connection, run: Run) -> Reason:
    held = webhook_deliveries.page(connection, project=run.project, limit=MOST_LOOKED_BACK).items
    before = [one for one in held if one.received_at <= run.created_at and one.outcome == "look"]
    if not before:
        return Reason("a webhook told of a push", at=run.created_at)
    newest = max(before, key=lambda one: one.received_at)
    evidence = (f"delivery {newest.key}, {newest.kind or 'of no stated kind'}",)
    return Reason("a webhook told of a push; the newest before it", evidence=evidence, at=newest.received_at)


def _event(connection: Connection, thing: str, kind: str) -> Event | None:
    found = events.page(connection, *events.fitting(thing=thing, kind=kind), limit=1).items
    return found[0] if found else None
