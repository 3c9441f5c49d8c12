"""Deployment freezes as a file has them."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from fairlead.domain.freeze import LONGEST_NAME, LONGEST_WINDOW_S
from fairlead.formats.declared.layout import Layout
from fairlead.formats.moments import GivenTime
from fairlead.formats.shape import Shape


class FreezeItem(Shape):
    """A freeze."""

    name: str = Field(max_length=LONGEST_NAME)
    reason: str = Field("", max_length=1000, description="what who is held back is told")
    starts_at: GivenTime | None = Field(
        None, description="such as 2026-12-24T00:00:00+01:00; without it when it is applied first"
    )
    ends_at: GivenTime | None = Field(None, description="needed without a schedule")
    cron: str = Field("", max_length=500, description="it begins again and again: five fields, or six or seven")
    zone: str = Field("UTC", max_length=60, description="whose clock the schedule means")
    lasts_s: int = Field(0, ge=0, le=LONGEST_WINDOW_S, description="how long, from each time of the schedule")
    binds_runbooks: bool = Field(default=False, description="runbooks do not run meanwhile, either")
    projects: tuple[str, ...] = Field((), max_length=1000, description="only these; all without any")
    environments: tuple[str, ...] = Field((), max_length=200, description="only these; all without any")
    tenants: tuple[str, ...] = Field(
        (), max_length=1000, description="only what is for these; whoever it is for without any"
    )


def normal(item: FreezeItem) -> FreezeItem:
    """Times in UTC."""
    return item.model_copy(update={"starts_at": _utc(item.starts_at), "ends_at": _utc(item.ends_at)})


def _utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at else None


FREEZES = Layout(
    "freeze",
    ("freezes.yml",),
    FreezeItem,
    "times in which nothing is deployed",
    name_of=lambda item: item.name,
    top="freezes",
    normal=normal,
    left_alone=("starts_at",),
)
