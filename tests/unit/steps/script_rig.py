"""Scripts in earnest: real shells by real tickets, on this machine or over SSH to it; books in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fairlead.adapters.connections.local import LocalConnection
from fairlead.adapters.system import SystemClock
from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.errors import NotFound
from fairlead.domain.ids import TaskId
from fairlead.domain.package import PackageFile
from fairlead.domain.plan import Effect
from fairlead.domain.process import Action, ActionTarget, ResolvedAction, RunLocation, action_key
from fairlead.domain.record import Json
from fairlead.domain.text import SecretRef, Text
from fairlead.ports.checkouts import Checkout
from fairlead.ports.connection import Connection
from fairlead.ports.hosts import NoHosts
from fairlead.ports.source import Repository
from fairlead.ports.step import Tools
from fairlead.steps.effects.scripts import RunScript
from fairlead.steps.script import Script
from fairlead.testing.fake_artifacts import FakeArtifacts
from fairlead.testing.fake_records import FakeRecords
from fairlead.testing.fake_secrets import FakeSecrets
from fairlead.testing.fake_source import FakeSource
from fairlead.testing.fake_task_log import FakeTaskLog
from fairlead.testing.toy_world import toy_tools

TASK = TaskId("tsk-1")
URL = "https://git.test/books.git"


class Hosts(NoHosts):
    """Targets by id."""

    def __init__(self, known: Mapping[str, Connection]) -> None:
        self.known = known
        self.asked: list[str] = []

    async def of_target(self, target: str) -> Connection:
        self.asked.append(target)
        if target not in self.known:
            raise NotFound("target.unknown", f"there is no target {target}", thing=target)
        return self.known[target]

    async def of_server(self, task: TaskId) -> Connection:
        return self.known[""]


@dataclass
class Rig:
    """`run` plans a script and runs it; what it told, set and left is here."""

    place: Path
    more: Mapping[str, Connection] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.secrets = FakeSecrets()
        self.records = FakeRecords()
        self.artifacts = FakeArtifacts()
        self.clock = SystemClock()
        self.log = FakeTaskLog(self.clock, self.secrets)
        local = {id: LocalConnection(self.place / "tickets", name=id or "server") for id in ("", "web1", "web2")}
        self.server: Connection = local[""]
        self.hosts = Hosts({**local, **self.more})
        self.outputs: dict[str, Mapping[str, Json]] = {}
        self.kind = RunScript()
        self.source = FakeSource()
        self.commit = ""

    def secret(self, name: str, value: str) -> SecretRef:
        return SecretRef(self.secrets.put(value), name)

    def effect(
        self,
        script: str = "",
        *,
        name: str = "Step",
        target: str = "web1",
        runs_on: RunLocation = RunLocation.TARGETS,
        variables: Mapping[str, Text] | None = None,
        timeout_s: float = 60.0,
        package: PackageFile | str | None = None,
        commit: str = "",
        **properties: Any,
    ) -> Effect:
        chosen = package if isinstance(package, PackageFile) else None
        named = {"package": chosen.name if chosen else package} if package else {}
        action = Action(
            name,
            "script",
            {**({"script": script} if script else {}), **named, **properties},
            runs_on=runs_on,
            timeout_s=timeout_s,
        )
        place = ActionTarget(target, target) if target else None
        key = action_key(name, target)
        planned = Script().plan(
            ResolvedAction(action, name, key, place, None, variables or {}, package=chosen, commit=commit)
        )
        assert isinstance(planned, Effect)
        return planned

    def tools(self, effect: Effect) -> Tools:
        made = toy_tools(
            TASK,
            "step",
            effect.target,
            self.outputs,
            secrets=self.secrets,
            records=self.records,
            artifacts=self.artifacts,
            task_log=self.log,
            clock=self.clock,
            hosts=self.hosts,
            connection=self.server,
            source=self.source,
            checkouts=self,
        )
        return replace(made, workspace=str(self.place / "workspaces"))

    async def do(self, effect: Effect) -> Outcome:
        outcome = await self.kind.do(effect, self.tools(effect))
        if isinstance(outcome, Done):
            self.outputs[effect.key] = outcome.output
        return outcome

    async def run(self, script: str = "", **how: Any) -> Outcome:
        return await self.do(self.effect(script, **how))

    async def ran(self, script: str = "", **how: Any) -> Mapping[str, Json]:
        """What it set."""
        outcome = await self.run(script, **how)
        assert isinstance(outcome, Done), (outcome, self.told())
        outputs = outcome.output["outputs"]
        assert isinstance(outputs, dict)
        return outputs

    async def failed(self, script: str = "", **how: Any) -> SaidNo:
        outcome = await self.run(script, **how)
        assert isinstance(outcome, SaidNo), outcome
        return outcome

    async def of_task(self, task: TaskId) -> Checkout:
        """The commit of the release."""
        return Checkout(Repository(URL), self.commit, "app")

    async def of_repository(self, task: TaskId, url: str) -> Repository:
        return Repository(url)

    async def undo(self, effect: Effect) -> None:
        await self.kind.undo(effect, self.tools(effect))

    def told(self, *levels: str) -> list[str]:
        lines = self.log.lines.get(TASK, [])
        return [line.text for line in lines if not levels or line.level in levels]

    def commit_files(self, **files: str) -> None:
        """What the release was made from: below its folder, and beside it."""
        held = {f"app/{name.replace('__', '/').replace('_', '.')}": text.encode() for name, text in files.items()}
        self.commit = self.source.commit(URL, "main", {**held, "other/secret.sh": b"echo never"})

    @property
    def tickets(self) -> list[Path]:
        return list((self.place / "tickets").iterdir())
