"""Each command: a table or a sentence for people, JSON for programs, chatter on stderr, and how it ends."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from tests.unit.cli.conftest import KEY, URL, Said
from tests.unit.server.house import DIGEST, PASSWORD, PROJECT_FILE, House, wait_for

from fairlead.cli import client, screen
from fairlead.cli.account import Account
from fairlead.domain import errors
from fairlead.domain.colour import Colour
from fairlead.domain.ids import TaskId
from fairlead.domain.switch_record import SwitchRecord, as_fact
from fairlead.domain.task import TaskState
from fairlead.ports.catalogue import Place
from fairlead.ports.tasks import End
from fairlead.store import projects

Run = Callable[..., Said]
LISTS = [
    "keys",
    "users",
    "teams",
    "roles",
    "service-accounts",
    "audit",
    "groups",
    "environments",
    "freezes",
    "lifecycles",
    "projects",
    "deployments",
    "approvals",
    "tasks",
    "policy",
    "certificates",
    "notifications",
    "subscriptions",
    "registries",
    "targets",
]


@pytest.fixture
def books(house: House) -> House:
    """A project that is live in Test and waits for Production."""
    from tests.unit.server.house import ADMINISTRATOR

    from fairlead.usecases import variables

    house.add_project("books", git="https://git.test/books.git")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    house.go_live("books", "1.0.0", "Test")
    return house


@pytest.mark.parametrize("noun", LISTS)
def test_a_list_is_a_table_or_json(books: House, fairlead: Run, noun: str) -> None:
    said = fairlead(noun, "list")
    assert (said.code, said.out == "" or said.err == "") == (0, True), said
    as_json = fairlead("-o", "json", noun, "list")
    assert as_json.code == 0 and isinstance(as_json.data, list) and as_json.err == ""


@pytest.mark.parametrize("group", ["variables", "runs", "release"])
def test_a_list_of_a_project_is_asked_for_by_its_name(books: House, fairlead: Run, group: str) -> None:
    assert fairlead(group, "list").code == 2
    assert fairlead(group, "list", "-p", "books").code == 0
    Path("fairlead.yml").write_text("project: books # ours\n")
    assert fairlead("-o", "json", group, "list").code == 0


def test_an_end_is_asked_for_confirmed_and_queued(books: House, fairlead: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("retire", "-e", "Test", "-p", "books", "--no-wait")
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    unsure = fairlead(*asked)
    assert (unsure.code, "End books in Test (1.0.0 is live)" in unsure.err) == (130, True), unsure
    task = fairlead("-o", "json", *asked, "--accessories", "--yes").data
    assert (task["kind"], task["state"], task["environment"]) == ("retirement", "queued", "Test")
    empty = fairlead("retire", "-e", "Production", "-p", "books", "--yes")
    assert (empty.code, "place.empty" in empty.err) == (1, True)
    assert fairlead("retire", "-e", "Nowhere", "-p", "books", "--yes").code == 5


def test_ids_are_not_wrapped_where_no_terminal_shows_them(books: House, fairlead: Run) -> None:
    rows = fairlead("-o", "json", "tasks", "list").data
    said = fairlead("tasks", "list")
    assert len(said.out.splitlines()) == len(rows) + 1
    assert all(any(row["id"] in line for line in said.out.splitlines()) for row in rows)


def test_status_shows_what_is_live_and_what_waits(books: House, fairlead: Run) -> None:
    said = fairlead("status")
    assert "books" in said.out and "1.0.0" in said.out and "TEST" in said.out
    assert fairlead("-o", "json", "status").data["projects"][0]["cells"]["Test"]["version"] == "1.0.0"
    place = fairlead("-o", "json", "status", "-p", "books", "-e", "Test").data
    shown = fairlead("status", "-p", "books", "-e", "Test").out
    for part in ("STANDS UNTIL", "http://web.books.test.localhost", "books-test_db", "INSTANCE"):
        assert part in shown, shown
    assert place["slots"] and len(place["instances"]) == 4
    assert "listens on 8080" in fairlead("logs", "web", "-p", "books", "-e", "Test").out


def test_status_tells_where_users_are_sent_and_what_is_recorded(
    books: House, fairlead: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "are sent here" in fairlead("status", "-p", "books", "-e", "Test").out

    async def live(route: str) -> Colour:
        return Colour.GREEN

    monkeypatch.setattr(books.proxy, "live", live)
    said = fairlead("status", "-p", "books", "-e", "Test")
    assert "Users are sent to green now, though 1.0.0 in blue is recorded as live." in said.err, said
    green = fairlead("-o", "json", "status", "-p", "books", "-e", "Test").data["slots"]["green"]
    assert (green["state"], green["is_reached"]) == ("empty", True)
    books.add_release("books", "1.1.0")  # which goes to Test by itself
    books.context.running.reached = {Place("books", "Test"): frozenset({Colour.GREEN})}
    said = fairlead("status")
    assert "users at green, 1.0.0 recorded" in said.out and "books in Test: Users are sent to green now" in said.err


def test_status_tells_what_the_books_say_where_the_engine_does_not_answer(
    books: House, fairlead: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_answer(labels: object) -> None:
        raise errors.Unreachable("engine.unreachable", "the container engine does not answer")

    monkeypatch.setattr(books.engine, "containers", no_answer)
    said = fairlead("status", "-p", "books", "-e", "Test")
    assert said.code == 0
    assert "http://web.books.test.localhost" in said.out and "STANDS UNTIL" in said.out
    assert "which instances there are is not known: the container engine does not answer" in said.err


def test_plan_deploy_approve_and_roll_back(books: House, fairlead: Run) -> None:
    plan = fairlead("plan", "1.0.0", "Production", "-p", "books")
    assert plan.code == 3 and "1.0.0" in plan.out, plan
    for part in ("Containers", "Networks", "Variables", "DB_HOST", "The proxy is told: the switch", "The way back"):
        assert part in plan.out, part
    told = fairlead("-o", "json", "plan", "1.0.0", "Production", "-p", "books").data
    assert told["hash"][:16] in plan.out and told["pending"] is True
    same = fairlead("plan", "1.0.0", "-e", "Test", "-p", "books")
    assert same.code == 0 and "nothing would differ" in same.out
    assert fairlead("plan", "-p", "books").code == 2
    nothing = fairlead("deploy", "1.0.0", "--to", "Test", "-p", "books")
    assert nothing.code == 0 and "same configuration" in nothing.out and "--force" in nothing.out
    assert fairlead("-o", "json", "deploy", "1.0.0", "--to", "Test", "-p", "books").data["code"] == (
        "deployment.nothing_to_do"
    )
    assert "queued" in fairlead("deploy", "1.0.0", "--to", "Test", "-p", "books", "--force").out
    assert fairlead("deploy", "9.9.9", "--to", "Test", "-p", "books").code == 5
    assert fairlead("rollback", "-e", "Test", "-p", "books", "--no-wait").code == 1
    waiting = fairlead("deploy", "1.0.0", "--to", "Production", "-p", "books", "--force", "--wait")
    assert waiting.code == 3 and "waits for an approval: fairlead approve apr-" in waiting.err, "nothing is live yet"
    told = fairlead("-o", "json", "deployments", "list", "-p", "books", "-e", "Production").data[0]
    assert f"fairlead reject {told['approval']}" in fairlead("deployments", "cancel", told["id"]).err
    assert "→ -o stands before the command: fairlead -o … COMMAND" in fairlead("deployments", "list", "-o", "json").err
    wrong = fairlead("approve", "--plan", "0" * 16)
    assert wrong.code == 1 and "plan.changed" in wrong.err
    [waits] = fairlead("-o", "json", "approvals", "list").data
    assert waits["plan_hash"][:16] in fairlead("approvals", "list").out
    assert "TENANT" in fairlead("approvals", "list").out, "two that wait for one environment are told apart"
    assert fairlead("plan", "--deployment", waits["deployment"]).code == 3
    assert [one["id"] for one in fairlead("-o", "json", "approvals", "list", "-p", "Books").data] == [waits["id"]]
    assert fairlead("approvals", "list", "-p", "others").code == 5
    assert fairlead("approve", "-p", "others").code == fairlead("reject", "-e", "Test").code == 5
    approved = fairlead("approve", "-p", "books", "--note", "a [red]note[/]", "--plan", waits["plan_hash"][:16])
    assert approved.code == 0 and f"approved with plan {waits['plan_hash'][:16]}" in approved.out + approved.err
    assert fairlead("reject").code == 5
    told = fairlead("-o", "json", "events", "-p", "books", "--kind", "approval.approved").data
    assert [one["thing"] for one in told] == [waits["id"]]
    assert fairlead("events", "-p", "others").code == 5
    assert fairlead("tasks", "list", "-p", "others").code == 5


def test_run_and_exec_ask_for_a_command_and_follow_it(books: House, fairlead: Run) -> None:
    live = fairlead("-o", "json", "deployments", "list").data
    assert any(one["status"] == "live" for one in live)
    assert fairlead("run", "web", "-e", "Production", "-p", "books", "--", "ls", "-la").code == 1  # nothing is live
    assert fairlead("run", "web", "-p", "books").code == 2
    asked: list[str] = []

    def ended(transaction: object, task: TaskId, *, again: int = 0) -> None:
        """The engine is played: what the effect says and notes, and how the task ends."""
        asked.append(task)

    books.durable.enqueue = ended  # type: ignore[method-assign]

    def play() -> None:
        task = TaskId(asked[-1])
        books.task_log.write(task, "info", "command", "out", target="stdout")
        books.task_log.write(task, "info", "command", "oh no", target="stderr")
        books.task_log.write(task, "info", "command", "run a command in …", target="local")
        wait_for(books.task_log.flush(task))
        if len(asked) > 2:
            books.end(task, End(TaskState.FAILED, "step.timed_out", "the command did not end within 1 s"))
            return
        wait_for(books.records.note(task, "ended", {"exit_code": 7}))
        books.end(task, End(TaskState.FAILED, "command.failed", "the command ended with 7"))

    books.durable.wake = play  # type: ignore[method-assign]
    for verb in ("run", "exec"):
        said = fairlead(verb, "web", "-e", "Test", "-p", "books", "--", "ls", "-la")
        assert (said.code, said.out) == (7, "out\n"), said
        assert "oh no" in said.err and "run a command in" not in said.out
    late = fairlead("exec", "web", "-e", "Test", "-p", "books", "--timeout", "1", "--", "ls", "-la")
    assert late.code == 124 and "did not end within 1 s" in late.err, late
    kinds = [one["message"] for one in fairlead("-o", "json", "events").data if one["kind"].startswith("command.")]
    assert kinds[1:] == ["exec web in Test: ls -la", "run web in Test: ls -la"]


def test_why(books: House, fairlead: Run) -> None:
    approval = fairlead("-o", "json", "approvals", "list").data[0]
    assert fairlead("reject", "--note", "not today").code == 0
    said = fairlead("why", "skipped", approval["deployment"])
    assert said.code == 0 and "because admin rejected plan" in said.out and "│ not today" in said.out
    assert fairlead("-o", "json", "why", "deployment", "1", "-p", "books", "-e", "Test").data["noun"] == "deployment"
    assert "made it from images" in fairlead("why", "release", "1.0.0", "-p", "books").out
    assert "Db.Host is 'db' in Production" in fairlead("why", "value", "Db.Host", "-p", "books").out
    assert fairlead("why", "run", "7", "-p", "books").code == 5
    assert fairlead("why", "skipped", "1", "-p", "books", "-e", "Test").code == 1


def test_variables_and_what_a_release_froze(books: House, fairlead: Run) -> None:
    update = ("release", "update-variables", "1.0.0", "-p", "books")
    assert "nothing differs" in fairlead(*update).out
    assert fairlead("variables", "set", "Db.Password=hunter2", "--secret", "-p", "books").code == 0
    assert "hunter2" not in fairlead("variables", "list", "-p", "books").out
    assert fairlead(*update, "--preview").code == 3
    assert fairlead(*update, "--yes").code == 0
    assert fairlead("variables", "unset", "Db.Password", "-p", "books").code == 0
    assert fairlead("variables", "set", "a;b=c", "-p", "books").code == 2
    assert fairlead("variables", "set", "A=b", "--from", "x", "-p", "books").code == 2


def test_a_release_of_ones_own_ci(books: House, fairlead: Run, tmp_path: Path) -> None:
    (tmp_path / "fairlead.yml").write_text(PROJECT_FILE.format(name="books", image=DIGEST))
    images = [part for name in ("web", "worker", "db") for part in ("--image", f"{name}={DIGEST}")]
    made = fairlead("release", "create", "--version", "2.0.0", *images)
    assert made.code == 0 and "2.0.0" in made.out, made
    assert fairlead("release", "create", "--version", "2.0.0", *images).code == 1
    assert fairlead("release", "create", "--image", "web").code == 2
    assert fairlead("release", "create", "--image", f"web={DIGEST}", "--files", "nowhere").code == 2
    assert fairlead("release", "show", "2.0.0").code == 0


def test_a_release_that_a_rule_keeps_out_of_its_first_environment_is_seen_with_the_reason(
    books: House, fairlead: Run, tmp_path: Path
) -> None:
    books.add_project("shop")
    (tmp_path / "fairlead.yml").write_text(
        f'project: shop\nservices:\n  web: {{image: "{DIGEST}", port: 80, environment: {{A: "#{{Missing}}"}}}}\n'
    )
    assert fairlead("release", "create", "-p", "shop", "--version", "3.0.0", "--image", f"web={DIGEST}").code == 0
    said = fairlead("status")
    assert "3.0.0 refused" in said.out
    assert "shop in Test: 3.0.0 refused" in said.err and "Missing" in said.err
    [row] = fairlead("-o", "json", "deployments", "list", "-p", "shop").data
    assert (row["status"], row["code"], row["task"]) == ("refused", "variable.unknown", None)
    cells = fairlead("-o", "json", "status", "-p", "shop").data["projects"][0]["cells"]
    assert (cells["Test"]["state"], cells["Test"]["latest_reason"]) == ("refused", row["reason"])


def test_a_deployment_that_failed_with_nothing_to_take_back_is_listed_and_found_as_failed(
    books: House, fairlead: Run
) -> None:
    from tests.unit.server.house import ADMINISTRATOR

    from fairlead.usecases import deployments

    made = deployments.create(books.context, ADMINISTRATOR, "books", "1.0.0", "Test", is_forced=True).deployment
    end = End(TaskState.FAILED, "step.failed", "the script ended with 1")
    books.end(TaskId(str(made.task)), end)
    said = fairlead("status")
    assert "1.0.0 failed" in said.out and "books in Test: 1.0.0 failed: the script ended with 1" in said.err
    [row] = fairlead("-o", "json", "deployments", "list", "-p", "books", "--outcome", "failed").data
    assert (row["id"], row["status"]) == (made.id, "failed")
    assert "✘ failed" in fairlead("deployments", "list", "-p", "books").out
    wrong = fairlead("deployments", "list", "-p", "books", "--outcome", "sad")
    assert wrong.code == 2, wrong


def test_a_deployment_is_shown_with_what_users_met_during_its_switch(books: House, fairlead: Run) -> None:
    [row] = [one for one in fairlead("-o", "json", "deployments", "list", "-p", "books").data if one["task"]][:1]
    assert fairlead("-o", "json", "deployments", "show", row["id"]).data["switch"] is None
    record = SwitchRecord(7, cut=1, visits=3, slowest_ms=4.4)
    asyncio.run(books.records.note(row["task"], "drained:a", as_fact(record)))
    assert record.sentence in fairlead("deployments", "show", row["id"]).out
    assert fairlead("-o", "json", "deployments", "show", row["id"]).data["switch"]["cut"] == 1


def test_a_certificate_is_shown_and_ends_with_1_where_something_unexpected_differs(books: House, fairlead: Run) -> None:
    [row] = [one for one in fairlead("-o", "json", "deployments", "list", "-p", "books").data if one["task"]][:1]
    none = fairlead("deployments", "certificate", row["id"])
    assert (none.code, "no certificate" in none.err) == (5, True)
    good = {"is_as_it_was": True, "differences": [], "announced": [], "restarted": ["db"]}
    asyncio.run(books.records.note(row["task"], "certificate", good))
    said = fairlead("deployments", "certificate", row["id"])
    assert (said.code, said.out.splitlines()[0]) == (0, "all is as it was before")
    assert "db" in said.out
    bad = {**good, "is_as_it_was": False, "differences": ["container x is gone"]}
    asyncio.run(books.records.note(row["task"], "certificate", bad))
    said = fairlead("deployments", "certificate", row["id"])
    assert (said.code, "unexpected: container x is gone" in said.out) == (1, True)
    assert "1 unexpected: container x is gone" in fairlead("deployments", "show", row["id"]).out


def test_a_task_is_shown_followed_and_cancelled(books: House, fairlead: Run) -> None:
    [task] = [row for row in fairlead("-o", "json", "tasks", "list").data if row["has_ended"]]
    books.say(task["id"], ("switch", "a [line] with brackets"))
    assert "a [line] with brackets" in fairlead("tasks", "log", task["id"]).out
    books.task_log.write(task["id"], "info", "switch", "hello", target="web1")
    books.say(task["id"], ("switch", "bye"))
    assert "switch             [web1] hello" in fairlead("tasks", "log", task["id"]).out
    followed = fairlead("tasks", "log", task["id"], "--follow")
    assert followed.code == 0 and "succeeded" in followed.err, followed
    assert fairlead("cancel", task["id"]).code == 1
    assert fairlead("tasks", "show", "tsk-none").code == 5


def test_waiting_for_a_task_that_goes_on_ends_at_the_bound_with_124(books: House, fairlead: Run) -> None:
    said = fairlead("deploy", "1.0.0", "--to", "Test", "-p", "books", "--force", "--wait", "--timeout", "0.1")
    assert said.code == 124 and "goes on" in said.err and "step.timed_out" in said.err, said


def test_every_case_of_a_tasks_tests_is_listed_the_worst_first(books: House, fairlead: Run) -> None:
    [task] = [row for row in fairlead("-o", "json", "tasks", "list").data if row["has_ended"]]
    assert "no JUnit" in fairlead("tasks", "tests", task["id"]).err
    report = b"""<testsuite name="s"><testcase classname="a" name="good" time="0.5"/>
      <testcase classname="a" name="bad"><failure message="expected 1">x</failure></testcase></testsuite>"""
    for name, content in (("pre-deployment/a.xml", report), ("post-integration/b.xml", b"<broken")):
        asyncio.run(books.context.artifacts.attach(task["id"], name, content, kind="junit"))
    said = fairlead("tasks", "tests", task["id"])
    assert said.out.index("a.bad") < said.out.index("a.good") and "expected 1" in said.out
    assert "b.xml" in said.err
    bad, good = fairlead("-o", "json", "tasks", "tests", task["id"]).data
    assert (bad["kind"], bad["outcome"], good["seconds"]) == ("pre-deployment", "failed", 0.5)
    assert fairlead("tasks", "tests", "tsk-none").code == 5


def test_a_projects_host_keys_are_given_from_a_file(house: House, fairlead: Run, tmp_path: Path) -> None:
    file, address = tmp_path / "known_hosts", "ssh://git@git.example.com/books.git"
    file.write_text("git.example.com ssh-ed25519 AAAA\n")

    def held() -> str:
        with house.context.database.reading() as connection:
            source = projects.by_name(connection, "books").source
        assert source is not None
        return source.known_hosts

    given = ("--known-hosts", str(file))
    assert fairlead("projects", "add", "books", "--git", address, *given, "--no-wait").code == 0
    assert held() == file.read_text().strip()
    shown = fairlead("-o", "json", "projects", "show", "books").data["source"]
    assert shown["known_hosts"] == held()  # they are no secret: what stays can be seen
    assert fairlead("projects", "connect", "books", address, "--branch", "trunk").code == 0
    assert held(), "a host that was vouched for would be trusted blindly again"
    assert fairlead("projects", "connect", "books", address, "--known-hosts", "").code == 0 and held() == ""
    assert fairlead("projects", "connect", "books", address, *given).code == 0 and held().strip()


def test_the_wait_for_the_first_look_is_bounded_and_the_project_stays(house: House, fairlead: Run) -> None:
    said = fairlead("projects", "add", "books", "--git", "/srv/nowhere.git", "--timeout", "0.01")
    assert said.code == 124 and "could not be read yet" in said.err
    with house.context.database.reading() as connection:
        assert projects.by_name(connection, "books").source is not None


def test_what_belongs_to_the_installation(books: House, fairlead: Run) -> None:
    assert "Staging" in fairlead("environments", "add", "Staging", "--order", "2").out
    assert fairlead("environments", "remove", "Staging").code == 0
    assert fairlead("environments", "add", "a\nb").code == 2
    assert "every environment" in fairlead("policy", "allow", "privileged", "-p", "books").out
    assert "privileged" in fairlead("policy", "list").out
    assert fairlead("notifications", "add", "ops@example.com").code == 0
    assert fairlead("notifications", "add", "nowhere").code == 2
    assert "one-time password" in fairlead("users", "add", "vera").out
    assert fairlead("keys", "add", "ci").out.strip().startswith("flk_")
    assert {"user.added", "key.added"} <= {one["kind"] for one in fairlead("-o", "json", "events").data}


def test_signing_in_keeps_a_key_for_the_next_command(
    house: House, fairlead: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    said = fairlead("login", URL, "--user", "admin", "--password-stdin", key="")
    assert said.code == 0 and PASSWORD not in said.out + said.err
    kept = tmp_path / "config" / "fairlead" / "account.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert fairlead("-o", "json", "whoami", key="").data["name"] == "admin"
    assert fairlead("logout", key="").code == 0
    assert fairlead("whoami", key="").code == 4


# How a command ends: the table that is in docs/reference/error-codes.md


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (0, ("environments", "list")),
        (1, ("rollback", "-e", "Test", "-p", "books", "--no-wait")),
        (2, ("environments", "add", "../x")),
        (2, ("nonsense",)),
        (2, ("deploy",)),
        (2, ("--output", "xml", "status")),
        (3, ("release", "update-variables", "1.0.0", "-p", "books", "--preview")),
        (5, ("projects", "show", "nothing")),
    ],
)
def test_a_command_ends_with_the_code_of_the_table(
    books: House, fairlead: Run, code: int, arguments: tuple[str, ...]
) -> None:
    from tests.unit.server.house import ADMINISTRATOR

    from fairlead.usecases import variables

    variables.put(books.context, ADMINISTRATOR, "books", "Other", "x")
    said = fairlead(*arguments)
    assert said.code == code, said
    assert (said.err != "") is (code not in (0, 3))


def test_nobody_and_who_may_not_end_with_4(house: House, fairlead: Run) -> None:
    assert fairlead("status", key="").code == 4
    assert "fairlead login" in fairlead("status", key="").err
    assert fairlead("status", key="flk_wrong").code == 4
    house.add_user("vera", "viewer")
    signed = access_key(house)
    assert fairlead("environments", "add", "X", key=signed).code == 4


def access_key(house: House) -> str:
    from fairlead.usecases import access

    return access.sign_in_for_key(house.context, "vera", PASSWORD, label="t", address="").text


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 130), (httpx2.ReadTimeout("slow"), 124)])
def test_what_is_interrupted_or_takes_too_long(
    house: House, fairlead: Run, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int
) -> None:
    def ask(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(httpx2.Client, "request", ask)
    assert fairlead("status").code == code


def test_a_server_that_is_not_there_is_said_in_words() -> None:
    def nobody(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    asked = client.Client(Account(URL, KEY), transport=httpx2.MockTransport(nobody))
    with pytest.raises(errors.Unreachable) as raised:
        asked.get("/api/v1/status")
    assert raised.value.code == "server.unreachable" and "fairlead-server up" in raised.value.hint


@pytest.mark.parametrize("content", [b"<html>", b"", b"[]", b'"x"', b'{"code": "unheard.of", "detail": 3}'])
def test_an_answer_that_is_no_problem_is_an_error_of_ours(content: bytes) -> None:
    transport = httpx2.MockTransport(lambda request: httpx2.Response(502, content=content))
    with pytest.raises(errors.FairleadError):
        client.Client(Account(URL, KEY), transport=transport).get("/")


def test_another_server_at_the_address_is_said_in_words() -> None:
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, content=b"<html>It works!"))
    with pytest.raises(errors.Failed) as raised:
        client.Client(Account(URL, KEY), transport=transport).get("/")
    assert "not a Fairlead server" in raised.value.message


def test_text_of_others_is_never_markup() -> None:
    shown = screen.Screen()
    shown.say("[/] [bold")
    shown.fail("[/red] x", "[hint", "input.invalid")
    assert screen.cell("[/]") == "\\[/]"


def test_init_and_validate_need_no_server(fairlead: Run, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nEXPOSE 8080\n")
    assert fairlead("init", "--name", "books", key="").code == 0
    assert fairlead("init", "--name", "books", key="").code == 2
    assert fairlead("validate", key="").code == 0
    (tmp_path / "fairlead.yml").write_text("project: books\nservices:\n  web: {prot: 1}\n")
    wrong = fairlead("validate", key="")
    assert wrong.code == 2 and "fairlead.yml:3:" in wrong.err
    assert json.loads(fairlead("-o", "json", "validate", key="").out)["problems"]


def test_the_version_is_told_without_the_libraries_of_a_client() -> None:
    program = (
        "import sys; from fairlead.cli.app import run; code = run(['--version'])\n"
        "heavy = {'httpx2', 'rich', 'pydantic', 'ruamel.yaml', 'fastapi'} & set(sys.modules)\n"
        "assert not heavy, heavy\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "fairlead 0.1.0\n"), done.stderr


def test_a_deployment_is_named_by_its_number_where_it_went(books: House, fairlead: Run) -> None:
    here = ("-p", "books", "-e", "Test")
    [live] = fairlead("-o", "json", "deployments", "list", *here, "--outcome", "live").data[:1]
    assert fairlead("-o", "json", "deployments", "list", *here, "--outcome", "refused").data == []
    assert f" {live['number']} " in fairlead("deployments", "list", *here).out
    assert fairlead("-o", "json", "deployments", "show", str(live["number"]), *here).data["id"] == live["id"]
    unknown = fairlead("deployments", "show", "999", *here)
    assert unknown.code == 5 and "there is no deployment 999 of books in Test" in unknown.err
    unsure = fairlead("deployments", "show", "1", "-p", "books")
    assert unsure.code == 2 and "Test" in unsure.err, unsure


def test_a_list_of_projects_says_how_their_repositories_answered(books: House, fairlead: Run) -> None:
    from tests.unit.server.house import ADMINISTRATOR

    from fairlead.usecases import projects, runs

    silent = projects.get(books.context, ADMINISTRATOR, "books")
    gone = errors.Unreachable("source.unreachable", "https://git.test/books.git cannot be reached")
    runs.could_not_look(books.context, silent, gone, cause="poll")
    books.add_project("shop", git="https://git.test/shop.git")
    assert "cannot be reached" in fairlead("projects", "list").out
    listed = {one["name"]: one for one in fairlead("-o", "json", "projects", "list").data}
    for name, found in listed.items():
        assert found == fairlead("-o", "json", "projects", "show", name).data
    assert listed["books"]["contact"]["at"] is not None and listed["shop"]["contact"]["at"] is None
