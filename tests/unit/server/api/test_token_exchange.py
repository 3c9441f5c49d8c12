"""A build server's token for a key, over real HTTP: who gets one, for how long, and what it cannot do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.provider import Provider, make_key, running
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.server.app import create
from fairlead.store import events, users
from fairlead.usecases import access, federated_credentials, housekeeping
from fairlead.usecases import users as people
from fairlead.usecases.federated_credentials import Draft

API = "/api/v1"
AUDIENCE = "https://fairlead.test"
MAIN = "repo:org/books:ref:refs/heads/main"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as made:
        made.person = {"sub": MAIN, "environment": "production"}
        made.client_id = AUDIENCE
        yield made


@pytest.fixture
def caller(house: House, provider: Provider) -> Iterator[TestClient]:
    people.add_service_account(house.context, ADMINISTRATOR, "ci", role="deployer")
    allow(house, provider)
    with TestClient(create(house.life), raise_server_exceptions=False) as made:
        yield made


def allow(house: House, provider: Provider, name: str = "books", **more: Any) -> None:
    wanted = {"account": "ci", "subject": "repo:org/*:ref:refs/heads/main", **more}
    federated_credentials.put(
        house.context, ADMINISTRATOR, name, Draft(issuer=provider.issuer, audience=AUDIENCE, **wanted)
    )


def exchanged(caller: TestClient, token: str, status: int = 200, **more: str) -> Any:
    answer = caller.post(f"{API}/token", json={"subject_token": token, **more})
    assert answer.status_code == status, answer.text
    return answer.json()


def told(house: House, kind: str) -> list[Any]:
    with house.context.database.reading() as connection:
        return list(events.page(connection, *events.fitting(kind=kind)).items)


def test_a_token_is_exchanged_for_a_key_that_ends_within_the_hour(
    house: House, provider: Provider, caller: TestClient
) -> None:
    made = exchanged(caller, provider.sign(provider.claims()))
    assert (made["token_type"], made["expires_in"], made["user"]) == ("Bearer", 3600, "ci")
    me = caller.get(f"{API}/me", headers={"Authorization": f"Bearer {made['access_token']}"})
    assert (me.json()["user"], "release.create" in me.json()["permissions"]) == ("ci", True)
    event = told(house, "key.exchanged")[0]
    assert (event.actor, event.via) == ("ci", "token books")
    key = people.service_keys(house.context, ADMINISTRATOR, "ci")[0]
    assert key.name == f"books: {MAIN}"
    assert key.expires_at == key.created_at + timedelta(hours=1)


def test_the_key_makes_no_other_key_and_is_spoken_of_to_nobody(
    house: House, provider: Provider, caller: TestClient
) -> None:
    people.change(house.context, ADMINISTRATOR, "ci", role="administrator")
    made = exchanged(caller, provider.sign(provider.claims()))
    headers = {"Authorization": f"Bearer {made['access_token']}"}
    for path in ("/keys", "/service-accounts/ci/keys"):
        answer = caller.post(API + path, json={"name": "for ever"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "key.exchanged")
    assert housekeeping.tell_of_expiring_keys(house.context) == 0
    with house.context.database.reading() as connection:
        later = house.clock.now() + timedelta(days=30)
        assert users.ending_keys_of_programs(connection, later) == ()


def test_keys_that_ended_open_nothing_and_do_not_pile_up(house: House, provider: Provider, caller: TestClient) -> None:
    first = exchanged(caller, provider.sign(provider.claims()))
    with house.context.database.transaction() as connection:
        connection.execute(users.api_keys.update().values(expires_at=house.clock.now()))
    assert access.by_key(house.context, first["access_token"], address="") is None
    exchanged(caller, provider.sign(provider.claims()))
    assert len(people.service_keys(house.context, ADMINISTRATOR, "ci")) == 1


def test_a_repeat_is_not_told_the_key_again_and_no_key_is_on_the_disk(
    house: House, provider: Provider, caller: TestClient, tmp_path: Path
) -> None:
    token = provider.sign(provider.claims())
    body, headers = {"subject_token": token}, {"Idempotency-Key": "once"}
    made = caller.post(f"{API}/token", json=body, headers=headers).json()
    again = caller.post(f"{API}/token", json=body, headers=headers).json()
    assert "access_token" in made and "access_token" not in again
    held = b"".join(file.read_bytes() for file in tmp_path.glob("fairlead.db*"))
    assert made["access_token"].encode() not in held
    assert token.encode() not in held


@pytest.mark.parametrize(
    ("over", "code", "why"),
    [
        ({"sub": "repo:evil/books:ref:refs/heads/main"}, "credential.untrusted", "its subject does not fit"),
        ({"sub": "repo:org/x:environment:ref:refs/heads/main"}, "credential.untrusted", "its subject does not fit"),
        ({"sub": None}, "identity.token", "names no subject"),
        ({"aud": "https://other.test"}, "credential.untrusted", "another audience"),
        ({"aud": [AUDIENCE, "https://other.test"]}, "credential.untrusted", "another audience"),
        ({"aud": None}, "credential.untrusted", "another audience"),
        ({"exp": int(time.time()) - 100}, "identity.token", "expired"),
        ({"exp": None}, "identity.token", "exp is no time"),
        ({"nbf": int(time.time()) + 100_000}, "identity.token", "not hold yet"),
        ({"iss": "https://evil.test"}, "credential.untrusted", "'https://evil.test' is not trusted"),
        ({"iss": None}, "credential.untrusted", "is not trusted"),
        ({"iss": "\ud800"}, "credential.untrusted", "is not trusted"),
        ({"iss": "https://evil\0.test"}, "credential.untrusted", "is not trusted"),
        ({"exp": 10**400}, "identity.token", "exp is no time"),
    ],
)
def test_a_token_that_does_not_fit_opens_nothing_and_says_why(
    house: House, provider: Provider, caller: TestClient, over: dict[str, Any], code: str, why: str
) -> None:
    claims = {name: held for name, held in {**provider.claims(), **over}.items() if held is not None}
    problem = exchanged(caller, provider.sign(claims), 401)
    assert (problem["code"], why in problem["detail"]) == (code, True), problem
    assert "repo:org/*" not in str(problem), "what would fit is not told"
    assert told(house, "key.exchange_refused")[0].facts == {"code": code}
    with house.context.database.reading() as connection:
        ci = users.by_name(connection, "ci")
        assert users.keys_of(connection, ci.id) == ()


def test_a_single_audience_in_a_list_and_a_party_do_no_harm(provider: Provider, caller: TestClient) -> None:
    provider.over = {"aud": [AUDIENCE], "azp": "1234567890"}
    exchanged(caller, provider.sign(provider.claims()))


def test_what_is_no_token_of_the_issuers_opens_nothing(provider: Provider, caller: TestClient) -> None:
    forged = provider.sign(provider.claims(), key=make_key("first"))
    assert exchanged(caller, forged, 401)["code"] == "identity.token"
    for text in ("x", "a.b.c", "é", "x" * 39_000):
        assert exchanged(caller, text, 401)["code"] == "identity.token"
    assert exchanged(caller, "x" * 50_000, 400)["code"] == "input.invalid"
    assert exchanged(caller, "x", 400, grant_type="password")["code"] == "input.invalid"


def test_an_issuer_that_nobody_trusts_is_never_asked(house: House, provider: Provider, caller: TestClient) -> None:
    federated_credentials.remove(house.context, ADMINISTRATOR, "books")
    assert exchanged(caller, provider.sign(provider.claims()), 401)["code"] == "credential.untrusted"
    assert provider.asked == {}


def test_further_claims_have_to_fit(house: House, provider: Provider, caller: TestClient) -> None:
    allow(house, provider, claims={"environment": "production"})
    exchanged(caller, provider.sign(provider.claims()))
    provider.over = {"environment": "test"}
    assert "its claim environment" in exchanged(caller, provider.sign(provider.claims()), 401)["detail"]


def test_a_token_that_stands_for_several_needs_a_name(house: House, provider: Provider, caller: TestClient) -> None:
    people.add_service_account(house.context, ADMINISTRATOR, "night")
    allow(house, provider, "night", account="night", subject=MAIN, lasts_s=600)
    token = provider.sign(provider.claims())
    assert exchanged(caller, token, 422)["code"] == "credential.several"
    made = exchanged(caller, token, service_account="night")
    assert (made["user"], made["expires_in"]) == ("night", 600)
    assert exchanged(caller, token, 401, service_account="admin")["code"] == "credential.untrusted"
    provider.over = {"sub": "repo:org/other:ref:refs/heads/dev"}
    assert "fits none of 2" in exchanged(caller, provider.sign(provider.claims()), 401)["detail"]


def test_an_account_that_is_disabled_gets_no_key(house: House, provider: Provider, caller: TestClient) -> None:
    people.change(house.context, ADMINISTRATOR, "ci", is_enabled=False)
    assert exchanged(caller, provider.sign(provider.claims()), 403)["code"] == "identity.disabled"


FORM = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
}


def test_a_client_of_oauth_sends_a_form_and_what_else_it_has_to_say(provider: Provider, caller: TestClient) -> None:
    fields = {**FORM, "subject_token": provider.sign(provider.claims()), "scope": "deploy", "audience": "x"}
    answer = caller.post(f"{API}/token", data=fields)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["user"], answer.headers["cache-control"]) == ("ci", "no-store")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "body"),
        (b"\xff\xfe=\xff", "subject_token"),
        (b"subject_token=x&subject_token=y", "subject_token is given twice"),
        (b"subject_token=a%00b", "NUL"),
        (b"subject_token=x&grant_type=password", "grant_type"),
        (b"subject_token=x&actor_token=y", "actor_token"),
        (b"subject_token=x&requested_token_type=urn:ietf:params:oauth:token-type:saml2", "requested_token_type"),
        (b"&".join(b"a%d=" % number for number in range(5000)), "fields"),
        (b"subject_token=" + b"x" * 50_000, "subject_token"),
    ],
)
def test_a_form_that_is_none_is_refused_in_words(caller: TestClient, body: bytes, why: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = caller.post(f"{API}/token", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "input.invalid"), answer.text
    assert why in answer.json()["detail"]


def test_guessing_is_slowed(provider: Provider, caller: TestClient) -> None:
    for _ in range(4 * access.TRIES):
        exchanged(caller, "x", 401)
    assert exchanged(caller, provider.sign(provider.claims()), 429)["code"] == "auth.throttled"


def test_a_person_and_who_may_more_are_not_opened(house: House, provider: Provider, caller: TestClient) -> None:
    from fairlead.domain.actor import Actor
    from fairlead.domain.errors import FairleadError
    from fairlead.domain.ids import ActorId
    from fairlead.domain.permission import Permission

    wanted = Draft("admin", provider.issuer, AUDIENCE, MAIN)
    with pytest.raises(FairleadError) as raised:
        federated_credentials.put(house.context, ADMINISTRATOR, "x", wanted)
    assert raised.value.code == "user.person"
    clerk = Actor(ActorId("usr-c"), "clerk", "user", frozenset({Permission.USER_EDIT}))
    with pytest.raises(FairleadError) as raised:
        federated_credentials.put(house.context, clerk, "x", Draft("ci", provider.issuer, AUDIENCE, MAIN))
    assert raised.value.code == "permission.denied"
