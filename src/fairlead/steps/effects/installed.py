"""package.install and package.tidy: a package unpacked on a target to stay, and those before it that need not."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import IO

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import Failed, Invalid, TooLarge
from fairlead.domain.installed_package import InstalledPackage, Owner, directory_of, id_of, read_journal
from fairlead.domain.output_variables import effect_output
from fairlead.domain.package import PackageFile
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.domain.retention import Keep
from fairlead.domain.target_retention import clearance, why
from fairlead.domain.text import Text
from fairlead.formats.package_files import Each, Unpacked
from fairlead.ports.connection import Command, Connection
from fairlead.ports.step import Tools
from fairlead.steps.archives import add, add_file, in_memory, packed
from fairlead.steps.effects.acquired import acquired, key_of
from fairlead.steps.effects.basis import Plain, read
from fairlead.steps.effects.on_host import HOME, last_line, ran, still_there

MOST_AT_ONCE = 200
PROGRAM_STARTS = (b"#!", b"\x7fELF")
PROGRAM_START_BYTES = 4
"""How files begin that are programs: packages do not say it."""

DIRECTORY, WAS_INSTALLED = "Package.InstallationDirectoryPath", "Package.WasInstalled"

_HOME = (
    HOME
    + """\
root=$HOME/fairlead journal=$HOME/.fairlead/journal
umask 022
"""
)
INSTALL = (
    _HOME
    + """\
dir=$root/$1 entry=$journal/$2
if [ -f "$entry" ] && [ -d "$dir" ]; then printf '%s\\n' "$dir"; exit 0; fi
rm -rf "$dir" "$dir.part" && mkdir -p "$dir.part" "$journal" || exit 1
if [ -n "$3" ]; then
  mkdir "$dir.part/files" && tar -xf "$HOME/.fairlead/acquired/$3" -C "$dir.part/files" ||
    { rm -rf "$dir.part"; exit 126; }
fi
tar -xf - -C "$dir.part" || { rm -rf "$dir.part"; exit 126; }
mv "$dir.part/files" "$dir" && mv "$dir.part/entry" "$entry" && rm -rf "$dir.part" && printf '%s\\n' "$dir"
"""
)
JOURNAL = _HOME + 'for one in "$journal"/*; do [ -f "$one" ] && cat "$one"; done; exit 0\n'
LYING = (
    _HOME
    + """\
for one in "$@"; do
  if [ -d "$root/$one" ]; then printf '%s\\n' "$root/$one"; exit 0; fi
done
exit 3
"""
)
USED = (
    _HOME
    + """\
[ -f "$journal/$1" ] || exit 0
printf '%s' "$2" > "$journal/$1.new" && mv "$journal/$1.new" "$journal/$1"
"""
)
REMOVE = (
    _HOME
    + """\
while [ "$#" -gt 1 ]; do
  if [ -n "$2" ]; then rm -rf "$root/$2" "$root/$2.part" || exit 1; fi
  rm -f "$journal/$1" || exit 1
  shift 2
done
"""
)


@dataclass(frozen=True, slots=True)
class NewPackage:
    """A package to be unpacked on the target (id and name), for whom. `reuses`: not where it lies there already."""

    action: str
    target: str
    name: str
    package: PackageFile
    owner: Owner
    reuses: bool = False


@dataclass(frozen=True, slots=True)
class Install:
    """An installation, and the key of its effect."""

    new: NewPackage
    key: str


@dataclass(frozen=True, slots=True)
class Tidied:
    """What the action left on the target before, as much of it as is not kept; `installed` is the key of the effect
    that unpacks the present one."""

    new: NewPackage
    installed: str
    keep: Keep


class InstallPackage:
    """Unpacks the package into a directory of its own, whole or not at all, and enters it into the target's journal.
    Its key names the directory, so asked again it is found. Undone, both are gone; what an earlier one left, and this
    one used, stays. Output: the variables ``Package.InstallationDirectoryPath``, ``Package.PackageId``,
    ``Package.PackageVersion`` and ``Package.WasInstalled``, and ``used``, the id of what is used."""

    kind = "package.install"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Asking costs as much as doing."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Unpacks it, where it was not."""
        new = read(NewPackage, effect)
        host = await tools.hosts.of_target(new.target)
        entry = _entry(new, f"{tools.task}/{effect.key}", tools.clock.now().isoformat())
        ticket = f"{tools.task}/{effect.key}"
        if new.reuses and (lying := await lying_there(host, ticket, entry)) is not None:
            found, where = lying
            tools.say(f"{new.package} lies in {where} since {found.installed_at}: it is used as it is there")
            return Done(_output(new, where, used=found.id, was_installed=True), was_already_so=True)
        try:
            exit_code, said, files = await _unpacked(new, entry, host, effect, tools)
        except (Invalid, TooLarge) as error:
            return SaidNo(error.code, error.message, hint=error.hint)
        if exit_code != 0:
            reason = last_line(said, exit_code)
            hint = "look whether its user has a home with room there, and whether tar is installed"
            return SaidNo("package.not_installed", f"{new.package} could not be unpacked on {new.name}: {reason}", hint)
        where = said.strip().splitlines()[-1]
        tools.say(f"{new.package} lies in {where}: {files} files")
        return Done(_output(new, where, used=entry.id, was_installed=False))

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """It lies there no more. A host that it never came to is not asked."""
        new = read(NewPackage, effect)
        if not await tools.records.fact(tools.task, _begun(effect)):
            return
        host = await still_there(new.target, new.name, tools)
        if host is None:
            return
        await host.complete(f"{tools.task}/{effect.key}")
        await _remove(host, f"{tools.task}/{effect.key}/undo", [_entry(new, f"{tools.task}/{effect.key}", "")])
        await tools.records.note(tools.task, _begun(effect), None)


class TidyPackages(Plain):
    """Once the deployment, or run, went well: what earlier ones left on the target for the same action goes, as the
    lifecycle says; what stays, and why, is told. Output: ``removed``, directories."""

    kind = "package.tidy"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Reads the journal, decides, removes."""
        wanted = read(Tidied, effect)
        ended = tools.outputs.get("task", {}).get("state")
        given = tools.outputs.get(wanted.installed)
        if ended != "succeeded" or given is None:
            return Done({"removed": []})
        host = await tools.hosts.of_target(wanted.new.target)
        present = _entry(wanted.new, f"{tools.task}/{wanted.installed}", tools.clock.now().isoformat())
        found = await journal_of(host, f"{tools.task}/{effect.key}/journal")
        used = next((one for one in found if one.id == given.get("used") != present.id), None)
        if used is not None:
            present = replace(used, installed_at=present.installed_at)
            await _enter(host, f"{tools.task}/{effect.key}/used", present)
        others = [one for one in found if one.id != present.id]
        going = clearance(
            [*(one.entry for one in others), present.entry], present.policy_set, wanted.keep, now=tools.clock.now()
        )
        leaving = [one for one in others if one.id in going.entries]
        for one in others:
            if one.policy_set == present.policy_set:
                word = "removes" if one in leaving else "keeps"
                tools.say(f"{word} {one.directory}: {why(one.entry, going, wanted.keep)}", "debug")
        for start in range(0, len(leaving), MOST_AT_ONCE):
            part = [_only(one, going.directories) for one in leaving[start : start + MOST_AT_ONCE]]
            await _remove(host, f"{tools.task}/{effect.key}/{start}", part)
        if leaving:
            tools.say(f"{len(leaving)} older installations removed from {wanted.new.name}")
        return Done({"removed": list[Json](going.directories)})


async def journal_of(host: Connection, ticket: str) -> tuple[InstalledPackage, ...]:
    """What lies on the host, by its journal."""
    exit_code, said = await ran(host, ticket, Command(("sh", "-c", JOURNAL, "fairlead-journal")))
    return read_journal(said) if exit_code == 0 else ()


def reused(path: str, target: str, outputs: Mapping[str, Mapping[str, Json]]) -> str:
    """The package on the target that lay there before this task, and has the path in it; "" for none."""
    for output in outputs.values():
        given = output.get("outputs")
        if not isinstance(given, dict) or given.get(WAS_INSTALLED) != "True" or output.get("target") != target:
            continue
        root = str(given.get(DIRECTORY))
        if path == root or path.startswith(f"{root}/"):
            return f"{given.get('Package.PackageId')} {given.get('Package.PackageVersion')}"
    return ""


async def _unpacked(
    new: NewPackage, entry: InstalledPackage, host: Connection, effect: Effect, tools: Tools
) -> tuple[int, str, int]:
    """How that ended, what it said, and how many files there are: out of what was acquired for the task, where it lies
    there, else sent now."""
    ticket = f"{tools.task}/{effect.key}"
    file = await acquired(host, new.target, new.package, ticket, tools)
    words = ("sh", "-c", INSTALL, "fairlead-package", entry.directory, entry.id, file)
    if file:
        await tools.records.note(tools.task, _begun(effect), {"on": host.name})
        command = Command(words, stdin=in_memory({"entry": (entry.line.encode(), 0o644)}))
        files = tools.outputs[key_of(new.target, new.package)].get("files")
        return *await ran(host, ticket, command), files if isinstance(files, int) else 0
    inside = partial(_write, entry=entry.line)
    async with packed(tools, effect.key, new.package, inside) as (path, made):
        if made.left_out:
            tools.say(f"links and devices in it are left out: {', '.join(made.left_out)[:300]}", "warning")
        await tools.records.note(tools.task, _begun(effect), {"on": host.name})
        return *await ran(host, ticket, Command(words, stdin_file=path)), len(made.files)


async def lies_there(host: Connection, ticket: str, install: Install, tools: Tools) -> bool:
    """Whether the installation would find its package there."""
    entry = _entry(install.new, f"{tools.task}/{install.key}", tools.clock.now().isoformat())
    return await lying_there(host, ticket, entry) is not None


async def lying_there(host: Connection, ticket: str, wanted: InstalledPackage) -> tuple[InstalledPackage, str] | None:
    """What an earlier one of the same action left there of the same package, the newest, and its directory; None where
    nothing is left of it. What the wanted one itself left does not count."""
    journal = await journal_of(host, f"{ticket}/journal")
    same = [one for one in reversed(journal) if one.is_same_as(wanted) and one.id != wanted.id][:MOST_AT_ONCE]
    if not same or any(one.id == wanted.id for one in journal):
        return None
    words = ("sh", "-c", LYING, "fairlead-lying", *(one.directory for one in same))
    exit_code, said = await ran(host, f"{ticket}/lying", Command(words))
    where = said.strip().splitlines()[-1] if exit_code == 0 and said.strip() else ""
    return next(((one, where) for one in same if where.endswith(f"/fairlead/{one.directory}")), None)


async def _enter(host: Connection, ticket: str, one: InstalledPackage) -> None:
    exit_code, said = await ran(host, ticket, Command(("sh", "-c", USED, "fairlead-used", one.id, one.line)))
    if exit_code != 0:
        message = f"{host.name} could not note that {one.directory} is used again: {said.strip()[-300:]}"
        raise Failed("package.not_noted", message, thing=host.name)


async def _remove(host: Connection, ticket: str, leaving: Sequence[InstalledPackage]) -> None:
    words = [word for one in leaving for word in (one.id, one.directory)]
    exit_code, said = await ran(host, ticket, Command(("sh", "-c", REMOVE, "fairlead-remove", *words)))
    if exit_code != 0:
        raise Failed(
            "package.not_removed", f"{host.name} could not remove packages: {said.strip()[-300:]}", thing=host.name
        )


def _entry(new: NewPackage, key: str, at: str) -> InstalledPackage:
    id, of = id_of(key), new.owner
    place = (of.project, of.environment, of.tenant)
    directory = directory_of(place, new.package.name, new.package.version, id)
    package = new.package
    return InstalledPackage(
        id, *place, new.action, package.name, package.version, directory, at, of.runbook, package.blob, new.name
    )


def _output(new: NewPackage, where: str, *, used: str, was_installed: bool) -> dict[str, Json]:
    outputs: dict[str, Text] = {
        DIRECTORY: where,
        "Package.PackageId": new.package.name,
        "Package.PackageVersion": new.package.version,
        WAS_INSTALLED: str(was_installed),
    }
    return {**effect_output(new.action, new.name, outputs), "used": used}


def _only(one: InstalledPackage, directories: Sequence[str]) -> InstalledPackage:
    """Its entry alone, where its directory stays."""
    return one if one.directory in directories else replace(one, directory="")


def _write(archive: tarfile.TarFile, unpack: Callable[[Each], Unpacked], *, entry: str) -> Unpacked:
    folder = tarfile.TarInfo("files")
    folder.type, folder.mode = tarfile.DIRTYPE, 0o755
    archive.addfile(folder)
    add(archive, "entry", entry.encode(), 0o644)

    def each(path: str, size_bytes: int, file: IO[bytes]) -> None:
        add_file(archive, f"files/{path}", size_bytes, file, mode_of(file))

    return unpack(each)


def mode_of(file: IO[bytes]) -> int:
    """Of a file of a package: it can be run where it begins as programs do."""
    start = file.peek(PROGRAM_START_BYTES)  # type: ignore[attr-defined] # each kind of package has files that do
    return 0o755 if start.startswith(PROGRAM_STARTS) else 0o644


def _begun(effect: Effect) -> str:
    return f"package:{effect.key}:begun"
