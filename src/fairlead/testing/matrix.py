"""The whole matrix on the fakes: every strategy × every effect × everything that can go wrong there, and seeds beyond.

    python -m fairlead.testing.matrix                       all of it
    python -m fairlead.testing.matrix --strategy worker     one strategy
    python -m fairlead.testing.matrix --point 'worker die:before:do:start:worker:1'
    python -m fairlead.testing.matrix --point 'worker seed:17'

A point is one strategy and what goes wrong in it. Each must end exactly old or exactly new (law 2); a red one is
printed with the command that plays it again.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fairlead.domain.plan import Plan, all_effects, effects_of
from fairlead.testing.dice import Dice
from fairlead.testing.mischief import Deed, Mischief, Moment, Verb, every_moment
from fairlead.testing.scenarios import STRATEGIES, Scenario, last_forward, prepare

SEEDS = 12
"""Combinations of several mischiefs for each strategy, beside each single one."""

OFTEN = 99
"""More often than any effect is tried."""

HARMLESS: frozenset[Deed] = frozenset({"die", "twice", "freeze"})
"""What nobody asked to end old: the death of a server is no failure."""

FORWARD: tuple[tuple[Deed, tuple[Moment, ...], int], ...] = (
    ("die", tuple(Moment), 1),
    ("freeze", tuple(Moment), 1),
    ("twice", (Moment.AFTER,), 1),
    ("late", (Moment.DURING, Moment.AFTER), 1),
    ("no", (Moment.AFTER,), 1),
    ("fail", (Moment.DURING,), OFTEN),
    ("cancel", (Moment.DURING,), 1),
)
BACK: tuple[tuple[Deed, tuple[Moment, ...], int], ...] = (
    ("die", tuple(Moment), 1),
    ("freeze", (Moment.DURING,), 1),
    ("twice", (Moment.AFTER,), 1),
    ("late", (Moment.AFTER,), 1),
    ("fail", (Moment.DURING,), 2),
)


@dataclass(frozen=True, slots=True)
class Point:
    """What is tried: its text is enough to try it again."""

    strategy: str
    mischiefs: tuple[Mischief, ...]
    seed: int | None = None

    def __str__(self) -> str:
        what = f"seed:{self.seed}" if self.seed is not None else "+".join(one.to_text() for one in self.mischiefs)
        return f"{self.strategy} {what}"

    @property
    def command(self) -> str:
        """Plays it again."""
        return f"python -m fairlead.testing.matrix --point '{self}'"


@dataclass(frozen=True, slots=True)
class Tried:
    """How one point ended: exactly ``new``, exactly ``old``, or otherwise, and then why not."""

    point: Point
    end: str
    wrong: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it is as law 2 says."""
        return not self.wrong


def points_of(strategy: str, plan: Plan, *, seeds: Iterable[int] = range(SEEDS)) -> Iterator[Point]:
    """Every point of one strategy, in a fixed order."""
    for deed, moments, times in FORWARD:
        for one in every_moment(plan, deed, moments=moments):
            yield Point(strategy, (_times(one, times),))
    last = Mischief("no", last_forward(plan), Verb.DO, Moment.AFTER)
    for deed, moments, times in BACK:
        for one in every_moment(plan, deed, verbs=(Verb.UNDO,), moments=moments):
            yield Point(strategy, (last, _times(one, times)))
    for seed in seeds:
        yield by_seed(strategy, plan, seed)


def by_seed(strategy: str, plan: Plan, seed: int) -> Point:
    """Several things that go wrong in one deployment; the same seed gives the same ones."""
    dice = Dice(f"{strategy} {seed}")
    keys = [effect.key for effect in all_effects(plan)]
    back = [effect.key for effect in effects_of(plan.forward) if effect.is_undone]
    chosen: list[Mischief] = []
    for _ in range(dice.between(2, 5)):
        verb = dice.choice((Verb.DO, Verb.DO, Verb.UNDO, Verb.LOOK))
        deeds: Sequence[Deed] = ("die", "die", "late", "fail", "unreachable", "cancel", "twice", "freeze", "no")
        deed = dice.choice(deeds[:-1] if verb is not Verb.DO else deeds)
        moment = Moment.AFTER if deed == "twice" else dice.choice(tuple(Moment))
        chosen.append(
            Mischief(deed, dice.choice(back if verb is Verb.UNDO else keys), verb, moment, dice.between(1, 2))
        )
    return Point(strategy, tuple(chosen), seed)


def _times(mischief: Mischief, times: int) -> Mischief:
    return Mischief(mischief.deed, mischief.key, mischief.verb, mischief.moment, times)


async def try_point(scenario: Scenario, point: Point) -> Tried:
    """Plays it, and looks."""
    try:
        deployed, world = await scenario.play(*point.mischiefs)
    except (AssertionError, TimeoutError) as error:
        return Tried(point, "otherwise", (str(error) or "it comes to no end in time",))
    end, wrong = scenario.contradictions(deployed, world, point.mischiefs)
    if deployed.stage.disk.broken:
        wrong.append(f"the run broke: {deployed.stage.disk.broken}")
    if end == "old" and all(one.deed in HARMLESS for one in point.mischiefs):
        wrong.append(f"nothing failed, and still it ended {deployed.state}: {deployed.end.reason}")
    if point.seed is None and len(point.mischiefs) > 1 and end == "new":
        wrong.append("its last effect failed, and still it went live")
    return Tried(point, end if not wrong else "otherwise", tuple(wrong))


async def sweep(names: Sequence[str], *, only: str = "", seeds: Iterable[int] = range(SEEDS)) -> list[Tried]:
    """All points of these strategies, or the one that is written `only`."""
    tried: list[Tried] = []
    for strategy in STRATEGIES:
        if strategy.name not in names:
            continue
        scenario = await prepare(strategy)
        for point in _chosen(scenario, only, seeds):
            tried.append(await try_point(scenario, point))
    return tried


def _chosen(scenario: Scenario, only: str, seeds: Iterable[int]) -> Iterator[Point]:
    name = scenario.strategy.name
    if not only:
        yield from points_of(name, scenario.plan, seeds=seeds)
    elif only.startswith("seed:"):
        yield by_seed(name, scenario.plan, int(only.removeprefix("seed:")))
    else:
        found = [point for point in points_of(name, scenario.plan, seeds=()) if str(point) == f"{name} {only}"]
        yield from found or [Point(name, tuple(Mischief.from_text(part) for part in only.split("+")))]


def told(tried: Sequence[Tried]) -> str:
    """How many, how they ended, and each red one with its command."""
    ends = Counter(one.end for one in tried)
    counted = f"{ends['new']} exactly new, {ends['old']} exactly old, {ends['otherwise']} otherwise"
    lines = [f"{len(tried)} points tried: {counted}"]
    for one in tried:
        if not one.holds:
            lines += [
                f"\nRED {one.point}",
                *(f"    {wrong}" for wrong in one.wrong[:5]),
                f"    again: {one.point.command}",
            ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 where every point held."""
    parser = argparse.ArgumentParser(
        prog="python -m fairlead.testing.matrix", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--strategy", choices=[one.name for one in STRATEGIES], action="append")
    parser.add_argument("--point", default="", help="a point, as it is printed: STRATEGY MISCHIEF[+MISCHIEF…]")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="combinations for each strategy")
    chosen = parser.parse_args(arguments)
    strategy, _, only = chosen.point.partition(" ")
    names = [strategy] if strategy else chosen.strategy or [one.name for one in STRATEGIES]
    tried = asyncio.run(sweep(names, only=only, seeds=range(chosen.seeds)))
    sys.stdout.write(told(tried) + "\n")
    return 0 if tried and all(one.holds for one in tried) else 1


if __name__ == "__main__":
    raise SystemExit(main())
