"""`fairlead-server doctor`: each thing that the server needs, looked at, with what to do about it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

from fairlead.domain.errors import FairleadError
from fairlead.server import bootstrap
from fairlead.server.readiness import is_ready
from fairlead.server.settings import Settings, environment_name, unknown
from fairlead.store.database import Database

TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing: how it is, and what to do where it is not well."""

    name: str
    is_well: bool
    detail: str
    hint: str = ""


async def examine(settings: Settings) -> tuple[Finding, ...]:
    """Everything, one after the other; nothing is changed."""
    looks: tuple[tuple[str, Callable[[Settings], Awaitable[str]]], ...] = (
        ("data directory", _data_dir),
        ("database", _database),
        ("master key", _master_key),
        ("container engine", bootstrap.look_at_engine),
        ("proxy", bootstrap.look_at_proxy),
        ("registry", bootstrap.look_at_registry),
        ("git", _git),
        ("disk", _disk),
        ("server", _server),
    )
    return tuple([await _look(name, look, settings) for name, look in looks])


def show(settings: Settings, found: tuple[Finding, ...], *, as_json: bool) -> None:
    """For people, or as JSON."""
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=2))
        return
    for one in found:
        print(f"{'✔' if one.is_well else '✘'} {one.name:<18} {one.detail}")
        if one.hint:
            print(f"  → {one.hint}")
    print("\nsettings:")
    for name, value in settings.shown().items():
        set_by = "" if environment_name(name) not in os.environ else "  (from the environment)"
        print(f"  {environment_name(name):<32} {value}{set_by}")
    for sentence in unknown(os.environ):
        print(f"! {sentence}")


async def _look(name: str, look: Callable[[Settings], Awaitable[str]], settings: Settings) -> Finding:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return Finding(name, is_well=True, detail=await look(settings))
    except FairleadError as error:
        return Finding(name, is_well=False, detail=error.message, hint=error.hint)
    except TimeoutError:
        return Finding(name, is_well=False, detail=f"no answer within {TIMEOUT_S:g} s")
    except OSError as error:
        return Finding(name, is_well=False, detail=str(error))


async def _data_dir(settings: Settings) -> str:
    where = settings.data_dir
    if not where.exists():
        return f"{where} will be made at the first start"
    if not os.access(where, os.W_OK):
        raise OSError(f"{where} cannot be written to by this user")
    return str(where)


async def _database(settings: Settings) -> str:
    if not settings.database_url and not (settings.data_dir / "fairlead.db").exists():
        return "SQLite, made at the first start"
    database = Database(settings.database)
    try:
        await database.run(database.check)
    finally:
        database.close()
    return "SQLite" if database.is_sqlite else "PostgreSQL"


async def _master_key(settings: Settings) -> str:
    if settings.master_key:
        return "from the settings"
    path = settings.data_dir / "master.key"
    if not path.exists():
        return f"{path} will be made at the first start"
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise OSError(f"{path} can be read by others (mode {mode:03o}): chmod 600 it")
    return str(path)


async def _git(settings: Settings) -> str:
    found = shutil.which("git")
    if found is None:
        raise OSError("git is not installed: apt-get install git")
    return found


async def _disk(settings: Settings) -> str:
    where = settings.data_dir if settings.data_dir.exists() else settings.data_dir.anchor
    free = shutil.disk_usage(where).free
    if free < settings.disk_margin_bytes:
        raise OSError(f"{free / 1e9:.1f} GB free, {settings.disk_margin_bytes / 1e9:.1f} GB must stay free")
    return f"{free / 1e9:.1f} GB free"


async def _server(settings: Settings) -> str:
    ready = await asyncio.to_thread(is_ready, settings)
    return f"ready at {settings.url}" if ready else f"not running at {settings.url}"
