"""What replacing values in a structured file came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replaced:
    """The new content; `found` names each variable whose place was found, once for each place; `warnings` says what
    could not be put there. `format` is the one that the file was read as."""

    format: str
    content: bytes
    found: tuple[str, ...]
    warnings: tuple[str, ...] = ()


class Unreadable(Exception):
    """The file is not of the format; the message says where and why."""
