"""What the actions of a process ask of policy, and what becomes of the containers that they replaced in the end."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.domain.plan import Effect, InParallel, Node, Sequence, Step
from fairlead.domain.process import ResolvedAction
from fairlead.domain.service import Harm
from fairlead.domain.step_image import CREATE_NETWORK, RUN_CONTAINER, STOP_CONTAINER
from fairlead.steps.configure_files import ConfigureFiles
from fairlead.steps.container_properties import harms_of, settings_of
from fairlead.steps.create_network import harms_of_network
from fairlead.steps.process_resolved import ResolvedProcess
from fairlead.steps.run_container import retiring
from fairlead.steps.script import Script, harms_at_server
from fairlead.steps.stop_container import clearing

AT_ONCE = 10
"""Targets on which something is removed side by side."""


def harms_in(process: ResolvedProcess) -> tuple[Harm, ...]:
    """What could harm the hosts; each key of an action once."""
    found = (harm for one in _actions(process) for harm in _harms(one))
    return tuple({(harm.key, harm.service): harm for harm in found}.values())


def afterwards(process: ResolvedProcess) -> Node:
    """What is done when the deployment, or run, went well: containers that were replaced or stopped are removed."""
    effects = tuple(effect for one in _actions(process) if (effect := _after(one)) is not None)
    if not effects:
        return Sequence()
    node = InParallel(effects, limit=AT_ONCE, on_failure="go_on")
    return Step("retire containers", "Remove containers that were replaced or stopped", node)


def _harms(resolved: ResolvedAction) -> tuple[Harm, ...]:
    match resolved.action.kind:
        case kind if kind == RUN_CONTAINER:
            return harms_of(resolved, settings_of(resolved))
        case kind if kind == CREATE_NETWORK:
            return harms_of_network(resolved)
        case Script.name | ConfigureFiles.name:
            return harms_at_server(resolved)
        case _:
            return ()


def _after(resolved: ResolvedAction) -> Effect | None:
    match resolved.action.kind:
        case kind if kind == RUN_CONTAINER:
            return retiring(resolved)
        case kind if kind == STOP_CONTAINER:
            return clearing(resolved)
        case _:
            return None


def _actions(process: ResolvedProcess) -> Iterator[ResolvedAction]:
    """Those that are done in this deployment, on each target."""
    return (one for step in process.steps for one in step.to_run)
