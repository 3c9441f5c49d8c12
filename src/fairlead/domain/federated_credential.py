"""A federated credential: which tokens of another's issuer, as a build server has them, stand for a service account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from fairlead.domain.errors import Invalid
from fairlead.domain.identity_provider import LONGEST_URL, claim_named, issuer_address
from fairlead.domain.ids import ActorId
from fairlead.domain.record import Json

LONGEST_PATTERN = 500
MOST_CLAIMS = 30
LONGEST_S = 3600
"""A key that was exchanged ends within the hour."""
SHORTEST_S = 60


@dataclass(frozen=True, slots=True)
class FederatedCredential:
    """A token of `issuer` for `audience`, whose subject fits the pattern and whose `claims` fit theirs, is exchanged
    for a key of `account` that lasts `lasts_s`. In a pattern ``*`` stands for letters other than ``:`` and ``/``,
    ``**`` for any."""

    id: str
    name: str
    account: ActorId
    issuer: str
    audience: str
    subject: str
    created_at: datetime
    claims: Mapping[str, str] = field(default_factory=dict)
    lasts_s: int = LONGEST_S
    revision: int = 1


def check(credential: FederatedCredential) -> None:
    """Invalid `credential.pattern`, `identity.issuer` or `input.invalid`, naming what is wrong."""
    issuer_address(credential.issuer)
    if not _is_line(credential.audience, LONGEST_URL):
        raise Invalid("input.invalid", "an audience is needed: whom the token is made for", thing="audience")
    if not SHORTEST_S <= credential.lasts_s <= LONGEST_S:
        raise Invalid(
            "input.invalid",
            f"an exchanged key lasts {SHORTEST_S // 60} to {LONGEST_S // 60} minutes ({LONGEST_S} s)",
            thing="lasts_s",
        )
    if credential.subject.startswith("*"):
        raise Invalid(
            "credential.pattern",
            f"the subject {credential.subject[:60]!r} begins with a *, and would let in whoever has the same issuer",
            thing="subject",
            hint="begin with what is yours, such as repo:our-organisation/",
        )
    if len(credential.claims) > MOST_CLAIMS:
        raise Invalid("credential.pattern", f"at most {MOST_CLAIMS} claims are asked for", thing="claims")
    for name, pattern in {"subject": credential.subject, **credential.claims}.items():
        if not _is_line(pattern, LONGEST_PATTERN) or not _is_line(name, 200) or pattern.count("*") > 20:
            raise Invalid("credential.pattern", f"{pattern[:60]!r} is no pattern for {name[:60]}", thing=name[:60])


def misfit(credential: FederatedCredential, claims: Mapping[str, Json]) -> str:
    """Which claim does not fit, "" where all do. What would fit is not told: whoever asks need not know it."""
    if not fits(credential.subject, claims.get("sub")):
        return "its subject"
    wrong = [name for name, wanted in credential.claims.items() if not _has(claim_named(claims, name), wanted)]
    return f"its claim {wrong[0]}" if wrong else ""


def fits(pattern: str, held: Json) -> bool:
    """Whether the text is one that the pattern names; case counts."""
    return isinstance(held, str) and _matches(pattern, held)


def _has(held: Json, wanted: str) -> bool:
    """One of a list is enough."""
    if isinstance(held, list):
        return any(_has(one, wanted) for one in held if not isinstance(one, list))
    if isinstance(held, bool):
        return fits(wanted, "true" if held else "false")
    return fits(wanted, str(held) if isinstance(held, int) else held)


@cache
def _parts(pattern: str) -> tuple[str, ...]:
    """What lies between the stars, and these: ``*`` or ``**``."""
    found = (part for part in re.split(r"(\*+)", pattern) if part)
    return tuple("**" if part.startswith("**") else part for part in found)


def _matches(pattern: str, held: str) -> bool:
    """By the places of the text that each part can end at: no token makes a pattern take long, as it could make a
    regular expression."""
    ends = {0}
    for part in _parts(pattern):
        if part == "**":
            ends = set(range(min(ends), len(held) + 1))
        elif part == "*":
            ends = _over_letters(held, ends)
        else:
            ends = {at + len(part) for at in ends if held.startswith(part, at)}
        if not ends:
            return False
    return len(held) in ends


def _over_letters(held: str, ends: set[int]) -> set[int]:
    found: set[int] = set()
    is_within = False
    for at in range(len(held) + 1):
        is_within = at in ends or (is_within and held[at - 1] not in ":/")
        if is_within:
            found.add(at)
    return found


def _is_line(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable()
