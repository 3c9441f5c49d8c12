"""Where a process acquires what its steps use: packages on the hosts that take files from them, and images by digest.

Once, immediately before the first step that uses any of it, or that asks to come behind it, as in Octopus (docs,
projects/steps/conditions, "Package requirement"). Nothing is acquired for steps that surely do not run. All is pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fairlead.domain.acquisition import digests_in
from fairlead.domain.condition import SUCCESS
from fairlead.domain.image import registry_of
from fairlead.domain.interruption import Choice, InterruptionKind, Question
from fairlead.domain.package import PackageFile
from fairlead.domain.plan import Effect, Guided, InParallel, Node, Part, Step
from fairlead.domain.plan import Sequence as InOrder
from fairlead.domain.process import DEPLOY_PACKAGE, PackageRequirement, ResolvedAction, RunLocation
from fairlead.domain.registry_login import RegistryLogin
from fairlead.steps.bounds import PULL_TIMEOUT_S, PULL_TRIES
from fairlead.steps.deploy_package import installing
from fairlead.steps.effects.acquired import key_of
from fairlead.steps.effects.acquiring import AcquirePackage, Acquisition, ForgetAcquired, Forgotten
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.images import Acquired, AcquireImage
from fairlead.steps.effects.installed import Install
from fairlead.steps.process_resolved import PlannedStep, ResolvedProcess
from fairlead.steps.script import host_of

NAME = "Acquire packages"
SERVER = "the server"
LONGEST_S = 1800.0
"""For one package: over a slow line."""
FORGET_S = 300.0
ATTEMPTS = 3


@dataclass(slots=True)
class _Wanted:
    """A package on a host (id and name); `on_target`: the host is a target of the step. `must_run`: who uses it there
    may not be left out."""

    host: str
    name: str
    package: PackageFile
    on_target: bool
    unless: list[Install] = field(default_factory=list)
    is_needed: bool = False
    must_run: bool = False

    @property
    def acquisition(self) -> Acquisition:
        """As its effect has it."""
        return Acquisition(self.host, self.name, self.package, () if self.is_needed else tuple(self.unless))


@dataclass(slots=True)
class _Pulled:
    """An image by digest on a host (id and name; "": the server)."""

    host: str
    name: str
    reference: str
    login: RegistryLogin | None
    on_target: bool
    must_run: bool = False


def position(groups: Sequence[Sequence[PlannedStep]]) -> int | None:
    """The group of steps that it comes before; None where nothing is acquired, or only what services are made of, by
    the step that deploys them."""
    has_packages = any(_takes(step) for group in groups for step in group)
    for number, group in enumerate(groups):
        deploys_services = any(step.deploys_services for step in group)
        if deploys_services and not has_packages:
            return None
        if deploys_services or any(_takes(step) or _asks(step) for step in group):
            is_anything = has_packages or any(step.deploys_services for later in groups[number:] for step in later)
            return number if is_anything else None
    return None


def acquire_step(process: ResolvedProcess, name: str, images: Node | None) -> Step | None:
    """The step, under that name; `images` are those that services are made of. None where a release that stands by is
    all that is switched to."""
    wanted, pulled = _wanted(process), _pulled(process)
    everything: list[_Wanted | _Pulled] = [*wanted, *pulled]
    by_host: dict[str, list[_Wanted | _Pulled]] = {}
    for one in everything:
        by_host.setdefault(one.host, []).append(one)
    nodes: list[Node] = [_on_host(of_host, is_guided=process.is_guided) for of_host in by_host.values()]
    nodes += [images] if images is not None else []
    if not nodes:
        return None
    what = _what(has_packages=bool(wanted), has_images=bool(pulled) or images is not None)
    node = InParallel(tuple(nodes), limit=process.acquire_at_once, on_failure="begin_none")
    return Step(name, f"Acquire {what}", node, SUCCESS)


def forgetting(process: ResolvedProcess) -> Node:
    """What is done on the hosts when the task has ended, however."""
    hosts: dict[tuple[str, str], list[str]] = {}
    for one in _wanted(process):
        hosts.setdefault((one.host, one.name), []).append(key_of(one.host, one.package))
    if not hosts:
        return InOrder()
    effects = tuple(_forget(Forgotten(*host, tuple(keys))) for host, keys in hosts.items())
    node = InParallel(effects, limit=process.acquire_at_once, on_failure="go_on")
    return Step("forget packages", "Remove from hosts what was acquired", node)


def _asks(step: PlannedStep) -> bool:
    return step.may_run and step.requirement is PackageRequirement.AFTER


def _takes(step: PlannedStep) -> bool:
    """Whether something is acquired for it here, beside what services are made of."""
    return any(_uses(one) or _images(one) for one in step.to_run)


def _uses(resolved: ResolvedAction) -> bool:
    """Whether it takes files from a package on another host than this one."""
    return resolved.package is not None and bool(host_of(resolved))


def _wanted(process: ResolvedProcess) -> list[_Wanted]:
    """Each package once on each host that needs it, in the order in which steps come to them."""
    found: dict[str, _Wanted] = {}
    for resolved in (one for step in process.steps for one in step.to_run if _uses(one)):
        assert resolved.package is not None
        host, on_target = host_of(resolved), resolved.action.runs_on is RunLocation.TARGETS
        key = key_of(host, resolved.package)
        one = found.setdefault(key, _Wanted(host, resolved.place, resolved.package, on_target))
        one.must_run |= resolved.action.must_run
        if resolved.action.kind == DEPLOY_PACKAGE and resolved.reuses_package:
            one.unless.append(installing(resolved))
        else:
            one.is_needed = True
    return list(found.values())


def _images(resolved: ResolvedAction) -> tuple[str, ...]:
    """Those by digest that it runs, as far as they are known beforehand."""
    return (resolved.image,) if resolved.image else digests_in(resolved.action)


def _pulled(process: ResolvedProcess) -> list[_Pulled]:
    """Each image once on each host that runs it; tests run beside the server."""
    found: dict[tuple[str, str], _Pulled] = {}
    for resolved in (one for step in process.steps for one in step.to_run):
        host = host_of(resolved) if resolved.image else ""
        for reference in _images(resolved):
            login = next((one for one in resolved.logins if one.registry == registry_of(reference)), None)
            name = resolved.place if host else SERVER
            one = found.setdefault((host, reference), _Pulled(host, name, reference, login, bool(host)))
            one.must_run |= resolved.action.must_run
    return list(found.values())


def _on_host(wanted: Sequence[_Wanted | _Pulled], *, is_guided: bool) -> Node:
    """On one host one after the other, for its line is one."""
    first = wanted[0]
    target = first.name if first.on_target else ""
    node: Node = InOrder(tuple(_acquire(one) if isinstance(one, _Wanted) else _pull(one) for one in wanted))
    if is_guided:
        may_leave_out = bool(target) and not any(one.must_run for one in wanted)
        choices = (Choice.FAIL, Choice.RETRY, Choice.IGNORE, *((Choice.EXCLUDE,) if may_leave_out else ()))
        kinds = {type(one) for one in wanted}
        what = _what(has_packages=_Wanted in kinds, has_images=_Pulled in kinds)
        title = f"{what} could not be acquired on {first.name}"
        question = Question(InterruptionKind.GUIDED, title, choices, target=target)
        node = Guided(node, f"acquire:packages:{first.host}", question)
    return Part(first.name, node, target)


def _what(*, has_packages: bool, has_images: bool) -> str:
    return " and ".join([*(["packages"] if has_packages else []), *(["images"] if has_images else [])])


def _acquire(wanted: _Wanted) -> Effect:
    acquisition = wanted.acquisition
    return Effect(
        AcquirePackage.kind,
        key_of(wanted.host, wanted.package),
        f"acquire {wanted.package} on {wanted.name}" + (", where it does not lie yet" if acquisition.unless else ""),
        arguments(acquisition),
        timeout_s=LONGEST_S,
        attempts=ATTEMPTS,
        only_tidies=True,
        target=wanted.name,
    )


def _pull(wanted: _Pulled) -> Effect:
    where = f" on {wanted.name}" if wanted.host else ""
    return Effect(
        AcquireImage.kind,
        f"acquire:action:{wanted.host}:{wanted.reference}" if wanted.host else f"acquire:action:{wanted.reference}",
        f"pull {wanted.reference}{where}",
        arguments(Acquired(wanted.reference, wanted.login, wanted.host)),
        timeout_s=PULL_TIMEOUT_S,
        attempts=PULL_TRIES,
        is_undone=False,
        target=wanted.name if wanted.host else "local",
    )


def _forget(wanted: Forgotten) -> Effect:
    return Effect(
        ForgetAcquired.kind,
        f"forget:packages:{wanted.host}",
        f"remove what was acquired from {wanted.name}",
        arguments(wanted),
        timeout_s=FORGET_S,
        attempts=ATTEMPTS,
        is_undone=False,
        target=wanted.name,
    )
