"""What of a process runs: the same fields in every body that asks for a run of one."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.process import ProcessChoice
from fairlead.server.api.bodies import Body


class ChoosingBody(Body):
    skip: list[str] = Field(default_factory=list, max_length=500, description="steps or actions that are left out")
    only_targets: list[str] = Field(default_factory=list, max_length=500, description="the only targets; empty: all")
    without_targets: list[str] = Field(default_factory=list, max_length=500, description="targets that are left out")
    guided: bool | None = Field(
        None, description="ask a person where an action fails; null: as the process says, or the environment"
    )
    redeploy_packages: bool = Field(
        default=False, description="deploy packages also where they lie already, whatever the process says"
    )

    @property
    def choice(self) -> ProcessChoice:
        """As the use cases take it."""
        return ProcessChoice(
            tuple(self.skip),
            tuple(self.only_targets),
            tuple(self.without_targets),
            self.guided,
            redeploys_packages=self.redeploy_packages,
        )
