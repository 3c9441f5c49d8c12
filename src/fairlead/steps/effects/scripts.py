"""script.run: a script on a host, by ticket: begun once, found again by whoever comes after, followed to its end."""

from __future__ import annotations

import asyncio
import hashlib
import posixpath
import tarfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import IO

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import FairleadError, Invalid, NotFound, TooLarge
from fairlead.domain.output_variables import effect_output
from fairlead.domain.package import PackageFile
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.domain.script_turn import BYPASSED_BY
from fairlead.domain.template.variables import Variables
from fairlead.domain.text import Text
from fairlead.formats.package_files import Each, Unpacked
from fairlead.ports.checkouts import Checkout
from fairlead.ports.connection import Command, Connection
from fairlead.ports.step import Tools
from fairlead.steps import workspace
from fairlead.steps.archives import add, add_file, packed
from fairlead.steps.effects.acquired import acquired
from fairlead.steps.effects.basis import read, what_was_noted
from fairlead.steps.effects.isolation import leave, until_alone
from fairlead.steps.effects.on_host import ticket_of
from fairlead.steps.filled_in import filled, filled_whole, is_asked_for, known_at, missing_words, shown_at
from fairlead.steps.scripts.bundle import RUNNERS, Language, command, ours
from fairlead.steps.scripts.bundle import words as bundle_words
from fairlead.steps.scripts.following import Followed, follow

REASON_CHARACTERS = 300
LINK = 0o120000
"""The mode of a link in a commit (Git's): none goes to a host."""

FILES_LIMIT_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """A script to be run. `target` is the id of the one that it runs on ("": at the server), `on_behalf_of` the name of
    the one that it is about, for its outputs. It is `source`, or the `file` of the release's commit or (where there is
    one) of the package, or of that `commit` of another `repository`. All texts are as they were written: what is known
    only when earlier steps have ended is put in when it begins. One that `is_isolated` runs on its target alone. With a
    `directory` it runs there, on the host; a `file` is one that lies in it already, and stays as it is."""

    action: str
    step: str
    language: Language
    source: str = ""
    file: str = ""
    package: PackageFile | None = None
    target: str = ""
    on_behalf_of: str = ""
    arguments: tuple[str, ...] = ()
    variables: Mapping[str, Text] = field(default_factory=dict)
    timeout_s: float = 0.0
    repository: str = ""
    commit: str = ""
    is_isolated: bool = False
    directory: str = ""
    called: str = ""

    @property
    def name(self) -> str:
        """As people are told of it: what it is `called`, by default as its action."""
        return self.called or self.action


class RunScript:
    """Runs a script once: its ticket comes from the task and the effect's key, so whoever asks again finds it.

    Output: ``action``, ``target``, ``exit_code`` and ``outputs`` (name → value, secrets by reference). What it did is
    not undone; undoing ends it where it still runs, with its children, and forgets it, so that it can be run again.
    """

    kind = "script.run"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Asking costs as much as doing."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Begins it, or finds it begun; tells its output; its exit code is the verdict."""
        run = read(ScriptRun, effect)
        noted = await what_was_noted(_note_name(effect), tools)
        ticket = ticket_of(effect, tools)
        if noted is not None:
            await _forget(run, ticket, tools)
            return _verdict(run, noted, was_already_so=True)
        connection = await _connection(run, tools)
        if run.is_isolated:
            bypasses = is_asked_for(shown_at(run.variables, run.on_behalf_of, tools), BYPASSED_BY)
            await until_alone(effect, tools, run.target, where=connection.name, bypasses=bypasses)
        try:
            await _begin(run, effect, connection, tools)
        except (Invalid, NotFound, TooLarge) as error:
            await leave(effect, tools)
            return SaidNo(error.code, f"{run.name} could not be begun: {error.message}", hint=error.hint)
        followed = await self._followed(run, effect, connection, ticket, tools)
        note = followed.note(effect_output(run.action, run.on_behalf_of, followed.outputs))
        if followed.exit_code != 0:
            said, *last = await tools.secrets.masked(tools.task, [followed.said, *followed.last])
            note |= {"said": said, "last": list(last)}
        if followed.said_error or followed.warned:
            wrong, warned = await tools.secrets.masked(tools.task, [followed.said_error, followed.warned])
            note |= {"said_error": wrong, "warned": warned}
        await tools.task_log.flush(tools.task)
        await leave(effect, tools)  # before the note: whoever takes over goes by that, and does not come here again
        await tools.records.note(tools.task, _note_name(effect), note)
        await _forget(run, ticket, tools)
        return _verdict(run, note)

    async def _followed(
        self, run: ScriptRun, effect: Effect, connection: Connection, ticket: str, tools: Tools
    ) -> Followed:
        followed = Followed(_told_name(effect), run.action, run.on_behalf_of)
        try:
            async with asyncio.timeout(run.timeout_s or None):
                await follow(followed, connection, ticket, tools)
        except TimeoutError:
            await connection.cancel(ticket)
            followed.timed_out_s = run.timeout_s
        return followed

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """It runs no more, and is forgotten; what it did stays done. A host that it never came to is not asked."""
        run = read(ScriptRun, effect)
        if await tools.records.fact(tools.task, _begun_name(effect)):
            await self._end(run, effect, tools)
        await leave(effect, tools)

    async def _end(self, run: ScriptRun, effect: Effect, tools: Tools) -> None:
        try:
            connection = await tools.hosts.of_target(run.target) if run.target else tools.connection
        except NotFound:
            tools.say(f"the target of {run.name} is not there any more", level="warning")
            return
        ticket = ticket_of(effect, tools)
        try:
            if (await connection.progress(ticket)).exit_code is None:
                tools.say(f"{run.name} is ended, with all that it began")
        except NotFound:
            pass
        await connection.complete(ticket)
        for name in (_note_name(effect), _told_name(effect), _begun_name(effect)):
            await tools.records.note(tools.task, name, None)
        tools.say(f"what {run.name} did stays done", level="debug")


async def _connection(run: ScriptRun, tools: Tools) -> Connection:
    return await tools.hosts.of_target(run.target) if run.target else await tools.hosts.of_server(tools.task)


async def _begin(run: ScriptRun, effect: Effect, connection: Connection, tools: Tools) -> None:
    """Nothing is handed over where it was begun before."""
    ticket = ticket_of(effect, tools)
    try:
        await connection.progress(ticket)
        tools.say(f"{run.name} had begun already; it is followed on")
        return
    except NotFound:
        pass
    known = await known_at(run.variables, run.on_behalf_of, tools)
    values = {each: filled(known, known.raw(each) or "") for each in known.names}
    in_the_open = await known_at(run.variables, run.on_behalf_of, tools, with_secrets=False)
    words = tuple(filled_whole(in_the_open, argument) for argument in run.arguments)
    where = f" on {connection.name}" if run.target else " at the server"
    lacking: list[str] = []
    async with _bundled(run, known, values, words, lacking, effect, tools) as started:
        if lacking:
            tools.say(f"{run.name}: {missing_words(lacking)}; it stays as it is written", level="warning")
        tools.say(f"running {run.name}{where}", level="debug")
        await tools.records.note(tools.task, _begun_name(effect), {"on": connection.name})
        await connection.start(ticket, started)


@asynccontextmanager
async def _bundled(
    run: ScriptRun,
    known: Variables,
    values: Mapping[str, str],
    arguments: tuple[str, ...],
    lacking: list[str],
    effect: Effect,
    tools: Tools,
) -> AsyncIterator[Command]:
    """What starts the script, with every file that goes with it: one of the repository has the commit's others by it,
    one of a package the package's. What has no value in it is added to `lacking`."""
    name = filled_whole(known, run.file).removeprefix("./") if run.file else RUNNERS[run.language].name
    if run.package is None:
        contents = await _contents(run, name, partial(filled_whole, known, lacking=lacking), effect, tools)
        where = filled_whole(known, run.directory)
        script = posixpath.join(where, run.file) if run.directory and run.file else name
        yield command(run.language, script, variables=values, contents=contents, arguments=arguments, directory=where)
        return
    file = ""
    if run.target:
        host = await tools.hosts.of_target(run.target)
        file = await acquired(host, run.target, run.package, ticket_of(effect, tools), tools)
    more = ours(run.language, values)
    inside = partial(
        _write, name=name, fill=partial(filled_whole, known, lacking=lacking), more=more, is_alone=bool(file)
    )
    async with packed(tools, effect.key, run.package, inside) as (archive, made):
        if name not in made.files:
            hint = f"it holds {', '.join(sorted(made.files)[:10])[:300]}"
            raise NotFound("package.file", f"{name[:200]} is not in {run.package}", thing=name[:200], hint=hint)
        if made.left_out:
            told = ", ".join(made.left_out)[:300]
            tools.say(f"links and devices in {run.package} are left out: {told}", level="warning")
        tools.say(f"unpacked {run.package}: {len(made.files)} files", level="debug")
        yield Command(bundle_words(run.language, name, arguments, acquired=file), stdin_file=archive)


async def _contents(
    run: ScriptRun, name: str, fill: Callable[[str], str], effect: Effect, tools: Tools
) -> dict[str, bytes]:
    if not run.file:
        return {name: fill(run.source).encode()}
    if run.directory:
        return {}
    found = await _of_commit(name, await _checkout(run, tools), effect, tools)
    found[name] = fill(found[name].decode(errors="replace")).encode()
    return found


def _write(
    archive: tarfile.TarFile,
    unpack: Callable[[Each], Unpacked],
    *,
    name: str,
    fill: Callable[[str], str],
    more: Mapping[str, tuple[bytes, int]],
    is_alone: bool,
) -> Unpacked:
    """The package's files, the script filled in; or the script alone, where the others are there already."""

    def each(path: str, size_bytes: int, file: IO[bytes]) -> None:
        if path != name and is_alone:
            return
        if path != name:
            add_file(archive, path, size_bytes, file, 0o700)
            return
        if size_bytes > FILES_LIMIT_BYTES:
            raise TooLarge("input.too_large", f"the script {name[:200]} has {size_bytes:,} bytes", thing=name[:200])
        add(archive, path, fill(file.read().decode(errors="replace")).encode(), 0o700)

    made = unpack(each)
    for path, (content, mode) in more.items():
        add(archive, path, content, mode)
    return made


async def _checkout(run: ScriptRun, tools: Tools) -> Checkout:
    """The release's commit below the folder of its project file, or the frozen one of another repository."""
    if not run.repository:
        return await tools.checkouts.of_task(tools.task)
    return Checkout(await tools.checkouts.of_repository(tools.task, run.repository), run.commit)


async def _of_commit(name: str, checkout: Checkout, effect: Effect, tools: Tools) -> dict[str, bytes]:
    """The commit's files, below its folder."""
    place = f"{tools.workspace}/{tools.task}-{hashlib.sha256(effect.key.encode()).hexdigest()[:12]}"
    try:
        tree = await workspace.prepare(tools.source, checkout.repository, checkout.commit, place)
        root = workspace.project_root(place, checkout.folder)
        prefix = f"{checkout.folder.strip('/')}/" if checkout.folder.strip("/") else ""
        paths = [
            path.removeprefix(prefix) for path, mode in tree.files.items() if path.startswith(prefix) and mode != LINK
        ]
        if name not in paths:
            raise NotFound("project_file.missing", f"{name[:200]} is not in the commit", thing=name[:200])
        limit = FILES_LIMIT_BYTES
        return dict(await asyncio.to_thread(workspace.read_files, root, paths, limit_bytes=limit))
    finally:
        await workspace.remove(place)


def _verdict(run: ScriptRun, note: Mapping[str, Json], *, was_already_so: bool = False) -> Outcome:
    code = note.get("exit_code")
    if code == 0:
        return Done(note, was_already_so=was_already_so)
    held = note.get("last")
    last = [str(line) for line in held] if isinstance(held, list) else []
    if note.get("timed_out_s"):
        return SaidNo(
            "step.timed_out",
            f"{run.name} did not end within {note['timed_out_s']:g} s; it was ended, with all that it began",
            hint="give it a longer timeout, or find out what it waits for in its last lines",
            evidence=tuple(last),
        )
    why = str(note.get("said") or "") or next((line.strip() for line in reversed(last) if line.strip()), "")
    return SaidNo(
        "script.failed",
        f"{run.name} ended with {code}" + (f": {why[:REASON_CHARACTERS]}" if why else ""),
        hint="the last lines say why; the whole output is in this task's log",
        evidence=tuple(last),
    )


async def _forget(run: ScriptRun, ticket: str, tools: Tools) -> None:
    try:
        await (await _connection(run, tools)).complete(ticket)
    except FairleadError as error:
        tools.say(f"what it left on the host could not be removed: {error.message}", level="warning")


def _note_name(effect: Effect) -> str:
    return f"script:{effect.key}"


def _told_name(effect: Effect) -> str:
    return f"{_note_name(effect)}:told"


def _begun_name(effect: Effect) -> str:
    return f"{_note_name(effect)}:begun"
