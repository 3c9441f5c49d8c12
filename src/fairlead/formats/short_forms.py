"""Compose's short and long forms of ports and volumes, where they stand outside of a Compose file."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from fairlead.domain.errors import Invalid
from fairlead.domain.service import PublishedPort
from fairlead.formats.compose_model import Mounts, PortModel, Ports, VolumeMount

EVERYWHERE = "0.0.0.0"  # what engines publish a port on where no address is said
T = TypeVar("T")

_PORTS: TypeAdapter[list[PortModel]] = TypeAdapter(Ports)
_MOUNTS: TypeAdapter[list[VolumeMount]] = TypeAdapter(Mounts)


def read_ports(entries: list[Any]) -> tuple[PublishedPort, ...]:
    """``8080:80``, ``127.0.0.1:53:53/udp``, ranges, and the long form; Invalid `input.invalid`."""
    found = _read(_PORTS, entries)
    return tuple(PublishedPort(one.host_ip or EVERYWHERE, one.published, one.target, one.protocol) for one in found)


def read_mounts(entries: list[Any]) -> list[VolumeMount]:
    """``data:/data``, ``/srv:/srv:ro``, and the long form; Invalid `input.invalid`. Paths are not vetted yet."""
    return _read(_MOUNTS, entries)


def _read(adapter: TypeAdapter[T], entries: list[Any]) -> T:
    try:
        return adapter.validate_python(entries)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        found = (first.get("ctx") or {}).get("entry", first.get("input"))
        raise Invalid("input.invalid", f"{found!r}"[:120], hint=str(first["msg"])[:300]) from error
