"""Users, keys, sessions, tries to log in; webhooks, idempotency keys, the audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.conftest import BOOKS, Shop

from fairlead.domain.errors import Conflict
from fairlead.domain.event import Event
from fairlead.domain.ids import ActorId
from fairlead.domain.notification import NotificationTarget
from fairlead.domain.permission import RoleName
from fairlead.domain.user import ApiKey, LoginAttempt, Session, User
from fairlead.domain.webhook_delivery import SeenHead, WebhookDelivery
from fairlead.store import events, idempotency, notifications, users, webhook_deliveries

ANN = ActorId("usr-ann")


@pytest.fixture
def ann(shop: Shop) -> User:
    made = User(ANN, "ann", shop.at, role=RoleName.DEPLOYER)
    with shop.database.transaction() as connection:
        users.insert(connection, made)
    return made


def test_users_have_names_of_their_own(shop: Shop, ann: User) -> None:
    with pytest.raises(Conflict) as raised, shop.database.transaction() as connection:
        users.insert(connection, replace(ann, id=ActorId("usr-2")))
    assert raised.value.code == "user.exists"
    with shop.database.transaction() as connection:
        assert users.by_name(connection, "ann") == ann
        assert users.count(connection) == 1
        assert users.page(connection).items == (ann,)


def test_a_key_is_found_by_its_hash_and_revoked_once(shop: Shop, ann: User) -> None:
    key = ApiKey("key-1", ann.id, "ci", "fl_abc", "hash-1", shop.at)
    with shop.database.transaction() as connection:
        users.insert_key(connection, key)
        assert users.key_by_hash(connection, "hash-1") == key
        assert users.key_by_hash(connection, "hash-2") is None
        assert users.keys_of(connection, ann.id) == (key,)
        assert users.revoke_key(connection, key.id, shop.at)
        assert not users.revoke_key(connection, key.id, shop.at)


def test_sessions_end_by_user_and_by_time(shop: Shop, ann: User) -> None:
    with shop.database.transaction() as connection:
        for number in range(3):
            until = shop.at + timedelta(hours=number)
            users.insert_session(connection, Session(f"ses-{number}", ann.id, f"h{number}", "csrf", shop.at, until))
        found = users.session_by_hash(connection, "h2")
        assert found is not None
        assert found.id == "ses-2"
        assert users.end_sessions(connection, expired_at=shop.at) == 1
        assert users.end_sessions(connection) == 0
        assert users.end_sessions(connection, user=ann.id) == 2


def test_failed_tries_are_counted_until_one_succeeds(shop: Shop) -> None:
    def attempt(number: int, *, succeeded: bool = False, user: str = "ann") -> LoginAttempt:
        return LoginAttempt(f"log-{number}", user, "10.0.0.9", shop.at + timedelta(seconds=number), succeeded)

    with shop.database.transaction() as connection:
        for number in range(3):
            users.record_attempt(connection, attempt(number))
        users.record_attempt(connection, attempt(3, user="bob"))
        assert users.failures_since(connection, shop.at, user="ann") == 3
        assert users.failures_since(connection, shop.at + timedelta(seconds=2), user="ann") == 1
        assert users.failures_since(connection, shop.at, address="10.0.0.9") == 4
        users.record_attempt(connection, attempt(4, succeeded=True))
        users.record_attempt(connection, attempt(5))
        assert users.failures_since(connection, shop.at, user="ann") == 1
        assert users.failures_since(connection, shop.at, address="10.0.0.9") == 5
        assert users.forget_attempts(connection, shop.at + timedelta(seconds=5)) == 5


def test_a_delivery_is_accepted_once_for_each_webhook(shop: Shop) -> None:
    delivery = WebhookDelivery("del-1", "hook-1", "guid", shop.at, BOOKS, "push")
    with shop.database.transaction() as connection:
        assert webhook_deliveries.accept(connection, delivery)
        assert not webhook_deliveries.accept(connection, replace(delivery, id="del-2"))
        assert webhook_deliveries.accept(connection, replace(delivery, id="del-3", webhook="hook-2"))
        assert [one.id for one in webhook_deliveries.page(connection, project=BOOKS).items] == ["del-3", "del-1"]


def test_a_head_is_new_once(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        for number, commit in enumerate("abc"):
            head = SeenHead(BOOKS, "main", commit * 40, shop.at + timedelta(seconds=number))
            assert webhook_deliveries.see_head(connection, head)
            assert not webhook_deliveries.see_head(connection, replace(head, run="run-2"))


def test_a_repeat_is_answered_as_the_first_was(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        asked = {"actor": "ann", "key": "k1", "at": shop.at}
        assert idempotency.begin(connection, request="hash", **asked) is None  # type: ignore[arg-type]
        with pytest.raises(Conflict) as early:
            idempotency.begin(connection, request="hash", **asked)  # type: ignore[arg-type]
        assert early.value.code == "idempotency.under_way"
        idempotency.finish(connection, actor="ann", key="k1", status=201, body={"id": "dep-1"})
        answer = idempotency.begin(connection, request="hash", **asked)  # type: ignore[arg-type]
        assert answer == idempotency.Answer(201, {"id": "dep-1"})
        with pytest.raises(Conflict) as raised:
            idempotency.begin(connection, request="other", **asked)  # type: ignore[arg-type]
        assert raised.value.code == "idempotency.mismatch"
        assert idempotency.begin(connection, request="other", actor="bob", key="k1", at=shop.at) is None


def test_the_audit_is_told_the_newest_first_and_by_noun(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        for number, kind in enumerate(("approval.approved", "approval.rejected", "approvals_x", "user.made")):
            event = Event(
                f"evt-{number}", shop.at, "ann", kind, "did it", thing="t", project=BOOKS, facts={"n": number}
            )
            events.insert(connection, event)
    with shop.database.reading() as connection:
        assert [one.kind for one in events.page(connection, *events.fitting(kind="approval.")).items] == [
            "approval.rejected",
            "approval.approved",
        ]
        [one] = events.page(connection, *events.fitting(kind="user.made", project=BOOKS, actor="ann")).items
        assert one.facts == {"n": 3}


def test_targets_of_the_project_and_of_the_installation_are_told(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        for id, project, wanted in (
            ("ntf-1", BOOKS, ("deployment.failed",)),
            ("ntf-2", None, ("*",)),
            ("ntf-3", None, ("approval.waiting",)),
        ):
            target = NotificationTarget(id, "mail", "ops@example.com", shop.at, project, wanted)
            notifications.insert(connection, target)
        found = notifications.wanting(connection, BOOKS, "deployment.failed")
        assert [target.id for target in found] == ["ntf-1", "ntf-2"]
