"""Containers of the engine: made in steps that can each be repeated, adopted by key, told apart from strangers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from fairlead.adapters.engines.docker.client import EngineClient, part
from fairlead.adapters.engines.docker.errors import EngineSaidNo, stranger, told
from fairlead.adapters.engines.docker.fed import taken_over
from fairlead.adapters.engines.docker.files import put_files
from fairlead.adapters.engines.docker.inspection import container_of, is_never_started
from fairlead.adapters.engines.docker.networks import Networks, label_filter
from fairlead.adapters.engines.docker.output import CommandLines, Stream, frames, output
from fairlead.adapters.engines.docker.spec import create_body, endpoint, restart_policy, whole_seconds
from fairlead.domain.errors import Failed, NotFound, TimedOut
from fairlead.ports.container_engine import (
    LABEL_KEY,
    Attachment,
    Container,
    ContainerSpec,
    ExecResult,
    Exited,
    OutputLine,
)

Json = dict[str, Any]

ATTEMPTS = 100
PAUSE_S = 0.02
REMOVAL_PAUSE_S = 0.1
INSPECTIONS_AT_ONCE = 16
EXEC_OUTPUT_BYTES = 64 * 1024


class Containers:
    """The container verbs. API < 1.44 takes one network at create, so: create, connect the others, put the files."""

    def __init__(self, client: EngineClient, networks: Networks) -> None:
        self._client = client
        self._networks = networks

    async def ensure(self, spec: ContainerSpec) -> Container:
        for attempt in range(ATTEMPTS):
            found = await self._inspect(spec.name)
            if found is None:
                if made := await self._made(spec):
                    return made
                # the name is taken by a creation or a removal under way
                await asyncio.sleep(PAUSE_S * min(attempt + 1, 10))
                continue
            _refuse_stranger(found, spec.name, spec.labels.get(LABEL_KEY, ""))
            if found["State"].get("Status") in {"removing", "dead"}:
                await self._remove_by_id(found["Id"], spec.name)
                continue
            is_changed = await self._finish(found, spec)
            return await self._told(found["Id"], spec.name) if is_changed else container_of(found)
        raise Failed("engine.failed", f"the name {spec.name} stays reserved by the engine", thing=spec.name)

    async def start(self, name: str) -> Container:
        found = await self._ours(name)
        try:
            await self._client.change("POST", f"/containers/{found['Id']}/start", thing=name)
        except EngineSaidNo as refusal:
            if refusal.status != 304:
                raise told(refusal, "starting the container") from refusal
        return await self._told(found["Id"], name)

    async def stop(self, name: str, *, grace_s: float) -> None:
        found = await self._inspect(name)
        if found is None:
            return
        _refuse_stranger(found, name, None)
        try:
            params = {"t": str(whole_seconds(grace_s))}
            await self._client.ask("POST", f"/containers/{found['Id']}/stop", params=params, thing=name)
        except EngineSaidNo as refusal:
            if refusal.status not in (304, 404):
                raise told(refusal, "stopping the container") from refusal

    async def keep_up(self, name: str, restart: str) -> None:
        found = await self._ours(name)
        try:
            body = {"RestartPolicy": restart_policy(restart)}
            await self._client.change("POST", f"/containers/{found['Id']}/update", body=body, thing=name)
        except EngineSaidNo as refusal:
            raise told(refusal, "changing the restart policy of") from refusal

    async def remove(self, name: str) -> None:
        found = await self._inspect(name)
        if found is None:
            return
        _refuse_stranger(found, name, None)
        await self._remove_by_id(found["Id"], name)

    async def container(self, name: str) -> Container | None:
        found = await self._inspect(name)
        return container_of(found) if found else None

    async def inspected(self, name: str) -> Json | None:
        return await self._inspect(name)

    async def matching(self, labels: Mapping[str, str]) -> Sequence[Container]:
        params = {"all": True, "filters": label_filter(labels)}
        listed = await self._client.ask("GET", "/containers/json", params=params)
        at_once = asyncio.Semaphore(INSPECTIONS_AT_ONCE)

        async def inspect(container_id: str) -> Json | None:
            async with at_once:
                return await self._inspect(container_id)

        inspected = await asyncio.gather(*(inspect(entry["Id"]) for entry in listed))
        return sorted((container_of(found) for found in inspected if found), key=lambda container: container.name)

    async def running(self, labels: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        filters = {**label_filter(labels), "status": ["running", "restarting"]}
        listed = await self._client.ask("GET", "/containers/json", params={"filters": filters})
        return [entry.get("Labels") or {} for entry in listed]

    async def wait(self, name: str) -> int:
        while True:
            found = await self._existing(name)
            state = found["State"]
            if state.get("Status") in {"exited", "dead"}:
                return int(state.get("ExitCode") or 0)
            if is_never_started(found):
                await asyncio.sleep(REMOVAL_PAUSE_S)
                continue
            try:
                await self._client.ask("POST", f"/containers/{found['Id']}/wait", thing=name)
            except EngineSaidNo as refusal:
                raise told(refusal, "waiting for the container") from refusal
            await asyncio.sleep(PAUSE_S)  # a restart policy may bring it up again: only a lasting end counts

    async def output(self, name: str, *, follow: bool, tail: int, since: str) -> AsyncGenerator[OutputLine, None]:
        found = await self._existing(name)
        is_terminal = bool(found["Config"].get("Tty"))
        lines = output(self._client, found["Id"], is_terminal=is_terminal, follow=follow, tail=tail, since=since)
        async with aclosing(lines):
            async for line in lines:
                yield line

    async def execute(self, name: str, command: Sequence[str], *, timeout_s: float) -> ExecResult:
        found = await self._ours(name)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._execute(found["Id"], name, command)
        except TimeoutError as error:
            words = f"{command[0]!r} in {name} did not end within {timeout_s:g} s"
            raise TimedOut("step.timed_out", words, thing=name) from error

    @asynccontextmanager
    async def fed(self, name: str, content: bytes) -> AsyncIterator[None]:
        found = await self._ours(name)
        params = {"stream": True, "stdin": True}
        try:
            async with taken_over(self._client, f"/containers/{found['Id']}/attach", params=params, thing=name) as line:
                await self.start(name)
                feeding = asyncio.create_task(line.feed(content))
                try:
                    yield
                finally:
                    feeding.cancel()
                    await asyncio.gather(feeding, return_exceptions=True)
        except EngineSaidNo as refusal:
            raise told(refusal, "attaching to") from refusal

    async def executing(
        self, name: str, command: Sequence[str], *, stdin: bytes | None = None
    ) -> AsyncGenerator[OutputLine | Exited, None]:
        found = await self._ours(name)
        lines = CommandLines()
        ended = 0
        async with aclosing(self._pieces(found["Id"], name, command, stdin=stdin)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Exited):
                    ended = piece.exit_code
                    continue
                for line in lines.add(*piece):
                    yield line
        for line in lines.rest():
            yield line
        yield Exited(ended)

    async def _execute(self, container_id: str, name: str, command: Sequence[str]) -> ExecResult:
        written = bytearray()
        ended = 0
        async with aclosing(self._pieces(container_id, name, command)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Exited):
                    ended = piece.exit_code
                    continue
                written += piece[1]
                del written[:-EXEC_OUTPUT_BYTES]
        return ExecResult(ended, written.decode("utf-8", errors="replace"))

    async def _pieces(
        self, container_id: str, name: str, command: Sequence[str], *, stdin: bytes | None = None
    ) -> AsyncGenerator[tuple[Stream, bytes] | Exited, None]:
        """What it writes, as it comes, and last how it ended."""
        body: Json = {"AttachStdout": True, "AttachStderr": True, "Cmd": list(command)}
        if stdin is not None:
            body["AttachStdin"] = True
        try:
            made = await self._client.ask("POST", f"/containers/{container_id}/exec", body=body, thing=name)
            path = f"/exec/{made['Id']}/start"
            body = {"Detach": False, "Tty": False}
            if stdin is None:
                async with (
                    self._client.stream("POST", path, body=body, thing=name) as response,
                    aclosing(frames(response.content.iter_any())) as pieces,
                ):
                    async for piece in pieces:
                        yield piece
            else:
                async with aclosing(self._pieces_of_fed(path, body, name, stdin)) as pieces:
                    async for piece in pieces:
                        yield piece
            ended = await self._client.ask("GET", f"/exec/{made['Id']}/json", thing=name)
        except EngineSaidNo as refusal:
            raise told(refusal, f"running {command[0]!r} in") from refusal
        yield Exited(int(ended.get("ExitCode") or 0))

    async def _pieces_of_fed(
        self, path: str, body: Json, name: str, stdin: bytes
    ) -> AsyncGenerator[tuple[Stream, bytes], None]:
        async with taken_over(self._client, path, body=body, thing=name) as line:
            feeding = asyncio.create_task(line.feed(stdin))
            try:
                async with aclosing(frames(line.pieces())) as pieces:
                    async for piece in pieces:
                        yield piece
            finally:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)

    async def _made(self, spec: ContainerSpec) -> Container | None:
        """A new one, wholly made, or None where the name is taken meanwhile."""
        attachments = _attachments(spec)
        networks = await self._networks.ids_of([one.network for one in attachments])
        try:
            made = await self._client.change(
                "POST", "/containers/create", params={"name": spec.name}, body=create_body(spec), thing=spec.name
            )
        except EngineSaidNo as refusal:
            if refusal.status == 409 and "in use" in refusal.words:
                return None
            raise told(refusal, f"making the container from {spec.image}:") from refusal
        for attachment in attachments[1:]:  # the first was given with the creation
            await self._connect(networks[attachment.network], made["Id"], attachment, spec.name)
        if spec.files:
            await put_files(self._client, made["Id"], spec)
        return await self._told(made["Id"], spec.name)

    async def _finish(self, found: Json, spec: ContainerSpec) -> bool:
        """What an earlier attempt left of making it is done; whether anything was left."""
        connected = found["NetworkSettings"].get("Networks") or {}
        missing = [one for one in _attachments(spec) if one.network not in connected]
        networks = await self._networks.ids_of([one.network for one in missing]) if missing else {}
        for attachment in missing:
            await self._connect(networks[attachment.network], found["Id"], attachment, spec.name)
        if spec.files and is_never_started(found):
            await put_files(self._client, found["Id"], spec)
            return True
        return bool(missing)

    async def _connect(self, network_id: str, container_id: str, attachment: Attachment, name: str) -> None:
        body = {"Container": container_id, "EndpointConfig": endpoint(attachment)}
        try:
            await self._client.change("POST", f"/networks/{network_id}/connect", body=body, thing=name)
        except EngineSaidNo as refusal:
            if not (refusal.status == 403 and "already exists in network" in refusal.words):
                raise told(refusal, "connecting the container") from refusal

    async def _remove_by_id(self, container_id: str, name: str) -> None:
        for _ in range(ATTEMPTS):
            try:
                params = {"force": True, "v": True}
                await self._client.change("DELETE", f"/containers/{container_id}", params=params, thing=name)
            except EngineSaidNo as refusal:
                if refusal.status == 404:
                    return
                if not (refusal.status == 409 and "in progress" in refusal.words):
                    raise told(refusal, "removing the container") from refusal
                await asyncio.sleep(REMOVAL_PAUSE_S)
        raise Failed("engine.failed", f"the engine has not finished removing {name}", thing=name)

    async def _inspect(self, name: str) -> Json | None:
        try:
            found: Json = await self._client.ask("GET", f"/containers/{part(name)}/json", thing=name)
        except EngineSaidNo as refusal:
            if refusal.status == 404:
                return None
            raise told(refusal, "reading the container") from refusal
        return found

    async def _existing(self, name: str) -> Json:
        found = await self._inspect(name)
        if found is None:
            raise NotFound("engine.gone", f"there is no container {name}", thing=name)
        return found

    async def _ours(self, name: str) -> Json:
        found = await self._existing(name)
        _refuse_stranger(found, name, None)
        return found

    async def _told(self, container_id: str, name: str) -> Container:
        found = await self._inspect(container_id)
        if found is None:
            raise NotFound("engine.gone", f"the container {name} was removed meanwhile", thing=name)
        return container_of(found)


def _attachments(spec: ContainerSpec) -> Sequence[Attachment]:
    """Its networks, in order; none where it has the network of something else."""
    return () if spec.network_mode else spec.networks


def _refuse_stranger(found: Json, name: str, key: str | None) -> None:
    """Strangers carry no key or, where one is asked for, another."""
    held = str((found["Config"].get("Labels") or {}).get(LABEL_KEY, ""))
    if not held or (key is not None and held != key):
        raise stranger("container", name, held)
