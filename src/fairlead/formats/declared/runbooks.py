"""Runbooks as files have them: one file a runbook, with its process; the same file in a project's own repository."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fairlead.domain.project import Tenancy
from fairlead.domain.runbook import DEFAULT_KEPT_RUNS, LONGEST_NAME, MOST_KEPT_RUNS
from fairlead.formats.declared.layout import Layout
from fairlead.formats.node import to_typed
from fairlead.formats.process import process_of, written
from fairlead.formats.process_model import ProcessModel
from fairlead.formats.shape import Shape


class RunbookHead(Shape):
    """What a runbook has besides a process."""

    name: str = Field(max_length=LONGEST_NAME, description="unique in the project")
    description: str = Field("", max_length=10_000, description="what it is for")
    environments: tuple[str, ...] = Field((), max_length=200, description="where it may run; everywhere without any")
    in_lifecycle: bool = Field(default=False, description="only in the environments of the project's lifecycle")
    keep_runs: int = Field(
        DEFAULT_KEPT_RUNS, ge=1, le=MOST_KEPT_RUNS, description="how many runs stay in each environment"
    )
    tenancy: Tenancy | None = Field(None, description="for whom it may run; as the project is deployed without it")
    published: bool | None = Field(
        None,
        description="true: these steps, with the project's variables, are what runs; without it, publishing stays a "
        "person's act",
    )


class RunbookItem(ProcessModel, RunbookHead):
    """A runbook."""


def normal(item: RunbookItem) -> RunbookItem:
    """Its process without what holds anyway; `false` for published says no more than nothing."""
    head = item.model_dump(include=set(RunbookHead.model_fields), exclude_defaults=True)
    published: Literal[True] | None = True if item.published else None
    return RunbookItem.model_validate({**written(process_of(item)), **head, "published": published})


RUNBOOKS = Layout(
    "runbook",
    ("projects/{project}/runbooks/{name}.yml",),
    RunbookItem,
    "a process of the project that needs no release",
    name_of=lambda item: item.name,
    plain=to_typed,
    normal=normal,
    left_alone=("published",),
)
