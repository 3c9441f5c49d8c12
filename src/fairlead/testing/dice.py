"""Dice that fall the same way for the same seed, on every machine and with every version of Python."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """One series of throws for each seed."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._thrown = 0

    def below(self, limit: int) -> int:
        """0 … limit - 1."""
        self._thrown += 1
        digest = hashlib.sha256(f"{self._seed} {self._thrown}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % limit

    def between(self, least: int, most: int) -> int:
        """least … most."""
        return least + self.below(most - least + 1)

    def choice(self, of: Sequence[T]) -> T:
        """One of them."""
        return of[self.below(len(of))]

    def shuffled(self, of: Sequence[T]) -> list[T]:
        """All of them, in another order."""
        left, taken = list(of), list[T]()
        while left:
            taken.append(left.pop(self.below(len(left))))
        return taken
