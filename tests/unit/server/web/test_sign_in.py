"""Signing in and out, the one-time password, and what keeps strangers from using a person's session."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, PASSWORD, House

from fairlead.server.web.visit import local_path
from fairlead.usecases import access


def test_a_page_sends_who_is_not_signed_in_to_the_form_and_back(visit: Visit) -> None:
    answer = visit.client.get("/events?kind=user.")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/events%3Fkind%3Duser.")
    form = visit.get(answer.headers["location"])
    assert 'name="next" value="/events?kind=user."' in form


def test_a_part_that_htmx_asks_for_tells_the_browser_to_go_to_the_form(visit: Visit) -> None:
    for shown, to in (
        ("/projects/books", "/projects/books"),
        ("/events?kind=a.&actor=b", "/events%3Fkind%3Da.%26actor%3Db"),
    ):
        headers = {"HX-Request": "true", "HX-Current-URL": f"http://127.0.0.1:8600{shown}"}
        answer = visit.client.get("/grid", headers=headers)
        assert answer.headers["hx-redirect"] == f"/sign-in?next={to}"


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(visit: Visit) -> None:
    before = _token(visit)
    answer = visit.client.post("/sign-in", data={"user": "admin", "password": PASSWORD, "before": before})
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("fairlead_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_the_session_cookie_is_for_https_where_the_server_is(tmp_path: Path) -> None:
    house = House(tmp_path, url="https://fairlead.test")
    try:
        visit = Visit(house)
        answer = visit.client.post("/sign-in", data={"user": "admin", "password": PASSWORD, "before": _token(visit)})
        assert all("Secure" in value for value in answer.headers.get_list("set-cookie") if "Max-Age=0" not in value)
    finally:
        house.close()


def test_a_wrong_password_is_said_without_saying_what_was_wrong(visit: Visit) -> None:
    before = _token(visit)
    for user in ("admin", "nobody"):
        answer = visit.client.post("/sign-in", data={"user": user, "password": "wrong", "before": before})
        assert answer.status_code == 401
        assert "User or password is wrong." in answer.text


def test_after_five_wrong_passwords_the_form_says_how_long_to_wait(visit: Visit) -> None:
    before = _token(visit)
    for _ in range(5):
        visit.client.post("/sign-in", data={"user": "admin", "password": "wrong", "before": before})
    answer = visit.client.post("/sign-in", data={"user": "admin", "password": PASSWORD, "before": before})
    assert answer.status_code == 429
    assert "Too many failed log-ins" in answer.text
    assert "ait 5 minutes" in answer.text


def test_another_site_cannot_sign_a_person_in(visit: Visit) -> None:
    fields = {"user": "admin", "password": PASSWORD}
    assert visit.client.post("/sign-in", data=fields).status_code == 403
    before = _token(visit)
    assert visit.client.post("/sign-in", data={**fields, "before": "of another"}).status_code == 403
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert visit.client.post("/sign-in", data={**fields, "before": before}, headers=foreign).status_code == 403


@pytest.mark.parametrize(
    "address",
    [
        *("https://evil.test/", "//evil.test/", "/\\evil.test", "\\\\evil.test", "javascript:alert(1)"),
        *("/a\nb", "", "x", "//[", "//[x", "//\u2100.test", "http://[/"),
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(visit: Visit, address: str) -> None:
    assert local_path(address) == "/"
    fields = {"user": "admin", "password": PASSWORD, "before": _token(visit), "next": address}
    assert visit.client.post("/sign-in", data=fields).headers["location"] == "/"


def test_signing_in_goes_on_to_the_page_that_was_asked_for(visit: Visit) -> None:
    fields = {"user": "admin", "password": PASSWORD, "before": _token(visit), "next": "/tasks?state=failed"}
    assert visit.client.post("/sign-in", data=fields).headers["location"] == "/tasks?state=failed"


def test_signing_out_ends_the_session_itself(visit: Visit) -> None:
    visit.sign_in()
    cookie = visit.client.cookies["fairlead_session"]
    assert visit.post("/sign-out") == "/sign-in"
    visit.client.cookies.set("fairlead_session", cookie)
    assert visit.client.get("/").status_code == 303


def test_a_one_time_password_opens_nothing_but_the_page_where_it_is_changed(house: House, visit: Visit) -> None:
    _, password = access.add_user(house.context, ADMINISTRATOR, "eva", role="deployer")
    visit.sign_in_by_form("eva", password)
    for path in ("/", "/tasks", "/events"):
        assert visit.client.get(path).headers["location"] == "/password"
    assert "Choose your own password" in visit.get("/password")
    csrf = visit.token("/password")
    fields = {"csrf": csrf, "old": password, "new": "quite another one", "again": "quite another two"}
    assert "not the same" in visit.client.post("/password", data=fields).text
    short = {**fields, "new": "short", "again": "short"}
    assert visit.client.post("/password", data=short).status_code == 400
    answer = visit.client.post("/password", data={**fields, "again": "quite another one"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Dashboard" in visit.get("/")


def test_changing_the_password_ends_every_other_session(house: House, visit: Visit) -> None:
    other = Visit(house).sign_in()
    visit.sign_in()
    fields = {"csrf": visit.token(), "old": PASSWORD, "new": "quite another one", "again": "quite another one"}
    assert visit.client.post("/password", data=fields).status_code == 303
    assert other.client.get("/").status_code == 303
    assert visit.client.get("/").status_code == 200


def _token(visit: Visit) -> str:
    import re

    found = re.search(r'name="before" value="([^"]+)"', visit.get("/sign-in"))
    assert found
    return found[1]


def test_a_person_makes_and_removes_keys_of_their_own_and_sees_each_once(house: House, visit: Visit) -> None:
    visit.sign_in()
    assert "No key" in visit.get("/keys")
    page = visit.post("/keys", 200, name="laptop", days="30")
    text = page.partition('id="key">')[2].partition("<")[0]
    actor = access.by_key(house.context, text, address="")
    assert actor is not None and actor.name == "admin"
    again = visit.get("/keys")
    assert text not in again and "laptop" in again
    for name, days in (("", "30"), ("x", ""), ("x", "9999"), ("x", "-1")):
        visit.post("/keys", name=name, days=days)
        assert "fl-tone-bad" in visit.get("/keys")
    visit.post(f"/keys/{access.keys_of(house.context, actor)[0].id}/remove")
    assert access.by_key(house.context, text, address="") is None


def test_who_may_nothing_yet_still_chooses_a_password_and_finds_the_way_out(house: House, visit: Visit) -> None:
    """As whoever an identity provider makes a user of, and whoever is added for a team's sake."""
    _, password = access.add_user(house.context, ADMINISTRATOR, "ann", role="none")
    visit.sign_in_by_form("ann", password)
    assert "Choose your own password" in visit.get("/password")
    fields = {"old": password, "new": "a password of hers", "again": "a password of hers"}
    token = re.search(r'name="csrf" value="([^"]+)"', visit.get("/password"))
    assert token
    assert visit.client.post("/password", data={"csrf": token[1], **fields}).headers["location"] == "/"
    refused = visit.get("/", 403)
    assert "ask an administrator for a role" in refused and 'href="/keys"' in refused
    page = visit.get("/keys")
    assert "API keys of ann" in page and 'action="/sign-out"' in page


@pytest.mark.parametrize("header", ["referer", "hx-current-url"])
def test_an_address_that_is_none_is_no_way_back(visit: Visit, header: str) -> None:
    headers = {header: "http://[", **({"hx-request": "true"} if header != "referer" else {})}
    for path in ("/nowhere", "/projects/x", "/tasks"):
        assert visit.client.get(path, headers=headers).status_code in (200, 303, 404)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"user=a%00b&password=x", "application/x-www-form-urlencoded"),
        (b"user=admin&before=%00&password=x", "application/x-www-form-urlencoded"),
        (b'--b\r\nContent-Disposition: form-data; name="before"\r\n\r\n+2AA-\r\n--b--\r\n', "utf-7"),
        (b'--b\r\nContent-Disposition: form-data; name="+2AA-"\r\n\r\nx\r\n--b--\r\n', "utf-7"),
    ],
)
def test_a_form_of_no_text_is_refused_in_words(visit: Visit, body: bytes, kind: str) -> None:
    """NUL, which PostgreSQL does not keep, and half a surrogate pair, which the sender's own encoding can make."""
    given = kind if "/" in kind else f"multipart/form-data; boundary=b; charset={kind}"
    answer = visit.client.post("/sign-in", content=body, headers={"Content-Type": given})
    assert answer.status_code == 400, answer.text
    assert "neither NUL nor half a surrogate pair" in answer.text
