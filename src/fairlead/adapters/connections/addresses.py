"""Reads the addresses that a connection dials."""

from __future__ import annotations

from fairlead.domain.errors import Invalid


def read_address(address: str) -> str | tuple[str, int]:
    """The path of ``unix:/path``, or host and port of ``tcp:host:port``; Invalid `input.invalid` for anything else."""
    kind, _, where = address.partition(":")
    host, _, port = where.rpartition(":")
    if not where or (kind == "tcp" and not (host and port.isdecimal())) or kind not in {"unix", "tcp"}:
        raise Invalid("input.invalid", f"{address!r} is neither unix:/path nor tcp:host:port", thing=address)
    return where if kind == "unix" else (host.strip("[]"), int(port))
