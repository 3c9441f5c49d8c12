"""A host over SSH as a `Connection`: one connection, kept and made again, and tickets that are directories there.

The library is loaded with the first host, so that a server without any does not carry it.
"""

from __future__ import annotations

import asyncio
import hashlib
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fairlead.adapters.connections import ssh_scripts
from fairlead.adapters.connections.addresses import read_address
from fairlead.domain.errors import Failed, FairleadError, NotFound, Refused, TooLarge, Unreachable
from fairlead.domain.target import SshAccess
from fairlead.ports.connection import Command, Progress, Streams

CONNECT_TIMEOUT_S = 15.0
ANSWER_TIMEOUT_S = 60.0
"""For one exchange: the slowest is a cancel, which waits for its graces."""

KEEPALIVE_S = 15.0
SESSIONS = 8
"""At once over one connection: sshd allows ten (MaxSessions of sshd_config(5))."""

LOG_PIECE_BYTES = 1024 * 1024
PART_BYTES = 256 * 1024
LISTING_BYTES = 16 * 1024 * 1024
ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
"""Signatures that prove a key of this type, where they are called otherwise (RFC 8332)."""


@dataclass(frozen=True, slots=True)
class SshLogin:
    """Whereto, as whom, with which private key, and which key the host must prove."""

    host: str
    port: int
    user: str
    key: str
    host_key: str


def to_target(access: SshAccess, key: str, name: str) -> SshConnection:
    """The connection to a target of that name, with its private key."""
    return SshConnection(SshLogin(access.host, access.port, access.user, key, access.host_key), name=name)


@dataclass(frozen=True, slots=True)
class _Answer:
    code: int
    out: bytes
    err: str


class SshConnection:
    """A `Connection` over SSH. `close` ends it; what runs there goes on."""

    def __init__(self, login: SshLogin, *, name: str, connect_timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        self.name = name
        self._login = login
        self._connect_timeout_s = connect_timeout_s
        self._open: Any = None
        self._opening = asyncio.Lock()
        self._sessions = asyncio.Semaphore(SESSIONS)

    async def start(self, ticket: str, command: Command) -> None:
        spec, file = ssh_scripts.spec_of(command), command.stdin_file
        size = len(spec) + (await asyncio.to_thread(file.stat)).st_size if file else len(spec)
        answer = await self._ask(ssh_scripts.START, _hex(ticket), str(size), ssh_scripts.INNER, given=spec, file=file)
        if answer.code == ssh_scripts.CUT:
            raise Unreachable("host.unreachable", f"{self.name}: the connection broke off", thing=self.name)
        if answer.code:
            raise self._failed("host.ticket", f"the run of {ticket} could not be started", answer)

    async def progress(self, ticket: str, *, after: int = 0) -> Progress:
        answer = await self._ask(ssh_scripts.PROGRESS, _hex(ticket), str(after), str(LOG_PIECE_BYTES))
        if answer.code == ssh_scripts.NOT_STARTED:
            raise NotFound("host.ticket", f"the ticket {ticket} was never started at {self.name}", thing=ticket)
        if answer.code:
            raise self._failed("host.ticket", f"the run of {ticket} could not be looked at", answer)
        told, _, log = answer.out.partition(b"\n")
        code, size = told.decode().split()
        position = after + len(log)
        has_ended = code != "-" and position >= int(size)
        return Progress(int(code) if has_ended else None, log, position)

    async def cancel(self, ticket: str) -> None:
        answer = await self._ask(ssh_scripts.CANCEL, _hex(ticket))
        if answer.code:
            raise self._failed("host.ticket", f"the run of {ticket} could not be ended", answer)

    async def complete(self, ticket: str) -> None:
        await self.cancel(ticket)
        answer = await self._ask(ssh_scripts.COMPLETE, _hex(ticket))
        if answer.code == ssh_scripts.RUNS:  # it was being begun
            await self.cancel(ticket)
            answer = await self._ask(ssh_scripts.COMPLETE, _hex(ticket))
        if answer.code:
            raise self._failed("host.ticket", f"the traces of {ticket} could not be removed", answer)

    async def put(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        given = f"{ssh_scripts.escaped(path)}\n".encode() + content
        answer = await self._ask(ssh_scripts.PUT, str(len(content)), f"{mode:o}", given=given)
        if answer.code == ssh_scripts.CUT:
            raise Unreachable("host.unreachable", f"{self.name}: the connection broke off", thing=self.name)
        if answer.code:
            raise _file_error("write", path, answer)

    async def get(self, path: str, *, limit_bytes: int) -> bytes:
        given = f"{ssh_scripts.escaped(path)}\n".encode()
        answer = await self._ask(ssh_scripts.GET, str(limit_bytes + 1), given=given)
        if answer.code:
            raise _file_error("read", path, answer)
        if len(answer.out) > limit_bytes:
            raise TooLarge("input.too_large", f"{path} is larger than {limit_bytes} bytes", thing=path)
        return answer.out

    async def dial(self, address: str) -> Streams:
        import asyncssh

        where = read_address(address)
        try:
            async with self._connected() as connection, asyncio.timeout(self._connect_timeout_s):
                if isinstance(where, str):
                    reader, writer = await connection.open_unix_connection(where)
                else:
                    reader, writer = await connection.open_connection(*where)
        except (OSError, asyncssh.Error) as error:  # TimeoutError among them
            words = str(error) or f"no answer within {self._connect_timeout_s:g} s"
            raise Unreachable("host.unreachable", f"{self.name}: {address}: {words}", thing=address) from error
        # asyncssh's streams have the verbs of asyncio's, without being of their classes
        return Streams(cast("asyncio.StreamReader", reader), cast("asyncio.StreamWriter", writer))

    async def close(self) -> None:
        """The connection is ended; the next verb makes another."""
        was, self._open = self._open, None
        if was is not None:
            was.close()
            await was.wait_closed()

    async def _ask(self, program: str, *arguments: str, given: bytes = b"", file: Path | None = None) -> _Answer:
        """The program's answer to what it is given, and the file after it. Its arguments need no quoting but the
        shell's program itself, which is constant."""
        import asyncssh

        words = " ".join(shlex.quote(word) for word in (program, "fairlead", *arguments))
        try:
            async with self._connected() as connection, asyncio.timeout(ANSWER_TIMEOUT_S) as bound:
                asked = await connection.create_process(f"exec sh -c {words}", encoding=None)
                await _give(asked, given, file, bound)
                done = await asked.wait()
        except (OSError, asyncssh.Error) as error:  # TimeoutError among them
            words = str(error) or f"no answer within {ANSWER_TIMEOUT_S:g} s"
            raise Unreachable("host.unreachable", f"{self.name}: {words}", thing=self.name) from error
        if done.exit_status is None or done.exit_status < 0:
            raise Unreachable("host.unreachable", f"{self.name}: the connection broke off", thing=self.name)
        out = done.stdout[:LISTING_BYTES] if isinstance(done.stdout, bytes) else b""
        return _Answer(done.exit_status, out, bytes(done.stderr or b"").decode(errors="replace").strip()[-500:])

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        async with self._sessions:
            async with self._opening:
                if self._open is None or self._open.is_closed():
                    self._open = await connect(self._login, name=self.name, timeout_s=self._connect_timeout_s)
                connection = self._open
            yield connection

    def _failed(self, code: str, words: str, answer: _Answer) -> Failed:
        said = f": {answer.err}" if answer.err else ""
        return Failed(code, f"{self.name}: {words}{said}", thing=self.name)


async def _give(asked: Any, given: bytes, file: Path | None, bound: asyncio.Timeout) -> None:
    """All of it, as fast as the host takes it; each part has the time of an answer. A program that has ended meanwhile
    reads no more."""
    clock = asyncio.get_running_loop().time
    try:
        asked.stdin.write(given)
        if file is not None:
            with await asyncio.to_thread(file.open, "rb") as content:
                while part := await asyncio.to_thread(content.read, PART_BYTES):
                    asked.stdin.write(part)
                    await asked.stdin.drain()
                    bound.reschedule(clock() + ANSWER_TIMEOUT_S)
        asked.stdin.write_eof()
    except BrokenPipeError:
        return


async def connect(login: SshLogin, *, name: str, timeout_s: float) -> Any:
    """An open connection to a host that has proved its key. Refused `target.host_key`, Refused `target.key`,
    Unreachable `host.unreachable`."""
    import asyncssh

    if not login.host_key:
        raise Refused(
            "target.host_key",
            f"no key of {name} is trusted yet",
            thing=name,
            hint=f"fairlead targets trust {name} SHA256:…, with the fingerprint that the host itself tells",
        )
    try:
        key = asyncssh.import_private_key(login.key)
    except asyncssh.KeyImportError as error:
        raise Refused(
            "target.key", f"the private key for {name} cannot be read: {error}", thing=name, hint="without a passphrase"
        ) from error
    kind = login.host_key.split(" ", 1)[0]
    try:
        trusted = asyncssh.import_public_key(login.host_key)
        async with asyncio.timeout(timeout_s):
            return await asyncssh.connect(
                login.host,
                login.port,
                username=login.user,
                client_keys=[key],
                known_hosts=([trusted], [], []),
                server_host_key_algs=ALGORITHMS.get(kind, (kind,)),
                config=None,
                agent_path=None,
                preferred_auth="publickey",
                keepalive_interval=KEEPALIVE_S,
            )
    except (OSError, asyncssh.Error, asyncssh.KeyImportError) as error:
        raise _refusal(error, name, timeout_s) from error


def _refusal(error: Exception, name: str, timeout_s: float) -> FairleadError:
    import asyncssh

    # a host that has no key of the trusted one's type fails in the key exchange
    if isinstance(error, asyncssh.HostKeyNotVerifiable | asyncssh.KeyExchangeFailed | asyncssh.KeyImportError):
        return Refused(
            "target.host_key",
            f"{name} does not prove the key that was trusted: {error}",
            thing=name,
            hint="was the host installed again? Compare its key at the host, then: fairlead targets trust",
        )
    if isinstance(error, asyncssh.PermissionDenied):
        return Refused(
            "target.key",
            f"{name} does not take the key: {error}",
            thing=name,
            hint="put the line that `fairlead targets show` tells into authorized_keys there",
        )
    words = getattr(error, "strerror", "") or str(error) or f"no answer within {timeout_s:g} s"
    return Unreachable("host.unreachable", f"{name}: {words}", thing=name)


def _hex(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()[:40]


def _file_error(doing: str, path: str, answer: _Answer) -> NotFound | Failed:
    words = f"cannot {doing} {path}" + (f": {answer.err}" if answer.err else "")
    if doing == "read" and not answer.err:
        return NotFound("host.file", f"{words}: it is not a file that can be read", thing=path)
    return Failed("host.file", words, thing=path)
