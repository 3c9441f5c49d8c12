"""Backup and restore: the database, the artifacts and archived events in one archive, never the master key.

On SQLite the database is copied while the server runs (its online backup); on PostgreSQL the archive holds the
files alone and says how the database is to be dumped, which PostgreSQL's own tools do better than we could.
Images are not in it: the registry's storage is the operator's to back up.
"""

from __future__ import annotations

import errno
import filecmp
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from fairlead.domain.errors import Failed, Invalid, NotFound, Refused
from fairlead.domain.task import TaskState
from fairlead.store import artifacts, audit_files, migrate, restored, secret_versions, settings, tasks
from fairlead.store.artifact_files import path_of
from fairlead.store.database import Database, sqlite_url
from fairlead.store.hold import Hold

FORMAT = 1
DATABASE_NAME = "fairlead.db"
MANIFEST_NAME = "manifest.json"
LARGEST_MANIFEST_BYTES = 64 * 1024
PIECE_BYTES = 1024 * 1024
MOST_NAMED = 5
"""Tasks that were under way; of the others it is said how many there are."""
HELD = "under way then, and held by the start until you decide (fairlead tasks list --state unsettled)"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_ARTIFACT = re.compile(r"artifacts/([0-9a-f]{2})/(\1[0-9a-f]{62})")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds. `notes` say what is not in it, or what is left to be done."""

    path: Path
    installation: str
    made_at: str
    blobs: int
    size_bytes: int
    notes: tuple[str, ...] = ()


def write(database: Database, data_dir: Path, target: Path, *, at: datetime, version: str) -> Summary:
    """The archive is at `target`, whole or not at all, readable by its owner alone. The server may run. Refused
    `server.state` where the database is none of ours, or of a newer version; Invalid `input.invalid` where something
    other than a file is there: it would be gone."""
    if not target.name or (target.exists() and not target.is_file()):
        message = f"{str(target)!r} is no file: a backup takes the place of what is there"
        raise Invalid("input.invalid", message, thing=str(target), hint="name a file, that is there or is made")
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with _scratch(target.parent) as scratch:
            copied = _copy_database(database, scratch / DATABASE_NAME)
            with _books_of(database, copied) as connection:
                revision = _known_revision(connection, database)
                installation = str(settings.value(connection, settings.INSTALLATION) or "")
                keys, under_way = artifacts.all_blobs(connection), _under_way(connection)
                master_keys = sorted(secret_versions.keys_in_use(connection) | _key_in_use(connection))
            manifest = {
                "format": FORMAT,
                "installation": installation,
                "made_at": at.isoformat(),
                "version": version,
                "revision": revision,
                "database": "sqlite" if copied else "postgresql",
                "master_keys": master_keys,
                "under_way": under_way,
            }
            archived = audit_files.all_in(data_dir / "audit")  # after the copy: what has left the database is here
            missing = _pack(partial, manifest, copied, data_dir / "artifacts", keys, archived)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            hint = "restore a backup that was made before (fairlead-server restore)"
            raise Refused("server.state", f"the database is damaged: {error}", hint=hint) from error
        said = f"the backup {target} could not be written: {getattr(error, 'strerror', None) or error}"
        hint = "choose a file on a disk with room for the database twice; what ran goes on"
        raise Failed("host.disk", said, thing=str(target), hint=hint) from error
    finally:
        partial.unlink(missing_ok=True)
    needed = " and ".join(master_keys) or "(none was used yet)"
    notes = [f"the master key {needed} is not in it: keep master.key (or FAIRLEAD_MASTER_KEY) elsewhere"]
    notes += [] if copied else [f"the database is not in it: pg_dump --format=custom {database.url.database}"]
    notes += (
        [f"archived events are in it, too: {len(archived)} file{'' if len(archived) == 1 else 's'}"] if archived else []
    )
    notes += [f"{missing} artifacts were named but not on the disk"] if missing else []
    notes += _said_under_way(under_way, "under way: better keep one that was made while nothing is")
    size = target.stat().st_size
    return Summary(target, installation, at.isoformat(), len(keys) - missing, size, tuple(notes))


def restore(
    source: Path, data_dir: Path, *, database: Path | None, check: Callable[[Path], bool] | None = None
) -> Summary:
    """What the archive holds is in the data directory; `database` is the file on SQLite, None on PostgreSQL. What was
    in the file before is kept beside it. Refused `server.second` while a server holds the directory; Invalid
    `backup.invalid`, with nothing changed, where the archive is none of ours, cut short, or of a newer version.
    `check` looks at the unpacked database before anything is changed, and says whether its master key is here."""
    ready: Path | None = None
    with Hold(data_dir), _scratch(data_dir) as scratch, _opened(source) as archive, ExitStack() as undone:
        manifest = _manifest_of(archive)
        wants_database = manifest["database"] == "sqlite"
        if wants_database != (database is not None):
            raise _invalid(source, f"it is of a server on {manifest['database']}, which this one is not")
        blobs, has_key = _unpack(source, archive, scratch), False
        if database is not None:
            _check_copy(source, scratch / DATABASE_NAME)
            has_key = check is not None and check(scratch / DATABASE_NAME)
            ready = undone.enter_context(_beside(scratch / DATABASE_NAME, database))
        _put_artifacts(scratch / "artifacts", data_dir / "artifacts")
        differing = _put_archived(scratch / "audit", data_dir / "audit")
        needed = manifest.get("master_keys")
        named = " and ".join(map(str, needed)) if isinstance(needed, list) and needed else "that it was made with"
        missing = f"the master key {named} is not in a backup: put it back as master.key before the start"
        notes = [f"the master key {named} is here" if has_key else missing]
        notes += [f"archived events that were there and differ are kept as {path}" for path in differing]
        if database is not None and ready is not None:
            with restored.noted(data_dir, str(manifest["made_at"])):
                kept = _put_database(ready, database)
            notes += [f"the database that was there is kept as {kept}"] if kept else []
        else:
            with restored.noted(data_dir, str(manifest["made_at"])):
                pass  # the database comes from elsewhere, before or after
            notes.append("the database is not in it: pg_restore what pg_dump wrote, then ANALYZE")
        told = manifest.get("under_way")
        notes += _said_under_way(told if isinstance(told, list) else (), HELD)
    size = source.stat().st_size
    return Summary(source, str(manifest["installation"]), str(manifest["made_at"]), blobs, size, tuple(notes))


# Writing


def _key_in_use(connection: sa.Connection) -> frozenset[str]:
    held = settings.value(connection, settings.MASTER_KEY_CHECK)
    return frozenset({str(held)[:16]} if held else ())


def _under_way(connection: sa.Connection) -> list[str]:
    """The titles of tasks that have begun and not ended."""
    return [task.title for task in tasks.unfinished(connection) if task.state is not TaskState.QUEUED]


def _said_under_way(titles: Sequence[object], what: str) -> list[str]:
    """Whatever happened since, the books call such a task under way."""
    named = ", ".join(str(title)[:200] for title in titles[:MOST_NAMED])
    more = f" and {len(titles) - MOST_NAMED} more" if len(titles) > MOST_NAMED else ""
    return [f"{what}: {named}{more}"] if titles else []


def _copy_database(database: Database, copy: Path) -> Path | None:
    """SQLite's online backup: of one moment, while others read and write."""
    if not database.is_sqlite:
        return None
    pooled = database.engine.raw_connection()
    try:
        with closing(sqlite3.connect(copy)) as into:
            copy.chmod(0o600)
            original: Any = pooled.driver_connection
            original.backup(into, pages=4096)
    finally:
        pooled.close()
    return copy


@contextmanager
def _books_of(database: Database, copied: Path | None) -> Iterator[sa.Connection]:
    """The copy, so that artifacts are of the same moment; the database itself where there is none."""
    held = Database(sqlite_url(copied)) if copied else database
    try:
        with held.reading() as connection:
            yield connection
    finally:
        if copied:
            held.close()


def _known_revision(connection: sa.Connection, database: Database) -> str:
    revision = migrate.current_revision(connection)
    if revision is None:
        what = f"no server has been here: {database.url.database} holds no tables of ours"
        hint = "name the data directory, or the database, that the server has"
        raise Refused("server.state", what, thing=str(database.url.database), hint=hint)
    migrate.refuse_unknown(revision)
    return revision


def _pack(
    target: Path,
    manifest: dict[str, object],
    copied: Path | None,
    folder: Path,
    keys: tuple[str, ...],
    archived: tuple[Path, ...],
) -> int:
    """How many artifacts were not there."""
    missing = 0
    file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=3) as archive:
            content = json.dumps(manifest, indent=2).encode()
            entry = tarfile.TarInfo(MANIFEST_NAME)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
            if copied:
                archive.add(copied, DATABASE_NAME, recursive=False)
            for key in keys:
                path = path_of(folder, key)
                if path.is_file():
                    archive.add(path, f"artifacts/{path.parent.name}/{path.name}", recursive=False)
                else:
                    missing += 1
            for path in archived:
                archive.add(path, f"audit/{path.name}", recursive=False)
        raw.flush()
        os.fsync(raw.fileno())
    return missing


# Reading


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:gz") as archive:
            yield archive
    except FileNotFoundError as error:
        raise NotFound("backup.invalid", f"there is no backup {source}", thing=str(source)) from error
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _invalid(source, f"it is damaged, cut short or no backup: {error}") from error
    except OSError as error:
        if error.errno in NO_ROOM:
            hint = "free space there; nothing was changed"
            raise Failed("host.disk", f"there is no room to unpack {source}: {error.strerror}", hint=hint) from error
        raise _invalid(source, f"it cannot be read: {error.strerror or error}") from error


def _manifest_of(archive: tarfile.TarFile) -> dict[str, object]:
    source = Path(str(archive.name))
    first = archive.next()
    if first is None or first.name != MANIFEST_NAME or not first.isfile() or first.size > LARGEST_MANIFEST_BYTES:
        raise _invalid(source, "it is no backup of Fairlead")
    held = archive.extractfile(first)
    try:
        manifest = json.loads(held.read()) if held else None
    except ValueError as error:
        raise _invalid(source, "it is no backup of Fairlead") from error
    wanted = {"format", "installation", "made_at", "database", "revision"}
    if not isinstance(manifest, dict) or not wanted <= manifest.keys():
        raise _invalid(source, "it is no backup of Fairlead")
    if manifest["format"] != FORMAT:
        raise _invalid(source, f"its format is {manifest['format']}, and this version reads {FORMAT}")
    return manifest


def _unpack(source: Path, archive: tarfile.TarFile, into: Path) -> int:
    """Only regular files with names that we give are taken, whatever else an archive may hold; how many artifacts."""
    blobs = 0
    while (entry := archive.next()) is not None:
        is_artifact = bool(_ARTIFACT.fullmatch(entry.name))
        folder, _, name = entry.name.partition("/")
        is_archived = folder == "audit" and bool(audit_files.NAME.fullmatch(name))
        if not entry.isfile() or not (is_artifact or is_archived or entry.name == DATABASE_NAME):
            raise _invalid(source, f"it holds {entry.name[:80]!r}, which no backup does")
        path = into / entry.name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = archive.extractfile(entry)
        if held is None:
            raise _invalid(source, f"{entry.name[:80]!r} cannot be read")
        with path.open("wb") as file:
            shutil.copyfileobj(held, file)
        if is_artifact:
            blobs += 1
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != path.name:
                    raise _invalid(source, f"the artifact {path.name} is damaged")
    while archive.fileobj is not None and archive.fileobj.read(PIECE_BYTES):
        pass  # to the end, where the checksum of all that was read is compared
    return blobs


def _check_copy(source: Path, copy: Path) -> None:
    if not copy.is_file():
        raise _invalid(source, "it holds no database")
    try:
        with closing(sqlite3.connect(copy)) as connection:
            [said] = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise _invalid(source, f"its database cannot be read: {error}") from error
    if said != "ok":
        raise _invalid(source, f"its database is damaged: {said}")
    held = Database(sqlite_url(copy))
    try:
        with held.reading() as connection:
            migrate.refuse_unknown(migrate.current_revision(connection))
    finally:
        held.close()


def _put_artifacts(unpacked: Path, folder: Path) -> None:
    """By content, so nothing that is there can differ: what is there stays."""
    for path in sorted(unpacked.glob("??/*")):
        target = folder / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not target.exists():
            path.replace(target)


def _put_archived(unpacked: Path, folder: Path) -> list[Path]:
    """As they were backed up; where those are now that were there and are others."""
    kept: list[Path] = []
    for path in audit_files.all_in(unpacked):
        target = folder / path.name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if target.exists() and not filecmp.cmp(path, target, shallow=False):
            kept.append(audit_files.beside(target))
            target.replace(kept[-1])
        path.chmod(0o600)
        path.replace(target)
    return kept


@contextmanager
def _beside(copy: Path, target: Path) -> Iterator[Path]:
    """The unpacked database on the disk of the one whose place it takes, which need not be the data directory's."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    ready = target.with_name(f".{target.name}.{os.getpid()}.restored")
    try:
        shutil.move(copy, ready)
        yield ready
    finally:
        ready.unlink(missing_ok=True)


def _put_database(copy: Path, target: Path) -> Path | None:
    """Where what was there is kept now; None where nothing was."""
    kept: Path | None = None
    if target.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(target)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what is damaged is kept as it is
        kept = audit_files.beside(target)
        target.replace(kept)
        with suppress(FileNotFoundError):
            target.with_name(f"{target.name}-wal").replace(kept.with_name(f"{kept.name}-wal"))
    for rest in ("-wal", "-shm"):
        target.with_name(target.name + rest).unlink(missing_ok=True)
    copy.chmod(0o600)
    copy.replace(target)
    return kept


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A private directory on the same disk, gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=folder) as name:
        yield Path(name)


def _invalid(source: Path, why: str) -> Invalid:
    return Invalid("backup.invalid", f"{source} cannot be restored: {why}", thing=str(source))
