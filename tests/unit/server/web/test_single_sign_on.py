"""Signing in by an identity provider, over real HTTP, with what a hostile provider, browser or site might try."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.provider import Provider, make_key, running
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, PASSWORD, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import FairleadError
from fairlead.domain.event import Event
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission
from fairlead.domain.user import User
from fairlead.store import events, identity_providers, teams, users
from fairlead.usecases import access, identities, single_sign_on
from fairlead.usecases import identity_providers as providers
from fairlead.usecases import teams as teaming
from fairlead.usecases import users as people
from fairlead.usecases.identity_providers import Draft, MappedGroup


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as made:
        yield made


def allow(house: House, provider: Provider, **more: Any) -> Draft:
    wanted = Draft(provider.issuer, provider.client_id, provider.client_secret, **{"makes_users": True, **more})
    providers.put(house.context, ADMINISTRATOR, "ours", wanted)
    return wanted


def sent_off(visit: Visit, next: str = "/") -> str:
    """Where the browser goes to at the provider."""
    answer = visit.client.get("/sign-in/ours", params={"next": next})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def at_provider(address: str) -> str:
    """Where the provider sends the browser back to: the path with what it says."""
    answer = httpx2.get(address, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["location"])
    return f"{parts.path}?{parts.query}"


def signed_in(visit: Visit, next: str = "/") -> Any:
    return visit.client.get(at_provider(sent_off(visit, next)))


def refusal(answer: Any) -> str:
    """What the page says; nobody is signed in."""
    assert answer.status_code >= 400, answer.headers
    assert "fairlead_session" not in answer.headers.get("set-cookie", "")
    return html.unescape(answer.text.partition('role="alert">')[2].partition("</p>")[0])


def audit(house: House, kind: str = "user.") -> list[Event]:
    with house.context.database.reading() as connection:
        return list(events.page(connection, *events.fitting(kind=kind)).items)


def user(house: House, name: str) -> User:
    with house.context.database.reading() as connection:
        return users.by_name(connection, name)


def team_names(house: House, name: str) -> tuple[str, ...]:
    return people.get(house.context, ADMINISTRATOR, name).teams


def test_a_person_is_sent_off_with_all_that_protects_them_and_is_signed_in_when_back(
    house: House, visit: Visit, provider: Provider
) -> None:
    allow(house, provider, label="Example", role="viewer")
    page = visit.get("/sign-in?next=/tasks")
    assert 'href="/sign-in/ours?next=/tasks"' in page
    assert "Sign in with Example" in page
    address = sent_off(visit, "/tasks")
    asked = {name: held[0] for name, held in parse_qs(urlsplit(address).query).items()}
    assert asked["redirect_uri"] == "http://127.0.0.1:8600/sign-in/ours/callback"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    assert "verifier" not in address
    answer = visit.client.get(at_provider(address))
    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks")
    assert "Tasks" in visit.get("/tasks")
    made = user(house, "ann")
    assert (made.role, made.password, made.is_service) == ("viewer", "", False)
    told = [(one.kind, one.via) for one in audit(house) if one.kind != "user.sign_in_refused"]
    assert ("user.signed_in", "sso ours") in told and ("user.added", "sso ours") in told


def test_the_same_subject_is_the_same_user_whatever_it_is_called_now(
    house: House, visit: Visit, provider: Provider
) -> None:
    allow(house, provider)
    signed_in(visit)
    provider.person = {"sub": "1001", "preferred_username": "ann.married", "email": "other@example.com"}
    assert signed_in(Visit(house)).status_code == 303
    provider.person = {"sub": "1002", "preferred_username": "ann"}
    assert "a user ann already" in refusal(signed_in(Visit(house)))
    assert len(list_users(house)) == 2


def list_users(house: House) -> list[User]:
    with house.context.database.reading() as connection:
        return list(users.all_of(connection))


def test_who_is_not_known_is_refused_where_nobody_is_made(house: House, visit: Visit, provider: Provider) -> None:
    allow(house, provider, makes_users=False)
    assert "no user here is yours" in refusal(signed_in(visit))
    assert [one.name for one in list_users(house)] == ["admin"]
    assert audit(house, "user.sign_in_refused")[0].facts == {"code": "identity.nobody"}


@pytest.mark.parametrize(
    ("person", "links", "is_in"),
    [
        ({"email": "Ann@Example.com", "email_verified": True}, True, True),
        ({"email": "ann@example.com", "email_verified": False}, True, False),
        ({"email": "ann@example.com"}, True, False),
        ({"email": "ann@example.com", "email_verified": 1}, True, True),
        ({"email": "ann@example.com", "email_verified": "yes"}, True, False),
        ({"email": "ann@example.com", "email_verified": True}, False, False),
        ({"email": "", "email_verified": True}, True, False),
    ],
)
def test_a_user_is_linked_by_a_verified_address_where_the_administrator_allows_it(
    house: House, visit: Visit, provider: Provider, person: dict[str, Any], links: bool, is_in: bool
) -> None:
    access.add_user(house.context, ADMINISTRATOR, "vera", email="ann@example.com")
    allow(house, provider, makes_users=False, links_by_email=links)
    provider.person = {"sub": "7", **person}
    answer = signed_in(visit)
    assert (answer.status_code == 303) == is_in, answer.text
    if is_in:
        assert answer.headers["location"] == "/"
        assert not user(house, "vera").must_change_password
        provider.person = {"sub": "8", **person}
        assert "somebody else" in refusal(signed_in(Visit(house)))


def test_a_letter_that_is_another_in_small_makes_nobody_somebody_else(
    house: House, visit: Visit, provider: Provider
) -> None:
    access.add_user(house.context, ADMINISTRATOR, "kim", email="kim@example.com")
    allow(house, provider, makes_users=False, links_by_email=True)
    provider.person = {"sub": "7", "email": "\u212aim@example.com", "email_verified": True}
    assert "no user here is yours" in refusal(signed_in(visit))


def test_a_service_account_and_who_is_disabled_do_not_come_in(house: House, visit: Visit, provider: Provider) -> None:
    people.add_service_account(house.context, ADMINISTRATOR, "robot")
    people.change(house.context, ADMINISTRATOR, "robot", email="robot@example.com")
    allow(house, provider, links_by_email=True, makes_users=False)
    provider.person = {"sub": "9", "email": "robot@example.com", "email_verified": True}
    assert "no user here is yours" in refusal(signed_in(visit))
    allow(house, provider)
    provider.person = {"sub": "1001", "preferred_username": "ann"}
    signed_in(visit)
    people.change(house.context, ADMINISTRATOR, "ann", is_enabled=False)
    assert "The user ann may not come in" in refusal(signed_in(Visit(house)))


def test_groups_are_followed_at_each_sign_in_and_what_was_given_by_hand_stays(
    house: House, visit: Visit, provider: Provider
) -> None:
    for name in ("Deployers", "Admins", "By hand"):
        teaming.add(house.context, ADMINISTRATOR, name)
    mapped = [MappedGroup("dep", "Deployers"), MappedGroup("adm", "Admins"), MappedGroup("cn=x,ou=y", "By hand")]
    allow(house, provider, groups_claim="realm.groups", teams=mapped)
    provider.person |= {"realm": {"groups": ["dep", "others"]}}
    signed_in(visit)
    assert team_names(house, "ann") == ("Deployers",)
    for name in ("Deployers", "By hand"):
        teaming.change(house.context, ADMINISTRATOR, name, members=["ann"])
    provider.person["realm"] = {"groups": ["adm"]}
    signed_in(Visit(house))
    assert team_names(house, "ann") == ("Admins", "By hand", "Deployers")
    view = teaming.get(house.context, ADMINISTRATOR, "Admins")
    assert (view.members, view.by_groups) == ((), ("ann",))
    del provider.person["realm"]
    signed_in(Visit(house))
    assert team_names(house, "ann") == ("By hand", "Deployers")
    changed = audit(house, "user.teams_changed")
    assert [one.difference[0].new for one in changed][-1] == '["Deployers"]'
    assert len(changed) == 3


def test_a_team_by_group_gives_its_roles(house: House, visit: Visit, provider: Provider) -> None:
    teaming.add(house.context, ADMINISTRATOR, "Watch", held=[teaming.HeldRole("viewer")])
    allow(house, provider, groups_claim="groups", teams=[MappedGroup("watch", "Watch")])
    provider.person |= {"groups": "watch"}
    signed_in(visit)
    assert visit.client.get("/tasks").status_code == 200
    providers.put(house.context, ADMINISTRATOR, "ours", Draft(provider.issuer, provider.client_id, makes_users=True))
    assert visit.client.get("/tasks").status_code == 403
    assert team_names(house, "ann") == ()


def test_a_member_by_group_is_told_what_the_team_is_told(house: House, visit: Visit, provider: Provider) -> None:
    team = teaming.add(house.context, ADMINISTRATOR, "Watch", members=["admin"]).team
    allow(house, provider, groups_claim="groups", teams=[MappedGroup("watch", "Watch")])
    provider.person |= {"groups": ["watch"], "email": "ann@example.com", "email_verified": True}
    signed_in(visit)
    with house.context.database.reading() as connection:
        assert teams.addresses_of(connection, team.id) == ("ann@example.com",)


def test_the_team_and_the_provider_can_go(house: House, visit: Visit, provider: Provider) -> None:
    teaming.add(house.context, ADMINISTRATOR, "Watch")
    allow(house, provider, groups_claim="groups", teams=[MappedGroup("watch", "Watch")])
    provider.person |= {"groups": ["watch"]}
    signed_in(visit)
    teaming.remove(house.context, ADMINISTRATOR, "Watch")
    assert providers.get(house.context, ADMINISTRATOR, "ours").teams == ()
    assert signed_in(Visit(house)).status_code == 303
    providers.remove(house.context, ADMINISTRATOR, "ours")
    assert visit.client.get("/sign-in/ours").status_code == 404
    assert user(house, "ann").is_enabled


# What others might try


def test_a_state_is_good_once_for_its_browser_and_in_time(house: House, visit: Visit, provider: Provider) -> None:
    allow(house, provider)
    back = at_provider(sent_off(visit))
    assert "another browser" in refusal(Visit(house).client.get(back))
    assert visit.client.get(back).status_code == 303
    assert "ended before" in refusal(visit.client.get(back))
    back = at_provider(sent_off(visit))
    with house.context.database.transaction() as connection:
        table = identity_providers.pending_sign_ins
        connection.execute(table.update().values(expires_at=house.clock.now()))
    assert "took too long" in refusal(visit.client.get(back))
    assert "another browser" in refusal(visit.client.get("/sign-in/ours/callback"))
    assert "another browser" in refusal(visit.client.get("/sign-in/ours/callback?state=x&code=y&error=z"))


def test_an_answer_of_one_provider_is_none_of_another(house: House, visit: Visit, provider: Provider) -> None:
    wanted = allow(house, provider)
    providers.put(house.context, ADMINISTRATOR, "theirs", replace(wanted, client_id="theirs"))
    back = at_provider(sent_off(visit))
    assert "another browser" in refusal(visit.client.get(back.replace("/ours/", "/theirs/")))
    back = at_provider(sent_off(visit)).replace("iss=http", "iss=https")
    assert "not of ours" in refusal(visit.client.get(back))


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"aud": "another"}, "meant for somebody else"),
        ({"aud": ["fairlead", "another"]}, "for another party"),
        ({"aud": ["fairlead", "another"], "azp": "another"}, "for another party"),
        ({"azp": "another"}, "for another party"),
        ({"aud": None}, "meant for somebody else"),
        ({"iss": "https://evil.test"}, "another issuer"),
        ({"exp": int(time.time()) - 100}, "expired"),
        ({"exp": None}, "exp is no time"),
        ({"exp": "9999999999"}, "exp is no time"),
        ({"exp": True}, "exp is no time"),
        ({"iat": int(time.time()) + 100_000}, "in the future"),
        ({"iat": None}, "iat is no time"),
        ({"exp": 10**400}, "exp is no time"),
        ({"nonce": "\ud800"}, "nonce is not the one"),
        ({"nbf": int(time.time()) + 100_000}, "not hold yet"),
        ({"nonce": "of another time"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"sub": None}, "no subject"),
        ({"sub": ""}, "no subject"),
        ({"sub": 1001}, "no subject"),
        ({"sub": "x" * 256}, "no subject"),
        ({"sub": "a\nb"}, "no subject"),
    ],
)
def test_a_token_whose_claims_are_not_as_they_should_be_is_refused(
    house: House, visit: Visit, provider: Provider, over: dict[str, Any], why: str
) -> None:
    allow(house, provider)
    provider.over = over
    assert why in refusal(signed_in(visit))
    assert [one.name for one in list_users(house)] == ["admin"]
    told = audit(house, "user.sign_in_refused")[0]
    assert (told.facts["code"], told.via) == ("identity.token", "sso ours")


def test_a_clock_that_is_a_little_wrong_does_no_harm(house: House, visit: Visit, provider: Provider) -> None:
    allow(house, provider)
    now = int(time.time())
    provider.over = {"iat": now + 30, "nbf": now + 30, "exp": now - 20, "aud": ["x", "fairlead"], "azp": "fairlead"}
    assert signed_in(visit).status_code == 303


def test_a_token_of_an_earlier_sign_in_is_not_taken_again(house: House, visit: Visit, provider: Provider) -> None:
    allow(house, provider)
    provider.token = provider.sign(provider.claims("the nonce of another"))
    assert "nonce" in refusal(signed_in(visit))


def test_a_token_by_a_strange_key_and_one_that_is_none_are_refused(
    house: House, visit: Visit, provider: Provider
) -> None:
    allow(house, provider)
    provider.token = provider.sign(provider.claims(), key=make_key("first"))
    assert "no key of its issuer" in refusal(signed_in(visit))
    provider.token = "rubbish"
    assert "no signed token" in refusal(signed_in(visit))


def test_what_the_provider_says_no_to_is_told_without_its_own_words(
    house: House, visit: Visit, provider: Provider
) -> None:
    allow(house, provider)
    provider.refusal = "access_denied"
    assert "ours let nobody in: access_denied" in refusal(signed_in(visit))
    provider.refusal = "<script>alert(1)</script>" * 10
    answer = signed_in(visit)
    assert "<script>alert" not in answer.text
    assert "it gave no code" in refusal(answer)


def test_a_wrong_secret_and_a_provider_that_is_down_are_told_and_no_secret_is(
    house: House, visit: Visit, provider: Provider
) -> None:
    allow(house, provider)
    provider.client_secret = "another"
    said = refusal(signed_in(visit))
    assert f"The identity provider {provider.issuer} did not take the code" in said and "invalid_client" in said
    down = Draft("http://127.0.0.1:9", "fairlead", "a client's secret")
    providers.put(house.context, ADMINISTRATOR, "ours", down)
    answer = visit.client.get("/sign-in/ours")
    assert answer.status_code == 503
    assert "cannot be reached" in refusal(answer)
    visit.sign_in_by_form("admin", PASSWORD)
    everything = " ".join(f"{one.message} {one.facts} {one.difference}" for one in audit(house, ""))
    assert "a client's secret" not in everything


@pytest.mark.parametrize("next", ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)", "//["])
def test_nobody_is_sent_elsewhere(house: House, visit: Visit, provider: Provider, next: str) -> None:
    allow(house, provider)
    assert signed_in(visit, next).headers["location"] == "/"


def test_tries_are_slowed_and_sign_ins_on_their_way_are_bounded(
    house: House, visit: Visit, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(house, provider)
    monkeypatch.setattr(single_sign_on, "MOST_FROM_ADDRESS", 3)
    for _ in range(3):
        sent_off(visit)
    assert visit.client.get("/sign-in/ours").status_code == 429
    for _ in range(4 * access.TRIES):
        refusal(visit.client.get("/sign-in/ours/callback?state=guess"))
    assert visit.client.get("/sign-in/ours/callback?state=guess").status_code == 429


def test_a_provider_that_is_off_or_unknown_is_not_offered(house: House, visit: Visit, provider: Provider) -> None:
    allow(house, provider, is_enabled=False)
    assert "Sign in with" not in visit.get("/sign-in")
    assert visit.client.get("/sign-in/ours").status_code == 409
    assert visit.client.get("/sign-in/none").status_code == 404
    assert visit.client.get("/sign-in/none/callback").status_code == 404


def test_the_cookie_is_for_the_way_alone_and_out_of_reach_of_scripts(
    house: House, visit: Visit, provider: Provider
) -> None:
    allow(house, provider)
    answer = visit.client.get("/sign-in/ours")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("fairlead_going="))
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/sign-in", "Max-Age=600"))


def test_passwords_can_be_for_administrators_alone(house: House, visit: Visit, provider: Provider) -> None:
    password = house.add_user("vera", "maintainer")
    allow(house, provider)
    installation = replace(house.context.installation, passwords_for_all=False)
    house.life.server.context = replace(house.context, installation=installation)
    page = visit.get("/sign-in")
    assert "or, as an administrator, with a password" in page
    visit.sign_in_by_form("admin", PASSWORD)
    other = Visit(house)
    before = other.get("/sign-in").partition('name="before" value="')[2].partition('"')[0]
    fields = {"user": "vera", "password": password, "before": before}
    assert "Only administrators sign in with a password" in refusal(other.client.post("/sign-in", data=fields))
    assert "wrong" in refusal(other.client.post("/sign-in", data={**fields, "password": "guess"}))
    assert signed_in(Visit(house)).status_code == 303


def test_teams_by_groups_are_not_made_members_by_hand(house: House, visit: Visit, provider: Provider) -> None:
    teaming.add(house.context, ADMINISTRATOR, "Watch", members=["admin"])
    allow(house, provider, groups_claim="groups", teams=[MappedGroup("watch", "Watch")])
    provider.person |= {"groups": ["watch"]}
    signed_in(visit)
    administrator = Visit(house).sign_in()
    assert "By their groups at an identity provider: ann" in administrator.get("/teams")
    team = teaming.get(house.context, ADMINISTRATOR, "Watch")
    administrator.post(f"/teams/{team.team.id}/members", members=", ".join(team.members), revision="1")
    provider.person["groups"] = []
    signed_in(Visit(house))
    with house.context.database.reading() as connection:
        assert teams.members_by_groups(connection, [team.team.id]) == {team.team.id: []}
    assert team_names(house, "ann") == ()


def test_the_page_keeps_and_removes_a_provider(house: House, visit: Visit) -> None:
    teaming.add(house.context, ADMINISTRATOR, "Watch")
    visit.sign_in()
    fields = {
        "name": "ours",
        "revision": "0",
        "issuer": "https://login.example.com",
        "client_id": "fairlead",
        "client_secret": "a long secret",
        "scopes": "openid email",
        "name_claim": "email",
        "groups_claim": "groups",
        "teams": "cn=watch,ou=groups = Watch\n",
        "role": "viewer",
        "is_enabled": "1",
    }
    visit.post("/identity-providers", **fields)
    held = providers.get(house.context, ADMINISTRATOR, "ours")
    assert held.teams == (MappedGroup("cn=watch,ou=groups", "Watch"),)
    assert held.provider.client_secret
    page = visit.get("/identity-providers")
    assert "cn=watch,ou=groups = Watch" in page
    assert "a long secret" not in page
    visit.post("/identity-providers", **{**fields, "revision": "1", "client_secret": "", "label": "Ours"})
    again = providers.get(house.context, ADMINISTRATOR, "ours")
    assert (again.provider.label, again.provider.client_secret) == ("Ours", held.provider.client_secret)
    visit.post("/identity-providers", **{**fields, "revision": "1"})
    assert "changed by somebody else" in visit.get("/identity-providers")
    visit.post("/identity-providers", **fields)
    assert "ours exists already" in visit.get("/identity-providers")
    visit.post("/identity-providers/ours/remove")
    assert "No identity provider" in visit.get("/identity-providers")


def test_an_administrator_links_and_unlinks_a_person_by_hand(house: House, visit: Visit, provider: Provider) -> None:
    house.add_user("vera", "viewer")
    allow(house, provider, makes_users=False)
    administrator = Visit(house).sign_in()
    assert "/users/vera/identities" in administrator.get("/users")
    assert "No identity" in administrator.get("/users/vera/identities")
    administrator.post("/users/vera/identities", issuer=provider.issuer, subject="1001")
    assert signed_in(visit).status_code == 303
    assert visit.client.get("/tasks").status_code == 200
    administrator.post("/users/admin/identities", issuer=provider.issuer, subject="1001")
    assert "by that subject is vera already" in administrator.get("/users/admin/identities")
    held = identities.of_user(house.context, ADMINISTRATOR, "vera")[0]
    administrator.post(f"/users/admin/identities/{held.id}/remove")
    assert "has no identity" in administrator.get("/users/admin/identities")
    administrator.post(f"/users/vera/identities/{held.id}/remove")
    assert visit.client.get("/tasks").status_code == 303, "the session has ended"
    assert "no user here is yours" in refusal(signed_in(Visit(house)))
    assert [one.kind for one in audit(house, "user.")].count("user.linked") == 1


def test_nobody_links_to_an_account_that_may_more_than_they_may(house: House) -> None:
    clerk = Actor(ActorId("usr-c"), "clerk", "user", frozenset({Permission.USER_EDIT}))
    people.add_service_account(house.context, ADMINISTRATOR, "robot")
    for name, subject, issuer, code in (
        ("admin", "1", "https://login.test", "permission.denied"),
        ("robot", "1", "https://login.test", "user.service"),
        ("nobody", "1", "https://login.test", "user.unknown"),
        ("admin", "", "https://login.test", "input.invalid"),
    ):
        with pytest.raises(FairleadError) as raised:
            identities.link(house.context, clerk, name, issuer, subject)
        assert raised.value.code == code
    with pytest.raises(FairleadError) as raised:
        identities.link(house.context, ADMINISTRATOR, "admin", "http://login.test", "1")
    assert raised.value.code == "identity.issuer"
