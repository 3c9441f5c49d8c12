"""A lifecycle: in which order a project's releases may reach environments, by itself or after an approval.

The rules are Octopus's: phases in order; a phase opens when the one before it has what it requires; once open, every
earlier phase stays open (deploying an older release again is always allowed where it has been before).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fairlead.domain.environment import Environment, in_order
from fairlead.domain.ids import EnvironmentId, LifecycleId

DEFAULT_NAME = "Default"


@dataclass(frozen=True, slots=True)
class Phase:
    """Environments that belong together.

    `automatic`: a release that reaches the phase is deployed without being asked for. `needs_approval`: a person must
    say yes before each deployment there; the question is put as soon as a release reaches the phase. `minimum`: how
    many of its environments must have had the release before the next phase opens; 0 means all. `is_optional`: it
    never holds up the next phase, and nothing in it happens by itself.
    """

    name: str
    environments: tuple[EnvironmentId, ...]
    automatic: bool = False
    needs_approval: bool = False
    minimum: int = 0
    is_optional: bool = False

    def is_passed(self, reached: Collection[EnvironmentId]) -> bool:
        """Whether the next phase is open, given where the release has been live."""
        if self.is_optional:
            return True
        needed = self.minimum or len(self.environments)
        return sum(1 for environment in self.environments if environment in reached) >= needed


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Phases in order. Without any, each environment of the installation is a phase (see `resolved`)."""

    id: LifecycleId
    name: str
    phases: tuple[Phase, ...] = ()
    revision: int = 1


def resolved(lifecycle: Lifecycle, environments: Sequence[Environment]) -> Lifecycle:
    """The lifecycle with its phases spelt out: by convention one for each environment in order, the first automatic,
    the last asking for approval."""
    if lifecycle.phases:
        return lifecycle
    ordered = in_order(environments)
    phases = tuple(
        Phase(
            environment.name,
            (environment.id,),
            automatic=position == 0,
            needs_approval=position == len(ordered) - 1 and position > 0,
        )
        for position, environment in enumerate(ordered)
    )
    return Lifecycle(lifecycle.id, lifecycle.name, phases, lifecycle.revision)


def phase_of(lifecycle: Lifecycle, environment: EnvironmentId) -> Phase | None:
    """The first phase that holds the environment; None where the lifecycle does not know it."""
    return next((phase for phase in lifecycle.phases if environment in phase.environments), None)


def open_phases(lifecycle: Lifecycle, reached: Collection[EnvironmentId]) -> tuple[Phase, ...]:
    """The phases that the release may be deployed to, the furthest last."""
    opened: list[Phase] = []
    for phase in lifecycle.phases:
        opened.append(phase)
        if not phase.is_passed(reached):
            break
    return tuple(opened)


def next_environments(lifecycle: Lifecycle, reached: Collection[EnvironmentId]) -> tuple[EnvironmentId, ...]:
    """Where the release may go now and has not been, in order."""
    return tuple(
        environment
        for phase in open_phases(lifecycle, reached)
        for environment in phase.environments
        if environment not in reached
    )


def begun_by_itself(lifecycle: Lifecycle, reached: Collection[EnvironmentId]) -> tuple[EnvironmentId, ...]:
    """Those of `next_environments` where a deployment, or its approval, is begun without being asked for."""
    opened = [phase for phase in open_phases(lifecycle, reached) if not phase.is_optional]
    wanted = {name for phase in opened if phase.automatic or phase.needs_approval for name in phase.environments}
    return tuple(environment for environment in next_environments(lifecycle, reached) if environment in wanted)


def may_deploy(lifecycle: Lifecycle, reached: Collection[EnvironmentId], environment: EnvironmentId) -> str | None:
    """None where the release may go there now, else the reason why not, with the phase that is in the way."""
    if environment in reached:
        return None
    phase = phase_of(lifecycle, environment)
    if phase is None:
        return f"the lifecycle {lifecycle.name} has no phase for this environment"
    opened = open_phases(lifecycle, reached)
    if any(environment in open_phase.environments for open_phase in opened):
        return None
    blocking = opened[-1]
    needed = blocking.minimum or len(blocking.environments)
    done = sum(1 for name in blocking.environments if name in reached)
    return (
        f"phase {phase.name} opens after phase {blocking.name}, "
        f"where the release has been live in {done} of {needed} environments"
    )


def held_back(lifecycle: Lifecycle, reached: Collection[EnvironmentId], environment: EnvironmentId) -> str | None:
    """What a reported defect of the release holds back: None where it may be deployed there all the same, else why not.

    The first phase is always open. In any other a release goes on only where it has been live in the phase before the
    defect was found; optional phases are no exception. (docs.octopus.com, "Prevent release progression".)
    """
    phase = phase_of(lifecycle, environment)
    if phase is None or phase is lifecycle.phases[0]:
        return None
    if any(name in reached for name in phase.environments):
        return None
    return f"it has a defect, and has not been live in phase {phase.name}"
