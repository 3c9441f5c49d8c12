"""An identity provider: who proves to Fairlead, by OpenID Connect, that a person is who they say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import ActorId, ProviderId, SecretVersionId, TeamId
from fairlead.domain.names import USER
from fairlead.domain.permission import RoleName
from fairlead.domain.record import Json

LONGEST_URL = 500
LONGEST_LABEL = 60
MOST_TEAMS = 500
MOST_GROUPS = 1000
"""Of one person, as the provider tells them: more is no list of groups but an attack, or a mistake."""
LONGEST_GROUP = 300
DEFAULT_SCOPES = ("openid", "profile", "email")


@dataclass(frozen=True, slots=True)
class GroupTeam:
    """Who is in the provider's group is in the team."""

    group: str
    team: TeamId


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """`name` stands in the address that the provider sends people back to. Without a `client_secret` the client is a
    public one. `name_claim` is where a new user's name comes from; `groups_claim` "" asks for no groups. `makes_users`:
    who is not known yet becomes a user who holds `role` everywhere; `links_by_email`: or is the user who has their
    address, which the provider must have verified."""

    id: ProviderId
    name: str
    issuer: str
    client_id: str
    created_at: datetime
    client_secret: SecretVersionId | None = None
    label: str = ""
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    name_claim: str = "preferred_username"
    groups_claim: str = ""
    teams: tuple[GroupTeam, ...] = ()
    makes_users: bool = False
    links_by_email: bool = False
    role: RoleName = RoleName.NONE
    is_enabled: bool = True
    revision: int = 1

    @property
    def title(self) -> str:
        """What people call it."""
        return self.label or self.name


@dataclass(frozen=True, slots=True)
class Identity:
    """A user as an issuer knows them: `subject` is never given to another, which names and addresses may be."""

    id: str
    user: ActorId
    issuer: str
    subject: str
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A person who was sent to the provider and has not come back. `id` is SHA-256 of the state, `browser` that of the
    cookie that the same browser has to show; `path` is where the person wanted to go."""

    id: str
    provider: ProviderId
    browser: str
    nonce: str
    verifier: str
    path: str
    address: str
    expires_at: datetime


_CLAIM = re.compile(r"[A-Za-z0-9_.:/-]{1,200}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")  # RFC 6749 §3.3


def issuer_address(text: str) -> str:
    """`text` if it can be an issuer: https without query and fragment, http only on this machine (for tests)."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    is_short = len(text) <= LONGEST_URL and text.isascii() and text.isprintable() and " " not in text
    is_plain = not (parts.query or parts.fragment or "@" in parts.netloc or "?" in text or "#" in text)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if host and is_plain and is_safe and is_short:
        return text
    raise Invalid(
        "identity.issuer",
        f"{text[:100]!r} is no issuer",
        thing="issuer",
        hint="the https address that the provider calls its issuer, such as https://login.example.com/realms/ours",
    )


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check(provider: IdentityProvider) -> None:
    """Invalid that names what is wrong of it."""
    issuer_address(provider.issuer)
    if not provider.client_id or len(provider.client_id) > LONGEST_URL or not provider.client_id.isprintable():
        raise Invalid("input.invalid", "a client id is needed, as the provider gave it", thing="client_id")
    if len(provider.label) > LONGEST_LABEL or not provider.label.isprintable():
        raise Invalid("input.invalid", f"a label has at most {LONGEST_LABEL} letters, in one line", thing="label")
    if wrong := [one for one in provider.scopes if not _SCOPE.fullmatch(one)]:
        raise Invalid("input.invalid", f"{wrong[0][:60]!r} is no scope", thing="scopes")
    if "openid" not in provider.scopes or len(provider.scopes) > 50:
        raise Invalid("input.invalid", "the scope openid is needed among at most 50", thing="scopes")
    for field, claim in (("name_claim", provider.name_claim), ("groups_claim", provider.groups_claim)):
        if not _CLAIM.fullmatch(claim) and (claim or field == "name_claim"):
            raise Invalid("input.invalid", f"{claim[:60]!r} is no name of a claim", thing=field)
    if provider.teams and not provider.groups_claim:
        raise Invalid(
            "identity.groups", "groups are mapped to teams, but no claim is named that holds them", thing="groups_claim"
        )
    if len(provider.teams) > MOST_TEAMS or any(not 0 < len(one.group) <= LONGEST_GROUP for one in provider.teams):
        raise Invalid(
            "identity.groups", f"at most {MOST_TEAMS} groups of up to {LONGEST_GROUP} letters are mapped", thing="teams"
        )


def claim_named(claims: Mapping[str, Json], name: str) -> Json:
    """The claim of that name, or the one that lies there where dots part the name; None where there is none."""
    if name in claims:
        return claims[name]
    held: Json = dict(claims)
    for part in name.split("."):
        if not isinstance(held, dict) or part not in held:
            return None
        held = held[part]
    return held


def groups_in(claims: Mapping[str, Json], claim: str) -> frozenset[str]:
    """The groups that the provider tells; none where it tells none, or no list of texts."""
    held = claim_named(claims, claim) if claim else None
    listed = [held] if isinstance(held, str) else held
    if not isinstance(listed, list) or len(listed) > MOST_GROUPS:
        return frozenset()
    return frozenset(one for one in listed if isinstance(one, str) and len(one) <= LONGEST_GROUP)


def user_name(claims: Mapping[str, Json], claim: str) -> str:
    """The name of a new user, in the spelling that names of users have; "" where the claim holds none."""
    held = claim_named(claims, claim)
    spelt = re.sub(r"[^a-z0-9._@-]+", "-", held.lower()) if isinstance(held, str) else ""
    spelt = re.sub(r"([._@-])[._@-]+", r"\1", spelt).strip("._@-")[:64].strip("._@-")
    return spelt if USER.fullmatch(spelt) else ""


def verified_email(claims: Mapping[str, Json]) -> str:
    """The person's address, where the provider says that it is theirs; else ""."""
    held = claims.get("email")
    is_verified = claims.get("email_verified") in (True, "true")
    is_address = isinstance(held, str) and "@" in held and held.isprintable() and " " not in held and len(held) <= 254
    return str(held) if is_verified and is_address else ""
