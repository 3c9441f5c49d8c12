"""Fairlead's own HAProxy as a process: started detached, found again after our own death, ended on demand.

It is no child of the server: it keeps serving while the server is away. A start reads the files; nothing ever reloads.
"""

from __future__ import annotations

import asyncio
import os
import re
import select
import shutil
import signal
from dataclasses import dataclass, replace

from fairlead.adapters.proxies import haproxy_answers, haproxy_tls
from fairlead.adapters.proxies.haproxy_files import HaproxyFiles
from fairlead.adapters.proxies.haproxy_settings import HaproxySettings
from fairlead.adapters.proxies.haproxy_socket import RuntimeSocket
from fairlead.adapters.proxies.listeners import (
    Listener,
    command_of,
    is_in_the_way,
    listeners,
    listening_sockets_of,
)
from fairlead.domain.errors import Conflict, Failed, Refused, TimedOut, Unreachable
from fairlead.ports.clock import Clock

OLDEST = (2, 6)
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
VERSION_BOUND_S = 5.0
START_BOUND_S = 15.0
POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class HaproxyChild:
    """The running proxy. `needs_restart` says why its settings are not those asked for; empty where they are."""

    pid: int
    version: str
    was_started: bool
    needs_restart: str = ""


async def ensure_running(settings: HaproxySettings, clock: Clock) -> HaproxyChild:
    """The proxy runs and answers: the one that was left running, or one started now from the files.

    `Refused("proxy.binary")` where there is no HAProxy ≥ 2.6; `Conflict("proxy.port")` where a stranger listens on
    one of the ports, naming it: HAProxy would share the port with it and users would reach either.
    """
    binary, version = await find_binary(settings)
    files = HaproxyFiles(settings)
    settings.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with files.locked(clock):
        pid = running_pid(settings)
        if pid is None:
            refuse_strangers(settings, own=0)
            await _start(settings, files, binary, clock)
        facts = await _facts_within(settings, clock)
        own = int(facts.get("Pid", "0"))
        refuse_strangers(settings, own=own)
        return HaproxyChild(own, version, pid is None, _restart_reason(files, facts))


async def stop(settings: HaproxySettings, clock: Clock, *, grace_s: float = 10.0) -> bool:
    """It is gone, and whether it ran: listeners closed at once, open requests given `grace_s`, then ended."""
    async with HaproxyFiles(settings).locked(clock):
        pid = running_pid(settings)
        if pid is None:
            return False
        for number, bound_s in ((signal.SIGUSR1, grace_s), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
            if await _ended(settings, pid, number, bound_s, clock):
                settings.pid_file.unlink(missing_ok=True)
                return True
        raise TimedOut("proxy.failed", f"HAProxy (pid {pid}) does not stop", thing="proxy")


async def find_binary(settings: HaproxySettings) -> tuple[str, str]:
    """Where HAProxy is, and its version."""
    binary = shutil.which(settings.binary, path=SYSTEM_PATH)
    if binary is None:
        raise _no_binary(f"{settings.binary} is not installed")
    child = await asyncio.create_subprocess_exec(
        binary, "-v", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(child.communicate(), VERSION_BOUND_S)
    except TimeoutError as error:
        child.kill()
        await child.wait()
        raise _no_binary(f"{binary} -v does not answer") from error
    found = re.search(rb"HA-?Proxy version (\d+)\.(\d+)(\S*)", output)
    if not found:
        raise _no_binary(f"{binary} does not say which version it is")
    version = f"{found[1].decode()}.{found[2].decode()}{found[3].decode(errors='replace')}"
    if (int(found[1]), int(found[2])) < OLDEST:
        raise _no_binary(f"{binary} is version {version}")
    return binary, version


def running_pid(settings: HaproxySettings) -> int | None:
    """The process of the pid file, if it lives and was started from our configuration."""
    try:
        pid = int(settings.pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if is_ours(settings, command_of(pid)) else None


class Pulse:
    """Whether our proxy lives, for who asks again and again: as long as the kernel says that the process that was seen
    to be ours has not ended, no file is read."""

    def __init__(self, settings: HaproxySettings) -> None:
        self._settings = settings
        self._held: int | None = None

    def beats(self) -> bool:
        """It lives, now."""
        if self._held is not None and _has_ended(self._held):
            self.close()
        return self._held is not None or self._is_found()

    def close(self) -> None:
        """Nothing is held open; the next question looks again."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _is_found(self) -> bool:
        pid = running_pid(self._settings)
        if pid is None:
            return False
        try:
            self._held = os.pidfd_open(pid)
        except OSError:
            return running_pid(self._settings) == pid  # a kernel without such handles, or it ended just now
        if running_pid(self._settings) != pid:  # its number may be another's by now
            self.close()
        return self._held is not None


def _has_ended(handle: int) -> bool:
    asked = select.poll()
    asked.register(handle, select.POLLIN)
    return bool(asked.poll(0))


def runtime_socket(settings: HaproxySettings) -> RuntimeSocket:
    """The running proxy's socket, whose errors tell a process that is gone from one that hangs."""
    return RuntimeSocket(settings.socket, process=lambda: running_pid(settings))


def is_ours(settings: HaproxySettings, command: tuple[str, ...]) -> bool:
    """Whether a process was started from our configuration."""
    return str(settings.config) in command


def refuse_strangers(settings: HaproxySettings, *, own: int) -> None:
    """Conflict where anything but our running process `own` listens where we do."""
    for listener in listeners(settings.ports()):
        if is_in_the_way(listener, settings.addresses) and (listener.pid != own or own == 0):
            raise _stranger(settings, listener)


class Sharers:
    """Looks again and again whether a stranger shares our ports, cheaply: as long as the listening sockets are those
    that were seen to be ours, nobody's files are looked through."""

    def __init__(self, settings: HaproxySettings) -> None:
        self._settings = settings
        self._known: tuple[int, frozenset[str]] = (0, frozenset())

    def refuse(self, own: int) -> None:
        """As `refuse_strangers`."""
        seen = (own, listening_sockets_of(self._settings.ports()))
        if seen != self._known:
            refuse_strangers(self._settings, own=own)
            self._known = seen


def _stranger(settings: HaproxySettings, listener: Listener) -> Conflict:
    stale = " It was started from our own configuration and is not the one that answers." if listener.pid else ""
    said = stale if is_ours(settings, listener.command) else ""
    return Conflict(
        "proxy.port",
        f"port {listener.port} is in use by {listener}.{said}",
        thing=f"port {listener.port}",
        hint="stop it, or give the proxy another port in the settings",
    )


async def _start(settings: HaproxySettings, files: HaproxyFiles, binary: str, clock: Clock) -> None:
    haproxy_tls.ensure_default_certificate(settings)
    books = files.read().fitting(settings.backends, settings.servers)
    # One certificate that is gone must not keep every route down.
    there = [host for host in books.certificates if (settings.certificates / f"{host}.pem").exists()]
    files.write_all(replace(books, certificates=tuple(there)))
    settings.pid_file.unlink(missing_ok=True)
    with settings.start_log.open("wb") as log:
        child = await asyncio.create_subprocess_exec(
            binary,
            "-D",
            "-p",
            str(settings.pid_file),
            "-f",
            str(settings.config),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
    try:
        code = await asyncio.wait_for(child.wait(), START_BOUND_S)
    except TimeoutError as error:
        child.kill()
        await child.wait()
        raise TimedOut("proxy.failed", f"HAProxy did not start within {START_BOUND_S:.0f} s", thing="proxy") from error
    if code != 0:
        said = settings.start_log.read_text(errors="replace").strip()[-800:]
        raise Failed("proxy.failed", f"HAProxy did not start: {said}", thing="proxy", hint=f"see {settings.start_log}")


async def _facts_within(settings: HaproxySettings, clock: Clock) -> dict[str, str]:
    """What the running proxy says of itself; a new one needs a moment."""
    deadline = clock.monotonic_s() + START_BOUND_S
    socket = runtime_socket(settings)
    try:
        while True:
            try:
                (answer,) = await socket.ask("show info")
                return haproxy_answers.read_facts(answer)
            except Unreachable:
                if clock.monotonic_s() > deadline:
                    raise
                await clock.sleep(POLL_S)
    finally:
        socket.close()


def _restart_reason(files: HaproxyFiles, facts: dict[str, str]) -> str:
    settings = files.settings
    books = files.read()
    wanted = books.fitting(settings.backends, settings.servers)
    if (wanted.backends, wanted.servers) != (books.backends, books.servers):
        now, then = f"{books.backends} × {books.servers}", f"{wanted.backends} × {wanted.servers}"
        return f"the pool is {now}, the settings ask for {then}"
    if facts.get("description") != f"fairlead {files.mark(books)}":
        return "it was started with other settings, or by another version of Fairlead"
    return ""


async def _ended(settings: HaproxySettings, pid: int, number: int, bound_s: float, clock: Clock) -> bool:
    deadline = clock.monotonic_s() + bound_s
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return True
    while is_ours(settings, command_of(pid)):
        if clock.monotonic_s() > deadline:
            return False
        await clock.sleep(POLL_S)
    return True


def _no_binary(why: str) -> Refused:
    oldest = ".".join(str(number) for number in OLDEST)
    return Refused(
        "proxy.binary", why, thing="haproxy", hint=f"install HAProxy {oldest} or newer: apt-get install haproxy"
    )
