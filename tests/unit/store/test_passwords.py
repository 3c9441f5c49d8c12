"""Hashing passwords: a stranger who asks for many does not take the server's memory or its threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from fairlead.domain.errors import RateLimited
from fairlead.store import passwords

BOUND_S = 10.0


class SlowHasher:
    """Says yes to all when it may; `most` is how many it worked for at a time."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.begun = threading.Semaphore(0)
        self.most = self._now = 0
        self._lock = threading.Lock()

    def verify(self, hash: str, password: str) -> bool:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self.begun.release()
        assert self.may_end.wait(BOUND_S)
        with self._lock:
            self._now -= 1
        return True


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowHasher]:
    made = SlowHasher()
    monkeypatch.setattr(passwords, "_hasher", lambda: made)
    yield made
    made.may_end.set()


def test_a_few_are_hashed_at_a_time_whoever_asks(slow: SlowHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_places", threading.BoundedSemaphore(50))
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(passwords.is_password, "x", "hash") for _ in range(20)]
        for _ in range(passwords.AT_ONCE):
            assert slow.begun.acquire(timeout=BOUND_S)
        slow.may_end.set()
        assert all(one.result(BOUND_S) for one in asked)
    assert slow.most <= passwords.AT_ONCE


def test_who_would_wait_behind_many_is_told_at_once_and_the_places_are_given_back(
    slow: SlowHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_places", threading.BoundedSemaphore(passwords.AT_ONCE))
    with ThreadPoolExecutor(passwords.AT_ONCE) as pool:
        asked = [pool.submit(passwords.is_password, "x", "hash") for _ in range(passwords.AT_ONCE)]
        for _ in range(passwords.AT_ONCE):
            assert slow.begun.acquire(timeout=BOUND_S)
        with pytest.raises(RateLimited) as raised:
            passwords.is_password("x", "hash")
        assert raised.value.code == "auth.throttled"
        slow.may_end.set()
        assert all(one.result(BOUND_S) for one in asked)
    assert passwords.is_password("x", "hash")
