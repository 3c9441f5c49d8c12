"""Subscriptions: who may have one, of what they tell, whose eyes they have, and that they go on where they were."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from tests.databases import ON_BOTH
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.errors import (
    Conflict,
    Failed,
    FairleadError,
    Invalid,
    NotAllowed,
    NotFound,
    Refused,
    Unreachable,
)
from fairlead.domain.subscription import Progress
from fairlead.ports.notifier import Mail, Notice, Webhook
from fairlead.store import secret_versions
from fairlead.store import subscriptions as rows
from fairlead.testing.fake_notifier import FakeNotifier
from fairlead.usecases import (
    access,
    audit,
    environments,
    freezes,
    projects,
    relaying,
    roles,
    subscriptions,
    target_looks,
    targets,
    teams,
    tenants,
    users,
    variables,
)
from fairlead.usecases.subscriptions import Draft
from fairlead.usecases.teams import HeldRole

pytestmark = ON_BOTH

HOOK = "https://hook.test/token-1234"


@pytest.fixture
def receiver() -> FakeNotifier:
    return FakeNotifier()


def tell(house: House, receiver: FakeNotifier) -> int:
    """What a server does every two seconds."""
    return asyncio.run(relaying.tell_due(house.context, receiver))


def told(receiver: FakeNotifier) -> list[dict[str, Any]]:
    """The events that were posted, in order."""
    bodies = [cast("Mapping[str, Any]", one.notice.payload) for one in receiver.delivered]
    return [body["Payload"]["Event"] for body in bodies]


def kinds(receiver: FakeNotifier) -> list[str]:
    return [event["Category"] for event in told(receiver)]


def far(house: House, name: str = "S") -> Progress:
    return subscriptions.get(house.context, ADMIN, name).progress


def later(house: House, **by: float) -> None:
    house.clock.advance(timedelta(**by).total_seconds())


def add(house: House, name: str = "S", actor: Actor = ADMIN, **given: Any) -> subscriptions.SubscriptionView:
    given.setdefault("to", [HOOK])
    return subscriptions.add(house.context, actor, Draft(name, **given))


def somebody(house: House, name: str, *held: HeldRole) -> Actor:
    """A person who may have subscriptions, and view what the roles give."""
    access.add_user(house.context, ADMIN, name, email=f"{name}@example.com", role="none")
    if not any(one.name == "Subscriber" for one in roles.all_of(house.context, ADMIN)):
        roles.add(house.context, ADMIN, "Subscriber", ["subscription.edit"])
    teams.add(house.context, ADMIN, f"{name}'s", members=[name], held=[HeldRole("Subscriber"), *held])
    with house.database.reading() as connection:
        found = access.actor_named(connection, name, via="test")
    assert found is not None
    return found


# Being told


def test_each_event_from_now_on_is_posted_once_in_order(books: House, receiver: FakeNotifier) -> None:
    audit.hear_of_secrets(books.context)
    made = add(books, secret="sign-me")
    environments.add(books.context, ADMIN, "Demo")
    targets.add(books.context, ADMIN, "far", only_in=["Demo"])
    assert tell(books, receiver) == 1
    assert kinds(receiver)[:3] == ["subscription.added", "environment.added", "target.added"]
    tell(books, receiver)
    tell(books, receiver)
    sequences = [event["Sequence"] for event in told(receiver)]
    assert sequences == sorted(set(sequences)), "each once"
    assert kinds(receiver)[3:] == ["secret.used"], "its own use of its secret, once"
    first = receiver.delivered[0]
    assert first.to == Webhook(HOOK, "sign-me") and first.key == f"{made.subscription.id}/{sequences[0]}"
    assert far(books).told == len(sequences) and far(books).position == sequences[-1] and not far(books).error
    assert tell(books, receiver) == 0, "nothing is asked for where there is nothing"


def test_headers_are_posted_with_each_event_and_their_use_is_told_without_their_values(
    books: House, receiver: FakeNotifier
) -> None:
    audit.hear_of_secrets(books.context)
    made = add(books, headers={"X-Key": "planted-1", "Authorization": "Bearer planted-2"})
    assert set(made.subscription.headers) == {"X-Key", "Authorization"}
    tell(books, receiver)
    posted = receiver.delivered[0].to
    assert posted == Webhook(HOOK, "", {"X-Key": "planted-1", "Authorization": "Bearer planted-2"})
    assert "planted" not in repr(posted), "what is logged or raised by mistake shows none"
    asyncio.run(relaying.send_test(books.context, ADMIN, receiver, "S"))
    assert receiver.delivered[-1].to == posted
    subscriptions.change(books.context, ADMIN, "S", Draft(headers={"X-Key": "planted-3", "authorization": ""}))
    tell(books, receiver)
    assert receiver.delivered[-1].to == Webhook(HOOK, "", {"X-Key": "planted-3"})
    used = [event.message for event in books.audit("secret.used")]
    assert len(used) == 2 and all("https://hook.test" in one and "token-1234" not in one for one in used)
    assert any("subscription S: header X-Key" in one for one in used)
    changed = books.audit("subscription.changed")[0]
    assert [(one.path, one.is_secret) for one in changed.difference] == [("headers", True)]
    assert "planted" not in repr(books.audit()) and "with X-Key" in changed.message


def test_what_a_header_holds_is_told_to_no_other_receiver(books: House) -> None:
    add(books, headers={"X-Key": "planted"})
    with pytest.raises(Invalid) as moved:
        subscriptions.change(books.context, ADMIN, "S", Draft(to=["https://evil.test/"]))
    assert moved.value.code == "subscription.header" and "https://hook.test" in moved.value.message
    subscriptions.change(books.context, ADMIN, "S", Draft(to=["https://hook.test/other"]))
    subscriptions.change(books.context, ADMIN, "S", Draft(to=["https://new.test/"], headers={"x-key": "another"}))
    again = subscriptions.get(books.context, ADMIN, "S").subscription
    assert (again.addresses, list(again.headers)) == (("https://new.test/",), ["x-key"])
    with pytest.raises(Invalid) as mailed:
        subscriptions.change(books.context, ADMIN, "S", Draft(to=["ops@example.com"]))
    assert mailed.value.code == "subscription.address"
    subscriptions.change(books.context, ADMIN, "S", Draft(to=["ops@example.com"], headers={"X-Key": ""}))
    assert not subscriptions.get(books.context, ADMIN, "S").subscription.headers


def test_headers_stand_in_the_books_encrypted(books: House) -> None:
    made = add(books, headers={"X-Key": "planted"}).subscription
    with books.database.reading() as connection:
        [(sealed, _)] = secret_versions.sealed(connection, made.headers.values()).values()
        assert b"planted" not in sealed
        assert "planted" not in repr(connection.exec_driver_sql("select * from subscriptions").all())


def test_the_body_is_as_octopus_has_it(books: House, receiver: FakeNotifier) -> None:
    add(books, events=["changes", "variable.set"], projects=["books"], people=["admin"])
    owner = projects.get(books.context, ADMIN, "books")
    variables.put(books.context, ADMIN, "books", "Key", "hidden-planted", is_secret=True)
    variables.put(books.context, ADMIN, "books", "Key", "hidden-again", is_secret=True)
    tell(books, receiver)
    body = cast("dict[str, Any]", receiver.delivered[1].notice.payload)
    assert body["EventType"] == "SubscriptionPayload" and body["Timestamp"]
    payload = body["Payload"]
    assert payload["ServerUri"] == "http://127.0.0.1:8600"
    day = body["Payload"]["Event"]["Occurred"][:10]
    there = f"http://127.0.0.1:8600/events?kind=variable.set&since={day}&until={day}"
    assert payload["ServerAuditUri"] == there
    assert (payload["Subscription"]["Name"], payload["Subscription"]["Type"]) == ("S", "Event")
    assert payload["Subscription"]["EventNotificationSubscription"]["Filter"] == {
        "Users": ["admin"],
        "Projects": [owner.id],
        "Environments": [],
        "Tenants": [],
        "EventGroups": ["changes"],
        "EventCategories": ["variable.set"],
    }
    assert (payload["TotalEventsInBatch"], payload["EventNumberInBatch"]) == (2, 2)
    event = payload["Event"]
    assert (event["Username"], event["Project"]) == ("admin", "books")
    assert {"Path": "value", "Old": None, "New": None, "IsSecret": True}.items() <= max(
        event["ChangeDetails"], key=lambda one: one["IsSecret"]
    ).items() | {("Path", "value")}
    assert "hidden" not in str(receiver.delivered)


def test_only_what_is_asked_for_is_told(books: House, receiver: FakeNotifier) -> None:
    tenants.put(books.context, ADMIN, tenants.Draft("Acme"))
    projects.add(books.context, ADMIN, "site")
    access.add_user(books.context, ADMIN, "ann", role="administrator")
    ann = replace(ADMIN, name="ann")
    add(books, "P", projects=["books"], events=["changes"])
    add(books, "E", environments=["Test"])
    add(books, "T", tenants=["acme"])
    add(books, "W", people=["ann"])
    add(books, "R", events=["refusals", "sign-ins", "freeze."])
    variables.put(books.context, ADMIN, "books", "A", "1")
    variables.put(books.context, ann, "site", "A", "1")
    environments.change(books.context, ADMIN, "Test", description="first")
    tenants.put(books.context, ADMIN, tenants.Draft("Acme", description="a customer"))
    freezes.add(books.context, ADMIN, freezes.Draft("Feast", cron="0 0 1 1 *", lasts_s=60))
    with pytest.raises(FairleadError):
        access.sign_in(books.context, "admin", "wrong", address="127.0.0.1")
    tell(books, receiver)
    found: dict[str, list[str]] = {name: [] for name in "PETWR"}
    for one in receiver.delivered:
        body = cast("Mapping[str, Any]", one.notice.payload)["Payload"]
        found[body["Subscription"]["Name"]].append(body["Event"]["Category"])
    assert found == {
        "P": ["variable.set"],
        "E": ["environment.changed"],
        "T": ["tenant.changed"],
        "W": ["variable.set"],
        "R": ["freeze.added", "user.sign_in_refused"],
    }


def test_news_of_targets_runs_and_questions_are_told(books: House, receiver: FakeNotifier) -> None:
    far_away = targets.add(books.context, ADMIN, "far", only_in=["Test"]).target
    add(books, events=["targets-critical", "targets-available"])
    with books.database.transaction() as connection:
        for reason in ("", "", "it hung up", "it hung up", "unhealthy: the disk is full", ""):
            target_looks.found(books.context, connection, far_away.id, reason, is_available=not reason)
    tell(books, receiver)
    assert kinds(receiver) == ["target.unavailable", "target.available"]
    assert told(receiver)[0]["Message"] == "far does not answer: it hung up"


# Whose eyes


def test_what_the_owner_may_not_view_is_not_told(books: House, receiver: FakeNotifier) -> None:
    projects.add(books.context, ADMIN, "hush")
    ann = somebody(books, "ann", HeldRole("viewer", projects=("books",)))
    add(books, actor=ann)
    variables.put(books.context, ADMIN, "hush", "A", "1")
    variables.put(books.context, ADMIN, "books", "A", "1")
    users.change(books.context, ADMIN, "ann", email="other@example.com")
    tell(books, receiver)
    assert [(event["Category"], event["Project"]) for event in told(receiver)] == [("variable.set", "books")]


def test_a_team_narrows_and_its_members_get_the_mail(books: House, receiver: FakeNotifier) -> None:
    projects.add(books.context, ADMIN, "hush")
    somebody(books, "ann", HeldRole("viewer", projects=("books",)))
    add(books, to=[], team="ann's", schedule="0 * * * *", zone="Europe/Berlin")
    variables.put(books.context, ADMIN, "hush", "Other", "1")
    variables.put(books.context, ADMIN, "books", "Port", "1")
    tell(books, receiver)
    assert not receiver.delivered, "not before its time"
    later(books, hours=1)
    tell(books, receiver)
    (mail,) = receiver.delivered
    assert mail.to == Mail(("ann@example.com",)) and mail.notice.payload is None
    assert "Port" in mail.notice.body and "Other" not in mail.notice.body and "hush" not in mail.notice.body
    teams.remove(books.context, ADMIN, "ann's")
    later(books, hours=1)
    tell(books, receiver)
    assert len(receiver.delivered) == 1 and far(books).error == "nobody is told: its team is gone"


def test_an_owner_who_may_no_more_is_told_no_more(books: House, receiver: FakeNotifier) -> None:
    ann = somebody(books, "ann", HeldRole("viewer"))
    add(books, actor=ann)
    tell(books, receiver)
    before = len(receiver.delivered)
    users.change(books.context, ADMIN, "ann", is_enabled=False)
    tell(books, receiver)
    assert len(receiver.delivered) == before
    assert far(books).error == "nobody is told: its owner ann may have no subscription any more"
    users.change(books.context, ADMIN, "ann", is_enabled=True)
    tell(books, receiver)
    assert kinds(receiver)[before:] == ["user.changed"] and not far(books).error


def test_nobody_gets_other_eyes_than_their_own(books: House) -> None:
    ann = somebody(books, "ann", HeldRole("viewer", projects=("books",)))
    add(books, "Admin's")
    mine = add(books, "Mine", actor=ann)
    assert [one.subscription.name for one in subscriptions.page(books.context, ann).items] == ["Mine"]
    assert len(subscriptions.page(books.context, ADMIN).items) == 2
    for act in (
        lambda: subscriptions.get(books.context, ann, "Admin's"),
        lambda: subscriptions.change(books.context, ann, "Admin's", Draft(to=["https://mine.test/"])),
        lambda: subscriptions.remove(books.context, ann, "Admin's"),
    ):
        with pytest.raises(NotFound) as unknown:
            act()
        assert unknown.value.code == "subscription.unknown"
    for draft in (Draft("Other", to=[HOOK], owner="admin"), Draft("Other", to=[HOOK], owner="nobody")):
        with pytest.raises(NotAllowed) as refused:
            subscriptions.add(books.context, ann, draft)
        assert refused.value.code == "subscription.owner"
    with pytest.raises(NotFound):
        subscriptions.add(books.context, ann, Draft("Team", to=[HOOK], team="Strangers"))
    changed = subscriptions.change(books.context, ADMIN, "Mine", Draft(events=["*"]))
    assert changed.subscription.owner == "ann", "an administrator's change lends it no other eyes"
    assert subscriptions.change(books.context, ADMIN, "Mine", Draft(owner="admin")).subscription.owner == "admin"
    assert mine.subscription.owner == "ann"


# Going on


def test_a_receiver_that_is_away_is_asked_seldom_and_told_all_when_it_is_back(
    books: House, receiver: FakeNotifier
) -> None:
    add(books, events=["variable."])
    for number in range(120):
        variables.put(books.context, ADMIN, "books", "Port", str(number))
    receiver.is_gone = True
    tries = 0

    class Counting(FakeNotifier):
        async def deliver(self, notice: Notice, to: Any, *, key: str) -> None:
            nonlocal tries
            tries += 1
            await receiver.deliver(notice, to, key=key)

    for _ in range(360):
        asyncio.run(relaying.tell_due(books.context, Counting()))
        later(books, seconds=10)
    assert 5 <= tries <= 12, "in an hour"
    assert far(books).tries == tries and "cannot be reached" in far(books).error and not receiver.delivered
    receiver.is_gone = False
    later(books, minutes=10)
    for _ in range(4):
        before = len(receiver.delivered)
        tell(books, receiver)
        assert len(receiver.delivered) - before <= relaying.MOST_OF_A_BATCH
    values = [part["New"] for event in told(receiver) for part in event["ChangeDetails"] if part["Path"] == "value"]
    assert values == [str(number) for number in range(120)], "all, in order, each once"
    assert not far(books).error and far(books).tries == 0


def test_a_restart_in_the_middle_repeats_one_event_at_most(books: House) -> None:
    add(books, events=["variable."])
    for number in range(5):
        variables.put(books.context, ADMIN, "books", "Port", str(number))

    class Dies(FakeNotifier):
        async def deliver(self, notice: Notice, to: Any, *, key: str) -> None:
            await super().deliver(notice, to, key=key)
            if len(self.delivered) == 3:
                raise KeyboardInterrupt

    first, second = Dies(), FakeNotifier()
    with pytest.raises(KeyboardInterrupt):
        tell(books, first)
    tell(books, second)
    assert not second.delivered, "somebody may be at it"
    later(books, minutes=3)
    tell(books, second)
    keys = [one.key for one in first.delivered], [one.key for one in second.delivered]
    assert keys[0][:2] + keys[1] == sorted(set(keys[0] + keys[1]), key=lambda key: int(key.partition("/")[2]))
    assert keys[0][2] == keys[1][0], "with the same id, so that the receiver can drop it"


def test_what_is_refused_again_and_again_is_passed_over_and_said(books: House, receiver: FakeNotifier) -> None:
    add(books, events=["variable."])
    variables.put(books.context, ADMIN, "books", "Port", "1")
    receiver.refuses = True
    for _ in range(relaying.MOST_TRIES):
        tell(books, receiver)
        later(books, minutes=10)
    assert far(books).passed_over == 1
    (said,) = books.audit("subscription.passed_over")
    assert said.message == ("1 event not told by the subscription S: refused 12 times: the receiver said no"), (
        "in the audit, for the trail is what one trusts"
    )
    receiver.refuses = False
    variables.put(books.context, ADMIN, "books", "Port", "2")
    tell(books, receiver)
    assert kinds(receiver) == ["variable.set"] and not far(books).error


def test_one_is_not_told_of_what_it_passed_over_itself(books: House, receiver: FakeNotifier) -> None:
    """Else each event that a receiver refuses would make another for it to refuse, without an end."""
    add(books, people=["fairlead"])
    add(books, "other", to=["https://other.test/"], events=["subscription."])

    class Half(FakeNotifier):
        async def deliver(self, notice: Notice, to: Any, *, key: str) -> None:
            if to.url == HOOK:
                raise Failed("notification.failed", "the receiver said no")
            await super().deliver(notice, to, key=key)

    notifier = Half()
    with books.database.transaction() as connection:
        books.context.note(connection, SYSTEM, "target.unhealthy", "it is not well")
    for _ in range(3 * relaying.MOST_TRIES):
        tell(books, notifier)
        later(books, minutes=10)
    assert len(books.audit("subscription.passed_over")) == far(books).passed_over == 1
    assert "subscription.passed_over" in kinds(notifier), "another is told of it"


async def test_a_receiver_that_hangs_does_not_hold_up_what_comes_later_for_the_others(
    books: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "LOOK_AGAIN_S", 0.01)
    add(books, "slow", to=["https://slow.test/"], events=["variable."])
    add(books, "quick", to=["https://quick.test/"], events=["variable."])
    told = asyncio.Event()

    class Slow(FakeNotifier):
        async def deliver(self, notice: Notice, to: Any, *, key: str) -> None:
            if "slow" in to.url:
                if not told.is_set():
                    variables.put(books.context, ADMIN, "books", "Port", "2")
                await told.wait()
            await super().deliver(notice, to, key=key)
            if [one for one in self.delivered if "quick" in cast("Webhook", one.to).url][1:]:
                told.set()

    notifier = Slow()
    variables.put(books.context, ADMIN, "books", "Port", "1")
    async with asyncio.timeout(10):
        await relaying.tell_due(books.context, notifier)
    places = [cast("Webhook", one.to).url for one in notifier.delivered]
    assert places[:2] == ["https://quick.test/"] * 2 and "https://slow.test/" in places


# Trying one


def trying(house: House, receiver: FakeNotifier, actor: Actor = ADMIN, name: str = "S") -> tuple[str, ...]:
    return asyncio.run(relaying.send_test(house.context, actor, receiver, name))


def test_one_is_tried_with_an_event_that_is_in_no_audit(books: House, receiver: FakeNotifier) -> None:
    add(books, secret="sign-me", events=["deployment."])
    before = far(books)
    assert trying(books, receiver) == ("https://hook.test",)
    (one,) = receiver.delivered
    assert one.to == Webhook(HOOK, "sign-me")
    (event,) = told(receiver)
    assert (event["Category"], event["Username"], event["Sequence"], event["Hash"]) == (
        "subscription.tested",
        "admin",
        0,
        "",
    )
    (said,) = books.audit("subscription.tested")
    assert said.message == "tried the subscription S: https://hook.test took it"
    assert far(books) == before, "it is no further, and no nearer"
    trying(books, receiver)
    assert len({one.key for one in receiver.delivered}) == 2, "each is another, for who drops doubles"


def test_a_test_by_mail_is_a_digest_of_one(books: House, receiver: FakeNotifier) -> None:
    add(books, to=["ops@example.com"], zone="Europe/Berlin", is_enabled=False)
    assert trying(books, receiver) == ("ops@example.com",)
    (one,) = receiver.delivered
    assert isinstance(one.to, Mail) and "a test of the subscription S" in one.notice.body


def test_a_test_that_fails_says_why_and_is_in_the_audit(books: House, receiver: FakeNotifier) -> None:
    add(books)
    receiver.refuses = True
    with pytest.raises(Failed) as raised:
        trying(books, receiver)
    assert "the receiver said no" in raised.value.message and not raised.value.hint
    assert books.audit("subscription.tested")[0].message == (
        "tried the subscription S: https://hook.test did not take it: the receiver said no"
    )
    assert not far(books).error, "what is told in earnest is another matter"

    class Silent(FakeNotifier):
        async def deliver(self, notice: Notice, to: Any, *, key: str) -> None:
            raise TimeoutError

    with pytest.raises(Unreachable) as away:
        trying(books, Silent())
    assert "no answer within 30 s" in away.value.message


def test_what_would_tell_nobody_cannot_be_tried_and_others_are_not_there(books: House, receiver: FakeNotifier) -> None:
    ann = somebody(books, "ann", HeldRole("Project viewer", projects=("books",)))
    add(books)
    with pytest.raises(NotFound):
        trying(books, receiver, ann)
    add(books, "hers", ann)
    trying(books, receiver, ann, "hers")
    users.change(books.context, ADMIN, "ann", is_enabled=False)
    with pytest.raises(Refused) as raised:
        trying(books, receiver, ADMIN, "hers")
    assert "its owner ann may have no subscription any more" in raised.value.message
    stranger = replace(ADMIN, permissions=frozenset())
    with pytest.raises(NotAllowed):
        trying(books, receiver, stranger)


def test_what_waited_for_a_week_is_passed_over_and_counted(books: House, receiver: FakeNotifier) -> None:
    add(books, events=["variable."])
    variables.put(books.context, ADMIN, "books", "Port", "1")
    receiver.is_gone = True
    tell(books, receiver)
    later(books, days=8)
    variables.put(books.context, ADMIN, "books", "Port", "2")
    receiver.is_gone = False
    tell(books, receiver)
    assert len(receiver.delivered) == 1 and far(books).passed_over == 1
    assert books.audit("subscription.passed_over")[0].message.endswith("nobody took them for 7 days")


def test_one_that_is_disabled_tells_nothing_then_and_nothing_of_then_later(
    books: House, receiver: FakeNotifier
) -> None:
    add(books, events=["variable."])
    subscriptions.change(books.context, ADMIN, "S", Draft(is_enabled=False))
    variables.put(books.context, ADMIN, "books", "Port", "1")
    assert tell(books, receiver) == 0
    subscriptions.change(books.context, ADMIN, "S", Draft(is_enabled=True))
    variables.put(books.context, ADMIN, "books", "Port", "2")
    tell(books, receiver)
    values = [part["New"] for event in told(receiver) for part in event["ChangeDetails"] if part["Path"] == "value"]
    assert values == ["2"]


def test_one_that_is_disabled_or_removed_in_the_middle_of_a_batch_ends_there(books: House) -> None:
    acts = {
        "disabled": lambda: subscriptions.change(books.context, ADMIN, "disabled", Draft(is_enabled=False)),
        "removed": lambda: subscriptions.remove(books.context, ADMIN, "removed"),
        "changed": lambda: subscriptions.change(books.context, ADMIN, "changed", Draft(to=["https://other.test/"])),
    }
    for name, act in acts.items():
        add(books, name, events=["environment."])
        for number in range(3):
            environments.add(books.context, ADMIN, f"{name}{number}")

        class Acts(FakeNotifier):
            async def deliver(self, notice: Notice, to: Any, *, key: str) -> None:
                await super().deliver(notice, to, key=key)
                if len(self.delivered) == 1:
                    await asyncio.to_thread(act)  # noqa: B023 - it is called in this turn

        notifier = Acts()
        tell(books, notifier)
        assert len(notifier.delivered) == 1, name
        if name == "changed":
            tell(books, notifier)
            others = [one.to for one in notifier.delivered[1:]]
            assert others and all(to == Webhook("https://other.test/") for to in others)
            subscriptions.remove(books.context, ADMIN, name)


def test_a_change_tries_at_once_what_failed(books: House, receiver: FakeNotifier) -> None:
    add(books, events=["variable."])
    variables.put(books.context, ADMIN, "books", "Port", "1")
    receiver.is_gone = True
    tell(books, receiver)
    receiver.is_gone = False
    tell(books, receiver)
    assert not receiver.delivered
    subscriptions.change(books.context, ADMIN, "S", Draft(to=["https://right.test/"]))
    tell(books, receiver)
    assert receiver.delivered[0].to == Webhook("https://right.test/")


def test_a_filter_whose_thing_is_gone_fits_nothing_and_tells_the_removal(books: House, receiver: FakeNotifier) -> None:
    site = projects.add(books.context, ADMIN, "site").project
    add(books, projects=["site"])
    projects.remove(books.context, ADMIN, "site")
    variables.put(books.context, ADMIN, "books", "Port", "1")
    tell(books, receiver)
    assert kinds(receiver) == ["project.removed"]
    view = subscriptions.get(books.context, ADMIN, "S")
    assert view.projects == (site.id,)
    kept = subscriptions.change(books.context, ADMIN, "S", Draft(projects=[site.id, "books"]))
    assert kept.projects == (site.id, "books"), "what is gone can still be named as it was"


def test_a_digest_is_sent_when_it_is_due_and_only_where_there_is_something(
    books: House, receiver: FakeNotifier
) -> None:
    add(books, to=["ops@example.com", "dev@example.com"], events=["variable."], schedule="0 8 * * *", zone="Asia/Tokyo")
    for number in range(130):
        variables.put(books.context, ADMIN, "books", "Port", str(number))
    for _ in range(24):
        later(books, hours=1)
        tell(books, receiver)
    (mail,) = receiver.delivered
    assert mail.to == Mail(("ops@example.com", "dev@example.com"))
    assert mail.notice.subject == "Fairlead: 130 events for S"
    assert mail.notice.body.count("variable.set") == 100 and "and 30 more" in mail.notice.body
    assert mail.notice.body.startswith("130 events for the subscription S; the first 100, 20"), "its times are theirs"
    assert far(books).told == 130 and far(books).next_at.hour == 23, "8 o'clock in Tokyo"
    receiver.is_gone = True
    variables.put(books.context, ADMIN, "books", "Port", "x")
    for _ in range(24):
        later(books, hours=1)
        tell(books, receiver)
    receiver.is_gone = False
    for _ in range(25):
        later(books, hours=1)
        tell(books, receiver)
    assert [one.notice.subject for one in receiver.delivered][1:] == ["Fairlead: 1 event for S"]


def test_two_servers_do_not_tell_the_same(books: House) -> None:
    add(books, events=["variable."])
    variables.put(books.context, ADMIN, "books", "Port", "1")
    first, second = FakeNotifier(), FakeNotifier()

    async def both() -> None:
        await asyncio.gather(relaying.tell_due(books.context, first), relaying.tell_due(books.context, second))

    asyncio.run(both())
    assert len(first.delivered) + len(second.delivered) == 1


def test_one_that_cannot_be_told_does_not_hold_up_the_others(books: House) -> None:
    add(books, "bad", to=["https://bad.test/"], events=["variable."])
    add(books, "good", to=["https://good.test/"], events=["variable."])
    variables.put(books.context, ADMIN, "books", "Port", "1")

    class Half(FakeNotifier):
        async def deliver(self, notice: Notice, to: Any, *, key: str) -> None:
            if "bad" in to.url:
                raise TimeoutError
            await super().deliver(notice, to, key=key)

    notifier = Half()
    tell(books, notifier)
    assert len(notifier.delivered) == 1
    assert far(books, "bad").error == "no answer within 30 s" and not far(books, "good").error


# Saying it wrong


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": ""}, "input.name"),
        ({"name": "x" * 101}, "input.name"),
        ({"events": ["deployment"]}, "subscription.event"),
        ({"events": ["nothing.at_all"]}, "subscription.event"),
        ({"to": []}, "subscription.address"),
        ({"to": ["nowhere"]}, "subscription.address"),
        ({"to": ["ftp://x.test/"]}, "subscription.address"),
        ({"to": ["https://"]}, "subscription.address"),
        ({"to": ["https://x.test:99999/"]}, "subscription.address"),
        ({"to": ["https://user:word@x.test/"]}, "subscription.address"),
        ({"to": ["https://x.test/ y"]}, "subscription.address"),
        ({"to": ["https://x.test/", "ops@example.com"]}, "subscription.address"),
        ({"to": ["https://x.test/", "https://y.test/"]}, "subscription.address"),
        ({"to": ["ops@example.com\r\nBcc: x@y.test"]}, "subscription.address"),
        ({"to": ["ops@example.com"] + [f"a{n}@example.com" for n in range(20)]}, "subscription.address"),
        ({"to": ["ops@example.com"], "secret": "x"}, "subscription.address"),
        ({"to": ["ops@example.com"], "headers": {"X-Key": "x"}}, "subscription.address"),
        ({"headers": {"Content-Length": "1"}}, "subscription.header"),
        ({"headers": {"X-Key": "a\r\nX-Other: b"}}, "subscription.header"),
        ({"headers": {"X-Key": None}}, "subscription.header"),
        ({"headers": {"X-Key": ""}}, "subscription.header"),
        ({"schedule": "now and then"}, "schedule.cron"),
        ({"zone": "Mars/Olympus"}, "schedule.zone"),
        ({"projects": ["none"]}, "project.unknown"),
        ({"environments": ["none"]}, "environment.unknown"),
        ({"tenants": ["none"]}, "tenant.unknown"),
        ({"people": ["none"]}, "user.unknown"),
        ({"team": "none"}, "team.unknown"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_changed(house: House, given: dict[str, Any], code: str) -> None:
    before = house.rows()
    with pytest.raises((Invalid, NotFound)) as error:
        add(house, **given)
    assert error.value.code == code and error.value.message
    add(house, "Good")
    with pytest.raises((Invalid, NotFound)) as error:
        subscriptions.change(house.context, ADMIN, "Good", Draft(**given))
    assert error.value.code == code
    assert house.rows()["subscriptions"] == before["subscriptions"] + 1


def test_names_are_unique_and_edits_are_not_lost(house: House) -> None:
    made = add(house)
    with pytest.raises(Conflict) as taken:
        add(house)
    assert taken.value.code == "subscription.exists"
    subscriptions.change(house.context, ADMIN, "S", Draft("T", people=["fairlead", "admin"]), revision=1)
    with pytest.raises(Conflict) as stale:
        subscriptions.change(house.context, ADMIN, "T", Draft("U"), revision=1)
    assert stale.value.code == "edit.conflict"
    subscriptions.remove(house.context, ADMIN, made.subscription.id)
    assert subscriptions.page(house.context, ADMIN).items == ()
    with house.database.reading() as connection:
        assert rows.progress_of(connection, [made.subscription.id]) == {}


def test_the_audit_has_no_token_of_an_address(house: House) -> None:
    add(house)
    subscriptions.change(house.context, ADMIN, "S", Draft(to=[f"{HOOK}5"]))
    subscriptions.remove(house.context, ADMIN, "S")
    (said,) = house.audit("subscription.added")
    assert said.message == "subscribed S: * to https://hook.test"
    (changed,) = house.audit("subscription.changed")
    assert [one.path for one in changed.difference] == ["addresses"], "that it is another is told"
    assert "token-1234" not in repr(house.audit())
