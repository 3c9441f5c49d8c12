"""People who may log in, the keys that programs use on their behalf, and the sessions of browsers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.ending import ends_in_words, stage
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import RoleName


@dataclass(frozen=True, slots=True)
class User:
    """`name` as domain.names.USER has it. `password` is an argon2 hash; "" allows no log-in by password, as a service
    account has it: a user that no person is."""

    id: ActorId
    name: str
    created_at: datetime
    email: str = ""
    role: RoleName = RoleName.VIEWER
    password: str = ""
    is_enabled: bool = True
    must_change_password: bool = False
    is_service: bool = False
    revision: int = 1


WARN_DAYS = (20, 10)
"""How long before a key's end it is told, as Octopus does (https://octopus.com/docs/administration/managing-infrastructure/subscriptions)."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`name` says what it is for; `prefix` is shown and finds it; `hash` is SHA-256 of the whole key, which is of high
    entropy. `warned_days` is the last of `WARN_DAYS` that was told of, 0 once it is told that it expired. One that
    `is_exchanged` was given for a token of a build server, lasts an hour at most, and is spoken of to nobody."""

    id: str
    user: ActorId
    name: str
    prefix: str
    hash: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    warned_days: int | None = None
    is_exchanged: bool = False

    def warning(self, now: datetime) -> int | None:
        """How many days before its end (0: it ended) it is time to tell of now; None where nothing is new."""
        if self.expires_at is None or self.revoked_at is not None:
            return None
        return stage(self.expires_at, now, WARN_DAYS, self.warned_days)

    def end_words(self, owner: str, now: datetime) -> str:
        """When it ends, or ended, in words; "" of one that has no end."""
        if self.expires_at is None:
            return ""
        what = f"the API key {self.name!r} of {owner}"
        if self.expires_at <= now:
            return f"{what} has expired, on {self.expires_at:%Y-%m-%d}: it opens nothing"
        return f"{what} {ends_in_words(self.expires_at, now)}"

    def remedy(self, owner: User) -> str:
        """The commands by which another takes its place."""
        add = f"service-accounts key {owner.name}" if owner.is_service else "keys add"
        return f"make another, and remove this one: fairlead {add} PURPOSE --days DAYS; fairlead keys remove {self.id}"


@dataclass(frozen=True, slots=True)
class Session:
    """`hash` is SHA-256 of the cookie's value; `csrf` is the token that forms must send back."""

    id: str
    user: ActorId
    hash: str
    csrf: str
    created_at: datetime
    expires_at: datetime
    address: str = ""


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """One try to log in, kept for slowing down and for people to look at."""

    id: str
    user: str
    address: str
    at: datetime
    succeeded: bool = False
