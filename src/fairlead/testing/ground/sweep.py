"""The sweep on the real engine and proxy: point after point, with progress, results that are kept, and a table.

    python -m fairlead.testing.ground.sweep                                  every point (hours)
    python -m fairlead.testing.ground.sweep --extent quick                   what every change is tried with
    python -m fairlead.testing.ground.sweep --results F --shard 1/4 --seed 7 a quarter, in an order of its own
    python -m fairlead.testing.ground.sweep --point 'worker die:during:do:stop:worker'

With --results each point is written as it ends; those that held are not tried again. A red point is printed with the
command that plays it again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from fairlead.domain.errors import FairleadError, Unreachable
from fairlead.testing.dice import Dice
from fairlead.testing.ground.outside import Engine, EngineError
from fairlead.testing.ground.projects import STRATEGIES, Strategy
from fairlead.testing.ground.server import ThrowAway
from fairlead.testing.ground.table import counted, table
from fairlead.testing.ground.trial import Bed, Tried
from fairlead.testing.matrix import Point
from fairlead.testing.mischief import Mischief, Moment, Verb

COMBINED = 6
"""Combinations of several mischiefs for each strategy and seed."""

Tell = Callable[[str], None]
Extent = Literal["quick", "usual", "all"]
"""quick: what every change is tried with. usual: a kill at each effect and each undo of every strategy, and everything
else that can go wrong once for each strategy. all: everything at each effect, and combinations."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which points are tried, and in which order."""

    strategies: Sequence[Strategy] = STRATEGIES
    extent: Extent = "all"
    point: str = ""
    shard: tuple[int, int] = (1, 1)
    seed: int = 0

    def of(self, bed: Bed) -> list[Point]:
        """The bed's points that are chosen."""
        if self.point:
            return [bed.point_of(self.point)]
        if self.extent == "quick":
            return list(quick(bed))
        if self.extent == "usual":
            return list(usual(bed))
        first = self.seed * COMBINED
        points = bed.points(seeds=range(first, first + COMBINED))
        mine = [point for point in points if self._is_mine(bed.text_of(point))]
        return Dice(str(self.seed)).shuffled(mine) if self.seed else mine

    def _is_mine(self, text: str) -> bool:
        number, count = self.shard
        digest = hashlib.sha256(f"{self.seed} {text}".encode()).digest()
        return int.from_bytes(digest[:4], "big") % count == number - 1


@dataclass(slots=True)
class Results:
    """What was tried, in a file where one is given: a line for each point."""

    file: Path | None = None
    tried: list[Tried] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every point that was tried held."""
        return all(one.holds for one in self.tried)

    def to_json(self, **more: str) -> dict[str, Any]:
        """The sums, and every point."""
        ends = {end: sum(1 for one in self.tried if one.end == end) for end in ("new", "old", "otherwise")}
        points = [one.to_json() for one in self.tried]
        return {**more, "tried": len(self.tried), **ends, "holds": self.holds, "points": points}

    def known(self) -> set[str]:
        """The points that were tried before and held."""
        if self.file is None or not self.file.exists():
            return set()
        lines = [json.loads(line) for line in self.file.read_text().splitlines() if line.strip()]
        return {str(line["point"]) for line in lines if line["holds"]}

    def keep(self, one: Tried) -> None:
        """It was tried."""
        self.tried.append(one)
        if self.file is not None:
            with self.file.open("a") as lines:
                lines.write(json.dumps(one.to_json(), ensure_ascii=False) + "\n")


def quick(bed: Bed) -> Iterator[Point]:
    """Blue-green: a kill during each effect, and each undo killed once; every other strategy: one kill."""
    name = bed.strategy.name
    if name != "blue-green":
        yield Point(name, (Mischief("die", bed.strategy.kill_at, Verb.DO, Moment.DURING),))
        return
    for point in bed.points():
        struck = point.mischiefs[-1]
        if (struck.deed, struck.moment) == ("die", Moment.DURING):
            yield point


def usual(bed: Bed) -> Iterator[Point]:
    """A kill during each effect and each undo; everything else that can go wrong once, in the middle of the plan."""
    others: dict[tuple[str, str, str], list[Point]] = {}
    for point in bed.points():
        struck = point.mischiefs[-1]
        if (struck.deed, struck.moment) == ("die", Moment.DURING):
            yield point
        else:
            others.setdefault((struck.deed, struck.moment, struck.verb), []).append(point)
    for points in others.values():
        yield points[len(points) // 2]


def sweep(engine: Engine, choice: Choice, results: Results, tell: Tell, *, image: str = "", place: Path | None) -> None:
    """Tries every chosen point on a throw-away server of its own; FairleadError where there can be none."""
    try:
        engine.get("/version")
    except (OSError, EngineError) as error:
        raise Unreachable(
            "engine.unreachable",
            f"the container engine at {engine.path} does not answer: {error}",
            thing=engine.path,
            hint="start it, or name its socket in FAIRLEAD_DOCKER_SOCKET",
        ) from error
    known = results.known()
    server = ThrowAway(engine, place=place)
    try:
        server.order({})
        server.start()
        pushed = server.push(image)
        for strategy in choice.strategies:
            bed = Bed(server, strategy, pushed)
            bed.prepare()
            _try_all(bed, choice, known, results, tell)
    finally:
        server.close()


def _try_all(bed: Bed, choice: Choice, known: set[str], results: Results, tell: Tell) -> None:
    points = [bed.text_of(point) for point in choice.of(bed)]
    left = [text for text in points if text not in known]
    if len(left) < len(points):
        tell(f"{bed.strategy.name}: {len(points) - len(left)} of {len(points)} points held before")
    for number, text in enumerate(left, 1):
        one = bed.try_point(bed.point_of(text))
        results.keep(one)
        said = f"exactly {one.end}" if one.holds else "RED"
        tell(f"{bed.strategy.name} {number}/{len(left)}: {said} after {one.seconds:.1f} s: {one.point}")
        if not one.holds:
            for line in (*one.wrong[:8], f"again: {command_of(one)}"):
                tell(f"    {line}")
            bed.prepare()  # a project of its own: what is left of a red point must not make the next one red


def command_of(one: Tried) -> str:
    """Plays the point again."""
    return f"python -m fairlead.testing.ground.sweep --point '{one.point}'"


def told(results: Results) -> str:
    """The table, the sum, and every red point with its command."""
    red = [f"RED {one.point}\n    again: {command_of(one)}" for one in results.tried if not one.holds]
    return "\n".join([table(results.tried), "", counted(results.tried), *red])


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 where points were tried, or had been, and every one held."""
    parser = argparse.ArgumentParser(prog="python -m fairlead.testing.ground.sweep")
    parser.add_argument("--strategy", choices=[one.name for one in STRATEGIES], action="append")
    parser.add_argument("--extent", choices=get_args(Extent), default="all", help="how much is tried")
    parser.add_argument("--point", default="", help="one point, as it is printed")
    parser.add_argument("--shard", default="1/1", help="the first of four parts: 1/4")
    parser.add_argument("--seed", type=int, default=0, help="another order, other parts, other combinations")
    parser.add_argument("--results", type=Path, help="a file, a line for each point; what held is not tried again")
    chosen = parser.parse_args(arguments)
    name = chosen.point.partition(" ")[0]
    names = [name] if name else chosen.strategy or [one.name for one in STRATEGIES]
    number, _, count = chosen.shard.partition("/")
    strategies = [one for one in STRATEGIES if one.name in names]
    choice = Choice(strategies, chosen.extent, chosen.point, (int(number), int(count or 1)), chosen.seed)
    engine = Engine(os.environ.get("FAIRLEAD_DOCKER_SOCKET", "/var/run/docker.sock"))
    results = Results(chosen.results)
    try:
        sweep(engine, choice, results, _say, place=None)
    except FairleadError as error:
        _say(f"error: {error.message} ({error.code})\n  → {error.hint}")
        return error.exit_code
    sys.stdout.write(told(results) + "\n")
    return 0 if results.holds and (results.tried or results.known()) else 1


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
