"""An example for each answer that people read first; typed, so that it is as the code answers."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain.approval import ApprovalState
from fairlead.domain.colour import Colour
from fairlead.domain.deployment import DeploymentOutcome, DeploymentState
from fairlead.domain.run import RunState
from fairlead.domain.task import TaskState
from fairlead.server.api import answers

WEB = "registry.example.com/shop/web@sha256:" + "5f" * 32

ENVIRONMENT: answers.Environment = {
    "id": "env-01j9",
    "name": "Production",
    "order": 2,
    "description": "",
    "asks_approval": True,
    "approval_expires_s": 86400,
    "guided": False,
    "revision": 1,
}
VARIABLE: answers.Variable = {
    "id": "var-01j9",
    "name": "Db.Host",
    "type": "text",
    "value": "db.internal",
    "secret": False,
    "environments": ["Production"],
    "scope": {"environment": ["Production"]},
    "description": "",
    "prompt": None,
    "parts": [],
    "library_set": "",
    "revision": 3,
}
RUN: answers.Run = {
    "id": "run-01j9",
    "number": 12,
    "branch": "main",
    "commit": "4be1" * 10,
    "subject": "Show prices with tax",
    "cause": "webhook",
    "state": RunState.SUCCEEDED,
    "task": "tsk-01j9",
    "release": "rel-01j9",
    "code": "",
    "reason": "",
    "created_at": "2026-03-02T09:14:07+00:00",
    "created_by": "webhook",
    "ended_at": "2026-03-02T09:14:31+00:00",
    "version": "1.4.0",
}
RELEASE: answers.Release = {
    "id": "rel-01j9",
    "version": "1.4.0",
    "channel": "Default",
    "packages": {"web": "1.4.0"},
    "script_commits": {},
    "step_images": {},
    "commit": "4be1" * 10,
    "branch": "main",
    "images": {"web": WEB},
    "test_image": "",
    "changes": [
        {
            "commit": "4be1" * 10,
            "author": "Ada <ada@example.com>",
            "at": "2026-03-02T09:12:55+00:00",
            "subject": "Show prices with tax",
        }
    ],
    "files": ["compose.yaml", "fairlead.yml"],
    "variables": "vsn-01j9",
    "notes": "",
    "warnings": [],
    "live_in": ["Test"],
    "is_deployable": True,
    "gone": [],
    "run": "run-01j9",
    "created_at": "2026-03-02T09:14:31+00:00",
    "created_by": "webhook",
}
DEPLOYMENT: answers.Deployment = {
    "id": "dep-01j9",
    "number": 7,
    "project": "shop",
    "environment": "Production",
    "tenant": "",
    "version": "1.4.0",
    "kind": "deployment",
    "state": DeploymentState.ENDED,
    "outcome": DeploymentOutcome.ROLLED_BACK,
    "status": "rolled_back",
    "colour": Colour.GREEN,
    "switched": True,
    "reached": "verify",
    "code": "tests.failed",
    "reason": "the post-integration tests ended with 1: 1 of 8 cases failed",
    "hint": "look at the output of the tests",
    "task": "tsk-01ja",
    "plan_hash": "9f86d081884c7d65",
    "approval": "apr-01j9",
    "approved_by": "ada",
    "created_by": "fairlead",
    "created_at": "2026-03-02T09:14:32+00:00",
    "committed_at": None,
    "not_before": None,
    "not_after": None,
    "freeze_override": "",
    "parent": None,
    "held_by": "",
    "marked_at": None,
    "marked_by": "",
    "marked_why": "",
    "ended_at": "2026-03-02T09:20:03+00:00",
}
APPROVAL: answers.Approval = {
    "id": "apr-01j9",
    "project": "shop",
    "environment": "Production",
    "tenant": "",
    "version": "1.4.0",
    "deployment": "dep-01j9",
    "task": "tsk-01ja",
    "state": ApprovalState.APPROVED,
    "plan_hash": "9f86d081884c7d65",
    "created_at": "2026-03-02T09:14:32+00:00",
    "expires_at": "2026-03-03T09:14:32+00:00",
    "answered_at": "2026-03-02T09:19:40+00:00",
    "answered_by": "ada",
    "note": "seen in Test",
}
TASK: answers.Task = {
    "id": "tsk-01ja",
    "kind": "deployment",
    "title": "Deploy shop 1.4.0 to Production",
    "subject": "dep-01j9",
    "project": "shop",
    "environment": "Production",
    "tenant": "",
    "concurrency_tags": ["shop/Production"],
    "state": TaskState.ROLLED_BACK,
    "has_ended": True,
    "is_cancel_asked": False,
    "reached": "verify",
    "code": "tests.failed",
    "reason": "the post-integration tests ended with 1: 1 of 8 cases failed",
    "hint": "look at the output of the tests",
    "evidence": ["test_basket: expected 200, found 500"],
    "differences": [],
    "created_at": "2026-03-02T09:19:40+00:00",
    "created_by": "ada",
    "begun_at": "2026-03-02T09:19:40+00:00",
    "ended_at": "2026-03-02T09:20:03+00:00",
}
LINE: answers.Line = {
    "number": 41,
    "at": "2026-03-02T09:19:58.120000+00:00",
    "level": "info",
    "step": "switch",
    "target": "",
    "text": "users are at green: 1.4.0",
}
REASON: answers.Reason = {
    "said": "deployment 7 of shop to Production was rolled back: its post-integration tests failed",
    "code": "tests.failed",
    "hint": "look at the output of the tests",
    "at": "2026-03-02T09:20:03+00:00",
    "noun": "deployment",
    "thing": "dep-01j9",
    "evidence": ["test_basket: expected 200, found 500"],
    "because": [],
}
EVENT: answers.Event = {
    "id": "evt-01j9",
    "at": "2026-03-02T09:19:40+00:00",
    "actor": "ada",
    "kind": "approval.approved",
    "message": "approved shop 1.4.0 for Production: seen in Test",
    "thing": "apr-01j9",
    "project": "shop",
    "environment": "Production",
    "tenant": None,
    "via": "key",
    "address": "192.0.2.7",
    "difference": [{"path": "state", "old": "waiting", "new": "approved", "secret": False}],
    "sequence": 812,
    "previous": "4be1" * 16,
    "hash": "5f0c" * 16,
}
PROBLEM = {
    "type": "https://fairlead.dev/errors/release.unknown",
    "title": "There is no such release.",
    "status": 404,
    "code": "release.unknown",
    "detail": "shop has no release 9.9.9",
    "thing": "9.9.9",
}
EXAMPLES: Mapping[str, object] = {
    "Environment": ENVIRONMENT,
    "Variable": VARIABLE,
    "Run": RUN,
    "Release": RELEASE,
    "Deployment": DEPLOYMENT,
    "Approval": APPROVAL,
    "Task": TASK,
    "Line": LINE,
    "Reason": REASON,
    "Event": EVENT,
    "Problem": PROBLEM,
}
"""By the name of the schema."""
