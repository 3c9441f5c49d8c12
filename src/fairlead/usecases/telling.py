"""What people and forges are told: notices are written with what they tell, in its transaction, and delivered after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

from fairlead.domain.approval import Approval
from fairlead.domain.certificate import Certificate
from fairlead.domain.deployment import Deployment, DeploymentOutcome
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.interruption import WHERE_NOBODY_ANSWERS, Interruption
from fairlead.domain.project import Project
from fairlead.domain.record import fingerprint
from fairlead.domain.run import Run, RunState
from fairlead.domain.slot import Slot
from fairlead.domain.switch_record import switch_of
from fairlead.domain.user import ApiKey, User
from fairlead.ports.catalogue import Place
from fairlead.ports.notifier import CommitStatus, Mail, Notice, Webhook
from fairlead.store import notices, notifications, projects, tasks
from fairlead.store.database import Connection
from fairlead.store.notices import NoticeRow
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going
from fairlead.usecases.located import Located

MOST_TRIES = 12
LONGEST_PAUSE = timedelta(hours=1)


def approval_waits(
    context: Context,
    connection: Connection,
    going: Going,
    approval: Approval,
) -> None:
    """Somebody has to say yes or no."""
    answer = f"Approve or reject it: fairlead approve {approval.id}, or on its page."
    if approval.expires_at:
        answer += f" Without an answer until {approval.expires_at:%Y-%m-%d %H:%M} UTC it does not begin."
    _tell(
        context,
        connection,
        going.project,
        "approval.waiting",
        f"{_what(going)} waits for an approval for {_where(going)}",
        answer,
        link=f"/deployments/{approval.deployment}",
        about=approval.id,
        facts=_facts(going),
    )


def interruption_waits(context: Context, connection: Connection, asked: Interruption) -> None:
    """Somebody has to say how it goes on."""
    if not asked.project:
        return
    project = projects.by_name(connection, asked.project)
    answer = f"Answer it: fairlead interruptions answer {asked.id} {'|'.join(asked.choices)}, or on its page."
    if asked.expires_at:
        nobody = WHERE_NOBODY_ANSWERS[asked.kind]
        answer += f" Without an answer until {asked.expires_at:%Y-%m-%d %H:%M} UTC it is {nobody}."
    _tell(
        context,
        connection,
        project,
        "interruption.waiting",
        f"{asked.project} in {asked.environment}{f' for {asked.tenant}' if asked.tenant else ''}: {asked.title}",
        "\n".join(part for part in (asked.instructions, asked.why, answer) if part),
        link=f"/interruptions/{asked.id}",
        about=asked.id,
        facts={
            "project": asked.project,
            "environment": asked.environment,
            "title": asked.title,
            **({"tenant": asked.tenant} if asked.tenant else {}),
        },
    )


def certificate_ends(
    context: Context, connection: Connection, one: Certificate, event: str, user: Place | None, *, days: int
) -> None:
    """Somebody has to renew it; who has the host's routes is told, too."""
    used = f"{user.project} in {user.shown} has its routes.\n" if user else "No route has the host now.\n"
    _tell(
        context,
        connection,
        projects.by_name(connection, user.project) if user else None,
        event,
        one.end_words(context.clock.now()),
        f"{used}Renew it: fairlead certificates set {one.host} --chain FILE --key FILE",
        link=f"/projects/{user.project}" if user else "/",
        about=f"{one.id}/{one.fingerprint}/{days}",
        facts={"host": one.host, "not_after": one.not_after.isoformat(), **({"project": user.project} if user else {})},
    )


def key_ends(context: Context, connection: Connection, key: ApiKey, owner: User, event: str, *, days: int) -> None:
    """Somebody has to make another; of the key itself nothing is told."""
    used = f"It was last used on {key.last_used_at:%Y-%m-%d}." if key.last_used_at else "It was never used."
    remedy = key.remedy(owner)
    _tell(
        context,
        connection,
        None,
        event,
        key.end_words(owner.name, context.clock.now()),
        f"{used}\n{remedy[0].upper()}{remedy[1:]}",
        link="/",
        about=f"{key.id}/{days}",
        facts={
            "user": owner.name,
            "key": key.id,
            "purpose": key.name,
            "expires_at": key.expires_at.isoformat() if key.expires_at else "",
        },
    )


def deployment_unsettled(
    context: Context,
    connection: Connection,
    going: Going,
    deployment: Deployment,
) -> None:
    """Not all is as it should be there, and nothing else is deployed there until it is: told once for each deployment,
    however often it is taken up."""
    _tell(
        context,
        connection,
        going.project,
        "deployment.unsettled",
        f"{_what(going)} in {_where(going)} is unsettled",
        "\n".join(
            part
            for part in (
                deployment.reason,
                deployment.hint,
                "Nothing else is deployed there until it has settled, which it tries by itself.",
                f"What was tried, and what can be run by hand: fairlead why deployment {deployment.id}",
            )
            if part
        ),
        link=f"/deployments/{deployment.id}",
        about=deployment.id,
        facts=_facts(going),
    )


def live_does_not_run(
    context: Context, connection: Connection, project: Project, place: Place, slot: Slot, said: str, remedy: str
) -> None:
    """Users get no answer there; told once a day at most."""
    _tell(
        context,
        connection,
        project,
        "environment.not_running",
        f"{project.name} in {place.shown}: what is live does not run",
        f"{said}\n{remedy}",
        link=f"/projects/{project.name}/environments/{quote(place.environment)}",
        about=f"{slot.deployment}/{context.clock.now():%Y-%m-%d}",
        facts={"project": project.name, "version": slot.version, "environment": place.environment},
    )


def deployment_ended(
    context: Context,
    connection: Connection,
    going: Going,
    deployment: Deployment,
) -> None:
    """A failure is told; a success is, where somebody asked for it. The forge learns both."""
    outcome = deployment.outcome
    event = {
        DeploymentOutcome.LIVE: "deployment.live",
        DeploymentOutcome.ROLLED_BACK: "deployment.rolled_back",
        DeploymentOutcome.CANCELLED: "deployment.cancelled",
    }.get(outcome, "deployment.failed")
    words, where = outcome.value.replace("_", " "), _where(going)
    record = switch_of(tasks.facts_of(connection, deployment.task)) if deployment.task else None
    said = record.sentence if record else ""
    _tell(
        context,
        connection,
        going.project,
        event,
        f"{_what(going)} in {where}: {words}",
        "\n".join(part for part in (deployment.reason or f"It {outcome.words}.", deployment.hint, said) if part),
        link=f"/deployments/{deployment.id}",
        about=f"{deployment.id}/{outcome.value}",
        facts={**_facts(going), "outcome": outcome.value, **({"switch": said} if said else {})},
    )
    state = "success" if outcome is DeploymentOutcome.LIVE else "failure"
    status(
        context,
        connection,
        going.project,
        going.release.commit,
        f"fairlead/{where}",
        state,
        words,
        f"/deployments/{deployment.id}",
    )


def _what(going: Going) -> str:
    return f"{going.project.name} {going.release.version}"


def _where(going: Going) -> str:
    return f"{going.environment.name} for {going.tenant.name}" if going.tenant else going.environment.name


def _facts(going: Going) -> dict[str, str]:
    return {"project": going.project.name, "version": going.release.version, "environment": going.environment.name}


def runbook_failed(
    context: Context,
    connection: Connection,
    where: Located,
    name: str,
    why: str,
    *,
    outcome: str,
    link: str,
    about: str,
) -> None:
    """A run did not go well (`outcome` failed), or did not begin when its time came (refused): told once for each
    `about`."""
    _tell(
        context,
        connection,
        where.project,
        "runbook.failed",
        f"{where.project.name}: runbook {name} in {where.shown}: {outcome}",
        why,
        link=link,
        about=about,
        facts={
            "project": where.project.name,
            "runbook": name,
            "environment": where.environment.name,
            **({"tenant": where.tenant.name} if where.tenant else {}),
            "outcome": outcome,
        },
    )


def run_ended(context: Context, connection: Connection, project: Project, run: Run) -> None:
    """A failed run is told; the forge learns of every one."""
    if run.state is RunState.FAILED:
        _tell(
            context,
            connection,
            project,
            "run.failed",
            f"{project.name}: run {run.number} of {run.commit[:12]} failed",
            run.reason,
            link=f"/runs/{run.id}",
            about=run.id,
            facts={"project": project.name, "commit": run.commit},
        )
    state = {RunState.SUCCEEDED: "success", RunState.FAILED: "failure"}.get(run.state, "error")
    status(
        context,
        connection,
        project,
        run.commit,
        "fairlead/run",
        state,
        run.reason or run.state.value,
        f"/runs/{run.id}",
    )


def status(
    context: Context,
    connection: Connection,
    project: Project,
    commit: str,
    name: str,
    state: str,
    description: str,
    link: str,
) -> None:
    """The commit's status at the project's forge, where it has one."""
    forge = project.forge
    if forge is None or not commit:
        return
    to = {
        "kind": "commit",
        "forge": forge.kind,
        "api_url": forge.api_url,
        "repository": forge.repository,
        "commit": commit,
        "state": state,
        "context": name,
        "secret": forge.token or "",
    }
    _put(
        context,
        connection,
        "commit.status",
        f"{name}: {state}",
        description,
        link,
        f"{commit}/{name}/{state}/{link}",
        to,
        {},
    )


def due(context: Context) -> tuple[NoticeRow, ...]:
    """Those to be tried now."""
    with context.database.reading() as connection:
        return notices.due(connection, context.clock.now())


def delivery_of(context: Context, row: NoticeRow) -> tuple[Notice, Mail | Webhook | CommitStatus]:
    """The notice and its place, secrets in clear."""
    to = {key: str(value) for key, value in row.to.items()}
    secret = ""
    if to.get("secret"):
        webhook, forge = f"sign notices to {to.get('address')}", f"tell {to.get('api_url')} of {to.get('repository')}"
        secret = context.use(SecretVersionId(to["secret"]), webhook if to["kind"] == "webhook" else forge)
    notice = Notice(row.event, row.subject, row.body, f"{context.installation.url}{row.link}", dict(row.facts))
    if to["kind"] == "mail":
        return notice, Mail((to["address"],))
    if to["kind"] == "webhook":
        return notice, Webhook(to["address"], secret)
    return notice, CommitStatus(
        to["forge"],  # type: ignore[arg-type]
        to["api_url"],
        to["repository"],
        to["commit"],
        to["state"],  # type: ignore[arg-type]
        to["context"],
        secret,
    )


def delivered(context: Context, row: NoticeRow) -> None:
    """Never tried again."""
    with context.database.transaction() as connection:
        notices.change(connection, row.id, delivered_at=context.clock.now(), tries=row.tries + 1)


def not_delivered(context: Context, row: NoticeRow, error: str) -> bool:
    """Tried again later, with longer pauses; false once it is given up."""
    tries, now = row.tries + 1, context.clock.now()
    pause = min(LONGEST_PAUSE, timedelta(seconds=10 * 2**tries))
    given_up = now if tries >= MOST_TRIES else None
    with context.database.transaction() as connection:
        notices.change(connection, row.id, tries=tries, error=error[:500], next_at=now + pause, given_up_at=given_up)
    return given_up is None


def _tell(
    context: Context,
    connection: Connection,
    project: Project | None,
    event: str,
    subject: str,
    body: str,
    *,
    link: str,
    about: str,
    facts: Mapping[str, str],
) -> None:
    for target in notifications.wanting(connection, project.id if project else None, event):
        to = {"kind": target.kind, "address": target.address, "secret": target.secret or ""}
        _put(context, connection, event, subject, body, link, f"{event}/{about}/{target.id}", to, facts)


def _put(
    context: Context,
    connection: Connection,
    event: str,
    subject: str,
    body: str,
    link: str,
    about: str,
    to: Mapping[str, str],
    facts: Mapping[str, str],
) -> None:
    now = context.clock.now()
    row = NoticeRow("ntc-" + fingerprint(about)[:32], event, subject, body[:4000], now, now, link=link, facts=facts)
    notices.put(connection, replace(row, to=dict(to)))
