"""How much of the host a service may take; what no engine takes is refused at its place."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.domain.service import Limits
from fairlead.formats.compilation import Compilation
from fairlead.formats.node import Path
from fairlead.formats.service_model import ServiceModel

LEAST_MEMORY_BYTES = 6 * 1024 * 1024
"""Of a limit and of a reservation (Docker Engine 20.10 and newer)."""
LEAST_CPUS = 0.01
MOST_PIDS = 4_194_304
"""The kernel's own bound (PID_MAX_LIMIT on 64 bits)."""

_RESOURCES: Path = ("deploy", "resources")


def limits_of(at: Compilation, name: str, model: ServiceModel) -> Limits:
    """`deploy.resources` before the keys of old."""
    limits, reservations = model.deploy.resources.limits, model.deploy.resources.reservations
    service: Path = ("services", name)
    if limits.devices or reservations.devices:
        at.problem((*service, *_RESOURCES), "devices reserved", "no devices")
    made = Limits(
        memory_bytes=limits.memory or model.mem_limit,
        memory_reservation_bytes=reservations.memory or model.mem_reservation,
        cpus=limits.cpus or model.cpus,
        pids=limits.pids or model.pids_limit,
        shm_size_bytes=model.shm_size,
        ulimits=model.ulimits,
    )
    places: dict[str, Path] = {
        "memory": (*_RESOURCES, "limits", "memory") if limits.memory else ("mem_limit",),
        "reservation": (*_RESOURCES, "reservations", "memory") if reservations.memory else ("mem_reservation",),
        "cpus": (*_RESOURCES, "limits", "cpus") if limits.cpus else ("cpus",),
        "pids": (*_RESOURCES, "limits", "pids") if limits.pids else ("pids_limit",),
    }
    for what, found, expected in _wrong(made):
        at.problem((*service, *places[what]), found, expected)
    return made


def _wrong(made: Limits) -> Iterator[tuple[str, str, str]]:
    """Which, what was found, what was expected."""
    memory, reserved = made.memory_bytes, made.memory_reservation_bytes
    for what, held in (("memory", memory), ("reservation", reserved)):
        if 0 < held < LEAST_MEMORY_BYTES:
            yield what, f"{held} bytes of memory", "6m or more: the engine takes no less"
    if 0 < memory < reserved:
        yield "reservation", f"{reserved} bytes reserved of a limit of {memory}", "no more than the limit of memory"
    if 0 < made.cpus < LEAST_CPUS:
        yield "cpus", f"{made.cpus:g} of a processor", f"{LEAST_CPUS} or more: the engine takes no less"
    if made.pids > MOST_PIDS:
        yield "pids", str(made.pids), f"at most {MOST_PIDS}: the kernel has no more"
