"""Environments as a file has them: in order."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.approval import LONGEST_WAIT_S
from fairlead.formats.declared.layout import Layout
from fairlead.formats.shape import Shape


class EnvironmentItem(Shape):
    """An environment."""

    name: str = Field(max_length=40, description="letters, digits, and single dashes, underscores or spaces")
    description: str = Field("", max_length=1000, description="what it is for")
    asks_approval: bool | None = Field(
        None, description="whether lifecycles without phases ask a person before each deployment; stays without it"
    )
    approval_expires_s: int = Field(
        0, ge=0, le=LONGEST_WAIT_S, description="after so many seconds without an answer it begins no more; 0: never"
    )
    guided: bool = Field(
        default=False, description="whether a person is asked where an action fails, unless the process says no"
    )


ENVIRONMENTS = Layout(
    "environment",
    ("environments.yml",),
    EnvironmentItem,
    "the environments, in the order in which releases reach them",
    name_of=lambda item: item.name,
    top="environments",
    is_ordered=True,
    left_alone=("asks_approval",),
)
