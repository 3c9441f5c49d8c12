"""A defect of a release: while it is not resolved, the release goes no further than it has been."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.ids import ProjectId, ReleaseId


@dataclass(frozen=True, slots=True)
class Defect:
    """Who found what, and who said that it is well again."""

    id: str
    project: ProjectId
    release: ReleaseId
    description: str
    reported_at: datetime
    reported_by: str
    resolved_at: datetime | None = None
    resolved_by: str = ""
    resolution: str = ""
    revision: int = 1

    @property
    def is_open(self) -> bool:
        """Whether it holds the release back."""
        return self.resolved_at is None
