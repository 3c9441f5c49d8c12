"""How nouns look in the API: plain JSON, names for people, secrets never."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from fairlead.domain.certificate import Certificate
from fairlead.domain.condition import when_told
from fairlead.domain.deployment import Deployment
from fairlead.domain.environment import Environment
from fairlead.domain.notification import NotificationTarget
from fairlead.domain.plan import Effect, Node, Plan, Step, inside, told_of
from fairlead.domain.project import Project
from fairlead.domain.record import Json
from fairlead.domain.run import Run
from fairlead.domain.switch_record import SwitchRecord
from fairlead.domain.task import Task, TaskPhase
from fairlead.domain.test_report import TestCase
from fairlead.domain.user import ApiKey, User
from fairlead.ports.task_log import Line
from fairlead.ports.tasks import End
from fairlead.server.api import answers
from fairlead.server.api.doors import Part
from fairlead.store.contacts import Contact
from fairlead.store.shelf import Page, part_of
from fairlead.usecases.approvals import ApprovalView
from fairlead.usecases.deployments import DeploymentView
from fairlead.usecases.policies import Allowed
from fairlead.usecases.prompting import Question
from fairlead.usecases.releases import ReleaseView
from fairlead.usecases.tasks import TaskView
from fairlead.usecases.turns import Awaited

T = TypeVar("T")
S = TypeVar("S")


def page(part: Page[T], shape: Callable[[T], S]) -> answers.Page[S]:
    """A part of a list."""
    return {"items": [shape(item) for item in part.items], "next": part.after}


def whole(items: Iterable[T], shape: Callable[[T], S]) -> answers.Page[S]:
    """A list that comes at once."""
    return {"items": [shape(item) for item in items], "next": None}


def cut(
    items: Iterable[T],
    shape: Callable[[T], S],
    asked: Part,
    *,
    name: Callable[[T], str],
    order: Callable[[T], str] | None = None,
) -> answers.Page[S]:
    """The part that is asked for of a list that is read whole because it is short: by `order`, which tells each from
    all others (the name where there is none)."""
    part = part_of(items, name=name, order=order, search=asked.search, after=asked.after, limit=asked.limit)
    return page(part, shape)


def environment(one: Environment) -> answers.Environment:
    return {
        "id": one.id,
        "name": one.name,
        "order": one.order,
        "description": one.description,
        "asks_approval": one.asks_approval,
        "approval_expires_s": one.approval_expires_s,
        "guided": one.is_guided,
        "revision": one.revision,
    }


def project(
    one: Project, *, webhook_url: str = "", contact: Contact | None = None, groups: Mapping[str, str] | None = None
) -> answers.Project:
    source: answers.Source | None = None
    if one.source is not None:
        source = {
            "url": one.source.url,
            "branch": one.source.branch,
            "folder": one.source.folder,
            "user": one.source.user,
            "deploy_key": one.source.deploy_key,
            "known_hosts": one.source.known_hosts,
            "poll_s": one.source.poll_s,
            "webhook_kind": one.source.webhook_kind,
            "webhook_url": webhook_url,
        }
    return {
        "id": one.id,
        "name": one.name,
        "title": one.title,
        "description": one.description,
        "group": (groups or {}).get(one.group, "") if one.group else "",
        "is_enabled": one.is_enabled,
        "is_as_code": one.is_as_code,
        "tenancy": one.tenancy,
        "code_nouns": list(one.code_nouns),
        "created_at": one.created_at.isoformat(),
        "revision": one.revision,
        "url": one.source.url if one.source else "",
        "branch": one.source.branch if one.source else "",
        "source": source,
        "forge": {"kind": one.forge.kind, "api_url": one.forge.api_url, "repository": one.forge.repository}
        if one.forge
        else None,
        "contact": {
            "ok": bool(contact and contact.is_ok),
            "head": contact.head if contact else "",
            "branch": one.source.branch if one.source else "",
            "reason": contact.reason if contact else "",
            "at": contact.at.isoformat() if contact else None,
        },
    }


def run(one: Run) -> answers.MadeRun:
    return {
        "id": one.id,
        "number": one.number,
        "branch": one.branch,
        "commit": one.commit,
        "subject": one.subject,
        "cause": one.cause,
        "state": one.state,
        "task": one.task,
        "release": one.release,
        "code": one.code,
        "reason": one.reason,
        "created_at": one.created_at.isoformat(),
        "created_by": one.created_by,
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
    }


def release(view: ReleaseView) -> answers.Release:
    one = view.release
    return {
        "id": one.id,
        "version": one.version,
        "channel": view.channel,
        "packages": dict(one.packages),
        "script_commits": dict(one.script_commits),
        "step_images": dict(one.step_images),
        "commit": one.commit,
        "branch": one.branch,
        "images": dict(one.images),
        "test_image": one.test_image,
        "changes": [
            {"commit": change.commit, "author": change.author, "at": change.at, "subject": change.subject}
            for change in one.changes
        ],
        "files": sorted(one.files),
        "variables": one.variables,
        "notes": one.notes,
        "warnings": list(one.warnings),
        "live_in": list(view.live_in),
        "is_deployable": view.is_deployable,
        "gone": list(view.gone),
        "run": one.run,
        "created_at": one.created_at.isoformat(),
        "created_by": one.created_by,
    }


def deployment(view: DeploymentView) -> answers.Deployment:
    one = view.deployment
    return {
        "id": one.id,
        "number": one.number,
        "project": view.project,
        "environment": view.environment,
        "tenant": view.tenant,
        "version": view.version,
        "kind": one.kind,
        "state": one.state,
        "outcome": one.outcome,
        "status": one.outcome.value or one.state.value,
        "colour": one.colour,
        "switched": one.switched,
        "reached": one.reached,
        "code": one.code,
        "reason": one.reason,
        "hint": one.hint,
        "task": one.task,
        "plan_hash": one.plan_hash,
        "approval": view.approval.id if view.approval else None,
        "approved_by": one.approved_by,
        "created_by": one.created_by,
        "created_at": one.created_at.isoformat(),
        "committed_at": one.committed_at.isoformat() if one.committed_at else None,
        "not_before": one.not_before.isoformat() if one.not_before else None,
        "not_after": one.not_after.isoformat() if one.not_after else None,
        "freeze_override": one.freeze_override,
        "parent": one.parent,
        "held_by": one.held_by,
        "marked_at": one.marked_at.isoformat() if one.marked_at else None,
        "marked_by": one.marked_by,
        "marked_why": one.marked_why,
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
    }


def deployment_alone(view: DeploymentView) -> answers.DeploymentAlone:
    return {
        **deployment(view),
        "prompted": [question(one) for one in view.prompted],
        "switch": switch(view.switch) if view.switch else None,
        "certificate": restoration(view.certificate) if view.certificate else None,
        "unsettled": unsettled(view.unsettled) if view.unsettled else None,
    }


def question(one: Question) -> answers.Question:
    """What a deployment asks for."""
    return {
        "name": one.variable.name,
        "label": one.label,
        "description": one.prompt.description,
        "required": one.prompt.is_required,
        "control": one.prompt.control,
        "options": list(one.prompt.options),
        "value": one.variable.value,
        "secret": one.variable.is_secret,
    }


def restoration(held: Mapping[str, Json]) -> answers.ShortCertificate:
    """The certificate as the books hold it, without the two states."""
    return {
        "differences": _texts(held.get("differences")),
        "restarted": _texts(held.get("restarted")),
        "is_as_it_was": bool(held.get("is_as_it_was")),
        "is_as_announced": bool(held.get("is_as_announced")),
        "announced": _texts(held.get("announced")),
    }


def whole_restoration(held: Mapping[str, Json]) -> answers.Certificate:
    """The certificate with both states."""
    return {**restoration(held), "before": held.get("before"), "after": held.get("after")}


def _texts(held: Json) -> list[str]:
    return [str(each) for each in held] if isinstance(held, list) else []


def switch(one: SwitchRecord) -> answers.Switch:
    return {
        "said": one.sentence,
        "requests": one.requests,
        "failed": one.failed,
        "application": one.application,
        "cut": one.cut,
        "of_release": one.of_release,
        "retried": one.retried,
        "left": one.left,
        "visits": one.visits,
        "slowest_ms": one.slowest_ms,
        "is_whole": one.is_whole,
        "is_back": one.is_back,
    }


def approval(view: ApprovalView) -> answers.Approval:
    one = view.approval
    return {
        "id": one.id,
        "project": view.of.project,
        "environment": view.of.environment,
        "tenant": view.of.tenant,
        "version": view.of.version,
        "deployment": one.deployment,
        "task": view.of.deployment.task,
        "state": one.state,
        "plan_hash": one.plan_hash,
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at.isoformat() if one.expires_at else None,
        "answered_at": one.answered_at.isoformat() if one.answered_at else None,
        "answered_by": one.answered_by,
        "note": one.note,
    }


def task(one: Task) -> answers.Task:
    return {
        "id": one.id,
        "kind": one.kind,
        "title": one.title,
        "subject": one.subject,
        "project": one.project,
        "environment": one.environment,
        "tenant": one.tenant or "",
        "concurrency_tags": list(one.tags),
        "state": one.state,
        "has_ended": one.state.has_ended,
        "is_cancel_asked": one.is_cancel_asked,
        "reached": one.reached,
        "code": one.code,
        "reason": one.reason,
        "hint": one.hint,
        "evidence": list(one.evidence),
        "differences": list(one.differences),
        "created_at": one.created_at.isoformat(),
        "created_by": one.created_by,
        "begun_at": one.begun_at.isoformat() if one.begun_at else None,
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
    }


def task_listed(one: Task, marked: Deployment | None) -> answers.TaskListed:
    said = f"{marked.marked_by}: {marked.marked_why}" if marked else ""
    return {**task(one), "marked_as_failed": said}


def task_view(view: TaskView) -> answers.TaskAlone:
    return {
        **task(view.task),
        "phases": [phase(one) for one in view.phases],
        "facts": dict(view.facts),
        "notes": list(view.plan.notes) if view.plan else [],
        "warnings": list(view.plan.warnings) if view.plan else [],
        "plan_hash": view.plan.hash if view.plan else "",
        "outcome": view.outcome,
        "unsettled": unsettled(view.unsettled) if view.unsettled else None,
        "waits_for": [awaited(one) for one in view.waits_for],
    }


def awaited(one: Awaited) -> answers.Awaited:
    return {
        "task": "" if one.is_hidden else one.task.id,
        "concurrency_tag": one.tag,
        "has_it": one.has_it,
        "said": one.said,
    }


def unsettled(end: End) -> answers.Unsettled:
    return {
        "differences": list(end.differences),
        "tried": list(end.tried),
        "commands": list(end.commands),
        "taken_up": end.again,
        "waits_for_a_person": end.is_parked,
    }


def test_case(kind: str, one: TestCase) -> answers.TestCase:
    return {
        "kind": kind,
        "name": f"{one.class_name}.{one.name}" if one.class_name else one.name,
        "outcome": one.outcome,
        "seconds": one.seconds,
        "message": one.message,
        "detail": one.detail,
    }


def phase(one: TaskPhase) -> answers.Phase:
    return {
        "name": one.name,
        "title": one.title,
        "state": one.state,
        "reason": one.reason,
        "begun_at": one.begun_at.isoformat() if one.begun_at else None,
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
    }


def line(one: Line) -> answers.Line:
    return {
        "number": one.number,
        "at": one.at.isoformat(),
        "level": one.level,
        "step": one.step,
        "target": one.target,
        "text": one.text,
    }


def plan(one: Plan) -> answers.Plan:
    parts = [("", one.forward), ("commit", one.commit), ("after the commit point", one.onward), ("always", one.always)]
    steps = [shown for name, node in parts if node is not None for shown in _steps(node, name)]
    return {
        "title": one.title,
        "hash": one.hash,
        "steps": steps,
        "notes": list(one.notes),
        "warnings": list(one.warnings),
    }


def _steps(node: Node, name: str) -> Iterable[answers.PlanStep]:
    match node:
        case Effect():
            yield {"name": name, "title": node.title, "effects": [node.title], "skipped": "", "when": ""}
        case Step():
            effects, when = list(told_of(node)), when_told(node.when)
            yield {"name": node.name, "title": node.title, "effects": effects, "skipped": node.skipped, "when": when}
        case _:
            for child in inside(node):
                yield from _steps(child, name)


def key(one: ApiKey) -> answers.Key:
    return {
        "id": one.id,
        "name": one.name,
        "prefix": one.prefix,
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at.isoformat() if one.expires_at else None,
        "last_used_at": one.last_used_at.isoformat() if one.last_used_at else None,
    }


def user(one: User) -> answers.User:
    return {
        "id": one.id,
        "name": one.name,
        "email": one.email,
        "role": one.role,
        "is_enabled": one.is_enabled,
        "is_service": one.is_service,
        "revision": one.revision,
        "created_at": one.created_at.isoformat(),
    }


def policy(one: Allowed) -> answers.Policy:
    held = one.allowance
    return {
        "id": held.id,
        "project": one.project,
        "environment": one.environment,
        "key": held.harm,
        "note": held.note,
        "allowed_by": held.allowed_by,
        "allowed_at": held.allowed_at.isoformat(),
    }


def certificate(one: Certificate) -> answers.TlsCertificate:
    return {
        "host": one.host,
        "fingerprint": one.fingerprint,
        "not_before": one.not_before.isoformat(),
        "not_after": one.not_after.isoformat(),
        "created_by": one.created_by,
    }


def notification(one: NotificationTarget, projects: Mapping[str, str]) -> answers.Notification:
    return {
        "id": one.id,
        "kind": one.kind,
        "address": one.address,
        "events": list(one.events),
        "project": projects.get(one.project, "") if one.project else "",
        "is_signed": one.secret is not None,
        "revision": one.revision,
    }
