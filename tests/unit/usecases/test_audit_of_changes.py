"""Every change of a noun is in the audit with what differs, secrets only as changed: by a walk of all that is noted."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from tests.unit.usecases.declaring import applied, exported, furnish
from tests.unit.usecases.house import ADMIN, House

import fairlead.usecases
from fairlead.usecases import library_sets, notifications, registries, targets

ROOM = Path(fairlead.usecases.__file__).parent
ACTS = {
    "access.set_up": "the first administrator comes with the installation",
    "access.reset_administrator": "a password, which is nobody's to see",
    "access.change_password": "a password, which is nobody's to see",
    "access.open_session": "an act",
    "access.sign_out": "an act",
    "access._note_wrong": "a refused act",
    "adoption._write": "what was found is listed in its words",
    "approvals._answer": "an answer; its facts are kept",
    "approvals._expire": "news",
    "archiving._write_next": "news",
    "audit.note_refused": "a refused act",
    "audit.secrets_handed": "a use of secrets; they are named",
    "audit.secrets_used": "a use of secrets; they are named",
    "cloning._cloned": "each part has an event of its own",
    "commands._ask": "an act; its words are kept",
    "declarations._applied": "each change has an event of its own",
    "declarations.take": "each change has an event of its own",
    "deployments.ask": "an act",
    "evaluating._attempt": "news",
    "federated_credentials._note_refused": "a refused act",
    "following._apart": "news",
    "following._after_run": "a release never changes: it is its own record",
    "following._tell": "news",
    "following._runbook_ended": "news",
    "following._retirement_ended": "news",
    "gates.require_override": "an act; its reason is kept",
    "housekeeping.tell_of_ending_certificates": "news",
    "single_sign_on._note_refused": "a refused act",
    "standing.tell_not_running": "news",
    "housekeeping.tell_of_expiring_keys": "news",
    "interruptions._note": "an answer; its facts are kept",
    "kept_slots._tell": "a fact of the task, no event",
    "kept_slots.ask": "an act",
    "places.retire": "an act",
    "pushes._release": "a release never changes: it is its own record",
    "refused_runs._tell": "news",
    "releases._made": "a release never changes: it is its own record",
    "releases.update_variables": "its own recorded act, whose difference the release keeps",
    "restored._cancel_scheduled": "news",
    "restored._hold_one": "news",
    "retention.start": "an act",
    "runbook_runs._asked": "an act",
    "runs._start": "an act",
    "runs._skip": "news",
    "scheduled_runs._note": "an act",
    "scheduling.cancel": "an act",
    "scheduling._begin": "an act",
    "step_template_users.apply": "each process has an event of its own",
    "relaying._note_passed_over": "news",
    "relaying.send_test": "an act; what came of it is in its words",
    "switched_back._note": "news",
    "target_looks._note": "news",
    "tasks.cancel": "an act",
    "tasks._let_go": "an act",
    "tasks.may_resume": "an act",
    "waiting.supersede": "news",
    "waiting.wait": "news",
    "interruptions.opened": "news",
}
"""What is noted without a difference, and why."""


def noted() -> Iterator[tuple[str, bool]]:
    """module.function of each event, and whether it keeps a difference."""
    for file in sorted(ROOM.glob("*.py")):
        for function in ast.parse(file.read_text()).body:
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "note":
                    given = {word.arg for word in call.keywords}
                    yield f"{file.stem}.{function.name}", bool(given & {"before", "after"})


def test_every_event_of_a_change_keeps_the_difference() -> None:
    found = list(noted())
    assert len(found) > 80
    assert sorted(name for name, has_difference in found if not has_difference and name not in ACTS) == []
    assert sorted(set(ACTS) - {name for name, has_difference in found if not has_difference}) == []


def other_words(text: bytes) -> bytes:
    for old, new in {
        b"of the night": b"of the day",
        b"for the night": b"for the day",
        b"the cache": b"the old cache",
        b"slowly": b"quickly",
        b"a feast": b"another feast",
        b"what sells": b"what is sold",
        b"of all": b"for all",
        b"0 3 * * *": b"0 4 * * *",
        b"at night": b"at day",
        b"rm -r cache": b"rm -rf cache",
    }.items():
        text = text.replace(old, new)
    return text


def test_what_is_added_changed_and_removed_is_told_part_by_part_and_no_secret(house: House) -> None:
    furnish(house)
    files = exported(house)
    other = {path: other_words(text) for path, text in files.items()}
    applied(house, other)
    changed = {event.kind: event for event in house.audit() if event.kind.endswith(".changed")}
    for kind, path in {
        "channel.changed": "description",
        "lifecycle.changed": "description",
        "freeze.changed": "reason",
        "group.changed": "description",
        "library_set.changed": "description",
        "trigger.changed": "cron",
        "role.changed": "description",
        "runbook.changed": "runbook.description",
        "team.changed": "description",
    }.items():
        assert path in [one.path for one in changed[kind].difference], (kind, changed[kind].difference)
    assert "process.steps.Delete.actions" in [one.path for one in changed["runbook.changed"].difference]
    targets.remove(house.context, ADMIN, "there")
    registries.remove(house.context, ADMIN, "ghcr.io")
    library_sets.exclude(house.context, ADMIN, "books", "Every Project")
    for one in notifications.all_of(house.context, ADMIN):
        notifications.remove(house.context, ADMIN, one.id)
    applied(house, dict.fromkeys(("freezes.yml", "projects/books/triggers.yml"), b"{}"), prune=True)
    quiet = ("declaration.", "library_set.included", "process.", "environment.arranged")
    for event in (event for event in house.audit() if event.actor == ADMIN.name):
        verb = event.kind.partition(".")[2]
        if verb in ("added", "changed", "removed", "set") and not event.kind.startswith(quiet):
            assert event.difference, (event.kind, event.message)
    with house.database.reading() as connection:
        assert "hidden" not in str(connection.execute(sa.text("select * from events")).all())
    secret = {one.path for event in house.audit() for one in event.difference if one.is_secret}
    assert {"secret", "password", "key"} <= {path.rpartition(".")[2] for path in secret}
