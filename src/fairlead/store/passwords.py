"""Passwords as argon2id hashes, and hashes of keys and cookies that are of high entropy already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fairlead.domain.errors import RateLimited

AT_ONCE = 2
MOST_WAITING = 8
_turns = BoundedSemaphore(AT_ONCE)
_places = BoundedSemaphore(AT_ONCE + MOST_WAITING)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # RFC 9106's second recommendation, the library's default: 64 MiB, 3 passes


def hash_password(password: str) -> str:
    """An argon2id hash with its salt and parameters. Takes some 50 ms on purpose: call it in a thread. RateLimited
    `auth.throttled` where too many wait for that."""
    with _turn():
        return _hasher().hash(password)


def is_password(password: str, hash: str) -> bool:
    """Whether it is the one that was hashed; false for what is not a hash. Takes as long as hashing, and its turn."""
    with _turn():
        try:
            return _hasher().verify(hash or _dummy(), password) and bool(hash)
        except (VerificationError, InvalidHashError):
            return False


@contextmanager
def _turn() -> Iterator[None]:
    """Each takes 64 MiB, and a stranger can ask for one: sixty at a time took 2.4 GB, and every thread."""
    if not _places.acquire(blocking=False):
        raise RateLimited("auth.throttled", "too many log-ins at a time", hint="try again in a few seconds")
    try:
        with _turns:
            yield
    finally:
        _places.release()


def is_weak(hash: str) -> bool:
    """Whether it was made with other parameters than hashes are now: it is made anew when the password is there."""
    return _hasher().check_needs_rehash(hash)


def hash_token(token: str) -> str:
    """SHA-256, hexadecimal, of an API key or a cookie: these are random, so nobody can guess through a fast hash."""
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _dummy() -> str:
    return _hasher().hash("an unknown user takes as long as a wrong password")
