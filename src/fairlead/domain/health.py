"""How a target was found by a health check (Octopus docs, infrastructure/deployment-targets/health-checks)."""

from __future__ import annotations

from enum import StrEnum


class HealthState(StrEnum):
    """Healthy with warnings: it is well, and its check said something that is not critical. Unavailable: it did not
    answer at all."""

    HEALTHY = "healthy"
    HAS_WARNINGS = "has-warnings"
    UNHEALTHY = "unhealthy"
    UNAVAILABLE = "unavailable"

    @property
    def is_well(self) -> bool:
        """Whether steps run on it as ever."""
        return self in (HealthState.HEALTHY, HealthState.HAS_WARNINGS)


def is_unwell_reason(reason: str) -> bool:
    """Whether this is why a health check said no."""
    return reason.startswith(f"{HealthState.UNHEALTHY.value}:")
