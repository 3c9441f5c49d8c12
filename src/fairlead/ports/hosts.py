"""Hosts: how a step's target is reached, by the name that plans and steps know it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fairlead.domain.errors import NotFound
from fairlead.domain.ids import TaskId
from fairlead.domain.target import SshAccess
from fairlead.ports.connection import Connection
from fairlead.ports.container_engine import ContainerEngine


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key, and the line for the host's `authorized_keys`."""

    private: str
    public: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a target found: how long it took, and which of our scripts' languages can be run there."""

    took_s: float
    programs: Sequence[str]


class Hosts(Protocol):
    """Connections to targets. One that was made is kept and shared; whoever asks never closes it.

    Targets are named by id. Errors: `NotFound("target.unknown")`, `Refused("target.host_key")` where the host proves
    another key than the one that was trusted, or none was trusted; `Refused("target.key")` where the host does not take
    ours; `Unreachable("host.unreachable")`.
    """

    async def of_target(self, target: str) -> Connection:
        """The target's host."""
        ...

    async def of_server(self, task: TaskId) -> Connection:
        """This machine, for a step that runs on no target; Refused `policy.refused` where no administrator allowed
        that to the task's project."""
        ...

    async def engine_of(self, target: str) -> ContainerEngine:
        """The container engine on the target's host, behind its usual socket there, as the target's user may use it.
        Its verbs raise `Unreachable("engine.unreachable")` where there is none that answers."""
        ...

    async def look(self, target: str) -> Seen:
        """Something harmless was run there, and went well."""
        ...


class NoHosts:
    """Where there are no targets: none is found."""

    async def of_target(self, target: str) -> Connection:
        raise NotFound("target.unknown", f"there is no target {target[:80]!r}", thing=target[:80])

    async def engine_of(self, target: str) -> ContainerEngine:
        raise NotFound("target.unknown", f"there is no target {target[:80]!r}", thing=target[:80])

    async def of_server(self, task: TaskId) -> Connection:
        raise NotFound("target.unknown", "nothing can be run at the server here", thing=task)

    async def look(self, target: str) -> Seen:
        raise NotFound("target.unknown", f"there is no target {target[:80]!r}", thing=target[:80])


class Keys(Protocol):
    """What adding and trusting a host over SSH needs."""

    def new_pair(self, comment: str) -> KeyPair:
        """A key of its own."""
        ...

    def fingerprint(self, host_key: str) -> str:
        """``SHA256:…`` of a host key, as ssh-keygen prints it; `Invalid` where it is none."""
        ...

    async def host_key(self, access: SshAccess) -> str:
        """The key that the host offers now: what it proves is not asked. `Unreachable` where it does not answer."""
        ...
