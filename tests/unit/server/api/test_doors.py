"""Every route: who may ask, how errors look, repeats, edits, paging."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import Request
from fastapi.testclient import TestClient
from tests.unit.server.house import PASSWORD, House

from fairlead.domain.errors import CODES
from fairlead.server.api.doors import address_of
from fairlead.server.app import described
from fairlead.server.idempotency import Idempotency
from fairlead.server.settings import Settings
from fairlead.store import idempotency

DOCUMENT = described()
ROUTES = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]
OPEN = {"/healthz", "/readyz", "/api/v1/sessions", "/api/v1/token"}
ONE_LINE = re.compile(r"[^\r\n]*")


def address(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "x", path)


def problem(answer: Any, status: int, code: str = "") -> dict[str, Any]:
    """The problem that an answer is; every member as RFC 9457 and our reference have it."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status and body["code"] in CODES and body["title"] == CODES[body["code"]]
    assert body["type"].endswith(body["code"]) and body["detail"]
    assert not code or body["code"] == code, body
    return body


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[1] not in OPEN])
def test_nothing_is_told_to_strangers(stranger: TestClient, method: str, path: str) -> None:
    body = {} if method in ("POST", "PUT", "PATCH") else None
    wrong = problem(stranger.request(method, address(path), json=body), 401)
    assert wrong["code"] in ("auth.required", "webhook.signature")
    if not path.startswith("/hooks/"):
        again = stranger.request(method, address(path), json=body, headers={"Authorization": "Bearer flk_wrong"})
        problem(again, 401, "auth.required")
        assert again.headers["www-authenticate"].startswith("Bearer")


def test_health_is_told_to_everybody(stranger: TestClient, house: House) -> None:
    assert stranger.get("/healthz").json() == {"status": "alive"}
    assert stranger.get("/readyz").status_code == 200
    house.life.is_ready = False
    assert stranger.get("/readyz").status_code == 503


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_is_described(method: str, path: str) -> None:
    operation = DOCUMENT["paths"][path][method.lower()]
    assert operation["description"].endswith(".") and operation["tags"]
    assert {"4XX", "5XX"} <= set(operation["responses"]) and "422" not in operation["responses"]
    is_open = path in OPEN or path.startswith("/hooks/")
    assert ("security" in operation) is not is_open


def test_what_is_not_there_and_what_cannot_be_done_are_problems(client: TestClient) -> None:
    problem(client.get("/api/v1/nothing"), 404, "page.unknown")
    wrong = client.delete("/api/v1/me")
    problem(wrong, 405, "page.unknown")
    assert wrong.json()["detail"].startswith("there is no route ") and "this address knows " in wrong.json()["hint"]
    assert wrong.headers["allow"] == "GET"
    for path, code in (
        ("/api/v1/projects/x", "project.unknown"),
        ("/api/v1/tasks/x", "task.unknown"),
        ("/api/v1/deployments/x", "deployment.unknown"),
        ("/api/v1/approvals/x", "approval.unknown"),
        ("/api/v1/runs/x", "run.unknown"),
        ("/api/v1/certificates/x", "certificate.unknown"),
        ("/api/v1/projects/x%2F..%2Fy", "page.unknown"),
    ):
        problem(client.get(path), 404, code)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"{}",
        b'{"name": 1}',
        b'{"name": "books", "unknown": 1}',
        b'{"name": "books\\u0000"}',
        b'{"name": "\\ud800"}',
        b'{"name": ' + b"[" * 3000 + b"]" * 3000 + b"}",
        b"\xff\xfe",
        b'{"name": "' + b"a" * 41 + b'"}',
        b'{"name": "a\\nb"}',
        b'{"name": "--upload-pack=x"}',
        b'{"name": "books", "source": {"url": "ext::sh -c id"}}',
        b'{"name": "books", "source": {"url": "/srv/x", "branch": "--upload-pack=x"}}',
        b'{"name": "books", "source": {"url": "/srv/x", "poll_s": -1}}',
        b'{"name": "books", "source": {"url": "/srv/x", "poll_s": NaN}}',
        b'{"name": "books", "forge": {"kind": "gitea", "api_url": "file:///etc", "repository": "a/b"}}',
    ],
)
def test_a_bad_body_is_a_problem_and_changes_nothing(client: TestClient, body: bytes) -> None:
    wrong = problem(client.post("/api/v1/projects", content=body, headers={"Content-Type": "application/json"}), 400)
    assert ONE_LINE.fullmatch(wrong["detail"])
    assert client.get("/api/v1/projects").json()["items"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "after=%00", "state=none"])
def test_a_bad_query_is_a_problem(client: TestClient, query: str) -> None:
    wrong = problem(client.get(f"/api/v1/tasks?{query}"), 400)
    assert wrong["code"] == "input.invalid" and ONE_LINE.fullmatch(wrong["detail"])


@pytest.mark.parametrize("key", ["", "a-key"])
@pytest.mark.parametrize("is_declared", [True, False])
def test_a_body_over_the_limit_is_refused(client: TestClient, house: House, *, is_declared: bool, key: str) -> None:
    size = house.life.server.settings.max_body_bytes + 1
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}

    def parts() -> Iterator[bytes]:
        for _ in range(size // 65_536 + 1):
            yield b" " * 65_536

    content = b" " * size if is_declared else parts()
    refused = (
        problem(client.post("/api/v1/projects", content=content, headers=headers), 413),
        problem(client.post("/hooks/x", content=b" " * size), 413),
    )
    assert {one["code"] for one in refused} == {"input.too_large"}
    assert all(f"{size - 1:,} bytes" in one["detail"] for one in refused), "the limit is told"
    assert client.get("/api/v1/projects").json()["items"] == []


def test_a_wrong_signature_is_refused_and_tells_nothing(client: TestClient, stranger: TestClient) -> None:
    made = client.post("/api/v1/projects", json={"name": "books", "source": {"url": "/srv/books.git"}}).json()
    path = made["source"]["webhook_url"].split("8600")[1]
    told = []
    for at in (path, "/hooks/nobody"):
        answer = stranger.post(at, content=b"{}", headers={"X-Hub-Signature-256": "sha256=00"})
        told.append(problem(answer, 401, "webhook.signature"))
    assert told[0] == told[1]


def test_the_key_of_a_delivery_opens_nothing_to_who_cannot_sign(client: TestClient, stranger: TestClient) -> None:
    made = client.post("/api/v1/projects", json={"name": "books", "source": {"url": "/srv/books.git"}}).json()
    path = made["source"]["webhook_url"].split("8600")[1]
    headers = {"X-Gitlab-Event": "Push Hook", "Idempotency-Key": "i-1", "X-Gitlab-Token": made["webhook_secret"]}
    assert stranger.post(path, content=b"{}", headers=headers).json() == {"accepted": True}
    assert stranger.post(path, content=b"{}", headers=headers).json() == {"accepted": False}
    problem(stranger.post(path, content=b"{}", headers=headers | {"X-Gitlab-Token": "no"}), 401, "webhook.signature")
    problem(stranger.post(path, content=b"[]", headers=headers | {"X-Gitlab-Token": "no"}), 401, "webhook.signature")


def test_a_look_says_who_made_us_look(client: TestClient, stranger: TestClient, house: House) -> None:
    body = {"name": "books", "source": {"url": "/srv/books.git"}}
    made = client.post("/api/v1/projects", json=body).json()
    signature = hmac.new(made["webhook_secret"].encode(), b"{}", "sha256").hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Delivery": "d-1", "X-GitHub-Event": "push"}
    answer = stranger.post(made["source"]["webhook_url"].split("8600")[1], content=b"{}", headers=headers)
    assert answer.status_code < 300, answer.text
    assert house.looked == [("books", "person"), ("books", "webhook")]


def test_a_request_has_an_id_its_own_or_ours(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "mine-1"}).headers["x-request-id"] == "mine-1"
    assert client.get("/healthz", headers={"X-Request-Id": "a b"}).headers["x-request-id"].startswith("req-")
    assert client.get("/healthz").headers["x-content-type-options"] == "nosniff"


def test_a_repeat_with_its_key_is_answered_as_before_and_done_once(client: TestClient) -> None:
    headers = {"Idempotency-Key": "once"}
    first = client.post("/api/v1/environments", json={"name": "Demo"}, headers=headers)
    again = client.post("/api/v1/environments", json={"name": "Demo"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(client.get("/api/v1/environments").json()["items"]) == 3
    other = client.post("/api/v1/environments", json={"name": "Other"}, headers=headers)
    problem(other, 409, "idempotency.mismatch")


@pytest.mark.parametrize("path", ["/api/v1/environments", "/api/v1/projects"])
def test_what_is_done_is_known_as_done_with_it(
    client: TestClient, house: House, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """In one transaction, before the answer is kept: the server may die between the two."""

    async def die(*_: object) -> None: ...

    monkeypatch.setattr(Idempotency, "_finish", die)
    body = {"name": "Demo"} if "environments" in path else {"name": "demo"}
    assert client.post(path, json=body, headers={"Idempotency-Key": "once"}).status_code == 201
    with house.context.database.reading() as connection:
        assert connection.execute(sa.select(idempotency.idempotency_keys.c.status)).scalars().all() == [0]


def test_a_repeat_tells_no_secret_and_a_failure_may_be_tried_again(client: TestClient) -> None:
    headers = {"Idempotency-Key": "once"}
    first = client.post("/api/v1/keys", json={"name": "ci"}, headers=headers).json()
    again = client.post("/api/v1/keys", json={"name": "ci"}, headers=headers).json()
    assert "key" in first and "key" not in again and first["id"] == again["id"]
    headers = {"Idempotency-Key": "fails"}
    problem(client.post("/api/v1/environments", json={"name": "a\nb"}, headers=headers), 400)
    assert client.post("/api/v1/environments", json={"name": "Demo"}, headers=headers).status_code == 201
    problem(client.post("/api/v1/environments", json={"name": "X"}, headers={"Idempotency-Key": "k" * 201}), 400)


def test_what_is_kept_of_a_request_is_no_hash_that_a_password_can_be_guessed_by(
    client: TestClient, house: House
) -> None:
    body = b'{"user":"admin","password":"' + PASSWORD.encode() + b'"}'
    headers = {"Idempotency-Key": "once", "Content-Type": "application/json"}
    assert client.post("/api/v1/sessions", content=body, headers=headers).status_code == 201
    assert client.post("/api/v1/sessions", content=body, headers=headers).status_code == 201
    with house.context.database.reading() as connection:
        (held,) = connection.execute(idempotency.idempotency_keys.select()).all()
    guess = hashlib.sha256(b"/api/v1/sessions?\n" + body).hexdigest()
    assert held.request != guess, "who reads the books, or a backup, would try passwords at the speed of SHA-256"


def test_an_edit_of_what_somebody_else_changed_is_refused(client: TestClient) -> None:
    client.post("/api/v1/projects", json={"name": "books"})
    tag = client.get("/api/v1/projects/books").headers["etag"]
    changed = client.patch("/api/v1/projects/books", json={"title": "A"}, headers={"If-Match": tag})
    assert changed.status_code == 200 and changed.headers["etag"] != tag
    for stale in (tag, '"x"', "garbage"):
        answer = client.patch("/api/v1/projects/books", json={"title": "B"}, headers={"If-Match": stale})
        problem(answer, 409, "edit.conflict")
    assert client.patch("/api/v1/projects/books", json={"title": "C"}, headers={"If-Match": "*"}).status_code == 200
    problem(client.patch("/api/v1/projects/books", json={"branch": "--x"}), 400)


def test_a_variable_that_somebody_else_changed_is_neither_set_nor_removed(client: TestClient) -> None:
    client.post("/api/v1/projects", json={"name": "books"})
    path = "/api/v1/projects/books/variables/A"
    fresh = client.put(path, json={"value": "1"})
    tag = fresh.headers["etag"]
    assert tag == f'"{fresh.json()["revision"]}"'
    changed = client.put(path, json={"value": "2"}, headers={"If-Match": tag})
    assert changed.status_code == 200 and changed.headers["etag"] != tag
    problem(client.put(path, json={"value": "3"}, headers={"If-Match": tag}), 409, "edit.conflict")
    problem(client.delete(path, headers={"If-Match": tag}), 409, "edit.conflict")
    new = {"value": "3", "environments": ["Test"]}
    problem(client.put(path, json=new, headers={"If-Match": tag}), 409, "edit.conflict")
    [held] = client.get("/api/v1/projects/books/variables").json()["items"]
    assert (held["value"], held["environments"]) == ("2", [])
    assert client.delete(path, headers={"If-Match": changed.headers["etag"]}).status_code == 204


def test_a_list_is_paged_by_a_cursor_that_holds_while_things_come_and_go(client: TestClient) -> None:
    for number in range(7):
        client.post("/api/v1/projects", json={"name": f"p{number}"})
    seen: list[str] = []
    after = ""
    while True:
        page = client.get("/api/v1/projects", params={"limit": 2, **({"after": after} if after else {})}).json()
        seen += [item["name"] for item in page["items"]]
        client.post("/api/v1/projects", json={"name": f"a{len(seen)}"})
        if not page["next"]:
            break
        after = page["next"]
    assert sorted(seen) == seen
    assert set(seen) >= {f"p{number}" for number in range(7)} and len(seen) == len(set(seen))


def test_the_secret_of_a_variable_is_in_no_answer(client: TestClient) -> None:
    client.post("/api/v1/projects", json={"name": "books"})
    put = client.put("/api/v1/projects/books/variables/Db.Password", json={"value": "hunter2", "secret": True})
    assert put.status_code == 200 and "hunter2" not in put.text
    for path in ("projects/books/variables", "projects/books", "events"):
        assert "hunter2" not in client.get(f"/api/v1/{path}").text


def test_a_viewer_may_look_and_nothing_else(client: TestClient, house: House) -> None:
    house.add_user("vera", "viewer")
    from tests.unit.server.house import PASSWORD

    signed = client.post("/api/v1/sessions", json={"user": "vera", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {signed.json()['key']}"}
    assert client.get("/api/v1/status", headers=headers).status_code == 200
    for method, path, body in (
        ("POST", "/api/v1/projects", {"name": "x"}),
        ("POST", "/api/v1/environments", {"name": "x"}),
        ("POST", "/api/v1/users", {"name": "x"}),
        ("POST", "/api/v1/policies", {"project": "x", "key": "privileged"}),
        ("POST", "/api/v1/projects/x/releases", {"images": {}, "files": {"a": ""}}),
    ):
        problem(client.request(method, path, json=body, headers=headers), 403, "permission.denied")
    assert json.loads(client.get("/api/v1/me", headers=headers).text)["permissions"] == ["view"]
    problem(client.post("/api/v1/sessions", json={"user": "vera", "password": "wrong"}), 401, "auth.wrong")


def test_a_proxy_that_adds_a_line_of_its_own_is_heard_before_what_a_client_forged() -> None:
    server = SimpleNamespace(settings=Settings(trusted_proxies=("10.0.0.1",)))
    app = SimpleNamespace(state=SimpleNamespace(life=SimpleNamespace(server=server)))
    lines = [(b"x-forwarded-for", b"192.0.2.66"), (b"x-forwarded-for", b"192.0.2.1")]
    asked = Request({"type": "http", "app": app, "client": ("10.0.0.1", 4711), "headers": lines})
    assert address_of(asked) == "192.0.2.1"
