"""script.run: a script on a host, by ticket: begun once, found again by whoever comes after, followed to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import FairleadError, Invalid, NotFound
from fairlead.domain.output_variables import PREFIXES, effect_output, of_effects, seen_from
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.domain.template.variables import Variables
from fairlead.domain.text import Text, reveal, secrets_in
from fairlead.formats.markdown import MARKDOWN_FILTERS
from fairlead.ports.connection import Connection
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import read
from fairlead.steps.scripts.bundle import RUNNERS, Language, command
from fairlead.steps.scripts.following import Followed, follow

REASON_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """A script to be run. `target` is the id of the one that it runs on ("": at the server), `on_behalf_of` the name of
    the one that it is about, for its outputs. `source`, arguments and variables are as they were written: what is
    known only when earlier steps have ended is put in when it begins."""

    action: str
    step: str
    language: Language
    source: Text
    target: str = ""
    on_behalf_of: str = ""
    arguments: tuple[Text, ...] = ()
    variables: Mapping[str, Text] = field(default_factory=dict)
    timeout_s: float = 0.0


class RunScript:
    """Runs a script once: its ticket comes from the task and the effect's key, so whoever asks again finds it.

    Output: ``action``, ``target``, ``exit_code`` and ``outputs`` (name → value, secrets by reference). What it did is
    not undone; undoing ends it where it still runs, with its children, and forgets it, so that it can be run again.
    """

    kind = "script.run"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether it ended well and all of it was told: our own note says so."""
        noted = await _noted(effect, tools)
        return Done(noted, was_already_so=True) if noted and noted.get("exit_code") == 0 else NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Begins it, or finds it begun; tells its output; its exit code is the verdict."""
        run = read(ScriptRun, effect)
        noted = await _noted(effect, tools)
        if noted is not None:
            return _verdict(run, noted)
        connection = await _connection(run, tools)
        ticket = _ticket(effect, tools)
        try:
            await _begin(run, effect, connection, tools)
        except Invalid as error:
            return SaidNo(error.code, f"{run.action} could not be begun: {error.message}", hint=error.hint)
        followed = await self._followed(run, effect, connection, ticket, tools)
        note = followed.note(effect_output(run.action, run.on_behalf_of, followed.outputs))
        if followed.exit_code != 0:
            said, *last = await tools.secrets.masked(tools.task, [followed.said, *followed.last])
            note |= {"said": said, "last": list(last)}
        await tools.task_log.flush(tools.task)
        await tools.records.note(tools.task, _note_name(effect), note)
        await _forget(connection, ticket, tools)
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
        if not await tools.records.fact(tools.task, _begun_name(effect)):
            return
        try:
            connection = await tools.hosts.of_target(run.target) if run.target else tools.connection
        except NotFound:
            tools.say(f"the target of {run.action} is not there any more", level="warning")
            return
        ticket = _ticket(effect, tools)
        try:
            if (await connection.progress(ticket)).exit_code is None:
                tools.say(f"{run.action} is ended, with all that it began")
        except NotFound:
            pass
        await connection.complete(ticket)
        for name in (_note_name(effect), _told_name(effect), _begun_name(effect)):
            await tools.records.note(tools.task, name, None)
        tools.say(f"what {run.action} did stays done", level="debug")


async def _connection(run: ScriptRun, tools: Tools) -> Connection:
    return await tools.hosts.of_target(run.target) if run.target else await tools.hosts.of_server(tools.task)


async def _begin(run: ScriptRun, effect: Effect, connection: Connection, tools: Tools) -> None:
    """Nothing is handed over where it was begun before."""
    known, ticket = await _known(run, tools), _ticket(effect, tools)
    try:
        await connection.progress(ticket)
        tools.say(f"{run.action} had begun already; it is followed on")
        return
    except NotFound:
        pass
    name = RUNNERS[run.language].name
    values = {each: _evaluated(known, known.raw(each) or "") for each in known.names}
    source = _evaluated(known, await _revealed(run.source, tools))
    arguments = [_evaluated(known, await _revealed(argument, tools)) for argument in run.arguments]
    started = command(
        run.language, name, variables=values, contents={name: source.encode()}, arguments=tuple(arguments)
    )
    where = f" on {connection.name}" if run.target else " at the server"
    tools.say(f"running {run.action}{where}", level="debug")
    await tools.records.note(tools.task, _begun_name(effect), {"on": connection.name})
    await connection.start(ticket, started)


async def _known(run: ScriptRun, tools: Tools) -> Variables:
    """Every variable that holds there, outputs of earlier steps too; those of ours under both names."""
    outputs = seen_from(run.on_behalf_of, of_effects(tools.outputs.values()))
    texts: dict[str, Text] = {**run.variables, **outputs}
    ids = {reference.id for reference in secrets_in(*texts.values(), run.source, *run.arguments)}
    secrets = await tools.secrets.values(tools.task, ids) if ids else {}
    clear = {name: reveal(text, secrets) for name, text in texts.items()}
    return Variables(with_both_names(clear), now=tools.clock.now, more_filters=MARKDOWN_FILTERS)


def with_both_names(values: Mapping[str, str]) -> dict[str, str]:
    """What is called ``Octopus.…`` is called ``Fairlead.…`` too, and the other way round; what is there stays."""
    found = {name.lower() for name in values}
    made = dict(values)
    for name, value in values.items():
        first, dot, rest = name.partition(".")
        for prefix, other in (PREFIXES, tuple(reversed(PREFIXES))):
            twin = f"{other}.{rest}"
            if dot and first.lower() == prefix.lower() and twin.lower() not in found:
                made[twin] = value
    return made


async def _revealed(text: Text, tools: Tools) -> str:
    ids = {reference.id for reference in secrets_in(text)}
    return reveal(text, await tools.secrets.values(tools.task, ids) if ids else {})


def _evaluated(known: Variables, template: str) -> str:
    """What has no value stays as it was written, as Octopus leaves it."""
    found = known.evaluate(template, is_lenient=True).text
    return "" if found is None else found


def _verdict(run: ScriptRun, note: Mapping[str, Json]) -> Outcome:
    code = note.get("exit_code")
    if code == 0:
        return Done(note)
    held = note.get("last")
    last = [str(line) for line in held] if isinstance(held, list) else []
    if note.get("timed_out_s"):
        return SaidNo(
            "step.timed_out",
            f"{run.action} did not end within {note['timed_out_s']:g} s; it was ended, with all that it began",
            hint="give it a longer timeout, or find out what it waits for in its last lines",
            evidence=tuple(last),
        )
    why = str(note.get("said") or "") or next((line.strip() for line in reversed(last) if line.strip()), "")
    return SaidNo(
        "script.failed",
        f"{run.action} ended with {code}" + (f": {why[:REASON_CHARACTERS]}" if why else ""),
        hint="the last lines say why; the whole output is in this task's log",
        evidence=tuple(last),
    )


async def _forget(connection: Connection, ticket: str, tools: Tools) -> None:
    try:
        await connection.complete(ticket)
    except FairleadError as error:
        tools.say(f"what it left on the host could not be removed: {error.message}", level="warning")


async def _noted(effect: Effect, tools: Tools) -> Mapping[str, Json] | None:
    noted = await tools.records.fact(tools.task, _note_name(effect))
    return noted if isinstance(noted, dict) else None


def _ticket(effect: Effect, tools: Tools) -> str:
    return f"{tools.task}/{effect.key}"


def _note_name(effect: Effect) -> str:
    return f"script:{effect.key}"


def _told_name(effect: Effect) -> str:
    return f"{_note_name(effect)}:told"


def _begun_name(effect: Effect) -> str:
    return f"{_note_name(effect)}:begun"
