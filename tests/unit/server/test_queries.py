"""A list costs the same number of queries however much there is: counted in a small house and a large one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from tests.unit.server.crowd import Size, fill
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.policy import SCRIPTS_AT_SERVER
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.step_template import TemplateContent
from fairlead.domain.trigger import Evaluation, TriggerAction
from fairlead.formats.phase_lines import PhaseLine
from fairlead.server.app import create, described
from fairlead.server.web.pages import ROUTERS
from fairlead.store import triggers as rows
from fairlead.usecases import (
    access,
    channels,
    freezes,
    groups,
    library_sets,
    lifecycles,
    policies,
    roles,
    runbook_runs,
    runbooks,
    step_templates,
    subscriptions,
    teams,
    triggers,
    variables,
)

KEY = "flk_a-key-for-tests"
SMALL = Size(2, 3, 12, releases_each=2, waiting=1, targets=2, tenants=2)
LARGE = Size(9, 6, 270, releases_each=5, waiting=8, targets=12, tenants=12, variables_each=7)
OF_A_PROJECT = (
    "releases",
    "runs",
    "variables",
    "library-sets",
    "channels",
    "triggers",
    "runbooks",
    "runbooks/Book-0/runs",
    "insights",
)
PATHS = [
    path
    for path, methods in described()["paths"].items()
    if "get" in methods
    and "{" not in path
    and path.startswith("/api/")
    and not path.endswith(("/export", "/action-kinds", "/retention"))  # a dry run judges every release there is
]
PATHS += [f"/api/v1/projects/project-0001/{noun}" for noun in OF_A_PROJECT]
PATHS += [
    "/api/v1/projects/project-0001/runbooks/Book-0/runs",
    "/api/v1/deployments?project=project-0001",
    "/api/v1/tasks?project=project-0001",
    "/api/v1/deployments?environment=Test",
]
PATHS += ["/", "/grid", "/tasks", "/approvals", "/approvals/count", "/events", "/projects/project-0001/releases"]
PATHS += [f"/projects/project-0001/{part}" for part in ("lists", "places", "runs", "deployments")]
PATHS += ["/projects/project-0001", "/projects/project-0001/environments/Test"]
PATHS += [
    f"/projects/project-0001/{part}" for part in ("triggers", "runbooks", "channels", "variables", "runs", "insights")
]
PATHS += sorted(
    route.path
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and "GET" in route.methods and f"/api/v1{route.path}" in PATHS
)
PARTS = [
    f"/projects/project-0001{part}" for part in ("", "/lists", "/places", "/releases", "/deployments", "/variables")
]
TIDY = Process((ProcessStep("Tidy", (Action("Tidy", "script", {"script": "true"}),)),))


class Counting:
    """A house of that size, asked by a browser and a key at once; how many queries each answer takes."""

    def __init__(self, folder: Path, size: Size) -> None:
        self.house = House(folder)
        access.set_up(self.house.context, name="admin", api_key=KEY)
        fill(self.house.context.database, self.house.ids, self.house.clock.now(), size)
        policies.allow(self.house.context, ADMINISTRATOR, "project-0001", SCRIPTS_AT_SERVER)
        for number in range(size.projects):
            library_sets.add(self.house.context, ADMINISTRATOR, f"Set {number}")
            library_sets.include(self.house.context, ADMINISTRATOR, "project-0001", f"Set {number}")
            variables.put(self.house.context, ADMINISTRATOR, "project-0001", f"V{number}", "x", only_in=["Test"])
            self._fill_runbooks(number)
            self._fill_setup(number)
        cookies = {"fairlead_session": self.house.open_session("admin")}
        self.client = TestClient(create(self.house.life), headers={"Authorization": f"Bearer {KEY}"}, cookies=cookies)
        self.told: list[str] = []
        sa.event.listen(self.house.context.database.engine, "before_cursor_execute", self._count)

    def _fill_runbooks(self, number: int) -> None:
        """One more, which a trigger runs, and one more run of the first."""
        context, name = self.house.context, f"Book-{number}"
        runbooks.put(context, ADMINISTRATOR, "project-0001", runbooks.Draft(name, process=TIDY))
        runbooks.publish(context, ADMINISTRATOR, "project-0001", name)
        for asked in dict.fromkeys(("Book-0", name)):
            runbook_runs.run(context, ADMINISTRATOR, "project-0001", asked, "Test")
        wanted = triggers.Draft(
            f"Trigger-{number}", "0 6 * * *", TriggerAction.RUN_RUNBOOK, destination="Test", runbook=name
        )
        made = triggers.put(context, ADMINISTRATOR, "project-0001", wanted)
        with context.database.transaction() as connection:
            now = self.house.clock.now()
            said = Evaluation(self.house.ids.new("evl"), made.trigger.id, now, now, has_fired=False, reason="not yet")
            rows.record(connection, said)

    def _fill_setup(self, number: int) -> None:
        """One more of what belongs to the installation, and a channel that follows it."""
        context, name = self.house.context, f"More-{number}"
        lifecycles.add(context, ADMINISTRATOR, lifecycles.Draft(name, [PhaseLine("Test", ("Test",))]))
        channels.add(context, ADMINISTRATOR, "project-0001", channels.ChannelWords(name, lifecycle=name))
        lifecycles.use(context, ADMINISTRATOR, f"project-{number:04}", name)
        roles.add(context, ADMINISTRATOR, name, ["view"])
        groups.add(context, ADMINISTRATOR, name)
        held = teams.HeldRole(name, groups=(name,), environments=("Test",))
        teams.add(context, ADMINISTRATOR, name, members=["admin"], held=[held])
        freezes.add(
            context, ADMINISTRATOR, freezes.Draft(name, ends_at=datetime(2099, 1, 1, tzinfo=UTC), environments=["Test"])
        )
        watch = subscriptions.Draft(name, to=["https://watch.test/"], projects=[f"project-{number:04}"], team=name)
        subscriptions.add(context, ADMINISTRATOR, watch)
        content = TemplateContent("script", {"script": "true"})
        step_templates.put(context, ADMINISTRATOR, step_templates.Draft(name, content))

    def _count(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.told.append(statement)

    def queries(self, path: str) -> int:
        """Asked twice: what is read once for all is not counted."""
        for _ in range(2):
            self.told.clear()
            answer = self.client.get(path)
            assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return len(self.told)


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Counting, Counting]]:
    both = tuple(Counting(tmp_path_factory.mktemp(name), size) for name, size in (("small", SMALL), ("large", LARGE)))
    yield both[0], both[1]
    for one in both:
        one.house.close()


@pytest.mark.parametrize("path", PATHS)
def test_a_list_takes_as_many_queries_in_a_large_house_as_in_a_small_one(
    houses: tuple[Counting, Counting], path: str
) -> None:
    small, large = houses
    assert large.queries(path) <= small.queries(path)


@pytest.mark.parametrize(
    "path", ["/", "/grid", *(f"/projects/project-0001{part}" for part in ("", "/lists", "/places"))]
)
def test_a_page_of_many_lists_asks_them_in_one_transaction(houses: tuple[Counting, Counting], path: str) -> None:
    _, large = houses
    large.queries(path)
    assert [statement.partition(" ")[0] for statement in large.told].count("BEGIN") == 2, "who visits, and the page"


def test_the_count_would_see_a_query_for_each_row(houses: tuple[Counting, Counting]) -> None:
    def one_by_one(counting: Counting) -> int:
        counting.told.clear()
        for item in counting.client.get("/api/v1/projects").json()["items"]:
            counting.client.get(f"/api/v1/projects/{item['name']}")
        return len(counting.told)

    small, large = houses
    assert one_by_one(large) > one_by_one(small)
