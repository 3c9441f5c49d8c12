"""package.acquire and package.forget: a package on the host that is to use it, before any step there uses one."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import Failed, Invalid, TooLarge
from fairlead.domain.package import PackageFile
from fairlead.domain.plan import Effect
from fairlead.formats.package_files import Each, Unpacked
from fairlead.ports.connection import Command, Connection
from fairlead.ports.step import Tools
from fairlead.steps.archives import add_file, packed
from fairlead.steps.effects.acquired import BELOW_HOME, FILE, file_of, folder_of
from fairlead.steps.effects.basis import Plain, read
from fairlead.steps.effects.installed import Install, lies_there, mode_of
from fairlead.steps.effects.on_host import HOME, last_line, ran, still_there

OLD_DAYS = 7
"""What a task left that never came to its end, and that nobody took up."""
ACQUIRE = (
    HOME
    + f"""\
umask 077
all=$HOME/{BELOW_HOME} there=$HOME/{BELOW_HOME}/$1
[ -f "$there/$2" ] && exit 0
mkdir -p "$there" && cat > "$there/$2.part" || {{ rm -f "$there/$2.part"; exit 1; }}
if [ "$(($(wc -c < "$there/$2.part")))" -ne "$3" ]; then
  rm -f "$there/$2.part"
  echo "it did not come whole"
  exit 1
fi
mv "$there/$2.part" "$there/$2" || exit 1
find "$all" -mindepth 1 -maxdepth 1 -type d -mtime +{OLD_DAYS} -exec rm -rf {{}} + 2>/dev/null
exit 0
"""
)
FORGET = (
    HOME
    + f"""\
rm -rf "$HOME/{BELOW_HOME}/$1" || exit 1
case $1 in */*) rmdir "$HOME/{BELOW_HOME}/${{1%/*}}" 2>/dev/null ;; esac
exit 0
"""
)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """A package for a host (id and name). `unless`: it is not fetched where each of these finds it lying there from
    an earlier deployment; empty: it is, in any case."""

    host: str
    name: str
    package: PackageFile
    unless: tuple[Install, ...] = ()


class AcquirePackage:
    """Puts the package on the host, whole or not at all, once for all that use it there. Undone, it is gone. Output:
    ``file``, where it lies ("": it did not have to come), ``files``, how many are in it, and ``size_bytes``."""

    kind = "package.acquire"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Asking costs as much as doing."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Sends it, where it is not there."""
        wanted = read(Acquisition, effect)
        host = await tools.hosts.of_target(wanted.host)
        if wanted.unless and await _all_lie_there(wanted, effect, host, tools):
            tools.say(f"{wanted.package} lies on {wanted.name} already")
            return Done({FILE: "", "files": 0, "size_bytes": 0}, was_already_so=True)
        file = file_of(tools.task, wanted.host, wanted.package)
        try:
            async with packed(tools, effect.key, wanted.package, _write) as (path, made):
                if made.left_out:
                    tools.say(f"links and devices in it are left out: {', '.join(made.left_out)[:300]}", "warning")
                size_bytes = path.stat().st_size
                await tools.records.note(tools.task, _begun(effect), {"on": host.name})
                words = ("sh", "-c", ACQUIRE, "fairlead-acquire", *file.split("/"), str(size_bytes))
                exit_code, said = await ran(host, f"{tools.task}/{effect.key}", Command(words, stdin_file=path))
        except (Invalid, TooLarge) as error:
            return SaidNo(error.code, error.message, hint=error.hint)
        if exit_code != 0:
            why = last_line(said, exit_code)
            hint = "look whether its user has a home with room there"
            return SaidNo("package.not_acquired", f"{wanted.package} did not come to {wanted.name}: {why}", hint)
        tools.say(f"{wanted.package} is on {wanted.name} ({size_bytes / 1024**2:,.1f} MiB)")
        return Done({FILE: file, "files": len(made.files), "size_bytes": size_bytes})

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """It lies there no more. A host that it never came to is not asked."""
        wanted = read(Acquisition, effect)
        if not await tools.records.fact(tools.task, _begun(effect)):
            return
        host = await still_there(wanted.host, wanted.name, tools)
        if host is None:
            return
        await host.complete(f"{tools.task}/{effect.key}")
        await _remove(host, f"{tools.task}/{effect.key}/undo", file_of(tools.task, wanted.host, wanted.package))
        await tools.records.note(tools.task, _begun(effect), None)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was acquired for the task on a host (id and name), by the keys of the effects that did."""

    host: str
    name: str
    keys: tuple[str, ...]


class ForgetAcquired(Plain):
    """What was acquired for the task goes from the host, however the task ended: what used it has its own."""

    kind = "package.forget"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Removes it, where anything came."""
        wanted = read(Forgotten, effect)
        if any(tools.outputs.get(key, {}).get(FILE) for key in wanted.keys):
            host = await tools.hosts.of_target(wanted.host)
            await _remove(host, f"{tools.task}/{effect.key}", folder_of(tools.task, wanted.host))
        return Done()


async def _all_lie_there(wanted: Acquisition, effect: Effect, host: Connection, tools: Tools) -> bool:
    for number, one in enumerate(wanted.unless):
        if not await lies_there(host, f"{tools.task}/{effect.key}/{number}", one, tools):
            return False
    return True


async def _remove(host: Connection, ticket: str, below: str) -> None:
    exit_code, said = await ran(host, ticket, Command(("sh", "-c", FORGET, "fairlead-forget", below)))
    if exit_code != 0:
        why = last_line(said, exit_code)
        raise Failed("package.not_removed", f"{host.name} could not remove what was acquired: {why}", thing=host.name)


def _write(archive: tarfile.TarFile, unpack: Callable[[Each], Unpacked]) -> Unpacked:
    def each(path: str, size_bytes: int, file: IO[bytes]) -> None:
        add_file(archive, path, size_bytes, file, mode_of(file))

    return unpack(each)


def _begun(effect: Effect) -> str:
    return f"package:{effect.key}:begun"
