"""Following what is live: over a switch and a restart, to its end, and without leaving anything behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from tests.unit.server.house import House

from fairlead.domain.errors import NotAllowed, Unreachable
from fairlead.ports.container_engine import Container, OutputLine
from fairlead.server import live_output
from fairlead.server.api.tasks import stream
from fairlead.server.live_output import LiveOutput


class Engine:
    """What each container writes in its life, in order; `lives` counts how often it was read."""

    def __init__(self, **written: list[list[str]]) -> None:
        self.written, self.lives, self.is_endless = written, dict.fromkeys(written, 0), False

    async def output(self, name: str, *, follow: bool, tail: int, since: str) -> AsyncIterator[OutputLine]:
        self.lives[name] += 1
        so_far = [line for life in self.written[name][: self.lives[name]] for line in life]
        for at, text in enumerate(so_far):
            yield OutputLine(text, "stdout", f"2026-03-02T09:00:{at:02}Z")
        while self.is_endless:
            yield OutputLine("more", "stdout", "2026-03-02T09:01:00Z")
            await asyncio.sleep(0)


def container(name: str) -> Container:
    return Container(f"id-{name}", name, "running", labels={}, image_id="x", addresses={})


def live(house: House, engine: Engine, answers: list[Sequence[str] | Exception]) -> LiveOutput:
    house.life.server.container_engine = engine  # type: ignore[assignment]

    async def find() -> list[Container]:
        now = answers.pop(0)
        if isinstance(now, Exception):
            raise now
        return [container(name) for name in now]

    return LiveOutput(house.life.server, find)


async def told(output: LiveOutput, *names: str, follow: bool = True) -> list[tuple[str, str]]:
    events = output.lines([container(name) for name in names], tail=5, follow=follow)
    lines: list[dict[str, Any]] = [json.loads(event.removeprefix("data: ")) async for event in events]
    return [(line["instance"], line["text"]) for line in lines]


GONE = NotAllowed("permission.denied", "not any more")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_output, "SEEK_S", 0.01)


async def test_the_instances_that_take_their_place_are_followed_too(house: House) -> None:
    engine = Engine(blue=[["a", "b"]], green=[["c"]])
    output = live(house, engine, [["blue"], Unreachable("engine.unreachable", "away"), ["green"], ["green"], GONE])
    assert await told(output, "blue") == [("blue", "a"), ("blue", "b"), ("green", "c")]


async def test_an_instance_that_was_restarted_is_told_once(house: House) -> None:
    engine = Engine(blue=[["a"], ["b"], ["c"]])
    output = live(house, engine, [["blue"], ["blue"], GONE])
    assert await told(output, "blue") == [("blue", "a"), ("blue", "b"), ("blue", "c")]


async def test_without_following_it_ends_with_what_there_is(house: House) -> None:
    assert await told(live(house, Engine(blue=[["a"]]), []), "blue", follow=False) == [("blue", "a")]


@pytest.mark.parametrize("taken", [2, 5])  # the first part is sent before anything is read
async def test_who_goes_away_from_a_chatty_service_leaves_nothing_behind(house: House, taken: int) -> None:
    engine = Engine(blue=[["a"]])
    engine.is_endless = True
    output = live(house, engine, [["blue"]] * 1_000_000)
    answer = stream(output.lines([container("blue")], tail=5, follow=True))
    before = asyncio.all_tasks()
    parts = answer.body_iterator
    assert len([await anext(parts) for _ in range(taken)]) == taken
    await asyncio.sleep(0.3)  # both queues are full by now
    assert asyncio.all_tasks() > before, "what writes to the queues is under way"
    await parts.aclose()  # type: ignore[union-attr]
    for _ in range(500):
        if asyncio.all_tasks() == before:
            break
        await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == before
