"""What has to be asked of the outside before a release can be made, while no transaction is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class ScriptSource:
    """A file of a repository, as the branch, tag or commit `ref` has it: its commit is asked for."""

    url: str
    ref: str
    file: str

    @property
    def is_file_known(self) -> bool:
        """Whether the file is known before the deployment: no variable is in its name."""
        return "#{" not in self.file

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class StepImage:
    """An image by its name, and its tag where it has one: its digest is asked for."""

    reference: str

    @property
    def tagged(self) -> str:
        """With its tag, said outright."""
        return self.reference if ":" in self.reference.rpartition("/")[2] else f"{self.reference}:latest"

    def __str__(self) -> str:
        return self.reference


Sought: TypeAlias = ScriptSource | StepImage


class NotLookedUp(Exception):
    """What `wanted` names has to be looked up first. Nothing was changed."""

    def __init__(self, project: str, wanted: tuple[Sought, ...]) -> None:
        super().__init__(f"not looked up yet: {', '.join(map(str, wanted))}")
        self.project = project
        self.wanted = wanted
