"""What is told of plans."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.server.api.answers.lists import Moment


class PlanStep(TypedDict):
    """A step of a plan, and the effects in it, in their order; `skipped` says why it surely does not run, `when` when
    it does ("": where nothing before it failed)."""

    name: str
    title: str
    effects: list[str]
    skipped: str
    when: str


class Plan(TypedDict):
    """What a task will do, step by step; `hash` is what an approval answers to."""

    title: str
    hash: str
    steps: list[PlanStep]
    notes: list[str]
    warnings: list[str]


class Change(TypedDict):
    """A container, network or volume, and what becomes of it."""

    doing: Literal["make", "start", "run once", "keep", "stop", "stand by", "remove"]
    name: str
    service: str
    image: str


class Setting(TypedDict):
    """A variable of a service, before and after; the values of a secret are never told."""

    service: str
    name: str
    compared: Literal["added", "changed", "removed", "unchanged"]
    old: str | None
    new: str | None
    secret: bool


class ProxyChanges(TypedDict):
    """What the proxy would be told, and what takes it back."""

    fill: list[str]
    point: list[str]
    leave: list[str]
    back: list[str]
    routes_removed: list[str]


class Allowed(TypedDict):
    """A harm that an administrator allowed, and that the plan makes use of."""

    key: str
    by: str
    at: Moment
    note: str


class Foreseen(Plan):
    """A plan before it is applied, and what it would change."""

    pending: Annotated[bool, Field(description="false: all of it is live already")]
    asked_hash: str
    is_as_asked: bool
    changed: list[str]
    unknown: list[str]
    refused: Annotated[str, Field(description="the rule that would refuse it if it were asked for now; empty: none")]
    containers: list[Change]
    networks: list[Change]
    volumes: list[Change]
    variables: list[Setting]
    services: list[str]
    accessories: list[str]
    migration: str
    tests: list[str]
    proxy: ProxyChanges
    way_back: list[str]
    allowed: list[Allowed]
