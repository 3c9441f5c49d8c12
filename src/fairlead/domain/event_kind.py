"""Every kind of event that the audit may hold, and the groups of them that a subscription can ask for by one name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

EVERYTHING = "*"

_OF_NOUNS: Mapping[str, str] = {
    "act": "refused",
    "approval": "approved expired rejected superseded waiting",
    "audit": "archived",
    "build_information": "pushed removed",
    "certificate": "expired expiring removed set",
    "channel": "added changed removed",
    "command": "exec run",
    "declaration": "applied taken",
    "defect": "reported resolved",
    "deployment": (
        "asked cancelled due failed keep_asked live marked_failed nothing refused rejected rolled_back superseded "
        "unmarked"
    ),
    "environment": "added arranged changed not_running removed switched_back",
    "federated_credential": "removed set",
    "freeze": "added changed overridden removed",
    "group": "added changed removed",
    "identity_provider": "removed set",
    "interruption": "answered cancelled expired given_back taken waiting",
    "key": "added exchange_refused exchanged expired expiring revoked",
    "library_set": "added changed excluded included removed",
    "lifecycle": "added changed removed",
    "master_key": "rotated",
    "notification": "added changed removed",
    "package": "pushed removed",
    "place": "adopted not_retired retire_asked retired",
    "policy": "allowed revoked",
    "process": "changed",
    "project": "added changed cloned connected lifecycle removed",
    "registry": "removed set",
    "release": "created not_made variables_updated",
    "retention": "started",
    "role": "added changed removed",
    "rollback": "asked",
    "run": "cancelled failed skipped started",
    "runbook": "added asked cancelled changed due failed published refused removed run",
    "secret": "used",
    "step_template": "added changed moved removed",
    "subscription": "added changed passed_over removed tested",
    "target": "added available changed removed trusted unavailable unhealthy",
    "task": "cancel_asked held let_go not_followed resumed",
    "team": "added changed removed",
    "tenant": ("added changed removed tags_changed templates_changed value_removed value_set"),
    "trigger": "added changed failed removed",
    "user": "added changed linked password_changed reset sign_in_refused signed_in signed_out teams_changed unlinked",
    "variable": "removed set",
}
KINDS: tuple[str, ...] = tuple(f"{noun}.{verb}" for noun, verbs in _OF_NOUNS.items() for verb in verbs.split())
"""All of them, sorted; a test holds it against what the code notes."""

NOUNS: tuple[str, ...] = tuple(_OF_NOUNS)


@dataclass(frozen=True, slots=True)
class EventGroup:
    """Kinds that a person wants together."""

    name: str
    said: str
    kinds: tuple[str, ...]


def _of(*parts: str) -> tuple[str, ...]:
    """Kinds, and all of a noun where only the noun is given, all of a verb where only that is (``.added``)."""

    def fits(kind: str, part: str) -> bool:
        noun, _, verb = kind.partition(".")
        return kind == part or part in (noun, f".{verb}")

    return tuple(kind for kind in KINDS if any(fits(kind, part) for part in parts))


GROUPS: Mapping[str, EventGroup] = {
    one.name: one
    for one in (
        EventGroup(
            "deployments", "a deployment is asked for, begins, ends or is marked", _of("deployment", "rollback")
        ),
        EventGroup(
            "deployment-failures",
            "a deployment or a runbook failed, came back or was refused",
            _of(
                "deployment.failed",
                "deployment.marked_failed",
                "deployment.refused",
                "deployment.rolled_back",
                "environment.not_running",
                "environment.switched_back",
                "place.not_retired",
                "runbook.failed",
                "runbook.refused",
            ),
        ),
        EventGroup("questions", "a person is asked, and answers", _of("approval", "interruption")),
        EventGroup(
            "releases", "a release is made, or could not be; runs of pipelines", _of("release", "run", "defect")
        ),
        EventGroup(
            "runbooks",
            "a runbook is asked for, begins as scheduled, and ends",
            _of(
                "runbook.asked",
                "runbook.cancelled",
                "runbook.due",
                "runbook.failed",
                "runbook.refused",
                "runbook.run",
            ),
        ),
        EventGroup(
            "targets-critical",
            "a target does not answer, is unhealthy or is gone",
            _of("target.unavailable", "target.unhealthy", "target.removed"),
        ),
        EventGroup("targets-available", "a target is new, or answers again", _of("target.added", "target.available")),
        EventGroup(
            "ends",
            "a certificate or an API key ends soon, or has",
            _of("certificate.expired", "certificate.expiring", "key.expired", "key.expiring"),
        ),
        EventGroup(
            "sign-ins",
            "people sign in and out, build servers get keys for their tokens",
            _of("user.signed_in", "user.signed_out", "user.sign_in_refused", "key.exchanged", "key.exchange_refused"),
        ),
        EventGroup(
            "refusals",
            "an act or a sign-in was refused",
            _of("act.refused", "user.sign_in_refused", "key.exchange_refused"),
        ),
        EventGroup("secrets", "a secret is used, the master key is rotated", _of("secret", "master_key")),
        EventGroup(
            "people", "users, their keys, teams and roles", _of("user", "key", "team", "role", "federated_credential")
        ),
        EventGroup("commands", "a command is run in a place", _of("command")),
        EventGroup(
            "changes",
            "a document is added, changed or removed, whatever it is",
            _of(
                ".added",
                ".arranged",
                ".changed",
                ".cloned",
                ".connected",
                ".excluded",
                ".included",
                ".removed",
                ".set",
                ".tags_changed",
                ".templates_changed",
                ".value_removed",
                ".value_set",
                "freeze.overridden",
                "policy",
                "project.lifecycle",
                "runbook.published",
                "release.variables_updated",
                "step_template.moved",
                "target.trusted",
                "key.revoked",
                "user.linked",
                "user.teams_changed",
                "user.unlinked",
            ),
        ),
    )
}


def groups_of(kind: str) -> list[str]:
    """The names of the groups that it is in."""
    return [name for name, group in GROUPS.items() if kind in group.kinds]


def is_choice(text: str) -> bool:
    """Whether a subscription may ask for this: a kind, all of a noun (``deployment.``), a group, or everything."""
    return text == EVERYTHING or text in GROUPS or text in KINDS or (text[-1:] == "." and text[:-1] in _OF_NOUNS)


def fits(kind: str, choices: Iterable[str]) -> bool:
    """Whether an event of this kind is among the choices."""
    return any(
        one in (EVERYTHING, kind)
        or (one[-1:] == "." and kind.startswith(one))
        or (one in GROUPS and kind in GROUPS[one].kinds)
        for one in choices
    )
