"""What `fairlead-server offline` prints, and in which order it does things."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from fairlead.domain.colour import Colour
from fairlead.domain.errors import FairleadError, Refused
from fairlead.server import beside, bootstrap, offline_switch
from fairlead.server.beside import WithoutServer
from fairlead.server.offline_switch import Seen
from fairlead.server.settings import Settings
from fairlead.store import catalogue_copy
from fairlead.store.hold import LOCK_NAME, Hold, holder_of


async def status(settings: Settings, project: str = "", environment: str = "", *, as_json: bool) -> bool:
    """Every place that has a copy on disk, or those of the project and environment; whether each copy could be read.
    NotFound `project.unknown` or `environment.unknown` where all could, and none is of what was named."""
    unread = catalogue_copy.unreadable(_folder(settings))
    for line in unread:
        _say(f"{line}; the server writes it anew at its start")
    known = catalogue_copy.read_all(_folder(settings))
    copies = [
        one
        for one in known
        if project.casefold() in ("", one.project.casefold())
        and environment.casefold() in ("", one.environment.casefold(), offline_switch.where_of(one).casefold())
    ]
    if project and not copies and not unread:
        raise offline_switch.unknown(known, project, environment, file=_folder(settings))
    async with beside.without_server(settings) as outside:
        seen = [await offline_switch.look(copy, outside) for copy in copies]
    if as_json:
        print(json.dumps([_as_data(one) for one in seen], indent=2))
        return not unread
    if not seen and not unread:
        _say(f"no place has a copy in {_folder(settings)}")
    for one in seen:
        print("\n".join(_shown(one)))
    return not unread


async def print_commands(settings: Settings, project: str, environment: str, to: Colour | None) -> None:
    """Lines for a shell on stdout, all else on stderr; Conflict `deployment.no_way_back`."""
    socket = bootstrap.proxy_settings_of(settings).socket
    if (pid := holder_of(settings.data_dir / LOCK_NAME)) is not None:
        _say(
            f"the server runs (process {pid}): `fairlead rollback` is the way; what is pasted it follows in ten seconds"
        )
    async with _at(settings, project, environment, to) as (seen, outside):
        offline_switch.require_way_back(seen)
        for line in await offline_switch.commands(seen, outside, socket):
            print(line)
        try:
            for line in (await offline_switch.swap_of(seen, outside)).lines():
                print(line)
        except FairleadError as failed:
            _say(f"which workers to swap cannot be told: {failed}")
    _say("pasted, this holds until the proxy is restarted; `switch-back` also writes the files that it starts from")


async def switch_back(settings: Settings, project: str, environment: str, to: Colour | None) -> bool:
    """Whether all of it was done; false where routes were switched and workers could not be swapped. Refused
    `server.second` while the server runs: its books would go on calling the other slot live."""
    with _without_a_server(settings):
        return await _switch_back(settings, project, environment, to)


async def _switch_back(settings: Settings, project: str, environment: str, to: Colour | None) -> bool:
    async with _at(settings, project, environment, to) as (seen, outside):
        await offline_switch.switch_back(seen, outside, settings.data_dir, _say)
        _say(f"users of {seen.copy.shown} are sent to {seen.other}: {_version(seen, seen.other)}")
        try:
            swap = await offline_switch.swap_of(seen, outside)
            for line in swap.lines():
                _say(line)
            await offline_switch.carry_out(swap, outside)
        except FairleadError as failed:
            again = f"{_switch_back_of(seen)} --to {seen.other}"
            _say(f"workers were not swapped: {failed}\n  → once the engine answers: {again}")
            return False
        return True


@contextmanager
def _without_a_server(settings: Settings) -> Iterator[None]:
    """None runs, and none begins meanwhile: it would read what is noted before it is so."""
    try:
        hold = Hold(settings.data_dir)
    except Refused as error:
        if error.code != "server.second":
            raise
        pid = holder_of(settings.data_dir / LOCK_NAME)
        raise Refused(
            error.code,
            f"the server runs (process {pid}), and would not follow what is switched behind its back",
            thing=error.thing,
            hint="fairlead rollback; where it does not answer, fairlead-server down --keep-proxy, and this again",
        ) from error
    with hold:
        yield


@asynccontextmanager
async def _at(
    settings: Settings, project: str, environment: str, to: Colour | None
) -> AsyncIterator[tuple[Seen, WithoutServer]]:
    for line in catalogue_copy.unreadable(_folder(settings)):
        _say(line)
    copies = catalogue_copy.read_all(_folder(settings))
    copy = offline_switch.chosen(copies, project, environment, file=_folder(settings))
    async with beside.without_server(settings, copy.installation) as outside:
        yield await offline_switch.look(copy, outside, to), outside


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "catalogue"


def _version(seen: Seen, colour: Colour | None) -> str:
    return (seen.copy.slots[colour].version if colour else "") or "nothing"


def _shown(seen: Seen) -> list[str]:
    booked = f"our books call {seen.copy.live or 'nothing'} live ({_version(seen, seen.copy.live)})"
    found = [colour for colour in Colour if colour in seen.pointed.values()]
    users = "users get " + (" and ".join(f"{one} ({_version(seen, one)})" for one in found) or "nothing")
    users += ", by route" if len(found) > 1 else ""
    lines = [f"{seen.copy.shown}: {users if seen.is_told else f'where users are sent is not known; {booked}'}"]
    for colour, slot in seen.copy.slots.items():
        lines.append(f"  {colour:<6} {slot.version or '-':<12} recorded as {slot.state}")
        for one in seen.copy.instances:
            if one.colour is colour:
                answer = "answers" if seen.answers.get(one.instance) else "does not answer"
                lines.append(f"         {one.instance} at {one.address}:{one.port} {answer}")
    for route in seen.copy.routes:
        pointed = seen.pointed.get(route.name) or ("nowhere" if seen.is_told else "not known")
        lines.append(f"  route  {route.host}{route.path} → {pointed}")
    if seen.problems:
        lines += [f"  no way back: {problem}" for problem in seen.problems]
    else:
        lines.append(f"  way back: {_switch_back_of(seen)}")
    return lines


def _switch_back_of(seen: Seen) -> str:
    """The command, as a shell takes it."""
    return "fairlead-server offline switch-back " + shlex.join((seen.copy.project, offline_switch.where_of(seen.copy)))


def _as_data(seen: Seen) -> dict[str, object]:
    return {
        "project": seen.copy.project,
        "environment": seen.copy.environment,
        "tenant": seen.copy.tenant,
        "live": seen.live,
        "proxy_answers": seen.is_told,
        "other": seen.other,
        "recorded": {
            colour: {"state": slot.state, "version": slot.version, "deployment": slot.deployment}
            for colour, slot in seen.copy.slots.items()
        },
        "routes": {f"{route.host}{route.path}": seen.pointed.get(route.name) for route in seen.copy.routes},
        "answers": dict(seen.answers),
        "problems": list(seen.problems),
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr)
