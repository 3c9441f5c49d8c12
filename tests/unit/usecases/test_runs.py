"""Runs: which heads start one, and that a webhook only ever says *look*."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from tests.unit.usecases.house import ADMIN, SYSTEM, House

from fairlead.domain.errors import Conflict, FairleadError, Invalid, NotAuthenticated, TimedOut
from fairlead.domain.project import DEFAULT_POLL_S
from fairlead.domain.run import RunState
from fairlead.domain.task import TaskState
from fairlead.store import projects as kept_projects
from fairlead.testing.fake_source import FakeSource
from fairlead.usecases import looking, projects, runs
from fairlead.usecases.projects import NewSource

URL = "https://git.test/books.git"
A, B, C = "a" * 40, "b" * 40, "c" * 40


@pytest.fixture
def secret(house: House) -> str:
    """Of the webhook of the project `books`."""
    return projects.add(house.context, ADMIN, "books", source=NewSource(URL)).webhook_secret


def see(house: House, head: str, *, is_asked: bool = False) -> runs.Looked:
    project = projects.get(house.context, ADMIN, "books")
    return runs.saw_head(house.context, SYSTEM, project, head, cause="webhook", is_asked=is_asked)


def hook(house: House, secret: str, body: bytes, **more: str) -> bool:
    project = projects.get(house.context, ADMIN, "books")
    assert project.source is not None
    headers = {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(), **more}
    return runs.received(house.context, project.source.webhook, headers, body) is not None


def push(branch: str = "main") -> bytes:
    return json.dumps({"ref": f"refs/heads/{branch}"}).encode()


def test_a_head_starts_one_run_however_often_it_is_seen(house: House, secret: str) -> None:
    first = see(house, A)
    assert first.run is not None and house.queue.asked == [first.run.task]
    for _ in range(3):
        assert see(house, A).run is None
    house.end(first.run.task, TaskState.FAILED)
    assert see(house, A).run is None
    assert len(runs.page(house.context, ADMIN, "books").items) == 1


def test_going_back_to_an_old_head_starts_nothing_but_a_person_may(house: House, secret: str) -> None:
    for head in (A, B):
        made = see(house, head).run
        assert made is not None
        house.end(made.task, TaskState.FAILED)
    assert "seen before" in see(house, A).reason
    again = runs.start(house.context, ADMIN, "books", A)
    with pytest.raises(Conflict) as raised:
        runs.start(house.context, ADMIN, "books", A)
    assert raised.value.code == "run.under_way"
    assert again.number == 3


def test_a_queued_run_that_is_superseded_is_skipped_and_says_so_and_is_never_taken_up(
    house: House, secret: str
) -> None:
    running, queued, newest = (see(house, head).run for head in (A, B, C))
    assert running and queued and newest
    house.begin(running.task)
    skipped = runs.get(house.context, ADMIN, queued.id)
    assert skipped.state is RunState.SKIPPED and "superseded by the newer head cccc" in skipped.reason
    assert house.task(queued.task).state is TaskState.SKIPPED
    import asyncio

    from fairlead.domain.ids import TaskId

    ended = asyncio.run(house.tasks.outcome(TaskId(str(queued.task))))
    assert ended is not None and ended.state is TaskState.SKIPPED
    assert house.audit("run.skipped")


def test_a_genuine_delivery_says_look_once(house: House, secret: str) -> None:
    assert hook(house, secret, push(), **{"X-GitHub-Delivery": "1"})
    assert not hook(house, secret, push(), **{"X-GitHub-Delivery": "1"})
    assert not hook(house, secret, push("other"), **{"X-GitHub-Delivery": "2"})
    assert hook(house, secret, b"not even json", **{"X-GitHub-Delivery": "3"})
    assert runs.page(house.context, ADMIN, "books").items == ()


def test_a_push_that_nobody_has_looked_at_is_looked_at_though_polling_is_off(house: House) -> None:
    """The server died between its answer and the look, or the repository could not be asked just then."""
    secret = projects.add(house.context, ADMIN, "books", source=NewSource(URL, poll_s=0)).webhook_secret
    project = projects.get(house.context, ADMIN, "books")
    projects.add(house.context, ADMIN, "others", source=NewSource(URL, poll_s=7))

    def waits(after_s: float = DEFAULT_POLL_S + 1) -> dict[str, float]:
        at = house.clock.now() + timedelta(seconds=after_s)
        with house.context.database.reading() as connection:
            return {name: every_s for _, name, every_s in looking.polled(connection, at)}

    assert waits() == {"books": 0, "others": 7}
    hook(house, secret, push("other"), **{"X-GitHub-Delivery": "0"})
    assert waits() == {"books": 0, "others": 7}
    for number, head in enumerate((A, B), start=1):
        house.clock.advance(1)
        hook(house, secret, push(), **{"X-GitHub-Delivery": str(number)})
        assert waits(1) == {"books": 0, "others": 7}, "the webhook itself begins the look"
        assert waits() == {"books": DEFAULT_POLL_S, "others": 7}
        house.clock.advance(1)
        runs.could_not_look(house.context, project, TimedOut("source.unreachable", "no answer"), cause="webhook")
        assert waits() == {"books": DEFAULT_POLL_S, "others": 7}
        see(house, head)
        assert waits() == {"books": 0, "others": 7}


def test_reordered_deliveries_start_nothing_old(house: House, secret: str) -> None:
    newest = see(house, B).run
    assert newest is not None
    assert hook(house, secret, json.dumps({"ref": "refs/heads/main", "after": A}).encode())
    assert see(house, B).run is None
    assert [one.commit for one in runs.page(house.context, ADMIN, "books").items] == [B]


@pytest.mark.parametrize("kind", ["wrong secret", "no signature", "other body", "unknown address", "no such project"])
def test_whatever_is_not_genuine_is_refused_in_the_same_words(house: House, secret: str, kind: str) -> None:
    project = projects.get(house.context, ADMIN, "books")
    assert project.source is not None
    given = "wrong" if kind == "wrong secret" else secret
    signature = "sha256=" + hmac.new(given.encode(), push(), hashlib.sha256).hexdigest()
    headers = {} if kind == "no signature" else {"X-Hub-Signature-256": signature}
    body = b"{}" if kind == "other body" else push()
    at = {"unknown address": "nobody", "no such project": "../books\n"}.get(kind, project.source.webhook)
    with pytest.raises(NotAuthenticated) as raised:
        runs.received(house.context, at, headers, body)
    assert (raised.value.code, raised.value.message, raised.value.hint, raised.value.thing) == (
        "webhook.signature",
        "the webhook's signature is missing or wrong",
        "",
        "",
    )


def test_a_disabled_project_is_not_looked_at(house: House, secret: str) -> None:
    projects.change(house.context, ADMIN, "books", {"is_enabled": False})
    assert not hook(house, secret, push())


@pytest.mark.parametrize("commit", ["", "main", "--upload-pack=x", "a" * 39, "A" * 40, "a" * 40 + "\n"])
def test_a_run_is_of_a_whole_commit_id(house: House, secret: str, commit: str) -> None:
    with pytest.raises(Invalid):
        runs.start(house.context, ADMIN, "books", commit)


def test_a_project_without_a_repository_has_no_runs(house: House) -> None:
    house.add_project("images")
    with pytest.raises(Conflict) as raised:
        runs.start(house.context, ADMIN, "images", A)
    assert raised.value.code == "source.none"


async def test_a_look_at_a_project_without_a_repository_is_no_look_that_failed(house: House) -> None:
    projects.add(house.context, ADMIN, "elsewhere")
    with pytest.raises(Conflict, match="has no repository"):
        await looking.look_by_name(house.context, ADMIN, FakeSource(), "elsewhere")
    assert runs.contact_of(house.context, ADMIN, projects.get(house.context, ADMIN, "elsewhere").id) is None


async def test_looking_asks_the_repository_and_starts_a_run(house: House, secret: str) -> None:
    source = FakeSource()
    head = source.commit(URL, "main", {"fairlead.yml": b"project: books\n"})
    seen = await looking.look_by_name(house.context, ADMIN, source, "books")
    assert seen.run is not None and seen.head == head
    contact = runs.contact_of(house.context, ADMIN, "books")
    assert contact is not None and contact.is_ok and contact.head == head


@pytest.mark.parametrize(("branch", "code"), [("main", "source.branch"), ("", "source.unreachable")])
async def test_what_cannot_be_read_is_kept_for_people_to_see(house: House, secret: str, branch: str, code: str) -> None:
    source = FakeSource()
    if branch:
        source.commit(URL, "other", {})
    with pytest.raises(FairleadError) as raised:
        await looking.look_by_name(house.context, ADMIN, source, "books")
    assert raised.value.code == code
    contact = runs.contact_of(house.context, ADMIN, "books")
    assert contact is not None and not contact.is_ok and contact.reason


async def test_a_repository_that_does_not_answer_is_an_error_of_ours(
    house: House, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(FakeSource):
        async def head(self, *_: object) -> str:
            import asyncio

            await asyncio.Event().wait()
            return ""

    monkeypatch.setattr(looking, "LOOK_TIMEOUT_S", 0.01)
    with pytest.raises(TimedOut) as raised:
        await looking.look_by_name(house.context, ADMIN, Silent(), "books")
    assert raised.value.code == "source.unreachable"
    with house.database.reading() as connection:
        assert kept_projects.by_name(connection, "books").is_enabled
