"""What each page shows, for who only looks."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
import structlog
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, DIGEST, House

from fairlead.domain.actor import SYSTEM
from fairlead.domain.certificate import Certificate
from fairlead.domain.ids import TaskId
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.switch_record import SwitchRecord, as_fact
from fairlead.domain.task import TaskState
from fairlead.ports.catalogue import Place
from fairlead.ports.tasks import End
from fairlead.server.api import shapes, status
from fairlead.store import certificates, slots
from fairlead.store import deployments as stored
from fairlead.usecases import deployments, processes, releases, variables
from fairlead.usecases.running import Down, Short

Furnished = tuple[House, dict[str, str]]


def test_the_dashboard_tells_each_state_by_a_word_and_an_icon(looking: Visit) -> None:
    page = looking.get("/")
    for word in ("live", "waits for approval", "rolled back", "Put the instances behind 1 route"):
        assert word in page
    for icon in ("check", "pause", "back", "play"):
        assert f"fl-icon-{icon}" in page
    assert 'role="progressbar"' in page
    assert "pre-integration tests failed: test_sign_in" in page
    assert "1.29.4 is live" in page


def test_the_dashboard_and_the_status_say_what_was_found_not_to_run(looking: Visit, furnished: Furnished) -> None:
    house = furnished[0]
    place = Place("books", "Test")
    with house.context.database.reading() as connection:
        down = slots.live_deployments(connection)[place]
    house.context.running.down = {place: Down(down)}
    for path in ("/", "/grid", "/projects/books/places"):
        page = looking.get(path)
        assert "does not run" in page and "no instance runs: users get no answer" in page
    found = status.status(house.context, ADMINISTRATOR, search="books")
    cell = found["projects"][0]["cells"]["Test"]
    assert cell["state"] == "not_running" and "fairlead deploy" in cell["not_as_recorded"]
    house.context.running.down = {place: Down(down, (Short("api", 0, 1), Short("web", 1, 2)))}
    assert "no instance of api runs, 1 of 2 instances of web runs" in looking.get("/")
    cell = status.status(house.context, ADMINISTRATOR, search="books")["projects"][0]["cells"]["Test"]
    assert (cell["state"], cell["runs_in_part"]) == ("partly_running", True)
    house.context.running.proxy_trouble = "The proxy does not run"
    assert "The proxy does not run" in looking.get("/grid")
    assert status.status(house.context, ADMINISTRATOR)["proxy_trouble"] == "The proxy does not run"
    house.context.running.proxy_trouble = ""
    house.context.running.down, house.context.running.unknown_since = {}, house.context.clock.now()
    assert "The container engine has not answered since" in looking.get("/")
    assert status.status(house.context, ADMINISTRATOR)["not_asked"]
    assert "does not run" not in looking.get("/")


def test_a_place_without_services_says_what_was_deployed_there_last(looking: Visit, furnished: Furnished) -> None:
    context = furnished[0].context
    furnished[0].add_project("jobs")
    step = ProcessStep("Say", (Action("Say", "script", {"script": "echo hi"}),))
    processes.put(context, ADMINISTRATOR, "jobs", Process((step,)))
    releases.create(context, ADMINISTRATOR, "jobs", version="1.7.0", images={}, contents={})
    asked = deployments.create(context, ADMINISTRATOR, "jobs", "1.7.0", "Test").deployment
    with context.database.transaction() as connection:
        now = context.clock.now()
        stored.change(connection, asked.id, committed_at=now, ended_at=now, state="ended", outcome="live")
    page = looking.get("/projects/jobs/environments/Test")
    assert "was deployed here last" in page and "1.7.0" in page and "there are no slots" in page


def test_the_dashboard_leads_to_what_each_cell_is_about(looking: Visit, furnished: Furnished) -> None:
    page = looking.get("/")
    assert f'href="/tasks/{furnished[1]["running"]}"' in page
    assert 'href="/projects/books/environments/Test"' in page
    assert re.search(r'href="/deployments/dep-[a-z0-9]+" title="waits', page)


def test_the_dashboard_is_searched_by_name(looking: Visit) -> None:
    page = looking.get("/?search=ident")
    assert "identity" in page
    assert "Book shop" not in page
    assert "No project has" in looking.get("/?search=nothing-like-it")


def test_the_dashboard_names_certificates_whose_end_is_near(visit: Visit, house: House) -> None:
    assert "Certificates to renew" not in visit.sign_in().get("/")
    now = house.context.clock.now()
    with house.context.database.transaction() as connection:
        key = house.context.keep(connection, "key", name="a certificate", by="admin")
        for days in range(7):
            host, ends_at = f"in{days}.example.com", now + timedelta(days=days, hours=1)
            certificates.insert(connection, Certificate(f"crt-{days}", host, "PEM", key, "f", now, ends_at, now))
    page = visit.get("/")
    assert "the certificate of in4.example.com ends in 4 days" in page and "in5.example.com" not in page
    assert "And 2 more" in page


def test_an_empty_dashboard_tells_how_to_begin(visit: Visit) -> None:
    page = visit.sign_in().get("/")
    assert "fairlead projects add NAME --git URL" in page
    assert "fairlead login http://127.0.0.1:8600" in page


def test_a_part_that_was_seen_is_not_sent_again(looking: Visit) -> None:
    seen = re.search(r"seen=([0-9a-f]{16})", looking.client.get("/grid?search=").text)
    assert seen
    assert looking.client.get(f"/grid?search=&seen={seen[1]}").status_code == 204
    assert looking.client.get("/grid?search=&seen=other").status_code == 200


def test_a_long_list_of_projects_comes_in_parts(house: House, visit: Visit) -> None:
    for number in range(45):
        house.add_project(f"project-{number:02}")
    page = visit.sign_in().get("/")
    assert "project-19" in page
    assert "project-20" not in page
    more = re.search(r'href="(/\?[^"]+)" rel="next"', page)
    assert more
    assert "project-39" in visit.get(more[1].replace("&amp;", "&"))


def test_the_project_page_holds_all_that_belongs_to_it(looking: Visit) -> None:
    page = looking.get("/projects/books")
    for text in (
        "Book shop",
        "1.1.0",
        "/hooks/",
        "https://git.test/books.git",
        "Db.Host",
        "Look for new commits",
        "Not asked yet",
    ):
        assert text in page
    assert "http://web.books.production.localhost/" in page


@pytest.mark.parametrize("what", ["releases", "runs", "deployments"])
def test_the_lists_of_a_project_have_pages_of_their_own(looking: Visit, what: str) -> None:
    assert what.capitalize() in looking.get(f"/projects/books/{what}")


def test_the_place_page_tells_where_the_traffic_goes(looking: Visit) -> None:
    page = looking.get("/projects/books/environments/Production")
    assert "Traffic goes to blue, release 1.0.0." in page
    assert "1,234 requests" in page
    assert "Accessories" in page
    assert page.count("<strong>web</strong>") == 2
    assert "<svg" in page


def test_the_place_page_is_shown_although_engine_and_proxy_are_down(house: House, visit: Visit) -> None:
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    house.go_live("books", "1.0.0", "Test")
    house.engine.is_down, house.proxy_world.is_up = True, False
    page = visit.sign_in().get("/projects/books/environments/Test")
    assert "The container engine does not answer" in page
    assert "The proxy does not answer" in page
    assert "1.0.0" in page


def test_the_task_page_shows_phases_and_where_its_log_comes_from(looking: Visit, furnished: Furnished) -> None:
    task = furnished[1]["running"]
    page = looking.get(f"/tasks/{task}")
    assert "Register the instances" in page
    assert f'data-follow="/api/v1/tasks/{task}/log/follow"' in page
    assert "6 of " in page
    assert f'action="/tasks/{task}/cancel"' in page
    assert 'hx-trigger="every 2s' in page


def test_the_page_of_a_failed_task_says_why_and_what_to_do(looking: Visit, furnished: Furnished) -> None:
    page = looking.get(f"/tasks/{furnished[1]['rolled back']}")
    assert "pre-integration tests failed: test_sign_in" in page
    assert "look at the output of the tests" in page
    assert "test_sign_in: expected 200, found 500" in page
    assert "All is as it was" in page
    assert "auth.test_sign_out" in page
    assert "hx-trigger" not in page.split('id="task-state"')[1].split(">")[0], "an ended task is not asked for again"
    assert "/cancel" not in page


def test_the_task_page_shows_what_is_not_as_it_was(furnished: Furnished, looking: Visit) -> None:
    house, tasks = furnished
    fact = {"is_as_it_was": False, "differences": ["volume books_data is gone"], "restarted": ["books_worker"]}
    task = tasks["rolled back"]
    before = asyncio.run(house.records.facts(task))["certificate"]  # type: ignore[arg-type]
    asyncio.run(house.records.note(task, "certificate", fact))  # type: ignore[arg-type]
    page = looking.get(f"/tasks/{task}")
    asyncio.run(house.records.note(task, "certificate", before))  # type: ignore[arg-type]
    assert "Not all is as it was" in page
    assert "volume books_data is gone" in page
    assert "books_worker" in page


def test_the_task_page_certifies_what_is_live_or_names_what_is_not_as_the_plan_said(
    furnished: Furnished, looking: Visit
) -> None:
    house, tasks = furnished
    task = tasks["books live"]
    held = {"is_as_it_was": False, "is_as_announced": True, "announced": ["slot green is live"]}
    fact = {**held, "differences": [], "restarted": []}
    asyncio.run(house.records.note(task, "certificate", {**fact, "before": {}, "after": {}}))  # type: ignore[arg-type]
    page = looking.get(f"/tasks/{task}")
    assert "All is as the plan said" in page and "slot green is live" in page
    deployment = house.deployment_of(task).id
    short = shapes.deployment_alone(deployments.get(house.context, SYSTEM, deployment))["certificate"]
    assert short == fact
    assert deployments.certificate(house.context, SYSTEM, deployment)["before"] == {}
    wrong = {**fact, "is_as_announced": False, "differences": ["container stray is there, and nobody announced it"]}
    asyncio.run(house.records.note(task, "certificate", wrong))  # type: ignore[arg-type]
    page = looking.get(f"/tasks/{task}")
    assert "Not all is as the plan said" in page and "container stray is there" in page


def test_the_task_page_shows_what_users_met_during_the_switch(furnished: Furnished, looking: Visit) -> None:
    house, tasks = furnished
    task = tasks["books live"]
    assert "during the switch" not in looking.get(f"/tasks/{task}")
    record = SwitchRecord(12_345, failed=2, cut=1, visits=40, slowest_ms=12.4)
    asyncio.run(house.records.note(task, "drained:a", as_fact(record, cut=1)))  # type: ignore[arg-type]
    page = looking.get(f"/tasks/{task}")
    assert "12,345 requests, 2 failed, 1 cut, slowest 12 ms during the switch" in page
    view = deployments.get(house.context, SYSTEM, house.deployment_of(task).id)
    assert shapes.deployment_alone(view)["switch"]["said"] == record.sentence


def test_every_case_of_a_test_report_is_shown_the_worst_first(furnished: Furnished, looking: Visit) -> None:
    house, tasks = furnished
    report = b"""<testsuite name="s"><testcase classname="a" name="good" time="0.1"/>
      <testcase classname="a" name="bad"><failure message="expected &lt;b&gt;">x</failure></testcase></testsuite>"""
    task = tasks["books live"]
    asyncio.run(house.context.artifacts.attach(task, "post/junit.xml", report, kind="junit"))  # type: ignore[arg-type]
    page = looking.get(f"/tasks/{task}/tests/post")
    assert page.index("a.bad") < page.index("a.good")
    assert "expected &lt;b&gt;" in page
    assert f"/api/v1/tasks/{task}/artifacts/post/junit.xml" in looking.get(f"/tasks/{task}")


def test_the_log_is_read_without_javascript_and_downloaded(furnished: Furnished, looking: Visit) -> None:
    task = furnished[1]["running"]
    page = looking.get(f"/tasks/{task}/log")
    assert 'id="L4"' in page
    assert "\x1b" not in page
    answer = looking.client.get(f"/tasks/{task}/log.txt")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.text.count("\n") == 14


def test_deployments_and_runs_lead_to_their_task(furnished: Furnished, looking: Visit) -> None:
    house, tasks = furnished
    made = house.deployment("books", "1.1.0", "Production")
    assert looking.client.get(f"/deployments/{made.id}").headers["location"] == f"/tasks/{tasks['running']}"


def test_a_deployment_that_failed_with_nothing_to_take_back_is_called_so(furnished: Furnished, looking: Visit) -> None:
    house, _ = furnished
    made = deployments.create(house.context, ADMINISTRATOR, "identity", "1.29.4", "Test", is_forced=True).deployment
    house.end(TaskId(str(made.task)), End(TaskState.FAILED, "step.failed", "the script ended with 1"))
    for path in ("/", "/projects/identity"):
        page = looking.get(path)
        assert "the script ended with 1" in page and "failed" in page, path
    assert "(number 3) failed: the script ended with 1" in looking.get(f"/why/deployments/{made.id}")


def test_a_deployment_that_waits_shows_the_plan_that_is_answered_to(furnished: Furnished, looking: Visit) -> None:
    made = furnished[0].deployment("checkout", "2.8.0", "Production")
    page = looking.get(f"/deployments/{made.id}")
    assert "waits for approval" in page
    assert made.plan_hash[:12] in page
    assert "Start 2.8.0 in the green slot" in page
    assert "/approve" in page
    assert f"Approve plan {made.plan_hash[:12]}" in page
    assert f'name="plan_hash" value="{made.plan_hash}"' in page
    assert "What would be done" in page
    assert "/reject" in page


def test_reasons_are_shown_beside_what_they_explain(furnished: Furnished, looking: Visit) -> None:
    house, known = furnished
    page = looking.get(f"/tasks/{known['rolled back']}")
    assert "of the pre-integration tests these said no" in page
    assert "failed: 2 of 7 cases failed" in page
    assert "the lifecycle begins it by itself" in page
    made = house.deployment("identity", "1.30.0", "Test")
    assert f"/why/deployments/{made.id}" in page
    assert "was rolled back" in looking.get(f"/why/deployments/{made.id}")
    assert "made it from images" in looking.get("/why/releases/books/1.0.0")
    assert "is &#39;db&#39; in Production, as they are now" in looking.get("/why/values/books/Db.Host")


def test_a_release_shows_its_digests(looking: Visit) -> None:
    assert DIGEST in looking.get("/projects/books/releases/1.1.0")


def test_a_plan_is_shown_before_a_release_is_deployed(looking: Visit) -> None:
    page = looking.get("/projects/books/deploy?version=1.0.0&environment=Test")
    assert "Start 1.0.0 in the blue slot" in page
    assert "Deploy 1.0.0 to Test" in page
    for part in ("Containers", "Networks", "The proxy is told: the switch", "The way back"):
        assert part in page, part
    assert "there is no release" in looking.get("/projects/books/deploy?version=9.9.9&environment=Test")


def test_events_are_filtered(looking: Visit) -> None:
    page = looking.get("/events?project=identity&kind=deployment.")
    assert "deployment.rolled_back" in page
    assert "release.created" not in page


def test_tasks_are_filtered(looking: Visit) -> None:
    page = looking.get("/tasks?state=rolled_back")
    assert "identity 1.30.0 to Test" in page
    assert "books 1.1.0" not in page


@pytest.mark.parametrize("path", ["/nothing", "/projects/none", "/tasks/none", "/deployments/none", "/runs/none"])
def test_what_is_not_there_is_a_page_for_people(looking: Visit, path: str) -> None:
    page = looking.get(path, status=404)
    assert "<h1" in page
    assert "Not here" in page


def test_programs_get_problems_as_before(looking: Visit) -> None:
    answer = looking.client.get("/api/v1/tasks/none")
    assert answer.headers["content-type"] == "application/problem+json"
    assert looking.client.get("/api/v1/nothing").headers["content-type"] == "application/problem+json"


def test_a_part_that_fails_says_so_in_the_page_that_is_open(looking: Visit) -> None:
    answer = looking.client.get("/tasks/none/state", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-retarget"]) == (404, "#messages")
    assert "<html" not in answer.text


def test_a_bug_is_a_page_with_the_request_to_look_for(looking: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    from fairlead.server.web import dashboard

    monkeypatch.setattr(dashboard.overview, "grid", lambda *_, **__: 1 / 0)
    with structlog.testing.capture_logs() as logs:
        page = looking.get("/", status=500)
    assert logs[0]["event"] == "page.bug"
    assert "A bug in Fairlead" in page
    assert re.search(r"Request req-\w+", page)
    assert "ZeroDivisionError" not in page


class _Controls(HTMLParser):
    """Fields without a label, and pictures without a text."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[dict[str, str | None]] = []
        self.labelled: set[str | None] = set()
        self.ids: list[str | None] = []
        self.label_depth = 0
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "label":
            self.label_depth += 1
            self.labelled.add(named.get("for"))
        is_field = tag in ("input", "select", "textarea") and named.get("type") != "hidden" and "hidden" not in named
        if is_field and not self.label_depth and "aria-label" not in named:
            self.fields.append(named)
        if tag == "svg" and named.get("aria-hidden") != "true":
            self.wrong.append("svg")
        if any(name.startswith("on") for name in named):
            self.wrong.append(f"{tag} with an inline event")
        if tag == "script" and "src" not in named:
            self.wrong.append("inline script")

    def handle_endtag(self, tag: str) -> None:
        self.label_depth -= tag == "label"


def test_every_page_is_whole_for_who_reads_by_ear_or_keyboard(looking: Visit, furnished: Furnished) -> None:
    tasks = furnished[1]
    paths = ["/", "/projects/books", "/projects/books/environments/Production", "/approvals", "/events", "/tasks"]
    paths += ["/projects/books/deploy", "/projects/books/releases/1.1.0", f"/tasks/{tasks['rolled back']}"]
    paths += [f"/tasks/{tasks['running']}", f"/tasks/{tasks['running']}/log", "/password", "/sign-in"]
    for path in paths:
        page = looking.client.get(path, follow_redirects=True).text
        read = _Controls()
        read.feed(page)
        assert not read.wrong, (path, read.wrong)
        assert not [one for one in read.fields if one.get("id") not in read.labelled], path
        assert len(read.ids) == len(set(read.ids)), (path, sorted(id for id in read.ids if read.ids.count(id) > 1))
        assert 'lang="en"' in page
        assert "<main" in page
        assert page.count("<h1") == 1 or path == "/sign-in", path


@pytest.mark.parametrize(
    "path",
    [
        "/grid",
        "/approvals/count",
        "/projects/books/places",
        "/projects/books/lists",
        "/projects/books/environments/Production/picture",
        "/projects/books/environments/Production/history",
    ],
)
def test_each_part_says_once_what_it_is_and_then_only_what_is_new(looking: Visit, path: str) -> None:
    part = looking.get(path)
    assert part.count("<section") + part.count("<div") + part.count("<span") > 0
    assert "<html" not in part
    seen = re.search(r"seen=([0-9a-f]{16})", part)
    assert seen
    assert looking.client.get(path, params={"seen": seen[1]}).status_code == 204
