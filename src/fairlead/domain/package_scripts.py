"""Scripts that lie in a package, by Octopus's conventions: which one runs at which time (docs, custom-scripts).

A stage's script is the file of that name, in any case, at the package's root. Of several the one in bash runs, then
Python, then PowerShell: Octopus's order where there is no Windows.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

ENDINGS = (".sh", ".py", ".ps1")
"""Those that can be run, the preferred one first."""

RUN = ("Octopus.Action.Package.RunScripts", "Fairlead.Action.Package.RunScripts")
REMOVED = ("OctopusDeleteScriptsOnCleanup", "FairleadDeleteScriptsOnCleanup")
"""Variables that are true unless they say false: whether a package's scripts run, and whether they go afterwards."""


class Stage(StrEnum):
    """When a script of a package runs; its name is how its file is called."""

    PRE_DEPLOY = "PreDeploy"
    DEPLOY = "Deploy"
    POST_DEPLOY = "PostDeploy"
    DEPLOY_FAILED = "DeployFailed"

    @property
    def slug(self) -> str:
        """As it stands in keys and properties."""
        return self.name.lower()


def scripts_of(stage: Stage, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that are scripts of the stage, the one that runs first."""
    ordered = sorted(name for name in names if _ending(stage, name))
    return tuple(sorted(ordered, key=lambda name: ENDINGS.index(_ending(stage, name))))


def _ending(stage: Stage, name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    found = f"{dot}{ending}".lower()
    return found if stem.lower() == stage.value.lower() and found in ENDINGS else ""
