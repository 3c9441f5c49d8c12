"""A channel: a line of releases of a project, with its own lifecycle where it names one."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.ids import ChannelId, LifecycleId, ProjectId

DEFAULT_NAME = "Default"


@dataclass(frozen=True, slots=True)
class Channel:
    """`lifecycle` None means the project's. Each project has exactly one default channel, made with it."""

    id: ChannelId
    project: ProjectId
    name: str = DEFAULT_NAME
    lifecycle: LifecycleId | None = None
    is_default: bool = True
    revision: int = 1
