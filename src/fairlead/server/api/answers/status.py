"""What is told of what is live where, and of why."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.colour import Colour
from fairlead.domain.reason import Noun
from fairlead.domain.slot import SlotState
from fairlead.server.api.answers.lists import Moment

ProxyTrouble = Annotated[
    str, Field(description="why users may reach nothing of what is live; empty where the proxy is well")
]


class OwnCell(TypedDict):
    """A project in an environment: what is live, and what moves or waits there."""

    version: str
    state: str
    at: Moment | None
    deployment: str | None
    colour: Colour | None
    latest_version: str
    latest_deployment: str | None
    latest_outcome: str
    latest_reason: str
    running_task: str | None
    waiting_approval: str | None
    not_as_recorded: Annotated[
        str,
        Field(description="what the engine tells otherwise than our books, and what to do; lists ask it now and then"),
    ]
    runs_in_part: Annotated[bool, Field(description="that some of what is recorded as live was found to run, not all")]
    users_at: Annotated[
        str, Field(description="the version that the proxy sends users to, where that is not what is recorded as live")
    ]
    sent_elsewhere: Annotated[
        str,
        Field(description="that in words; empty where users are at what is recorded, or where they are is not known"),
    ]


class TenantCell(OwnCell):
    """What one tenant has there."""

    tenant: str


class Cell(OwnCell):
    """What is nobody's there, or one tenant's, where that was asked for; and else what each tenant has beside it."""

    tenants: list[TenantCell]


class Row(TypedDict):
    """A project, with a cell for each environment."""

    name: str
    title: str
    cells: dict[str, Cell]


class Grid(TypedDict):
    """Projects down, environments across."""

    environments: list[str]
    projects: list[Row]
    next: str | None
    not_asked: Annotated[str, Field(description="why it is not known whether what is live runs; empty where it is")]
    proxy_trouble: ProxyTrouble


class Slot(TypedDict):
    """One of the two slots of a place."""

    state: SlotState
    version: str
    deployment: str
    standby_until: Moment | None
    is_reached: Annotated[
        bool | None, Field(description="whether the proxy sends users there now; null where that is not known")
    ]


class Route(TypedDict):
    """How users reach a service."""

    service: str
    host: str
    path: str
    tls: bool
    url: str


class Instance(TypedDict):
    """A container as the engine tells it now."""

    name: str
    service: str
    colour: str
    version: str
    state: str
    health: str
    restarts: int
    started_at: str
    id: str


class PlaceState(Cell):
    """A cell with its slots, routes and containers."""

    project: str
    environment: str
    tenant: Annotated[str, Field(description='for whom; "": for no tenant')]
    slots: dict[Colour, Slot]
    routes: list[Route]
    instances: list[Instance]
    not_asked: Annotated[str, Field(description="why the engine did not tell the instances; empty where it did")]
    proxy_trouble: ProxyTrouble


class Reason(TypedDict):
    """Why something is as it is, with its evidence, and the reasons behind it."""

    said: str
    code: str
    hint: str
    at: Moment | None
    noun: Noun
    thing: str
    evidence: list[str]
    because: list[Reason]


class Written(TypedDict):
    """What an instance wrote: the data of an event of its output."""

    instance: str
    text: str
    stream: str
    at: str


class Alive(TypedDict):
    """The process answers."""

    status: Literal["alive"]


class Ready(TypedDict):
    """Whether work is taken, and the code of what stands in the way."""

    status: Literal["ready", "not ready"]
    reason: str
