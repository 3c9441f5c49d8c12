"""Token authentication of registries: the challenge, and the token that answers it (distribution.github.io, auth)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2

from fairlead.domain.errors import Failed
from fairlead.ports.container_engine import Credentials

_PARAMETER = re.compile(r'([A-Za-z_]+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a 401 asks for: ``Basic``, or ``Bearer`` with a realm to fetch a token from."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, header: str) -> Challenge | None:
        """From WWW-Authenticate; None where it is of no kind that we know."""
        scheme, _, rest = header.strip().partition(" ")
        if scheme.lower() not in {"basic", "bearer"}:
            return None
        found = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
        return cls(scheme.lower(), found)


async def fetch_token(
    client: httpx2.AsyncClient, challenge: Challenge, base: str, credentials: Credentials | None
) -> str:
    """The token for what the challenge names. Credentials never go over plain http where the registry speaks https."""
    realm = challenge.parameters.get("realm", "")
    parts = urlsplit(realm)
    if parts.scheme not in {"http", "https"} or (base.startswith("https:") and parts.scheme != "https"):
        raise Failed("registry.failed", f"the registry asks for a login at {realm!r}, which is not safe", thing=base)
    asked = {name: value for name in ("service", "scope") if (value := challenge.parameters.get(name))}
    auth = httpx2.BasicAuth(credentials.user, credentials.password) if credentials else None
    answer = await client.get(realm, params=asked, auth=auth)
    if answer.status_code in (401, 403):
        words = f"the registry's log-in at {parts.netloc} refuses the credentials"
        raise Failed("registry.failed", words, thing=base, hint="check its user and password")
    try:
        told = answer.json() if answer.status_code == 200 else {}
    except ValueError as error:
        raise Failed("registry.failed", f"the login at {parts.netloc} did not answer with JSON", thing=base) from error
    token = told.get("token") or told.get("access_token")
    if not token:
        words = f"the login at {parts.netloc} gave no token ({answer.status_code})"
        raise Failed("registry.failed", words, thing=base)
    return str(token)
