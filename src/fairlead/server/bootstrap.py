"""The composition root: the one place that picks real parts and puts them together."""

from __future__ import annotations

import os
import socket as sockets
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

from fairlead.adapters.connections import ssh
from fairlead.adapters.connections.local import LocalConnection
from fairlead.adapters.connections.ssh_keys import SshKeys
from fairlead.adapters.engines.docker import DockerEngine
from fairlead.adapters.engines.docker.far import far_engine
from fairlead.adapters.issuers import WebIssuers
from fairlead.adapters.notifiers.dispatch import Dispatch
from fairlead.adapters.notifiers.mail import MailServer
from fairlead.adapters.proxies import haproxy_child
from fairlead.adapters.proxies.haproxy import HaproxyProxy
from fairlead.adapters.proxies.haproxy_settings import HaproxySettings
from fairlead.adapters.registries.configuration import Notification
from fairlead.adapters.registries.distribution import DistributionRegistry
from fairlead.adapters.registries.own import OwnRegistry
from fairlead.adapters.sources.git import Git
from fairlead.adapters.system import SystemClock, SystemIds
from fairlead.adapters.traffic import ThroughProxy
from fairlead.adapters.web import HttpWeb
from fairlead.domain.actor import SYSTEM
from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.record import Json
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.text import SecretRef
from fairlead.engine.durable import DbosDurable
from fairlead.engine.fence import fenced
from fairlead.engine.interpreter import Interpreter
from fairlead.engine.parts import Parts, Patience, ToolsFactory
from fairlead.ports.clock import Clock
from fairlead.ports.connection import Connection as Ways
from fairlead.ports.container_engine import ContainerEngine, Credentials
from fairlead.ports.issuers import Issuers
from fairlead.ports.registry import Registry
from fairlead.ports.step import EffectKind, Tools
from fairlead.server.checkouts import BookedCheckouts
from fairlead.server.children import BookedChildren
from fairlead.server.hosts import BookedHosts
from fairlead.server.installation import installation_of
from fairlead.server.looked_up import LookedUp, LookedUpImages
from fairlead.server.migrating import bring_up_to_date
from fairlead.server.registries import BookedRegistries
from fairlead.server.settings import Settings
from fairlead.server.target_health import BookedHealth
from fairlead.steps.action_kinds import ACTION_KINDS
from fairlead.steps.by_hand import by_hand
from fairlead.steps.commands import Commands
from fairlead.steps.deploy_services import DeployServices
from fairlead.steps.end_standby import EndStandby
from fairlead.steps.pipeline import Pipeline
from fairlead.steps.retention import Retention
from fairlead.steps.retire_place import RetirePlace
from fairlead.store import events
from fairlead.store import settings as kept_settings
from fairlead.store import tasks as task_rows
from fairlead.store.answered_in_time import answered_in_time
from fairlead.store.artifact_files import StoreArtifacts
from fairlead.store.catalogue import StoreCatalogue
from fairlead.store.database import Connection, Database
from fairlead.store.database_hold import DatabaseHold
from fairlead.store.hold import Hold
from fairlead.store.interruptions import StoreInterruptions
from fairlead.store.lease import StoreLease
from fairlead.store.records import StorePivot, StoreRecords
from fairlead.store.script_turns import StoreScriptTurns
from fairlead.store.sealing import Sealer, read_master_key, read_master_keys
from fairlead.store.secrets import StoreSecrets, check_master_key, has_master_key
from fairlead.store.task_book import StoreTasks, TaskListener
from fairlead.store.task_log import StoreTaskLog
from fairlead.usecases import audit, declarations, following, interruptions, pushes
from fairlead.usecases.binding import Binding, Outside
from fairlead.usecases.context import Context

STEP_KINDS = {
    kind.name: kind for kind in (Commands(), DeployServices(), EndStandby(), RetirePlace(), Pipeline(), Retention())
}
"""Every step kind that is built in. Effect kinds of two step kinds may be the same ones."""


@dataclass(frozen=True, slots=True)
class Server:
    """All parts of one server process; made by `build`, begun and ended by `server.life`."""

    settings: Settings
    node: NodeId
    hold: Hold
    database_hold: DatabaseHold
    context: Context
    clock: SystemClock
    container_engine: DockerEngine
    proxy: HaproxyProxy
    proxy_settings: HaproxySettings
    registry: Registry
    own_registry: OwnRegistry | None
    source: Git
    notifier: Dispatch
    catalogue: StoreCatalogue
    records: StoreRecords
    tasks: StoreTasks
    task_log: StoreTaskLog
    traffic: ThroughProxy
    durable: DbosDurable
    interpreter: Interpreter
    outside: Outside
    hosts: BookedHosts
    host_keys: SshKeys
    registries: BookedRegistries
    issuers: Issuers


def effects() -> Mapping[str, EffectKind]:
    """Every effect kind by its name."""
    kinds = (*STEP_KINDS.values(), *ACTION_KINDS.values())
    return {name: effect for kind in kinds for name, effect in kind.effects.items()}


MASTER_KEY = "master.key"
"""The file in the data directory."""


def open_database(settings: Settings) -> tuple[Database, Sealer]:
    """The database, migrated, and the key that opens its secrets. Refused `secrets.master_key`, Unreachable
    `store.unreachable`."""
    database = Database(settings.database)
    return database, _prepared(settings, database)


def _prepared(settings: Settings, database: Database) -> Sealer:
    bring_up_to_date(database)
    with database.reading() as connection:
        is_known = has_master_key(connection)
    given = settings.master_key.get_secret_value() if settings.master_key else ""
    path = settings.data_dir / MASTER_KEY
    first = read_master_key(path, given=given, may_create=not is_known)
    sealer = Sealer(first, read=lambda: read_master_keys(path, given=given))
    with database.transaction() as connection:
        check_master_key(connection, sealer)
    return sealer


def build(settings: Settings) -> Server:
    """All parts, connected and not yet begun. Refused `server.second` where another server holds the data directory
    or the database, or is of the same installation; then nothing in it was changed."""
    with ExitStack() as undone:
        hold = Hold(settings.data_dir)
        undone.callback(hold.release)
        database = Database(settings.database)
        undone.callback(database.close)
        database_hold = DatabaseHold(database, f"fairlead-server, process {os.getpid()} on {sockets.gethostname()}")
        undone.callback(database_hold.release)
        made = _build(settings, hold, database, database_hold)
        hold.claim(made.outside.installation)
        undone.pop_all()
    return made


def _build(settings: Settings, hold: Hold, database: Database, database_hold: DatabaseHold) -> Server:
    data = settings.data_dir
    clock, ids = SystemClock(), SystemIds()
    node = NodeId(f"{sockets.gethostname()}-{ids.new('n')}")
    secrets = StoreSecrets(database, _prepared(settings, database), ids)
    artifacts = StoreArtifacts(database, data / "artifacts", clock)
    lease = None if database.is_sqlite else StoreLease(database, clock)
    durable = DbosDurable(
        database.url, node=node, clock=clock, lease=lease, at_once=settings.concurrency, bounded=answered_in_time
    )
    registry, own_registry = registry_of(settings, _notification(settings, secrets))
    source = Git(data)
    facts = installation_of(settings)
    registries = BookedRegistries(database, secrets, registry, DistributionRegistry, given_url=settings.registry_url)
    ask, ask_registry = LookedUp(source), LookedUpImages(registries)
    context = Context(database, clock, ids, durable, secrets, artifacts, facts, look_up=ask, look_up_image=ask_registry)
    audit.hear_of_secrets(context)
    with database.transaction() as connection:
        installation = kept_settings.installation_id(connection, _going_on(ids, connection).new("ins"))
        logins = _logins(settings, context, connection)
    container_engine = DockerEngine(settings.docker_socket, installation=installation)
    proxy = HaproxyProxy(proxy_settings := proxy_settings_of(settings), clock)
    task_log = StoreTaskLog(database, secrets, clock)
    catalogue = StoreCatalogue(database, data / "catalogue")
    owned = database.guarded(durable.require)
    records = StoreRecords(
        owned,
        clock,
        ids,
        catalogue.copy_slots,
        lambda connection, project, files, commits: declarations.taken(context, connection, project, files, commits),
    )
    notifier = Dispatch(clock, mail_server=mail_server_of(settings))
    tasks = StoreTasks(owned, clock, _listener(context), durable.wake)
    here = LocalConnection(data / "tickets")
    traffic = ThroughProxy(here, clock)
    outside = Outside(
        container_engine, proxy, catalogue.written_by(owned), records, secrets, source, logins, installation
    )
    hosts = hosts_of(settings, database, secrets, clock, engine=container_engine, installation=installation)
    base = _base(
        outside, context, owned, here, hosts, registry=registry, notifier=notifier, task_log=task_log, traffic=traffic
    )
    return Server(
        settings=settings,
        node=node,
        hold=hold,
        database_hold=database_hold,
        context=context,
        clock=clock,
        container_engine=container_engine,
        proxy=proxy,
        proxy_settings=proxy_settings,
        registry=registry,
        own_registry=own_registry,
        source=source,
        notifier=notifier,
        catalogue=catalogue,
        records=records,
        tasks=tasks,
        task_log=task_log,
        traffic=traffic,
        durable=durable,
        interpreter=_interpreter(node, context, outside, base, tasks, durable),
        outside=outside,
        hosts=hosts,
        host_keys=SshKeys(),
        registries=registries,
        issuers=WebIssuers(HttpWeb(), clock),
    )


def _base(
    outside: Outside,
    context: Context,
    owned: Database,
    here: Ways,
    hosts: BookedHosts,
    *,
    registry: Registry,
    notifier: Dispatch,
    task_log: StoreTaskLog,
    traffic: ThroughProxy,
) -> Tools:
    """What every effect is given, before it is bound to a task, step and target."""
    return Tools(
        task=TaskId(""),
        step="",
        target="local",
        outputs={},
        connection=here,
        container_engine=outside.container_engine,
        proxy=outside.proxy,
        catalogue=outside.catalogue,
        registry=registry,
        source=outside.source,
        secrets=context.secrets,
        records=outside.records,
        artifacts=context.artifacts,
        notifier=notifier,
        task_log=task_log,
        clock=context.clock,
        workspace=context.installation.workspaces,
        traffic=traffic,
        hosts=hosts,
        checkouts=BookedCheckouts(context),
        web=HttpWeb(),
        children=BookedChildren(context),
        health=BookedHealth(context),
        script_turns=StoreScriptTurns(owned),
    )


def _interpreter(
    node: NodeId, context: Context, outside: Outside, base: Tools, tasks: StoreTasks, durable: DbosDurable
) -> Interpreter:
    tools = _bound(base)
    parts = Parts(
        node=node,
        effects=effects(),
        tools=tools if context.database.is_sqlite else fenced(tools, durable.require),
        tasks=tasks,
        binder=Binding(context, outside),
        pivot=StorePivot(context.database),
        task_log=base.task_log,
        clock=base.clock,
        interruptions=StoreInterruptions(
            context.database.guarded(durable.require),
            context.clock,
            context.ids,
            lambda connection, asked: interruptions.opened(context, connection, asked),
        ),
        patience=Patience(bind_s=900.0),
        by_hand=by_hand,
    )
    return Interpreter(parts)


def _listener(context: Context) -> TaskListener:
    return TaskListener(
        changed=lambda connection, task: following.changed(context, connection, task),
        ended=lambda connection, task: following.ended(context, connection, task),
        paused=lambda connection, task, holds: following.paused(context, connection, task, holds=holds),
    )


def _bound(base: Tools) -> ToolsFactory:
    def tools(task: TaskId, step: str, target: str, outputs: Mapping[str, Mapping[str, Json]]) -> Tools:
        return replace(base, task=task, step=step, target=target, outputs=outputs)

    return tools


def _going_on(ids: SystemIds, connection: Connection) -> SystemIds:
    """Ids sort after all that were made before, though the clock was set back meanwhile: the line of tasks does, and
    what is newest is found by them."""
    for newest in (task_rows.newest_id(connection), events.newest_id(connection)):
        ids.go_on_after(newest)
    return ids


def _notification(settings: Settings, secrets: StoreSecrets) -> Notification:
    here = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    bearer = {"Authorization": f"Bearer {pushes.token(secrets)}"}
    return Notification(f"http://{here}:{settings.port}/hooks/registry", bearer)


def proxy_settings_of(settings: Settings) -> HaproxySettings:
    """What Fairlead's own proxy is started with."""
    return HaproxySettings(
        directory=settings.data_dir.resolve() / "haproxy",
        http_port=settings.proxy_http_port,
        https_port=settings.proxy_https_port or None,
        addresses=("*",) if settings.proxy_bind in ("0.0.0.0", "::", "*") else (settings.proxy_bind,),
        backends=settings.proxy_backends,
        servers=settings.proxy_servers,
    )


def registry_of(settings: Settings, notification: Notification | None = None) -> tuple[Registry, OwnRegistry | None]:
    """The registry that images are pushed to: one that was given, or Fairlead's own, which tells of pushes."""
    if settings.registry_url:
        password = settings.registry_password.get_secret_value() if settings.registry_password else ""
        credentials = Credentials(settings.registry_user, password) if settings.registry_user else None
        return DistributionRegistry(settings.registry_url, credentials), None
    folder = settings.data_dir.resolve() / "registry"
    own = OwnRegistry(folder, port=settings.registry_port, notification=notification)
    return own, own


def hosts_of(
    settings: Settings,
    database: Database,
    secrets: StoreSecrets,
    clock: Clock,
    *,
    engine: ContainerEngine | None = None,
    installation: str = "",
) -> BookedHosts:
    """How targets are reached, and the engines there: this machine, and hosts over SSH."""
    tickets = settings.data_dir / "tickets"
    return BookedHosts(
        database,
        secrets,
        clock,
        local=lambda name: LocalConnection(tickets, name=name),
        ssh=ssh.to_target,
        engine=engine,
        engine_at=lambda connection: far_engine(connection, installation=installation),
    )


def mail_server_of(settings: Settings) -> MailServer | None:
    """How mail is sent; None where no mail server is set."""
    if not settings.smtp_host:
        return None
    return MailServer(
        settings.smtp_host,
        settings.smtp_from or f"fairlead@{sockets.getfqdn()}",
        port=settings.smtp_port,
        security=settings.smtp_tls,
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else "",
    )


def _logins(settings: Settings, context: Context, connection: Connection) -> tuple[RegistryLogin, ...]:
    """A given registry's password is kept as a secret version, so that plans can refer to it."""
    if not settings.registry_url or settings.registry_password is None:
        return ()
    password = settings.registry_password.get_secret_value()
    name = f"registry/{settings.registry_url}/{context.secrets.keyed_hash(password)[:16]}"
    held = kept_settings.value(connection, name)
    id = str(held) if held else str(context.keep(connection, password, name="registry password", by=SYSTEM.name))
    kept_settings.put(connection, name, id)
    return (RegistryLogin(settings.registry_url, settings.registry_user, SecretRef(id, "registry password")),)  # type: ignore[arg-type]


async def ensure_proxy(server: Server) -> haproxy_child.HaproxyChild:
    """The proxy runs: the one that was left, or one started from its files."""
    return await haproxy_child.ensure_running(server.proxy_settings, server.clock)


def proxy_pulse(server: Server) -> haproxy_child.Pulse:
    """Whether our own proxy's process lives."""
    return haproxy_child.Pulse(server.proxy_settings)
