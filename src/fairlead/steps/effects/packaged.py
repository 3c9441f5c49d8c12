"""package.script: a script that lies in a package on a target, run there at its time, and then taken away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.package_scripts import REMOVED, RUN, Stage, scripts_of
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.domain.template.variables import Variables
from fairlead.ports.connection import Command, Connection
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import arguments, read
from fairlead.steps.effects.installed import DIRECTORY, WAS_INSTALLED
from fairlead.steps.effects.on_host import last_line, ran, ticket_of
from fairlead.steps.effects.scripts import RunScript, ScriptRun
from fairlead.steps.filled_in import shown_at
from fairlead.steps.scripts.bundle import SUFFIXES

FIND = 'cd -- "$1" && find . -maxdepth 1 -type f -iname "$2.*"\n'
CLEAN = 'cd -- "$1" && shift && rm -f -- "$@"\n'


@dataclass(frozen=True, slots=True)
class PackagedScript:
    """The script of a stage in what the effect `installed` (a key) unpacked. `run` is what it is run for and with;
    which file, in which language, is found there, unless `run` has a source of its own, which runs in that directory;
    or in the one that the effect `copied` copied it to. Nothing is run where the effect `unless` has been done."""

    stage: Stage
    installed: str
    run: ScriptRun
    unless: str = ""
    copied: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """Where the script lies, its name ("": it is none of the package's), and those of the same stage beside it."""

    directory: str
    file: str
    others: tuple[str, ...] = ()


class RunPackagedScript:
    """Runs the script of a stage in the directory of a package, if there is one: as script.run does, whose ticket,
    output and undoing it has. In what lay there already before this task nothing is run. Afterwards the package's
    scripts of the stage are removed, unless a variable says that they stay. Output: that of script.run; nothing where
    none ran."""

    kind = "package.script"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Asking costs as much as doing."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Finds it, notes what it found, runs it, and takes it away."""
        wanted = read(PackagedScript, effect)
        where = _directory(wanted, tools)
        if not where or not (wanted.run.source or _all_true(_known(wanted, tools), RUN)):
            return Done({})
        host = await tools.hosts.of_target(wanted.run.target)
        found = await _found(wanted, where, host, effect, tools)
        if not isinstance(found, _Found):
            return found or Done({})
        outcome = await RunScript().do(_inner(wanted, found, effect), tools)
        if found.file and isinstance(outcome, Done) and _all_true(_known(wanted, tools), REMOVED):
            words = ("sh", "-c", CLEAN, "fairlead-clean", found.directory, found.file, *found.others)
            exit_code, said = await ran(host, f"{ticket_of(effect, tools)}/clean", Command(words))
            if exit_code != 0:
                tools.say(f"{found.file} could not be removed: {last_line(said, exit_code)}", "warning")
        return outcome

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """It runs no more, and is forgotten; what it did stays done. A host that it never came to is not asked."""
        wanted = read(PackagedScript, effect)
        noted = await _noted(effect, tools)
        if noted is None:
            return
        await RunScript().undo(_inner(wanted, noted, effect), tools)
        await tools.records.note(tools.task, _note_name(effect), None)


def _directory(wanted: PackagedScript, tools: Tools) -> str:
    """Of what was unpacked by this task; "" where there is nothing to run in."""
    where = wanted.copied if wanted.copied in tools.outputs else wanted.installed
    given = tools.outputs.get(where, {}).get("outputs")
    if wanted.unless in tools.outputs or not isinstance(given, dict):
        return ""
    if given.get(WAS_INSTALLED) == "True":
        tools.say(f"{wanted.run.action}: {wanted.stage} is not run again in what lay there already", "debug")
        return ""
    return str(given[DIRECTORY])


def _known(wanted: PackagedScript, tools: Tools) -> Variables:
    return shown_at(wanted.run.variables, wanted.run.on_behalf_of, tools)


def _all_true(known: Variables, names: tuple[str, ...]) -> bool:
    return all(known.flag(name, default=True) for name in names)


async def _found(
    wanted: PackagedScript, where: str, host: Connection, effect: Effect, tools: Tools
) -> _Found | SaidNo | None:
    """What was noted before, for a script may have taken itself away; else what lies there."""
    if (noted := await _noted(effect, tools)) is not None:
        return noted
    if wanted.run.source:
        return await _note(_Found(where, ""), effect, tools)
    words = ("sh", "-c", FIND, "fairlead-find", where, wanted.stage.value)
    exit_code, said = await ran(host, f"{ticket_of(effect, tools)}/find", Command(words))
    if exit_code != 0:
        reason = f"{host.name} could not look for {wanted.stage} in {where}: {last_line(said, exit_code)}"
        return SaidNo("package.script", reason, "look whether a script before it removed the directory")
    scripts = scripts_of(wanted.stage, (line.removeprefix("./") for line in said.splitlines()))
    if not scripts:
        return None
    file, *others = scripts
    if others:
        tools.say(f"of the {wanted.stage} scripts {', '.join(scripts)} the first is run", "debug")
    return await _note(_Found(where, file, tuple(others)), effect, tools)


async def _note(found: _Found, effect: Effect, tools: Tools) -> _Found:
    note: dict[str, Json] = {"directory": found.directory, "file": found.file, "others": list[Json](found.others)}
    await tools.records.note(tools.task, _note_name(effect), note)
    return found


async def _noted(effect: Effect, tools: Tools) -> _Found | None:
    noted = await tools.records.fact(tools.task, _note_name(effect))
    if not isinstance(noted, dict):
        return None
    others = noted.get("others")
    names = tuple(str(one) for one in others) if isinstance(others, list) else ()
    return _Found(str(noted["directory"]), str(noted["file"]), names)


def _inner(wanted: PackagedScript, found: _Found, effect: Effect) -> Effect:
    """The same as an effect that runs this very file."""
    run = replace(wanted.run, called=f"{wanted.run.action}: {wanted.stage}", directory=found.directory)
    if found.file:
        language = SUFFIXES[PurePosixPath(found.file).suffix.lower()]
        run = replace(run, called=f"{run.action}: {found.file}", language=language, file=found.file)
    return replace(effect, kind=RunScript.kind, arguments=arguments(run))


def _note_name(effect: Effect) -> str:
    return f"packaged:{effect.key}"
