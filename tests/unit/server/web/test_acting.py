"""Forms: what they do, who may not, and that none does what the API cannot."""

from __future__ import annotations

import ast
import asyncio
import functools
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, PASSWORD, House

import fairlead.server
from fairlead.domain.approval import ApprovalState
from fairlead.domain.deployment import DeploymentOutcome, DeploymentState
from fairlead.domain.task import TaskState
from fairlead.ports.tasks import End
from fairlead.store import events
from fairlead.usecases import access, approvals, tasks, variables
from fairlead.usecases import projects as projecting

ROOM = Path(fairlead.server.__file__).parent


@pytest.fixture
def books(house: House) -> House:
    """A project with a release that is live in Test and waits for Production."""
    house.add_project("books", title="Book shop", git="https://git.test/books.git")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    house.go_live("books", "1.0.0", "Test")
    return house


def waiting(house: House) -> approvals.ApprovalView:
    return approvals.page(house.context, ADMINISTRATOR, state=ApprovalState.WAITING).items[0]


def said(visit: Visit, path: str) -> str:
    """What the page says of the form before it."""
    found = re.search(r'<div class="fl-said [^"]*"[^>]*>.*?<p>(.*?)</p>', visit.get(path), flags=re.DOTALL)
    return found[1] if found else ""


def test_an_approval_with_a_note_begins_the_deployment(books: House, visit: Visit) -> None:
    visit.sign_in()
    asked = waiting(books).approval
    visit.post(f"/approvals/{asked.id}/approve", plan_hash="0" * 64, back="/approvals")
    assert "the plan that is asked about is" in visit.get("/approvals")
    to = visit.post(f"/approvals/{asked.id}/approve", note="go <b>on</b>", back="/approvals")
    assert to == f"/deployments/{asked.deployment}"
    made = books.deployment("books", "1.0.0", "Production")
    assert (made.state, made.approved_by) == (DeploymentState.QUEUED, "admin")
    task = visit.get(f"/tasks/{made.task}")
    assert "go &lt;b&gt;on&lt;/b&gt;" in task
    assert "Approved: books 1.0.0 to Production begins." in task


def test_a_rejection_ends_it_and_says_so(books: House, visit: Visit) -> None:
    visit.sign_in()
    asked = waiting(books).approval
    back = f"/deployments/{asked.deployment}"
    assert visit.post(f"/approvals/{asked.id}/reject", note="not today", back=back) == back
    assert books.deployment("books", "1.0.0", "Production").outcome is DeploymentOutcome.REJECTED
    assert "rejected by admin: not today" in visit.get(back)


def test_an_answer_that_comes_too_late_is_said_on_the_page(books: House, visit: Visit) -> None:
    visit.sign_in()
    asked = waiting(books).approval
    approvals.reject(books.context, ADMINISTRATOR, asked.id)
    assert visit.post(f"/approvals/{asked.id}/approve") == "/approvals"
    assert said(visit, "/approvals") == "it was already rejected by admin"
    assert said(visit, "/approvals") == "", "it is said once"


def test_back_leads_nowhere_else(books: House, visit: Visit) -> None:
    asked = waiting(books).approval
    visit.sign_in()
    assert visit.post(f"/approvals/{asked.id}/reject", back="https://evil.test") == "/approvals"


def test_a_variable_is_set_for_one_environment_changed_and_removed(books: House, visit: Visit) -> None:
    visit.sign_in()
    visit.post("/projects/books/variables", name="Mail.Host", value="mail.test", environments="Test")
    page = visit.get("/projects/books")
    assert "mail.test" in page
    edit = visit.get("/projects/books/variables/Mail.Host")
    assert "mail.test</textarea>" in edit
    visit.post("/projects/books/variables", name="Mail.Host", value="other.test", environments="Test")
    assert "mail.test" not in visit.get("/projects/books")
    visit.post("/projects/books/variables/remove", name="Mail.Host", environments="Test")
    assert "other.test" not in visit.get("/projects/books")


def test_a_secret_is_never_shown_again(books: House, visit: Visit) -> None:
    visit.sign_in()
    visit.post("/projects/books/variables", name="Key", value="hunter-two-and-more", secret="1")
    for path in ("/projects/books", "/projects/books/variables/Key", "/events"):
        assert "hunter-two" not in visit.get(path)
    assert "•••" in visit.get("/projects/books")


def test_a_name_that_is_none_is_refused_in_words(books: House, visit: Visit) -> None:
    visit.sign_in()
    visit.post("/projects/books/variables", name="no good;", value="x")
    assert "no good;" in said(visit, "/projects/books")


def test_a_release_is_deployed_by_the_form(books: House, visit: Visit) -> None:
    books.add_release("books", "1.1.0")
    visit.sign_in()
    fields = {"version": "1.0.0", "environment": "Test"}
    assert visit.post("/projects/books/deploy", **fields).startswith("/projects/books/deploy?")
    assert "is live in Test with the same configuration" in said(visit, "/projects/books/deploy")
    assert visit.post("/projects/books/deploy", **fields, force="1").startswith("/deployments/dep-")


def test_what_is_live_is_ended_by_the_form_and_the_task_shows_it(books: House, visit: Visit) -> None:
    visit.sign_in()
    to = visit.post("/projects/books/environments/Test/retire", accessories="1")
    assert to.startswith("/tasks/tsk-")
    assert "end books in Test" in visit.get(to)
    visit.post("/projects/books/environments/Production/retire")
    assert "nothing of books stands in Production" in said(visit, "/projects/books/environments/Production")


def test_roll_back_goes_to_the_release_before(books: House, visit: Visit) -> None:
    books.add_release("books", "1.1.0")
    books.go_live("books", "1.1.0", "Test")
    visit.sign_in()
    assert "to 1.0.0" in visit.get("/projects/books/environments/Test")
    assert visit.post("/projects/books/rollback", environment="Test").startswith("/deployments/")
    assert books.deployment("books", "1.0.0", "Test").kind == "rollback"


def test_what_went_live_is_marked_as_failed_on_its_page(books: House, visit: Visit) -> None:
    visit.sign_in()
    live = books.deployment("books", "1.0.0", "Test")
    page = f"/tasks/{live.task}"
    assert "Mark it as failed" in visit.get(page)
    assert visit.post(f"/deployments/{live.id}/mark-failed", reason="lost <orders>") == f"/deployments/{live.id}"
    shown = visit.get(page)
    assert "Marked as failed" in shown and "lost &lt;orders&gt;" in shown and "Mark it as failed" not in shown
    assert "marked it as failed afterwards: lost &lt;orders&gt;" in visit.get(f"/why/deployments/{live.id}")
    for lists in ("/tasks", "/projects/books", "/projects/books/deployments", "/projects/books/environments/Test"):
        listed = visit.get(lists)
        assert "marked as failed" in listed and "admin: lost &lt;orders&gt;" in listed, lists
    visit.post(f"/deployments/{live.id}/mark-failed", undo="1")
    assert "Mark it as failed" in visit.get(page)


def test_a_project_is_cloned_on_its_page(books: House, visit: Visit) -> None:
    visit.sign_in()
    assert visit.post("/projects/books/clone", new=" more-books ") == "/projects/more-books"
    told = said(visit, "/projects/more-books")
    assert "more-books is a clone of books" in told and "shown only now" in told
    assert "disabled" in visit.get("/projects/more-books")
    assert visit.post("/projects/books/clone", new="more-books") == "/projects/books"
    assert "more-books" in said(visit, "/projects/books")
    assert visit.post("/projects/books/clone", new="no/name") == "/projects/books"


def test_looking_now_starts_a_run_or_says_why_not(books: House, visit: Visit) -> None:
    visit.sign_in()
    visit.post("/projects/books/look")
    assert "not" in said(visit, "/projects/books").lower()
    assert "Not reached" in visit.get("/projects/books")
    books.source.commit("https://git.test/books.git", "main", {"a": b"b"})
    to = visit.post("/projects/books/look")
    assert to.startswith("/runs/run-")
    assert visit.client.get(to).headers["location"].startswith("/tasks/tsk-")
    assert visit.post("/projects/books/look") == "/projects/books"


def test_a_task_is_cancelled_and_an_unsettled_one_taken_up(books: House, visit: Visit) -> None:
    approvals.approve(books.context, ADMINISTRATOR, waiting(books).approval.id)
    task = books.begin("books", "1.0.0", "Production")
    visit.sign_in()
    assert "is not unsettled" in _after(visit, f"/tasks/{task}/resume", f"/tasks/{task}")
    visit.post(f"/tasks/{task}/cancel")
    assert tasks.get(books.context, ADMINISTRATOR, task).cancel_asked_by == "admin"
    assert "admin asked to cancel it" in visit.get(f"/tasks/{task}")
    left = End(TaskState.UNSETTLED, "engine.unreachable", "the engine does not answer", again=2)
    books.end(task, replace(left, tried=("undoing “start web”: no answer",), commands=("docker rm -f -v web-1",)))
    page = visit.get(f"/tasks/{task}")
    assert "Take it up again" in page
    assert "undoing “start web”: no answer" in page and "docker rm -f -v web-1" in page
    visit.post(f"/tasks/{task}/resume")
    assert books.durable.resumed == [(task, 3)]


def test_a_deployment_that_failed_is_tried_again_from_its_page(books: House, visit: Visit) -> None:
    approvals.approve(books.context, ADMINISTRATOR, waiting(books).approval.id)
    task = books.begin("books", "1.0.0", "Production")
    visit.sign_in()
    assert "Try again" not in visit.get(f"/tasks/{task}")
    books.end(task, End(TaskState.FAILED, "tests.failed", "they failed"))
    assert "Try again from what failed" in visit.get(f"/tasks/{task}")
    failed = books.deployment("books", "1.0.0", "Production")
    to = visit.post(f"/deployments/{failed.id}/retry")
    assert to.startswith(("/tasks/", "/deployments/")) and failed.id not in to
    assert "is tried again" in visit.get(to)
    books.add_user("eva", "viewer")
    visit.sign_in("eva")
    assert "Try again" not in visit.get(f"/tasks/{task}")


def test_an_unsettled_deployment_tells_what_to_do_and_is_taken_up_by_its_id(books: House, visit: Visit) -> None:
    approvals.approve(books.context, ADMINISTRATOR, waiting(books).approval.id)
    task = books.begin("books", "1.0.0", "Production")
    found = books.deployment("books", "1.0.0", "Production")
    key = access.sign_in_for_key(books.context, "admin", PASSWORD, label="night", address="here").text
    ask = functools.partial(visit.client.request, headers={"Authorization": f"Bearer {key}"})
    assert ask("GET", f"/api/v1/deployments/{found.id}").json()["unsettled"] is None
    assert ask("POST", f"/api/v1/deployments/{found.id}/resume").status_code == 409
    left = End(TaskState.UNSETTLED, "engine.unreachable", "no answer", differences=("web-1 is left",), again=1)
    books.end(task, replace(left, tried=("undoing “start web”: no answer",), commands=("docker rm -f -v web-1",)))
    for path in (f"/api/v1/deployments/{found.id}", f"/api/v1/tasks/{task}"):
        assert ask("GET", path).json()["unsettled"] == {
            "differences": ["web-1 is left"],
            "tried": ["undoing “start web”: no answer"],
            "commands": ["docker rm -f -v web-1"],
            "taken_up": 1,
            "waits_for_a_person": False,
        }
    page = visit.sign_in().get(f"/tasks/{task}")
    order = [page.index(title) for title in ("Not as it should be", "What was tried, and what you can do", ">Why</h2>")]
    assert order == sorted(order), "what is left and what to do come before how it came to be"
    for said in ("web-1 is left", "undoing “start web”: no answer", "docker rm -f -v web-1"):
        assert page.count(f"{said}\n") + page.count(f"{said}<") == 1, f"{said}: once, on the card that is about it"
    assert ask("POST", f"/api/v1/deployments/{found.id}/resume").status_code == 200
    assert books.durable.resumed == [(task, 2)]
    with books.context.database.reading() as connection:
        told = events.page(connection, limit=5).items
    assert ("task.resumed", "books") in [(event.kind, event.project) for event in told]


def test_new_variables_are_frozen_in_a_release_as_an_act(books: House, visit: Visit) -> None:
    variables.put(books.context, ADMINISTRATOR, "books", "Db.Host", "db2")
    visit.sign_in()
    assert "db2" in visit.get("/projects/books/releases/1.0.0")
    visit.post("/projects/books/releases/1.0.0/variables")
    assert "the same as they are now" in visit.get("/projects/books/releases/1.0.0")


FORMS = [
    "/projects/books/variables",
    "/projects/books/variables/remove",
    "/projects/books/library-sets",
    "/library-sets",
    "/library-sets/x",
    "/library-sets/x/remove",
    "/library-sets/x/variables",
    "/library-sets/x/variables/remove",
    "/library-sets/x/tenant-templates",
    "/library-sets/x/tenant-templates/remove",
    "/projects/books/tenant-templates",
    "/projects/books/tenant-templates/remove",
    "/projects/books/look",
    "/projects/books/deploy",
    "/projects/books/deploy/plan",
    "/projects/books/process",
    "/projects/books/rollback",
    "/projects/books/environments/Test/retire",
    "/projects/books/releases/1.0.0/variables",
    "/projects/books/channels",
    "/projects/books/channels/x",
    "/projects/books/channels/x/remove",
    "/projects/books/release-settings",
    "/packages/remove",
    "/files/plan",
    "/files/apply",
    "/approvals/x/approve",
    "/approvals/x/reject",
    "/interruptions/x/answer",
    "/interruptions/x/give-back",
    "/interruptions/x/take",
    "/projects/books/runbooks",
    "/projects/books/runbooks/x/publish",
    "/projects/books/runbooks/x/run",
    "/projects/books/runbooks/x/run/plan",
    "/projects/books/runbooks/x/remove",
    "/projects/books/runbooks/x/runs/x/cancel",
    "/projects/books/triggers",
    "/projects/books/triggers/x/evaluate",
    "/projects/books/triggers/x/remove",
    "/step-templates",
    "/step-templates/x/move",
    "/step-templates/x/remove",
    "/tenants",
    "/tenants/x/remove",
    "/tenants/x/values",
    "/tag-sets",
    "/tag-sets/x/remove",
    "/subscriptions",
    "/subscriptions/x",
    "/subscriptions/x/enable",
    "/subscriptions/x/test",
    "/subscriptions/x/remove",
    "/freezes",
    "/freezes/x",
    "/freezes/x/remove",
    "/keys",
    "/keys/x/remove",
    "/federated-credentials",
    "/federated-credentials/x/remove",
    "/identity-providers",
    "/identity-providers/x/remove",
    "/projects/books/releases/1.0.0/defects",
    "/projects/books/releases/1.0.0/defects/x/resolve",
    "/deployments/x/cancel",
    "/deployments/x/retry",
    "/deployments/x/keep",
    "/deployments/x/mark-failed",
    "/projects/books/clone",
    "/environments/x",
    "/lifecycles",
    "/lifecycles/x",
    "/lifecycles/x/remove",
    "/projects/books/lifecycle",
    "/projects/books/tenancy",
    "/tasks/x/cancel",
    "/tasks/x/resume",
    "/targets",
    "/targets/x/enable",
    "/targets/x/tenancy",
    "/targets/x/remove",
    "/targets/x/trust",
    "/targets/x/check",
    "/events/verify",
    "/users",
    "/users/x",
    "/users/x/identities",
    "/users/x/identities/x/remove",
    "/teams",
    "/teams/x/members",
    "/teams/x/give",
    "/teams/x/take",
    "/teams/x/remove",
    "/groups",
    "/groups/x",
    "/groups/x/remove",
    "/sign-out",
    "/password",
]


FOR_VIEWERS = (
    "/sign-out",
    "/password",
    "/keys",
    "/keys/x/remove",
    "/events/verify",
    "/files/plan",
    "/files/apply",
    "/projects/books/deploy/plan",
    "/projects/books/runbooks/x/run/plan",
)


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_the_sessions_token_is_refused(books: House, visit: Visit, path: str) -> None:
    assert visit.client.post(path).status_code == 303, "not signed in"
    visit.sign_in()
    for fields in ({}, {"csrf": ""}, {"csrf": "of another session"}):
        answer = visit.client.post(path, data=fields)
        assert answer.status_code == 403
        assert "auth.csrf" in answer.text


@pytest.mark.parametrize("path", [path for path in FORMS if path not in FOR_VIEWERS])
def test_who_may_only_look_is_told_what_permission_lacks(books: House, visit: Visit, path: str) -> None:
    books.add_user("eva", "viewer")
    visit.sign_in("eva")
    fields = {"name": "A", "value": "b", "version": "1.0.0", "environment": "Test", "text": "steps: []"}
    page = visit.post(path, status=403, **fields)
    assert "lacks the permission" in page


def test_who_may_only_look_is_not_offered_to_act(books: House, visit: Visit) -> None:
    books.add_user("eva", "viewer")
    visit.sign_in("eva")
    for path in ("/projects/books", "/approvals", "/projects/books/environments/Test", "/projects/books/deploy"):
        page = visit.get(path)
        forms = [form for form in re.findall(r"<form[^>]*>", page) if 'method="post"' in form]
        assert len(forms) == 1, path
        assert "/sign-out" in forms[0]


def test_every_form_of_the_pages_is_among_those_tried() -> None:
    tried = {re.sub(r"(?<=/)(books|x|1\.0\.0|Test)(?=/|$)", "{}", path) for path in FORMS} | {"/sign-in"}
    assert {re.sub(r"\{\w+\}", "{}", path) for path in _posts()} == tried


def test_the_same_token_is_taken_from_a_header(books: House, visit: Visit) -> None:
    visit.sign_in()
    headers = {"X-CSRF-Token": visit.token()}
    answer = visit.client.post("/projects/books/variables", data={"name": "A", "value": "b"}, headers=headers)
    assert answer.status_code == 303


EVIL = '"><script>alert(1)</script>'


def test_what_people_and_programs_write_is_text(house: House, visit: Visit) -> None:
    projecting.add(house.context, ADMINISTRATOR, "evil", title=EVIL, description=EVIL)
    variables.put(house.context, ADMINISTRATOR, "evil", "Db.Host", EVIL)
    house.add_release("evil", "1.0.0")
    task = house.begin("evil", "1.0.0", "Test")
    house.say(task, ("capture", EVIL), (EVIL, "text"))
    end = End(TaskState.ROLLED_BACK, "tests.failed", EVIL, EVIL, evidence=(EVIL,), differences=(EVIL,))
    asyncio.run(house.records.note(task, "tests:pre", {"reported": True, "failed": 1, "failing": [EVIL]}))
    house.end(task, end)
    visit.sign_in()
    paths = ["/", "/grid", "/projects/evil", "/projects/evil/environments/Test", f"/tasks/{task}", f"/tasks/{task}/log"]
    paths += ["/tasks", "/events", f"/tasks/{task}/state", "/projects/evil/releases/1.0.0", "/projects/evil/deploy"]
    for path in paths:
        page = visit.get(path)
        assert "<script>alert" not in page, path
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in visit.get("/")


def _posts() -> list[str]:
    return [path for file in (ROOM / "web").glob("*.py") for path, _ in _mutating(file)]


def _mutating(file: Path) -> Iterator[tuple[str, ast.AST]]:
    """Address and function of every route that changes something."""
    known = {"SIGN_IN": "/sign-in", "PASSWORD": "/password"}
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr != "get":
                address = mark.args[0]
                yield known[address.id] if isinstance(address, ast.Name) else ast.literal_eval(address), node


def _called(file: Path, within: ast.AST | None = None) -> set[str]:
    """Use cases that are called, as `module.function`."""
    tree = ast.parse(file.read_text())
    modules = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "fairlead.usecases"
        for alias in node.names
    }
    return {
        f"{modules[node.func.value.id]}.{node.func.attr}"
        for node in ast.walk(within or tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in modules
    }


def test_no_form_does_what_the_api_cannot() -> None:
    """The pages' own business is the browser's session; everything else has a twin in the API."""
    by_api = {call for file in (ROOM / "api").glob("*.py") for call in _called(file)}
    own = {"access.sign_in", "access.sign_out"}
    for file in (ROOM / "web").glob("*.py"):
        for path, function in _mutating(file):
            calls = _called(file, function)
            assert calls, f"{path} calls no use case"
            assert calls <= by_api | own, f"{path}: {calls - by_api}"


def _after(visit: Visit, form: str, page: str) -> str:
    visit.post(form)
    return said(visit, page)


@pytest.mark.parametrize("number", ["9" * 5000, "²", "-1", "٣"])
def test_a_field_for_a_number_that_holds_none_is_no_failure_of_ours(books: House, visit: Visit, number: str) -> None:
    visit.sign_in()
    process = {"text": "steps: []", "revision": number}
    assert "Traceback" not in visit.client.post("/projects/books/process", data={"csrf": visit.token(), **process}).text
    visit.post("/lifecycles/Default", name="Default", phases="Test", revision=number)
    visit.post("/projects/books/channels/Default", name="Default", revision=number)
    visit.post("/library-sets", name="shared")
    visit.post("/library-sets/shared", name="shared", revision=number)
    text = "kind: script\nproperties: {script: 'true'}\n"
    visit.post("/step-templates", name="greet", text=text)
    visit.post("/step-templates", name="greet", text=text, revision=number)
    visit.post("/step-templates/greet/move", version=number, users="x")
    visit.post("/step-templates/greet/remove", version=number)
    assert "is not a version" in said(visit, "/step-templates/greet")
    visit.post("/freezes", name="f", minutes=number, starts_at="2026-01-01T00:00", ends_at="2026-01-02T00:00")
    visit.post("/targets", name="t", environments="Test", host="h", user="u", port=number)
    assert "is not a port" in said(visit, "/targets")


def test_a_refusal_leads_to_the_page_of_the_form_where_there_is_one(books: House, visit: Visit) -> None:
    visit.sign_in()
    here = str(visit.client.base_url).rstrip("/")

    def leads_to(referer: str, name: str = "no good;") -> str:
        visit.client.headers["Referer"] = referer
        try:
            return visit.post("/projects/books/variables", name=name, value="x")
        finally:
            del visit.client.headers["Referer"]

    assert leads_to(f"{here}/projects/books/variables?search=x") == "/projects/books/variables?search=x"
    assert 'id="said" data-field="' in visit.get("/projects/books/variables")
    assert leads_to(f"{here}/projects/books/variables", name="Fine") == "/projects/books", "it was not refused"
    for elsewhere in ("https://evil.test/projects/books", f"{here}/files/apply", f"{here}//evil.test/", "http://["):
        assert leads_to(elsewhere) == "/projects/books", elsewhere
