"""files.configure: the files of a folder on a host, read, filled in, and written back where they changed."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.errors import Invalid, TooLarge
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.domain.template.variables import Variables
from fairlead.domain.text import Text
from fairlead.formats.configuration import Features, configure, wanted
from fairlead.ports.connection import Command, Connection
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import Plain, read
from fairlead.steps.effects.installed import reused
from fairlead.steps.filled_in import filled_whole, known_at

LISTED_BYTES = 8 * 1024**2
FILE_BYTES = 16 * 1024**2
ALL_BYTES = 64 * 1024**2
"""Of the files that are filled in, together: they are in memory at once."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.5
ENVIRONMENT = "Octopus.Environment.Name"
TENANT = "Octopus.Deployment.Tenant.Name"

_LINES, _LINES_AND_SEMICOLONS = re.compile(r"[\r\n]+"), re.compile(r"[\r\n;]+")
"""Between patterns of one text; the second with structured files alone, as with Octopus."""

_LISTED = re.compile(r"([0-7]{3,4}) (/[^\n]*)")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder to be filled in. `target` is the id of the one that it is on ("": at the server), `on_behalf_of` the
    name of the one that it is about. Texts are as they were written: what is known only when earlier steps have ended
    is put in when it begins."""

    action: str
    path: str
    target: str = ""
    on_behalf_of: str = ""
    substitute: tuple[str, ...] = ()
    structured: tuple[str, ...] = ()
    transformations: tuple[str, ...] = ()
    transform: bool = False
    settings: bool = False
    is_strict: bool = True
    variables: Mapping[str, Text] = field(default_factory=dict)


class ConfigureFolder(Plain):
    """Fills in files where they lie. Nothing is written before all of them could be filled in; what a file has, links
    that lead elsewhere and its mode stay. A second time changes nothing; in a package that lay there already, and may
    be in use, nothing is changed at all. Output: ``files``, those that changed."""

    kind = "files.configure"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Reads, fills in, writes."""
        folder = read(Folder, effect)
        known = await known_at(folder.variables, folder.on_behalf_of, tools)
        try:
            path = _path(folder, known)
        except Invalid as error:
            return SaidNo(error.code, error.message, hint=error.hint)
        if package := reused(path, folder.on_behalf_of, tools.outputs):
            tools.say(
                f"{path} was not deployed again: what {folder.action} would fill in stays as it is there ({package})"
            )
            return Done({"files": []})
        host = await (tools.hosts.of_target(folder.target) if folder.target else tools.hosts.of_server(tools.task))
        modes = await _listed(host, f"{tools.task}/{effect.key}", path, tools)
        if isinstance(modes, SaidNo):
            return modes
        try:
            features = _features(folder, known)
            contents = await _contents(host, path, wanted(tuple(modes), features))
            made = await asyncio.to_thread(configure, tuple(modes), contents, features, known)
        except Invalid as error:
            return SaidNo(error.code, error.message, hint=error.hint)
        for line in made.told:
            tools.say(line.text, line.level)
        for name, content in made.changed.items():
            await host.put(posixpath.join(path, name), content, mode=modes[name])
        tools.say(f"{folder.action}: {len(made.changed)} of {len(contents)} files changed in {path}")
        return Done({"files": list[Json](sorted(made.changed))})


def _path(folder: Folder, known: Variables) -> str:
    found = known.evaluate(folder.path)
    if found.error:
        raise Invalid("variable.unknown", f"the folder of {folder.action}: {found.error}", thing=folder.action)
    path = found.text or ""
    if not path.startswith("/") or path != posixpath.normpath(path) or path.count("/") == len(path):
        raise Invalid(
            "configuration.folder",
            f"{path[:200]!r}, the folder of {folder.action}, is not an absolute path without '..' and beyond '/'",
            thing=folder.action,
        )
    return path


def _features(folder: Folder, known: Variables) -> Features:
    environment, tenant = known.get(ENVIRONMENT), known.get(TENANT)
    named = tuple(found.text for found in (environment, tenant) if found and found.text)
    return Features(
        substitute=_filled(folder.substitute, known),
        structured=_filled(folder.structured, known, apart=_LINES_AND_SEMICOLONS),
        transformations=_filled(folder.transformations, known),
        words=("Release", *named) if folder.transform else (),
        settings=folder.settings,
        is_strict=folder.is_strict,
    )


def _filled(patterns: tuple[str, ...], known: Variables, *, apart: re.Pattern[str] = _LINES) -> tuple[str, ...]:
    """Patterns with their variables put in; one that has several parts by `apart` is several patterns."""
    texts = (filled_whole(known, pattern) for pattern in patterns)
    return tuple(part.strip() for text in texts for part in apart.split(text) if part.strip())


async def _listed(host: Connection, ticket: str, path: str, tools: Tools) -> dict[str, int] | SaidNo:
    """The mode of every plain file below the folder, by its path there; links are not followed."""
    find = ("find", path, "-xdev", "-type", "f", "-exec", "stat", "-c", "%a %n", "{}", "+")
    await host.start(ticket, Command(find))
    try:
        exit_code, log = await _ended(host, ticket)
    finally:
        await host.complete(ticket)
    modes: dict[str, int] = {}
    odd: list[str] = []
    for line in log.decode("utf-8", "replace").splitlines():
        found = _LISTED.fullmatch(line)
        if found and found[2].startswith(f"{path}/"):
            modes[found[2].removeprefix(f"{path}/")] = int(found[1], 8)
        else:
            odd.append(line)
    if exit_code != 0 and not modes:
        said = odd[0][:200] if odd else f"find ended with {exit_code}"
        return SaidNo("configuration.folder", f"the files of {path} on {host.name} cannot be listed: {said}")
    for line in odd[:10]:
        tools.say(line[:200], "warning")
    return dict(sorted(modes.items()))


async def _ended(host: Connection, ticket: str) -> tuple[int, bytes]:
    log, pause_s = b"", FIRST_PAUSE_S
    while True:
        progress = await host.progress(ticket, after=len(log))
        log += progress.log
        if len(log) > LISTED_BYTES:
            raise TooLarge(
                "input.too_large", f"the names of the files have more than {LISTED_BYTES} bytes", thing=ticket
            )
        if progress.exit_code is not None:
            return progress.exit_code, log
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)


async def _contents(host: Connection, path: str, names: tuple[str, ...]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    size = 0
    for name in names:
        contents[name] = await host.get(posixpath.join(path, name), limit_bytes=FILE_BYTES)
        size += len(contents[name])
        if size > ALL_BYTES:
            raise TooLarge("input.too_large", f"the files to fill in have more than {ALL_BYTES} bytes", thing=path)
    return contents
