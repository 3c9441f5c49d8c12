"""Small words in titles and log lines."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 route``, ``2 routes``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
