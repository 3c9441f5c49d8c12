"""Deployments that tasks ask for, in memory; a test lets them end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.ids import TaskId
from fairlead.domain.record import Json
from fairlead.ports.children import Child, ChildWish


@dataclass(slots=True)
class FakeChildren:
    """`ports.children.Children`. `made` keeps each child with the wish that made it, in the order of asking; `left`
    is why nothing has to be deployed."""

    made: dict[tuple[TaskId, str], tuple[Child, ChildWish]] = field(default_factory=dict)
    left: str = ""

    async def begin(self, parent: TaskId, key: str, wish: ChildWish) -> Child:
        number = len(self.made) + 1
        fresh = Child(wish.project, "Production", wish.version, f"dep-child-{number}", number, has_ended=False)
        if self.left:
            return Child(wish.project, "Production", wish.version, left=self.left)
        return self.made.setdefault((parent, key), (fresh, wish))[0]

    async def cancel(self, parent: TaskId, key: str) -> None:
        found = self.made.get((parent, key))
        if found is not None and not found[0].has_ended:
            self._end(parent, key, DeploymentOutcome.CANCELLED, {})

    @property
    def under_way(self) -> list[tuple[TaskId, str]]:
        """Those that have not ended."""
        return [key for key, (child, _) in self.made.items() if not child.has_ended]

    def end(
        self,
        parent: TaskId,
        outcome: DeploymentOutcome = DeploymentOutcome.LIVE,
        *,
        given: Mapping[str, Json] | None = None,
    ) -> None:
        """All that the task asked for and that are under way end so."""
        for task, key in self.under_way:
            if task == parent:
                self._end(task, key, outcome, given or {})

    def _end(self, parent: TaskId, key: str, outcome: DeploymentOutcome, given: Mapping[str, Json]) -> None:
        child, wish = self.made[parent, key]
        reason = "" if outcome is DeploymentOutcome.LIVE else "it was sick"
        self.made[parent, key] = (replace(child, has_ended=True, outcome=outcome, reason=reason, given=given), wish)
