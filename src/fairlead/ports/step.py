"""Step kinds: what can stand in a process, and how each of their effects looks, does and undoes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fairlead.domain.effect import Looked, Outcome, Waits
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Effect, Node, Plan
from fairlead.domain.process import ResolvedAction
from fairlead.domain.record import Json
from fairlead.ports.artifacts import Artifacts
from fairlead.ports.catalogue import Catalogue
from fairlead.ports.checkouts import Checkouts, NoCheckouts
from fairlead.ports.children import Children, NoChildren
from fairlead.ports.clock import Clock
from fairlead.ports.connection import Connection
from fairlead.ports.container_engine import ContainerEngine
from fairlead.ports.health import Health, NoHealth
from fairlead.ports.hosts import Hosts, NoHosts
from fairlead.ports.notifier import Notifier
from fairlead.ports.proxy import Proxy
from fairlead.ports.records import Records
from fairlead.ports.registry import Registry
from fairlead.ports.script_turns import NoScriptTurns, ScriptTurns
from fairlead.ports.secrets import Secrets
from fairlead.ports.source import Source
from fairlead.ports.task_log import Level, TaskLog
from fairlead.ports.traffic import NoTraffic, Traffic
from fairlead.ports.web import NoWeb, Web


@dataclass(frozen=True, slots=True)
class Tools:
    """The ports that an effect may use, bound to one task, one step and one target; made anew for each effect.

    `outputs` holds what earlier effects of this task gave, by effect key; under ``task``, for effects of *always*, how
    the task ends: state, code, reason, reached. `connection` reaches the target's host: probes
    dial an instance's address through it, so that it need not be routable from here. `attempt` tells one attempt of a
    retried part from another, "" the first: what must not be taken for the attempt before is named by it, too.
    """

    task: TaskId
    step: str
    target: str
    outputs: Mapping[str, Mapping[str, Json]]
    container_engine: ContainerEngine
    connection: Connection
    proxy: Proxy
    catalogue: Catalogue
    registry: Registry
    source: Source
    secrets: Secrets
    records: Records
    artifacts: Artifacts
    notifier: Notifier
    task_log: TaskLog
    clock: Clock
    workspace: str
    traffic: Traffic = field(default_factory=NoTraffic)
    hosts: Hosts = field(default_factory=NoHosts)
    attempt: str = ""
    checkouts: Checkouts = field(default_factory=NoCheckouts)
    web: Web = field(default_factory=NoWeb)
    children: Children = field(default_factory=NoChildren)
    health: Health = field(default_factory=NoHealth)
    script_turns: ScriptTurns = field(default_factory=NoScriptTurns)

    def say(self, text: str, level: Level = "info") -> None:
        """One line in the task's log, under this step and target."""
        self.task_log.write(self.task, level, self.step, text, target=self.target)


class EffectKind(Protocol):
    """One kind of effect. Instances hold no state: all they need is in the effect's arguments and the tools.

    `look` tells whether it is wholly so already, and changes nothing. `do` makes it so and is safe to repeat at any
    point of a half-done attempt, by another process too: names are derived from the effect's key and arguments. It
    returns `SaidNo` for news (unhealthy, tests said no), `Waits` where a deployment that it asked for has to end first
    (it is done once more then; before the commit point only), and raises `FairleadError` when it could not ask. `undo`
    takes back what `do` may have done, wholly, partly or not at all, and is as repeatable as `do`.
    Cancellation passes through each; what `do` was cancelled in, `undo` can describe and take back.
    """

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Done when it is already so (its output with it), else NotYet."""
        ...

    async def do(self, effect: Effect, tools: Tools) -> Outcome | Waits:
        """Make it so."""
        ...

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Take it back; raises only what may be tried again."""
        ...


class StepKind(Protocol):
    """One kind of step of a process: its schema, a pure `plan`, and the effect kinds that its plan uses."""

    name: str
    effects: Mapping[str, EffectKind]

    def plan(self, resolved: Any) -> Plan:
        """The plan for resolved input (a frozen dataclass that the step's module defines). Pure: no I/O, no clock."""
        ...


class ActionKind(Protocol):
    """One kind of action: what a step of a process does on each of its targets, or once where it runs on none.

    `name` is what a process calls it (``script``). `schema` is the JSON Schema of an action's properties: what does not
    fit is refused when the process is saved, and editors complete by it. `effects` are the effect kinds that its nodes
    use, by their own names; no two kinds may give one name to different effects.
    """

    name: str
    schema: Mapping[str, Json]
    effects: Mapping[str, EffectKind]

    def plan(self, resolved: ResolvedAction) -> Node:
        """What is to be done there. Pure: no I/O, no clock; the same input gives the same nodes.

        Every effect's key begins with `resolved.key`. Conditions, retries, timeout and guided failure are put around
        the node by the process: it only says what one attempt is. `Invalid` where a property cannot be honoured.
        """
        ...
