"""Issuers of OpenID Connect, asked over the web. PyJWT proves signatures; it is loaded with the first token."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlsplit

from fairlead.domain.errors import Failed, FairleadError, NotAuthenticated, Unreachable
from fairlead.domain.id_token import ALGORITHMS, refused
from fairlead.domain.identity_provider import is_loopback
from fairlead.domain.record import Json
from fairlead.ports.clock import Clock
from fairlead.ports.issuers import Client, Endpoints, Grant
from fairlead.ports.web import Web, WebAnswer

TIMEOUT_S = 10.0
KEPT_S = 3600.0
"""How long what an issuer says of itself is believed: a key that it took back is refused after that."""
LOOK_AGAIN_S = 30.0
"""How soon its keys are asked for again because a token names one that is not known: anybody can send such tokens."""
FAILED_S = 5.0
"""How long an issuer that failed is not asked again: those who wait behind a slow one are told at once."""
LONGEST_TOKEN = 32_768
MOST_KEYS = 100
RSA_BITS = range(2048, 8193)
WELL_KNOWN = "/.well-known/openid-configuration"
_FAMILIES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}

Document = Mapping[str, Any]


@dataclass(slots=True)
class _Known:
    """What one issuer said of itself, and when."""

    document: Document = field(default_factory=dict)
    asked_s: float = float("-inf")
    keys: tuple[Document, ...] = ()
    keys_asked_s: float = float("-inf")
    failure: FairleadError | None = None
    failed_s: float = float("-inf")
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class WebIssuers:
    """ports.issuers.Issuers."""

    def __init__(self, web: Web, clock: Clock) -> None:
        self._web = web
        self._clock = clock
        self._known: dict[str, _Known] = {}

    def named_in(self, token: str) -> str:
        """As the port says."""
        import jwt

        if len(token) > LONGEST_TOKEN:
            raise _too_long()
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise refused("it is no signed token") from error
        issuer = claims.get("iss")
        return issuer if isinstance(issuer, str) and issuer.isprintable() else ""

    async def endpoints(self, issuer: str) -> Endpoints:
        """As the port says."""
        document = await self._document(issuer)
        methods = document.get("token_endpoint_auth_methods_supported")
        return Endpoints(
            _endpoint(issuer, document, "authorization_endpoint"),
            _endpoint(issuer, document, "token_endpoint"),
            takes_basic=not isinstance(methods, list) or "client_secret_basic" in methods or not methods,
        )

    async def redeem(self, issuer: str, client: Client, grant: Grant) -> str:
        """As the port says."""
        where = await self.endpoints(issuer)
        fields = {
            "grant_type": "authorization_code",
            "code": grant.code,
            "redirect_uri": grant.redirect,
            "code_verifier": grant.verifier,
            "client_id": client.id,
        }
        headers = {}
        if client.secret and where.takes_basic:
            headers["Authorization"] = _basic(client)
        elif client.secret:
            fields["client_secret"] = client.secret
        with _in_words(issuer):
            answer = await self._web.post(where.token, fields, timeout_s=TIMEOUT_S, headers=headers)
        if answer.status in (400, 401, 403):
            raise NotAuthenticated(
                "identity.refused",
                f"the identity provider {issuer} did not take the code that it gave the person: {_error_in(answer)}",
                thing=issuer,
                hint="sign in again; if it stays so, an administrator looks at client id, secret and redirect address",
            )
        token = _json(issuer, answer).get("id_token")
        if not isinstance(token, str):
            raise _unusable(issuer, "it gave no ID token; is the scope openid allowed there?")
        return token

    async def proved(self, issuer: str, token: str) -> Mapping[str, Json]:
        """As the port says."""
        if len(token) > LONGEST_TOKEN:
            raise _too_long()
        header = _header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise refused("its signature is of no kind that is allowed")
        held = await self._keys(issuer)
        if not _fitting(held, header):
            held = await self._keys(issuer, again=True)
        for key in _fitting(held, header):
            claims = _claims(token, key, str(algorithm))
            if claims is not None:
                return claims
        raise refused("no key of its issuer made its signature")

    async def _document(self, issuer: str) -> Document:
        known = self._known.setdefault(issuer, _Known())
        async with known.turn:
            if self._clock.monotonic_s() - known.asked_s < KEPT_S:
                return known.document
            document = await self._fetched(issuer, known, issuer.rstrip("/") + WELL_KNOWN)
            if document.get("issuer") != issuer:
                said = str(document.get("issuer"))[:100]
                raise _unusable(issuer, f"it calls itself {said!r}, and an issuer is meant to the letter")
            known.document, known.asked_s = document, self._clock.monotonic_s()
            return document

    async def _keys(self, issuer: str, *, again: bool = False) -> tuple[Document, ...]:
        document = await self._document(issuer)
        known = self._known[issuer]
        async with known.turn:
            age_s = self._clock.monotonic_s() - known.keys_asked_s
            if age_s < (LOOK_AGAIN_S if again else KEPT_S):
                return known.keys
            listed = (await self._fetched(issuer, known, _endpoint(issuer, document, "jwks_uri"))).get("keys")
            if not isinstance(listed, list) or len(listed) > MOST_KEYS:
                raise _unusable(issuer, f"its document of keys holds no list of at most {MOST_KEYS}")
            known.keys = tuple(one for one in listed if isinstance(one, dict))
            known.keys_asked_s = self._clock.monotonic_s()
            return known.keys

    async def _fetched(self, issuer: str, known: _Known, url: str) -> Document:
        failed = known.failure
        if failed is not None and self._clock.monotonic_s() - known.failed_s < FAILED_S:
            raise type(failed)(failed.code, failed.message, thing=failed.thing, hint=failed.hint)
        try:
            with _in_words(issuer):
                answer = await self._web.get(url, timeout_s=TIMEOUT_S)
            return _json(issuer, answer)
        except FairleadError as error:
            known.failure, known.failed_s = error, self._clock.monotonic_s()
            raise


@contextmanager
def _in_words(issuer: str) -> Iterator[None]:
    """What the web says of an address, said of the issuer: strangers read it, whom inner addresses do not concern."""
    try:
        yield
    except FairleadError as error:
        raise Unreachable(
            "identity.unreachable",
            f"the identity provider {issuer} {error.message.removeprefix(error.thing).strip()}",
            thing=issuer,
            hint="try again soon; an administrator can sign in with a password",
        ) from error


def _json(issuer: str, answer: WebAnswer) -> Document:
    if answer.status != 200:
        raise _unusable(issuer, f"it answered {answer.status}")
    if not answer.is_whole:
        raise _unusable(issuer, "its answer is too large")
    try:
        held = json.loads(answer.text)
    except (ValueError, RecursionError) as error:
        raise _unusable(issuer, "its answer is no JSON") from error
    if not isinstance(held, dict):
        raise _unusable(issuer, "its answer is no object of JSON")
    return held


def _unusable(issuer: str, why: str) -> Failed:
    return Failed(
        "identity.answer",
        f"the identity provider {issuer} cannot be used: {why}",
        thing=issuer,
        hint=f"look at {issuer.rstrip('/')}{WELL_KNOWN}",
    )


def _endpoint(issuer: str, document: Document, name: str) -> str:
    held = document.get(name)
    try:
        parts = urlsplit(held if isinstance(held, str) else "")
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    is_test = parts.scheme == "http" and is_loopback(host) and issuer.startswith("http://")
    if not host or "@" in parts.netloc or not (parts.scheme == "https" or is_test) or not str(held).isprintable():
        raise _unusable(issuer, f"its {name} is no https address")
    return str(held)


def _error_in(answer: WebAnswer) -> str:
    """What it says of itself (RFC 6749 §5.2): a code of its list, never its free text."""
    try:
        said = json.loads(answer.text).get("error")
    except (ValueError, RecursionError, AttributeError):
        said = None
    is_code = isinstance(said, str) and said.isascii() and said.isprintable() and len(said) <= 60
    return str(said) if is_code else f"it answered {answer.status}"


def _basic(client: Client) -> str:
    """RFC 6749 §2.3.1: each part is form-encoded first."""
    pair = f"{quote_plus(client.id)}:{quote_plus(client.secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _too_long() -> NotAuthenticated:
    return refused(f"it is longer than {LONGEST_TOKEN:,} letters")


def _header(token: str) -> Document:
    import jwt

    try:
        found: Document = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise refused("it is no signed token") from error
    return found


def _fitting(keys: tuple[Document, ...], header: Document) -> list[Document]:
    """The keys that may have signed it: of its kind, for signatures, and the one that it names, if it names one."""
    algorithm, wanted = str(header.get("alg")), header.get("kid")
    family = [one for one in keys if one.get("kty") == _FAMILIES[algorithm[:2]]]
    meant = [one for one in family if one.get("use", "sig") == "sig" and one.get("alg", algorithm) == algorithm]
    return [one for one in meant if wanted is None or one.get("kid") == wanted]


def _claims(token: str, key: Document, algorithm: str) -> Mapping[str, Json] | None:
    """None where that key did not sign it, or cannot be used."""
    import jwt

    try:
        public = jwt.PyJWK(dict(key), algorithm).key
        if getattr(public, "key_size", 0) not in RSA_BITS and _FAMILIES[algorithm[:2]] == "RSA":
            return None
        payload = jwt.PyJWS().decode(token, key=public, algorithms=[algorithm])
        held = json.loads(payload)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None
    return held if isinstance(held, dict) else None
