"""The machine's own time, ids and dice: the only file that asks for them."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import UTC, datetime

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: in order of the characters, and none is taken for another."""

TIME_CHARACTERS = 9
CHANCE_CHARACTERS = 10


class SystemClock:
    """`ports.clock.Clock` by the machine."""

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Seconds since the machine started."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, seconds))


class SystemIds:
    """`ports.clock.Ids` by the machine's clock and randomness.

    45 bits of milliseconds and 50 bits of chance. Ids of one process also sort within a millisecond.
    """

    def __init__(self) -> None:
        self._last_ms = 0
        self._last_chance = 0

    def new(self, prefix: str) -> str:
        """``prefix-…``, 19 characters that sort by time of making."""
        at_ms, chance = time.time_ns() // 1_000_000, secrets.randbits(5 * CHANCE_CHARACTERS)
        if at_ms <= self._last_ms:
            at_ms, chance = self._last_ms, self._last_chance + 1 + secrets.randbits(20)
        self._last_ms, self._last_chance = at_ms, chance
        return f"{prefix}-{_spell(at_ms, TIME_CHARACTERS)}{_spell(chance, CHANCE_CHARACTERS)}"

    def go_on_after(self, id: str) -> None:
        """Ids made from now on sort after this one, too: the clock may have been set back since it was made."""
        spelled = id.rpartition("-")[2]
        if len(spelled) == TIME_CHARACTERS + CHANCE_CHARACTERS and not set(spelled) - set(ALPHABET):
            made_ms = _read(spelled[:TIME_CHARACTERS])
            if made_ms >= self._last_ms:
                self._last_ms, self._last_chance = made_ms + 1, 0

    def secret(self, size_bytes: int = 32) -> str:
        """URL-safe text from the operating system's randomness."""
        return secrets.token_urlsafe(size_bytes)


def _spell(number: int, characters: int) -> str:
    spelled = ""
    for _ in range(characters):
        number, digit = divmod(number, len(ALPHABET))
        spelled = ALPHABET[digit] + spelled
    return spelled


def _read(spelled: str) -> int:
    number = 0
    for character in spelled:
        number = number * len(ALPHABET) + ALPHABET.index(character)
    return number
