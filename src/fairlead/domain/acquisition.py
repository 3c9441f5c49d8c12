"""When a process acquires packages and images: once, before the first step that uses one; and what steps may ask of it.

As in Octopus (docs, projects/steps/conditions, "Package requirement"), where a step that cannot come before is not
offered to; here it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from fairlead.domain.errors import Invalid
from fairlead.domain.process import (
    DEPLOY_SERVICES,
    PACKAGE,
    Action,
    PackageRequirement,
    Process,
    ProcessStep,
    StartTrigger,
)
from fairlead.domain.step_image import written_image

RUN_TESTS = "run-tests"


def digests_in(action: Action) -> tuple[str, ...]:
    """Images by digest that its tests run in. Others may be built on the way, and are its own affair."""
    if action.kind != RUN_TESTS:
        return ()
    matrix = action.properties.get("matrix")
    listed = matrix.get("images") if isinstance(matrix, dict) else None
    named = (action.properties.get("image"), *(listed if isinstance(listed, list | tuple) else ()))
    return tuple(one for one in named if isinstance(one, str) and "@sha256:" in one and "#{" not in one)


def check_requirements(process: Process) -> None:
    """Invalid `process.package_requirement` where a step that uses a package or image asks to come before they are
    acquired, `process.package_order` where an earlier step, or one beside it, uses or awaits one."""
    for step in process.steps:
        used = next(filter(_uses, step.actions), None)
        if step.package_requirement is PackageRequirement.BEFORE and used is not None:
            raise Invalid(
                "process.package_requirement",
                f"step {step.name} is to come before packages are acquired, and its action {used.name} uses one",
                thing=step.name,
                hint="leave its package_requirement out, or move the action to a step of its own",
            )
    first: ProcessStep | None = None
    for group in groups_of(process.steps):
        first = first or next((step for step in group if _awaits(step)), None)
        for step in group:
            if first is not None and step.package_requirement is PackageRequirement.BEFORE:
                how = "starts with it" if first in group else "comes earlier"
                raise Invalid(
                    "process.package_order",
                    f"step {step.name} is to come before packages are acquired, and they are acquired before step "
                    f"{first.name}, which {how}",
                    thing=step.name,
                    hint=f"move it before {first.name}, or leave its package_requirement out",
                )


class Starting(Protocol):
    """A step, as it was written or as it is planned."""

    @property
    def start(self) -> StartTrigger:
        """When it starts."""
        ...


S = TypeVar("S", bound=Starting)


def groups_of(steps: Iterable[S]) -> Iterator[list[S]]:
    """Each step by itself, but for contiguous ones that start together."""
    group: list[S] = []
    for step in steps:
        if group and step.start is StartTrigger.AFTER_PREVIOUS:
            yield group
            group = []
        group.append(step)
    if group:
        yield group


def _awaits(step: ProcessStep) -> bool:
    return step.package_requirement is PackageRequirement.AFTER or any(map(_uses, step.actions))


def _uses(action: Action) -> bool:
    packages = bool(action.properties.get(PACKAGE)) or action.kind == DEPLOY_SERVICES
    return not action.is_disabled and (packages or bool(digests_in(action)) or bool(written_image(action)))
