"""What administrators allowed a project, as a file has it."""

from __future__ import annotations

from pydantic import Field

from fairlead.formats.declared.layout import Layout
from fairlead.formats.shape import Shape


class PolicyItem(Shape):
    """One allowance."""

    allow: str = Field(min_length=1, max_length=300, description="the key of the harm, as a refusal names it")
    environment: str = Field("", description="only there; in every environment without it")
    note: str = Field("", max_length=1000, description="why")

    @property
    def spelt(self) -> str:
        """What it is known by."""
        return f"{self.allow}@{self.environment}" if self.environment else self.allow


POLICIES = Layout(
    "policy",
    ("projects/{project}/policies.yml",),
    PolicyItem,
    "what the project may ask of the host beyond the harmless",
    name_of=lambda item: item.spelt,
    top="policies",
)
