"""The order of starting: services in layers, each depending only on layers before it."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.domain.errors import Invalid
from fairlead.domain.service import Service


def layers(services: Sequence[Service]) -> tuple[tuple[Service, ...], ...]:
    """The services in layers by `depends_on`; a dependency that is not among them is not waited for here."""
    names = {service.name for service in services}
    waiting = list(services)
    placed: set[str] = set()
    found: list[tuple[Service, ...]] = []
    while waiting:
        ready = [one for one in waiting if {need.service for need in one.depends_on} & names <= placed]
        if not ready:
            circle = ", ".join(sorted(one.name for one in waiting))
            raise Invalid("project_file.invalid", f"depends_on goes in a circle: {circle}", thing=circle)
        found.append(tuple(ready))
        placed.update(one.name for one in ready)
        waiting = [one for one in waiting if one.name not in placed]
    return tuple(found)


def must_be_healthy(services: Sequence[Service]) -> frozenset[str]:
    """The services that others wait for until they are healthy."""
    return frozenset(need.service for one in services for need in one.depends_on if need.condition == "service_healthy")
