"""A lifecycle: in which order a project's releases may reach environments, by itself or after an approval.

The rules are Octopus's: phases in order; a phase opens when the one before it has what it requires; once open, every
earlier phase stays open (deploying an older release again is always allowed where it has been before).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fairlead.domain.approval import LONGEST_WAIT_S
from fairlead.domain.environment import Environment, in_order
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import EnvironmentId, LifecycleId
from fairlead.domain.retention import KEEP_ALL, Keep, effective

DEFAULT_NAME = "Default"
LONGEST_NAME = 60
MOST_PHASES = 50


@dataclass(frozen=True, slots=True)
class Phase:
    """Environments that belong together; none named: all that no earlier phase names, those to come too.

    `automatic`: a release that reaches the phase is deployed without being asked for. `needs_approval`: a person must
    say yes before each deployment there; the question is put as soon as a release reaches the phase, and expires after
    `approval_expires_s` without an answer (0: never). `minimum`: how many of its environments must have had the release
    before the next phase opens; 0 means all. `is_optional`: it never holds up the next phase, and nothing in it happens
    by itself. `releases` and `files` are how much of releases, and of files on targets, is kept; None: as in the phase
    before it.
    """

    name: str
    environments: tuple[EnvironmentId, ...]
    automatic: bool = False
    needs_approval: bool = False
    minimum: int = 0
    is_optional: bool = False
    releases: Keep | None = None
    files: Keep | None = None
    approval_expires_s: int = 0

    def __post_init__(self) -> None:
        if self.environments and self.minimum > len(self.environments):
            raise Invalid(
                "lifecycle.phases",
                f"phase {self.name} cannot require {self.minimum} of {len(self.environments)} environments",
                thing=self.name,
            )

    def is_passed(self, reached: Collection[EnvironmentId]) -> bool:
        """Whether the next phase is open, given where the release has been live."""
        if self.is_optional:
            return True
        needed = self.minimum or len(self.environments)
        return sum(1 for environment in self.environments if environment in reached) >= needed


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Phases in order. Without any, each environment of the installation is a phase (see `resolved`). `releases` and
    `files` hold in the phases before the first that says otherwise."""

    id: LifecycleId
    name: str
    phases: tuple[Phase, ...] = ()
    revision: int = 1
    description: str = ""
    releases: Keep = KEEP_ALL
    files: Keep = KEEP_ALL


def resolved(lifecycle: Lifecycle, environments: Sequence[Environment]) -> Lifecycle:
    """The lifecycle with its phases spelt out.

    A phase that names no environments has all that no earlier one names. Without phases each environment is one, in
    order: the first automatic, and those that ask for approval asking (the first asks nobody).
    """
    ordered = in_order(environments)
    if lifecycle.phases:
        return replace(lifecycle, phases=tuple(_spelt_out(lifecycle.phases, ordered)))
    phases = tuple(
        Phase(
            environment.name,
            (environment.id,),
            automatic=position == 0,
            needs_approval=environment.asks_approval and position > 0,
            approval_expires_s=environment.approval_expires_s if environment.asks_approval and position > 0 else 0,
        )
        for position, environment in enumerate(ordered)
    )
    return replace(lifecycle, phases=phases)


def _spelt_out(phases: Sequence[Phase], ordered: Sequence[Environment]) -> Iterator[Phase]:
    named: set[EnvironmentId] = set()
    for phase in phases:
        rest = tuple(environment.id for environment in ordered if environment.id not in named)
        spelt = (
            phase if phase.environments else replace(phase, environments=rest, minimum=min(phase.minimum, len(rest)))
        )
        named.update(spelt.environments)
        yield spelt


def check_phases(phases: Sequence[Phase], names: Mapping[EnvironmentId, str]) -> None:
    """Invalid `lifecycle.phases`, saying which phase and why, where they contradict themselves."""
    seen: dict[str, Phase] = {}
    homes: dict[EnvironmentId, Phase] = {}
    for phase in phases:
        if not phase.name.strip() or len(phase.name) > LONGEST_NAME or not phase.name.isprintable():
            raise _wrong(phase, f"a phase has a name of 1 to {LONGEST_NAME} characters")
        if phase.name.lower() in seen:
            raise _wrong(phase, f"two phases are called {phase.name}")
        if phase.is_optional and phase.automatic:
            raise _wrong(phase, f"phase {phase.name} is optional: nothing in it happens by itself")
        if not 0 <= phase.approval_expires_s <= LONGEST_WAIT_S:
            raise _wrong(phase, f"an approval of phase {phase.name} expires within a year, or never")
        if phase.approval_expires_s and not phase.needs_approval:
            raise _wrong(phase, f"phase {phase.name} asks for no approval that could expire")
        seen[phase.name.lower()] = phase
        for environment in phase.environments:
            if environment in homes:
                both = f"{homes[environment].name} and {phase.name}"
                raise _wrong(phase, f"{names.get(environment, environment)} is in the phases {both}")
            homes[environment] = phase


def _wrong(phase: Phase, message: str) -> Invalid:
    return Invalid("lifecycle.phases", message, thing=phase.name[:LONGEST_NAME])


def files_kept(lifecycle: Lifecycle, environment: EnvironmentId) -> Keep:
    """How much of files on targets is kept there; everything where the lifecycle does not know the environment."""
    phase = phase_of(lifecycle, environment)
    rules = effective(lifecycle.files, [(one.name, one.files) for one in lifecycle.phases])
    return rules[phase.name] if phase is not None else KEEP_ALL


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
