"""Issuers over real HTTP, with real keys: which tokens are believed, and what a hostile one can do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from tests.provider import Key, Provider, make_key, running

from fairlead.adapters import issuers as adapter
from fairlead.adapters.issuers import LOOK_AGAIN_S, WebIssuers
from fairlead.adapters.web import HttpWeb
from fairlead.domain.errors import FairleadError, NotAuthenticated
from fairlead.ports.issuers import Client, Grant
from fairlead.testing.fake_clock import FakeClock


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as made:
        yield made


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuers(clock: FakeClock) -> WebIssuers:
    return WebIssuers(HttpWeb(), clock)


async def refused(issuers: WebIssuers, provider: Provider, token: str) -> str:
    with pytest.raises(NotAuthenticated) as raised:
        await issuers.proved(provider.issuer, token)
    assert raised.value.code == "identity.token"
    return raised.value.message


def spelt(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"])
async def test_a_token_that_a_key_of_the_issuers_signed_is_believed(
    issuers: WebIssuers, provider: Provider, algorithm: str
) -> None:
    provider.signing = make_key("k", algorithm)
    claims = await issuers.proved(provider.issuer, provider.sign(provider.claims()))
    assert claims["sub"] == "1001"
    unnamed = provider.sign(provider.claims(), kid=None)
    assert (await issuers.proved(provider.issuer, unnamed))["sub"] == "1001"


async def test_a_token_without_a_signature_is_refused(issuers: WebIssuers, provider: Provider) -> None:
    for algorithm in ("none", "None", "nOnE", ""):
        token = f"{spelt({'alg': algorithm})}.{spelt(provider.claims())}."
        assert "no kind that is allowed" in await refused(issuers, provider, token)


async def test_a_public_key_is_no_shared_secret(issuers: WebIssuers, provider: Provider) -> None:
    provider.signing = make_key("k", "RS256")
    public = provider.signing.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = f"{spelt({'alg': 'HS256', 'kid': 'k'})}.{spelt(provider.claims())}"
    made = hmac.new(public, text.encode(), hashlib.sha256).digest()
    token = f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"
    assert "no kind that is allowed" in await refused(issuers, provider, token)


@pytest.mark.parametrize(
    "change",
    [
        {"kid": "another"},
        {"use": "enc"},
        {"alg": "ES384"},
        {"kty": "oct", "k": "AAAA"},
        {"crv": "P-384"},
        {"x": "AAAA"},
        {"x": 7},
    ],
)
async def test_a_key_that_does_not_fit_proves_nothing(
    issuers: WebIssuers, provider: Provider, change: dict[str, Any]
) -> None:
    provider.keys = [{**provider.signing.public, **change}]
    await refused(issuers, provider, provider.sign(provider.claims()))


async def test_a_key_that_is_too_small_or_too_large_proves_nothing(issuers: WebIssuers, provider: Provider) -> None:
    provider.signing = make_key("small", "RS256", bits=1024)
    with pytest.warns(Warning):
        token = provider.sign(provider.claims())
    await refused(issuers, provider, token)
    provider.keys = [{**provider.signing.public, "n": "x" * 30_000}]
    await refused(WebIssuers(HttpWeb(), FakeClock()), provider, token)


async def test_another_key_under_the_same_name_is_refused(issuers: WebIssuers, provider: Provider) -> None:
    await refused(issuers, provider, provider.sign(provider.claims(), key=make_key("first")))


async def test_a_key_in_the_tokens_own_header_is_not_looked_at(issuers: WebIssuers, provider: Provider) -> None:
    other = make_key("first")
    token = provider.sign(provider.claims(), key=other, jwk=other.public, jku=f"{provider.issuer}/evil", x5u="x")
    await refused(issuers, provider, token)
    assert "/evil" not in provider.asked


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b.c",
        "....",
        "é.é.é",
        "e30.e30.",
        "x" * 40_000,
        spelt({"alg": "ES256", "crit": ["x"], "x": 1}) + ".e30.AA",
    ],
)
async def test_what_is_no_token_is_refused_in_words(issuers: WebIssuers, provider: Provider, token: str) -> None:
    await refused(issuers, provider, token)


async def test_a_token_that_is_nested_without_end_is_refused(issuers: WebIssuers, provider: Provider) -> None:
    deep = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 20_000).rstrip(b"=").decode()
    await refused(issuers, provider, f"{deep}.e30.AA")
    encrypted = ".".join([spelt({"alg": "RSA-OAEP", "enc": "A256GCM"}), "AA", "AA", "AA", "AA"])
    await refused(issuers, provider, encrypted)


async def test_a_changed_token_is_refused(issuers: WebIssuers, provider: Provider) -> None:
    head, _, mark = provider.sign(provider.claims()).split(".")
    await refused(issuers, provider, f"{head}.{spelt({**provider.claims(), 'sub': 'admin'})}.{mark}")


async def test_a_rotated_key_is_fetched_and_strangers_do_not_make_us_ask_each_time(
    issuers: WebIssuers, provider: Provider, clock: FakeClock
) -> None:
    await issuers.proved(provider.issuer, provider.sign(provider.claims()))
    provider.signing = make_key("second")
    for _ in range(5):
        await refused(issuers, provider, provider.sign(provider.claims()))
    assert provider.asked["/keys"] == 1
    clock.advance(LOOK_AGAIN_S + 1)
    await issuers.proved(provider.issuer, provider.sign(provider.claims()))
    for _ in range(5):
        await issuers.proved(provider.issuer, provider.sign(provider.claims()))
    assert (provider.asked["/keys"], provider.asked["/.well-known/openid-configuration"]) == (2, 1)


async def test_a_key_that_was_taken_back_is_believed_an_hour_at_most(
    issuers: WebIssuers, provider: Provider, clock: FakeClock
) -> None:
    stolen: Key = provider.signing
    await issuers.proved(provider.issuer, provider.sign(provider.claims()))
    provider.signing = make_key("second")
    clock.advance(adapter.KEPT_S + 1)
    await refused(issuers, provider, provider.sign(provider.claims(), key=stolen))


def broken(provider: Provider, what: str) -> None:
    match what:
        case "another issuer":
            provider.document["issuer"] = "https://evil.test"
        case "slash":
            provider.document["issuer"] += "/"
        case "huge":
            provider.padding = 200_000
        case "no https":
            provider.document["token_endpoint"] = "http://evil.test/token"
        case "file":
            provider.document["authorization_endpoint"] = "file:///etc/passwd"
        case "number":
            provider.document["authorization_endpoint"] = 7
        case _:
            del provider.document["token_endpoint"]


@pytest.mark.parametrize("what", ["another issuer", "slash", "huge", "no https", "file", "number", "nothing"])
async def test_a_document_that_cannot_be_used_is_refused_and_says_why(
    issuers: WebIssuers, provider: Provider, what: str
) -> None:
    broken(provider, what)
    with pytest.raises(FairleadError) as raised:
        await issuers.endpoints(provider.issuer)
    assert raised.value.code == "identity.answer"
    assert provider.issuer in raised.value.message


@pytest.mark.parametrize("keys", [{}, "x", [{}] * 200, [7], []])
async def test_a_list_of_keys_that_is_none_proves_nothing(issuers: WebIssuers, provider: Provider, keys: Any) -> None:
    token = provider.sign(provider.claims())
    provider.keys = keys or [{"kty": "EC"}]
    with pytest.raises(FairleadError) as raised:
        await issuers.proved(provider.issuer, token)
    assert raised.value.code in ("identity.answer", "identity.token")


async def test_a_slow_or_silent_provider_is_told_as_one_and_asked_again_later(
    issuers: WebIssuers, provider: Provider, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "TIMEOUT_S", 0.2)
    provider.delay_s = 2.0
    with pytest.raises(FairleadError) as raised:
        await issuers.endpoints(provider.issuer)
    assert (raised.value.code, "no answer within" in raised.value.message) == ("identity.unreachable", True)
    provider.delay_s = 0.0
    monkeypatch.setattr(adapter, "TIMEOUT_S", 30.0)
    for _ in range(3):
        with pytest.raises(FairleadError):
            await issuers.endpoints(provider.issuer)
    assert provider.asked.get("/.well-known/openid-configuration", 0) <= 1, "nobody waits behind a slow one"
    clock.advance(adapter.FAILED_S + 1)
    assert (await issuers.endpoints(provider.issuer)).token == f"{provider.issuer}/token"


async def test_a_code_that_is_not_taken_is_told_by_the_providers_code_alone(
    issuers: WebIssuers, provider: Provider
) -> None:
    grant = Grant("code", "https://fairlead.test/back", "v" * 43)
    with pytest.raises(NotAuthenticated) as raised:
        await issuers.redeem(provider.issuer, Client("fairlead", "wrong"), grant)
    assert "invalid_client" in raised.value.message
    assert "<b>" not in str(raised.value)
    with pytest.raises(NotAuthenticated) as raised:
        await issuers.redeem(provider.issuer, Client(provider.client_id, provider.client_secret), grant)
    assert "invalid_grant" in raised.value.message


async def test_a_secret_goes_where_the_provider_wants_it(issuers: WebIssuers, provider: Provider) -> None:
    provider.document["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    client = Client(provider.client_id, provider.client_secret)
    with pytest.raises(NotAuthenticated) as raised:
        await issuers.redeem(provider.issuer, client, Grant("code", "x", "v" * 43))
    assert "invalid_grant" in raised.value.message
