"""What an ID token must say to be believed, once its signature is proved (OpenID Connect Core 1.0 §3.1.3.7)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from fairlead.domain.errors import NotAuthenticated
from fairlead.domain.record import Json

LEEWAY = timedelta(seconds=60)
"""How far the provider's clock may be from ours."""
LONGEST_SUBJECT = 255
LATEST = 1e12
"""Seconds since 1970: what is beyond them is no time, and need not fit into a float."""
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
"""Signatures by a key pair. Never `none`, never HMAC: with these a public key, or nothing, would be the secret."""


def check(claims: Mapping[str, Json], *, issuer: str, audience: str, now: datetime) -> str:
    """The subject, of a token that was made for us as a client. NotAuthenticated `identity.token` says which claim is
    wrong, and never what it holds."""
    _check_client(claims, audience)
    return check_bearer(claims, issuer=issuer, now=now)


def check_bearer(claims: Mapping[str, Json], *, issuer: str, now: datetime) -> str:
    """The subject, of a token that its bearer shows; for whom it was made is looked at beside it."""
    if claims.get("iss") != issuer:
        raise refused("it was issued by another issuer")
    _check_times(claims, now)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise refused("it names no subject")
    return subject


def check_nonce(claims: Mapping[str, Json], nonce: str) -> None:
    """It answers what was asked now, and was not seen before."""
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(errors="replace"), nonce.encode()):
        raise refused("its nonce is not the one that was sent")


def refused(why: str) -> NotAuthenticated:
    """The error that says so."""
    return NotAuthenticated("identity.token", f"the ID token is refused: {why}")


def is_for(claims: Mapping[str, Json], audience: str) -> bool:
    """Whether the token was made for this audience, and for nobody besides, who could show it, too."""
    return claims.get("aud") in (audience, [audience])


def _check_client(claims: Mapping[str, Json], audience: str) -> None:
    held = claims.get("aud")
    named = [held] if isinstance(held, str) else held
    if not isinstance(named, list) or audience not in named:
        raise refused("it is meant for somebody else")
    party = claims.get("azp")
    if (party is not None or len(named) > 1) and party != audience:
        raise refused("it was made for another party")


def _check_times(claims: Mapping[str, Json], now: datetime) -> None:
    at, leeway = now.timestamp(), LEEWAY.total_seconds()
    if at >= _moment(claims, "exp") + leeway:
        raise refused("it has expired")
    if _moment(claims, "iat") > at + leeway:
        raise refused("it was issued in the future")
    if "nbf" in claims and _moment(claims, "nbf") > at + leeway:
        raise refused("it does not hold yet")


def _moment(claims: Mapping[str, Json], name: str) -> float:
    held = claims.get(name)
    if isinstance(held, bool) or not isinstance(held, int | float) or not -LATEST < held < LATEST:
        raise refused(f"its {name} is no time")
    return float(held)
