"""Lifecycles as a file has them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fairlead.domain.approval import LONGEST_WAIT_S
from fairlead.domain.lifecycle import LONGEST_NAME, MOST_PHASES
from fairlead.formats.declared.layout import Layout
from fairlead.formats.shape import Shape


class KeepItem(Shape):
    """How much is kept; what is over both goes."""

    releases: int | None = Field(None, ge=0, description="so many of the newest")
    days: int | None = Field(None, ge=0, description="those of so many days")


KeepText = Literal["all"] | KeepItem


class PhaseItem(Shape):
    """Environments that belong together."""

    name: str = Field(max_length=LONGEST_NAME)
    environments: tuple[str, ...] = Field((), description="all that no earlier phase names, without any")
    automatic: bool = Field(default=False, description="deployed to without being asked for")
    approval: bool = Field(default=False, description="a person must say yes before each deployment")
    approval_expires_s: int = Field(
        0, ge=0, le=LONGEST_WAIT_S, description="after so many seconds without an answer it begins no more; 0: never"
    )
    minimum: int = Field(0, ge=0, description="how many environments the next phase needs; 0: all")
    optional: bool = Field(default=False, description="the next phase does not wait for it")
    keep_releases: KeepText | None = Field(None, description="all or {releases, days}; as in the phase before without")
    keep_files: KeepText | None = Field(None, description="the same for files on targets")


class LifecycleItem(Shape):
    """A lifecycle."""

    name: str = Field(max_length=LONGEST_NAME)
    description: str = Field("", max_length=1000)
    phases: tuple[PhaseItem, ...] = Field(
        (), max_length=MOST_PHASES, description="in order; without any, each environment is one"
    )
    keep_releases: KeepText = Field("all", description="how much is kept, where no phase says otherwise")
    keep_files: KeepText = Field("all", description="the same for files on targets")


LIFECYCLES = Layout(
    "lifecycle",
    ("lifecycles.yml",),
    LifecycleItem,
    "in which order releases reach environments",
    name_of=lambda item: item.name,
    top="lifecycles",
)
