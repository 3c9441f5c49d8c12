"""One point on the real engine: a deployment is begun, struck, and looked at from outside once it has ended."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fairlead.domain.errors import FairleadError
from fairlead.domain.plan import Plan, all_effects
from fairlead.domain.record import from_data
from fairlead.testing.ground.outside import State, capture
from fairlead.testing.ground.projects import Strategy, images_of
from fairlead.testing.ground.server import ThrowAway
from fairlead.testing.ground.verdict import live_of, unlike_new, unlike_old
from fairlead.testing.matrix import HARMLESS, Point, by_seed, points_of
from fairlead.testing.mischief import Mischief, Verb

END_BOUND_S = 180.0
STATE = "SELECT state FROM deployments"
ALREADY_SO = ("acquire:", "network:environment", "volume:", "accessory:")
"""What an earlier deployment made: looking finds it, so nothing is done that could be struck."""

TIMES = 3
"""How often an effect fails in a row: as often as one before the commit point is tried."""

ENVIRONMENT = "Test"


@dataclass(frozen=True, slots=True)
class Tried:
    """How one point ended: ``new``, ``old``, or ``otherwise`` and then why; a point that never struck is no proof."""

    point: str
    end: str
    outcome: str = ""
    deaths: int = 0
    seconds: float = 0.0
    wrong: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it is as law 2 says."""
        return not self.wrong

    def to_json(self) -> dict[str, Any]:
        """One line of the results."""
        return {**asdict(self), "holds": self.holds}


@dataclass(slots=True)
class Bed:
    """One strategy's project on the throw-away server, deployed and ready to be deployed once more."""

    server: ThrowAway
    strategy: Strategy
    image: str
    project: str = ""
    number: int = 0
    projects: int = 0
    deaths: int = 0
    plan: Plan = field(default_factory=lambda: Plan("other", ""))
    """Of the deployment that is begun next, as one of the same shape had it."""
    plan_after: Plan | None = None
    """Where old and new change places with each deployment and each stays what it is: that of the one after next."""

    def prepare(self) -> None:
        """What stands before is deployed, and the plan is known: an undisturbed deployment more than that."""
        self.server.order({})
        self.projects += 1
        self.project = f"{self.server.prefix}-{self.strategy.name}-{self.projects}"
        self.server.api("POST", "/projects", {"name": self.project})
        for _ in range(self.strategy.deployments_before):
            self._must_be_live(self.released())
        self.plan = self._undisturbed()
        self.plan_after = self._undisturbed() if self.strategy.keeps_standby else None

    def _undisturbed(self) -> Plan:
        """The plan of a deployment that nothing strikes."""
        before = self.capture()
        last = self.begin()
        self._must_be_live(last)
        if wrong := unlike_new(before, self.capture(), last["version"], keeps_standby=self.strategy.keeps_standby):
            raise AssertionError(f"{self.strategy.name} does not keep its shape undisturbed: {wrong}")
        frozen = self.server.books.rows(f"SELECT plan FROM task_plans WHERE task = '{last['task']}'")[0][0]
        return from_data(Plan, json.loads(frozen) if isinstance(frozen, str) else frozen)  # PostgreSQL reads JSON

    def _must_be_live(self, deployment: Mapping[str, Any]) -> None:
        ended = self.ended(deployment)
        if ended["outcome"] != "live":
            raise AssertionError(f"{self.strategy.name} does not deploy undisturbed: {ended}")

    def begin(self) -> dict[str, Any]:
        """The deployment that is struck, begun."""
        if self.strategy.act == "release":
            return self.released()
        if self.strategy.act == "rollback":
            asked = {"environment": ENVIRONMENT}
            return dict(self.server.api("POST", f"/projects/{self.project}/rollback", asked))
        again: dict[str, Any] = {"version": live_of(self.capture()), "environment": ENVIRONMENT, "force": True}
        again["recreate_accessories"] = ["db"]
        return dict(self.server.api("POST", f"/projects/{self.project}/deployments", again))

    def released(self) -> dict[str, Any]:
        """A new release, which goes to Test by itself; its deployment."""
        self.number += 1
        text = self.strategy.file(self.project, str(self.number))
        tests = self.image if self.strategy.has_tests else ""
        version = self.server.release(self.project, text, images_of(self.strategy, self.image), tests)

        def look() -> dict[str, Any] | None:
            query = f"/deployments?project={self.project}&environment={ENVIRONMENT}"
            found = self.server.api("GET", query)["items"]
            return next((one for one in found if one["version"] == version), None)

        return dict(self.server.until(look, f"{version} goes to {ENVIRONMENT}", bound_s=END_BOUND_S))

    def ended(self, deployment: Mapping[str, Any]) -> dict[str, Any]:
        """The deployment once it has ended; a server that is killed meanwhile is started again."""

        def look() -> dict[str, Any] | None:
            if self.server.has_died():
                self.deaths += 1
                self.server.begin()
            if self.server.books.rows(f"{STATE} WHERE id = '{deployment['id']}'") != [("ended",)]:
                return None  # asking the books costs the server nothing
            try:
                return dict(self.server.api("GET", f"/deployments/{deployment['id']}"))
            except OSError:
                return None

        return dict(self.server.until(look, f"deployment {deployment['id']} ended", bound_s=END_BOUND_S))

    def capture(self) -> State:
        """All that is so, from outside."""
        return capture(self.server.engine, self.server.proxy, self.server.books, self.project)

    @property
    def host(self) -> str:
        """What users ask for."""
        return f"web.{self.project}.{ENVIRONMENT.lower()}.localhost"

    def points(self, *, seeds: Iterable[int] = ()) -> list[Point]:
        """Every point of this strategy that one node can be struck at, in a fixed order."""
        every = points_of(self.strategy.name, self.plan, seeds=seeds)
        return [_in_real_time(point) for point in every if all(self._strikes(one) for one in point.mischiefs)]

    def _strikes(self, mischief: Mischief) -> bool:
        is_so = mischief.key.startswith(ALREADY_SO) and not mischief.key.startswith(self.strategy.makes_again or "-")
        return mischief.deed != "freeze" and not (is_so and mischief.verb is Verb.DO)

    def text_of(self, point: Point) -> str:
        """The point as every installation writes it: keys that hold the project's name, new each time, are numbered."""
        text = str(point)
        for key, alias in self._aliases().items():
            text = text.replace(key, alias)
        return text

    def point_of(self, text: str) -> Point:
        """The point that is written so; ValueError where there is none."""
        name, _, what = text.partition(" ")
        if what.startswith("seed:"):
            return _in_real_time(by_seed(name, self.plan, int(what.removeprefix("seed:"))))
        known = {self.text_of(point): point for point in self.points()}
        if text in known:
            return known[text]
        keys = {alias: key for key, alias in self._aliases().items()}
        struck = [Mischief.from_text(part) for part in what.split("+")]
        return Point(name, tuple(replace(one, key=keys.get(one.key, one.key)) for one in struck))

    def _aliases(self) -> dict[str, str]:
        named = [effect.key for effect in all_effects(self.plan) if self.project in effect.key]
        return {key: f"{key.partition(':')[0]}:OURS-{number}" for number, key in enumerate(named, 1)}

    def try_point(self, point: Point) -> Tried:
        """Begin, be struck, end, look."""
        began, self.deaths = time.monotonic(), 0
        before = self.capture()
        self.server.order({one.to_text(): one.times for one in point.mischiefs})
        try:
            ended = self.ended(self.begin())
        except (FairleadError, OSError) as error:
            return Tried(self.text_of(point), "otherwise", wrong=(str(error),))
        finally:
            struck = self.server.struck()
            self.server.order({})
        end, wrong = self._judge(before, ended)
        missed = [one.to_text() for one in point.mischiefs if one.to_text() not in struck]
        wrong += [f"never struck: {one}" for one in missed if point.seed is None]
        if end == "old" and all(one.deed in HARMLESS for one in point.mischiefs):
            wrong.append(f"nothing failed, and still it ended {ended['outcome']}: {ended['reason']}")
        seconds = round(time.monotonic() - began, 2)
        tried = Tried(
            self.text_of(point), "otherwise" if wrong else end, ended["outcome"], self.deaths, seconds, tuple(wrong)
        )
        if end == "new" and self.plan_after is not None:
            self.plan, self.plan_after = self.plan_after, self.plan
        return tried

    def _judge(self, before: State, ended: Mapping[str, Any]) -> tuple[str, list[str]]:
        after = self.capture()
        status, said = self.server.visit(self.host)
        if ended["outcome"] == "live":
            wrong = unlike_new(before, after, ended["version"], keeps_standby=self.strategy.keeps_standby)
            end = "new"
        else:
            end, wrong = "old", unlike_old(before, after)
        if status != 200 or not said:
            wrong.append(f"users get {status}: {said[:80]}")
        return end, wrong


def _in_real_time(point: Point) -> Point:
    """The same point; no effect errs so often that real minutes are waited for it."""
    fewer = tuple(replace(one, times=min(one.times, TIMES)) for one in point.mischiefs)
    return replace(point, mischiefs=fewer)
