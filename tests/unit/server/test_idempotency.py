"""Repeats that come while the first still runs, and requests that are cut: neither is done twice, or by half."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from tests.unit.server.house import House

from fairlead.domain.actor import SYSTEM
from fairlead.server.idempotency import Idempotency
from fairlead.testing.fake_clock import FakeClock
from fairlead.usecases.context import Context

BODY = b'{"name": "Demo"}'


class Answers:
    """What was answered: the status, the headers and the JSON."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message.get("body", b"")

    def json(self) -> Any:
        return json.loads(self.body)


def arriving(*messages: Message) -> Receive:
    """What the client sends; after that nothing until it goes."""
    left = list(messages)

    async def receive() -> Message:
        return left.pop(0) if left else {"type": "http.disconnect"}

    return receive


def part(body: bytes, *, is_last: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": not is_last}


async def ask(asked: Idempotency, messages: Sequence[Message] = (part(BODY),)) -> Answers:
    headers = [(b"idempotency-key", b"once"), (b"authorization", b"Bearer x")]
    scope: Scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": headers}
    told = Answers()
    await asked(scope, arriving(*messages), told.send)
    return told


class Slow:
    """An application that answers when it is let go on."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.after: list[str] = []
        self.began, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.bodies.append((await receive())["body"])
        self.began.set()
        await self.may_go_on.wait()
        self.after.append((await receive())["type"])
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b'{"id": "1"}'})


async def test_an_equal_repeat_is_told_to_wait_while_the_first_still_runs(house: House) -> None:
    slow = Slow()
    asked = Idempotency(slow, context=house.context)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(ask(asked))
        await slow.began.wait()
        early = await ask(asked)
        other = await ask(asked, [part(b"{}")])
        slow.may_go_on.set()
    late = await ask(asked)
    assert (early.status, early.json()["code"]) == (409, "idempotency.under_way")
    assert "wait" in early.json()["hint"] and early.headers[b"retry-after"] == b"1"
    assert (other.status, other.json()["code"]) == (409, "idempotency.mismatch")
    assert b"retry-after" not in other.headers, "waiting would not help"
    assert [one.json() for one in (first.result(), late)] == [{"id": "1"}] * 2
    assert slow.bodies == [BODY]


async def test_a_request_that_is_cut_is_not_done_with_half_of_its_body(house: House) -> None:
    slow = Slow()
    slow.may_go_on.set()
    asked = Idempotency(slow, context=house.context)
    cut = await ask(asked, [part(b'{"name"', is_last=False), {"type": "http.disconnect"}])
    assert (cut.status, cut.json()["code"], slow.bodies) == (400, "input.invalid", [])
    whole = await ask(asked, [part(BODY[:7], is_last=False), part(BODY[7:])])
    assert (whole.status, slow.bodies) == (201, [BODY]), "what was cut has not taken the key"


async def test_who_waits_for_the_client_to_go_is_told_when_it_goes(house: House) -> None:
    slow = Slow()
    slow.may_go_on.set()
    await ask(Idempotency(slow, context=house.context))
    assert slow.after == ["http.disconnect"]


def later(house: House) -> Context:
    """When nobody can be working on the first request any more."""
    clock = FakeClock()
    clock.advance((house.context.clock.now() - clock.now()).total_seconds() + 301)
    return replace(house.context, clock=clock)


class Dies(Idempotency):
    """Its server is killed before the answer is kept."""

    async def _finish(self, who: str, key: str, status: int, answered: bytes) -> None: ...


class Noting:
    """An application that does something, as all do: with a line in the audit, in one transaction."""

    def __init__(self, house: House) -> None:
        self.house, self.done, self.waits = house, 0, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = self.house.context
        await context.database.write(lambda connection: context.note(connection, SYSTEM, "made", "made it"))
        self.done += 1
        if self.waits:
            await asyncio.Event().wait()
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


async def test_what_was_done_before_the_server_died_is_not_done_again(house: House) -> None:
    noting = Noting(house)
    await ask(Dies(noting, context=house.context))
    early = await ask(Idempotency(noting, context=house.context))
    assert early.json()["code"] == "idempotency.under_way"
    late = await ask(Idempotency(noting, context=later(house)))
    assert (late.status, late.json()["code"], noting.done) == (409, "idempotency.answer_lost", 1)
    assert "look" in late.json()["hint"]


async def test_what_was_not_done_before_the_server_died_is_done(house: House) -> None:
    slow = Slow()
    slow.may_go_on.set()
    await ask(Dies(slow, context=house.context))
    late = await ask(Idempotency(slow, context=later(house)))
    assert (late.status, len(slow.bodies)) == (201, 2)


async def test_what_the_end_of_the_server_cut_off_is_not_done_again_either(house: House) -> None:
    """What it did may be kept all the same: in a thread, which nothing cuts off."""
    noting = Noting(house)
    noting.waits = True
    asking = asyncio.ensure_future(ask(Idempotency(noting, context=house.context)))
    async with asyncio.timeout(10):
        while not noting.done:
            await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    noting.waits = False
    late = await ask(Idempotency(noting, context=later(house)))
    assert (late.json()["code"], noting.done) == ("idempotency.answer_lost", 1)
