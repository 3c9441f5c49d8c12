"""`fairlead-server doctor`: each thing that the server needs, looked at, with what to do about it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TypeVar

import sqlalchemy as sa

from fairlead.domain.errors import FairleadError, Refused, Unreachable
from fairlead.domain.user import WARN_DAYS
from fairlead.server import beside, bootstrap
from fairlead.server.readiness import ask
from fairlead.server.settings import Settings, environment_name, unknown
from fairlead.store import certificates, users
from fairlead.store.database import Connection, Database
from fairlead.store.sealing import Sealer, read_master_key, read_master_keys
from fairlead.store.secrets import refuse_another_key

TIMEOUT_S = 15.0
_Row = TypeVar("_Row")
MOST_NAMED = 5
"""Certificates, and API keys, whose end is told; the others have later ends or the same."""


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
        ("container engine", beside.look_at_engine),
        ("proxy", beside.look_at_proxy),
        ("registry", beside.look_at_registry),
        ("certificates", _certificates),
        ("API keys", _keys_of_programs),
        ("git", _git),
        ("disk", _disk),
        ("server", _server),
    )
    return tuple([await _look(name, look, settings) for name, look in looks])


def show(settings: Settings, found: tuple[Finding, ...], origins: Mapping[str, str], *, as_json: bool) -> None:
    """For people, or as JSON. `origins`: where each setting that is not a default comes from."""
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=2))
        return
    for one in found:
        print(f"{'✔' if one.is_well else '✘'} {one.name:<18} {one.detail}")
        if one.hint:
            print(f"  → {one.hint}")
    print("\nsettings:")
    for name, value in settings.shown().items():
        set_by = f"  (from {origins[name]})" if name in origins else ""
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
    if where.stat().st_mode & 0o007:
        raise OSError(
            f"{where} can be read by every user of this machine, repositories and artifacts in it: chmod 700 it"
        )
    return str(where)


async def _database(settings: Settings) -> str:
    if not settings.database_url and not (settings.data_dir / "fairlead.db").exists():
        return "SQLite, made at the first start"
    database = Database(settings.database)
    try:
        await database.run(database.check)
    finally:
        database.close()
    return f"SQLite, {database.path}" if database.is_sqlite else f"PostgreSQL, {settings.shown()['database_url']}"


async def _master_key(settings: Settings) -> str:
    given = settings.master_key.get_secret_value() if settings.master_key else ""
    path = settings.data_dir / bootstrap.MASTER_KEY
    is_here = bool(given) or path.exists()
    keys = [read_master_key(path, given=given, may_create=False)] if is_here else []
    where = "from the settings" if given else str(path)
    try:
        is_needed = await asyncio.to_thread(_needs_key, settings, keys + read_master_keys(path, given=given))
    except Unreachable:
        return f"{where}; whether it is the right one is not known while the database does not answer"
    if not is_here and is_needed:
        read_master_key(path, may_create=False)  # says what is missing
    return where if is_here else f"{path} will be made at the first start"


def _needs_key(settings: Settings, keys: list[bytes]) -> bool:
    """Whether there are secrets; refused where none of the keys that are here is theirs."""
    if not settings.database_url and not (settings.data_dir / "fairlead.db").exists():
        return False
    database = Database(settings.database)
    try:
        with database.reading() as connection:
            return refuse_another_key(connection, Sealer(keys[0], *keys[1:]) if keys else None)
    finally:
        database.close()


async def _certificates(settings: Settings) -> str:
    held = await asyncio.to_thread(_held, settings, certificates.certificates, certificates.all_of)
    async with beside.without_server(settings) as outside:
        now = outside.clock.now()
    if near := [one for one in held if one.is_ending(now)]:
        said = "; ".join(one.end_words(now) for one in near[:MOST_NAMED])
        hosts = ", ".join(one.host for one in near[:MOST_NAMED])
        raise Refused("certificate.invalid", said, hint=f"renew: fairlead certificates set HOST, for {hosts}")
    return f"{len(held)}, none of which ends soon" if held else "none"


async def _keys_of_programs(settings: Settings) -> str:
    """People's own keys are not looked at: each log-in makes one that ends, and who has it logs in again."""
    async with beside.without_server(settings) as outside:
        now = outside.clock.now()
    until = now + timedelta(days=max(WARN_DAYS))
    near = await asyncio.to_thread(_held, settings, users.api_keys, lambda c: users.ending_keys_of_programs(c, until))
    if near:
        said = "; ".join(key.end_words(owner.name, now) for key, owner in near[:MOST_NAMED])
        raise Refused("key.ending", said, hint="\n    ".join(key.remedy(owner) for key, owner in near[:MOST_NAMED]))
    return "none of a service account ends soon"


def _held(settings: Settings, table: sa.Table, read: Callable[[Connection], tuple[_Row, ...]]) -> tuple[_Row, ...]:
    """What is in the database; nothing if there is none yet, or only one of an older version without the table."""
    if not settings.database_url and not (settings.data_dir / "fairlead.db").exists():
        return ()
    database = Database(settings.database)
    try:
        with database.reading() as connection:
            return read(connection) if sa.inspect(connection).has_table(table.name) else ()
    finally:
        database.close()


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
    said = await asyncio.to_thread(ask, settings)
    if said is None:
        return f"not running at {settings.url}"
    if said.reason:
        raise OSError(f"runs at {settings.url}, and is not ready: {said.reason}")
    return f"ready at {settings.url}"
