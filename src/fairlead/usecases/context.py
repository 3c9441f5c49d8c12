"""What every use case works with: the books, the clock, the queue, and the facts of this installation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypedDict

from fairlead.domain.actor import Actor
from fairlead.domain.changes import changes
from fairlead.domain.errors import Conflict, FairleadError
from fairlead.domain.event import Event
from fairlead.domain.ids import SecretVersionId, TaskId
from fairlead.domain.looked_up import ScriptSource, Sought, StepImage
from fairlead.domain.record import Json
from fairlead.domain.task import Task
from fairlead.ports.clock import Clock, Ids
from fairlead.ports.source import Repository
from fairlead.store import events, idempotency
from fairlead.store.artifact_files import StoreArtifacts
from fairlead.store.database import Connection, Database
from fairlead.store.secret_versions import SecretUse
from fairlead.store.secrets import StoreSecrets
from fairlead.usecases.compiled import Compiled
from fairlead.usecases.running import Running


class Queue(Protocol):
    """What use cases ask of ports.durable."""

    def enqueue(self, transaction: object, task: TaskId, *, again: int = 0) -> None:
        """The task will run once the transaction commits."""
        ...

    def wake(self) -> None:
        """Look at the queue now."""
        ...


@dataclass(frozen=True, slots=True)
class Installation:
    """Facts that the settings decide. `url` is how people reach the server."""

    url: str = "http://127.0.0.1:8600"
    proxy_domain: str = "localhost"
    proxy_address: str = "127.0.0.1"
    proxy_is_loopback: bool = True
    proxy_http_port: int = 80
    proxy_https_port: int = 443
    subnet_pool: str = "10.213.0.0/16"
    session_hours: float = 12.0
    passwords_for_all: bool = True
    memory_reserve_bytes: int = 256 * 1024**2
    disk_reserve_bytes: int = 1024**3
    keep_releases: int = 10
    keep_packages_days: int = 0
    workspaces: str = "/var/lib/fairlead/workspaces"


def no_look_up(repository: Repository, wanted: ScriptSource) -> str:
    """Where no repository can be asked."""
    raise Conflict("source.none", f"no repository can be asked here, {repository.url} neither", thing=wanted.url)


def no_image_look_up(wanted: StepImage) -> str:
    """Where no registry can be asked."""
    raise Conflict("image.unknown", f"no registry can be asked here, for {wanted} neither", thing=str(wanted))


class AboutTask(TypedDict):
    """What `Context.note` is told of a task."""

    thing: str
    project: str | None
    environment: str | None
    tenant: str | None


def about(task: Task) -> AboutTask:
    """The task, and the place that it is for, as far as it is for one."""
    return {
        "thing": task.id,
        "project": task.project or None,
        "environment": task.environment or None,
        "tenant": task.tenant or None,
    }


@dataclass(frozen=True, slots=True)
class Context:
    """Made once by the composition root. `is_from_repository`: what is done is what a project's repository says.

    `look_up` asks a repository which commit is meant, `look_up_image` a registry for an image by digest, and both wait
    for it: never inside of a transaction. `looked_up` is what was found so far, by project
    (`script_sources.with_lookups`). `running` is what the last look at the engine found."""

    database: Database
    clock: Clock
    ids: Ids
    durable: Queue
    secrets: StoreSecrets
    artifacts: StoreArtifacts
    installation: Installation = field(default_factory=Installation)
    is_from_repository: bool = False
    compiled: Compiled = field(default_factory=Compiled)
    running: Running = field(default_factory=Running)
    look_up: Callable[[Repository, ScriptSource], str] = no_look_up
    look_up_image: Callable[[StepImage], str] = no_image_look_up
    looked_up: Mapping[tuple[str, Sought], str | FairleadError] = field(default_factory=dict)

    def within(self, connection: Connection) -> Context:
        """The same, inside of one open transaction: use cases that are called with it all happen, or none."""
        return replace(self, database=self.database.within(connection))

    def keep(self, connection: Connection, value: str, *, name: str, by: str) -> SecretVersionId:
        """A new immutable secret version, in the caller's transaction."""
        return self.secrets.keep(connection, value, name=name, at=self.clock.now(), by=by)

    def reveal(self, connection: Connection, id: SecretVersionId) -> str:
        """A secret in clear, to compare it with another; what shows it to somebody is `use`."""
        return self.secrets.reveal(connection, id)

    def use(self, id: SecretVersionId | None, what: str, *, thing: str = "", project: str | None = None) -> str:
        """A secret in clear for what no task does, told in the audit once for each version and use; "" for None. No
        transaction is open meanwhile."""
        return self.use_all([id], what, thing=thing, project=project)[id] if id else ""

    def use_all(
        self, ids: Iterable[SecretVersionId], what: str, *, thing: str = "", project: str | None = None
    ) -> Mapping[SecretVersionId, str]:
        """Several for one thing, each as `use` tells of it."""
        return self.secrets.use(self.database, ids, SecretUse(what, thing, project))

    def note(
        self,
        connection: Connection,
        actor: Actor,
        kind: str,
        message: str,
        *,
        thing: str = "",
        project: str | None = None,
        environment: str | None = None,
        tenant: str | None = None,
        facts: Mapping[str, Json] | None = None,
        before: object = None,
        after: object = None,
    ) -> None:
        """One line in the audit, in the transaction of what it tells. `before` and `after` are the noun as it was and
        as it is (None: not there): what differs is kept, secrets as changed. No secret value."""
        event = Event(
            self.ids.new("ev"),
            self.clock.now(),
            actor.name,
            kind,
            message,
            thing=thing,
            project=project,
            environment=environment,
            tenant=tenant,
            via=actor.via,
            address=actor.address,
            facts=facts or {},
            difference=changes(before, after),
        )
        events.insert(connection, event)
        idempotency.mark_done(connection)
