"""Issuers of OpenID Connect: what they say of themselves, and the tokens that they sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fairlead.domain.record import Json


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where an issuer is asked. `takes_basic`: a client's secret goes into the Authorization header, else into the
    body."""

    authorization: str
    token: str
    takes_basic: bool = True


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to the issuer; without a secret a public client."""

    id: str
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person came back with: the code, where they came back to, and what proves that the code is ours (PKCE)."""

    code: str
    redirect: str
    verifier: str


class Issuers(Protocol):
    """Any issuer, by its address (`domain.identity_provider.issuer_address`). What an issuer says of itself is kept for
    a while; keys are asked for again when a token names one that is not known, but not more often than every half
    minute. `Unreachable("identity.unreachable")` where it does not answer in time, `Failed("identity.answer")` where
    what it answers cannot be used: too large, no JSON, of another issuer, without what is needed."""

    def named_in(self, token: str) -> str:
        """The issuer that the token names, which nothing proves, "" where it names none; printable.
        `NotAuthenticated("identity.token")` for what is no token."""
        ...

    async def endpoints(self, issuer: str) -> Endpoints:
        """As its discovery document says (OpenID Connect Discovery 1.0 §4)."""
        ...

    async def redeem(self, issuer: str, client: Client, grant: Grant) -> str:
        """The ID token that the code is good for, not looked into. `NotAuthenticated("identity.refused")` where the
        issuer does not take the code."""
        ...

    async def proved(self, issuer: str, token: str) -> Mapping[str, Json]:
        """The claims of a token that a key of the issuer's signed with one of `domain.id_token.ALGORITHMS`; what they
        say is not looked at. `NotAuthenticated("identity.token")` for any other token."""
        ...
