"""People who may log in, the keys that programs use on their behalf, and the sessions of browsers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.ids import ActorId
from fairlead.domain.permission import RoleName


@dataclass(frozen=True, slots=True)
class User:
    """`name` as domain.names.USER has it. `password` is an argon2 hash; "" allows no log-in by password."""

    id: ActorId
    name: str
    created_at: datetime
    email: str = ""
    role: RoleName = RoleName.VIEWER
    password: str = ""
    is_enabled: bool = True
    must_change_password: bool = False
    revision: int = 1


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`prefix` is shown and finds it; `hash` is SHA-256 of the whole key, which is of high entropy."""

    id: str
    user: ActorId
    name: str
    prefix: str
    hash: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


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
