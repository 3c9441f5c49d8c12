"""The intention of a deployment: what its hash covers and an approval names (law 4); never the present state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from fairlead.domain.record import Json, to_data
from fairlead.steps.resolved import ResolvedDeployment


def intention(resolved: ResolvedDeployment) -> Mapping[str, Json]:
    """Release, digests, definition with the ids of secret versions, targets, strategy, migration; no colours, no
    addresses, no container ids. Equal for two deployments of the same thing."""
    definition = resolved.definition
    data = {
        "kind": resolved.kind,
        "project": resolved.place.project,
        "environment": resolved.place.environment,
        "tenant": resolved.place.tenant,
        "release": resolved.release,
        "version": resolved.version,
        "images": dict(resolved.images),
        "test_image": resolved.test_image,
        "variables": resolved.variables,
        "definition": definition,
        "targets": list(resolved.targets),
        "strategy": {service.name: service.role.value for service in definition.services},
        "migration": definition.migration,
        "standby_s": resolved.keeps_standby_s,
        "recreate_accessories": sorted(resolved.recreate_accessories),
    }
    return cast("Mapping[str, Json]", to_data(data))
