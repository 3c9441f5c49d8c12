"""What the store keeps beside the database: the hold, the catalogue's copies, backups."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.unit.store.conftest import Shop

from fairlead.domain.colour import Colour
from fairlead.domain.errors import Failed, FairleadError, Invalid, NotFound, Refused
from fairlead.domain.ids import TaskId
from fairlead.domain.service import Route
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import Task, TaskState
from fairlead.ports.catalogue import Place, Registration
from fairlead.store import (
    audit_files,
    backup,
    catalogue_copy,
    projects,
    restored,
    routes,
    settings,
    slots,
    switch_notes,
    tasks,
)
from fairlead.store.artifact_files import StoreArtifacts, path_of
from fairlead.store.catalogue import StoreCatalogue
from fairlead.store.catalogue_copy import CopiedSlot
from fairlead.store.database import Database, sqlite_url
from fairlead.store.hold import Hold
from fairlead.store.records import StoreRecords
from fairlead.store.sealing import read_master_key
from fairlead.testing.fake_clock import START, FakeClock

PLACE = Place("books", "Pre Production")
TASK = TaskId("tsk-1")


def test_a_data_directory_is_held_by_one_server(tmp_path: Path) -> None:
    with Hold(tmp_path / "data"):
        with pytest.raises(Refused, match=str(os.getpid())) as raised:
            Hold(tmp_path / "data")
        assert raised.value.code == "server.second"
    Hold(tmp_path / "data").release()


def test_the_hold_ends_with_its_process(tmp_path: Path) -> None:
    script = (
        "import sys, os, pathlib; from fairlead.store.hold import Hold; Hold(pathlib.Path(sys.argv[1])); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script, tmp_path], timeout=60).returncode == 9
    Hold(tmp_path).release()


def test_a_data_directory_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused) as raised:
        Hold(tmp_path / "file" / "data")
    assert raised.value.code == "server.state"


async def test_the_catalogue_writes_a_copy_of_each_place(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    catalogue = StoreCatalogue(shop.database, folder)
    with shop.database.transaction() as connection:
        slots.put(connection, PLACE, Slot(Colour.GREEN, SlotState.LIVE))
    await catalogue.register([Registration(PLACE, Colour.GREEN, "web", "web-1", "10.0.0.2", 80, "dep-1", "c")])
    [path] = folder.iterdir()
    assert path.name == "books-pre-production.json"
    written = json.loads(path.read_text())
    assert (written["live"], written["instances"][0]["address"]) == ("green", "10.0.0.2")
    path.unlink()
    catalogue.write_all()
    assert json.loads(path.read_text()) == written
    await catalogue.deregister(PLACE, ["web-1"])
    assert json.loads(path.read_text())["instances"] == []


async def test_a_start_writes_only_the_copies_that_say_something_else(shop: Shop, tmp_path: Path) -> None:
    catalogue = StoreCatalogue(shop.database, folder := tmp_path / "catalogue")
    there = [Place(f"books-{number}", "Test") for number in range(5)]
    entries = [Registration(one, Colour.GREEN, "web", "web-1", "10.0.0.2", 80, "dep-1", "c") for one in there]
    await catalogue.register(entries)
    before = {path: (path.read_text(), path.stat().st_ino) for path in folder.iterdir()}
    changed, gone, *_ = sorted(before)
    changed.write_text("{")
    gone.unlink()
    asked: list[str] = []
    sa.event.listen(
        shop.database.engine, "before_cursor_execute", lambda _, __, statement, *___: asked.append(statement)
    )
    catalogue.write_all()
    assert {path: path.read_text() for path in folder.iterdir()} == {path: text for path, (text, _) in before.items()}
    assert all(path.stat().st_ino == before[path][1] for path in set(before) - {changed, gone})
    assert sum("SELECT" in statement for statement in asked) == 4, "as many for five places as for ten thousand"


async def test_the_copy_tells_who_has_nothing_else_what_stands_where(shop: Shop, tmp_path: Path) -> None:
    catalogue = StoreCatalogue(shop.database, tmp_path)
    records = StoreRecords(shop.database, FakeClock(), shop.ids, catalogue.copy_slots)
    route = Route("books.example.com")
    with shop.database.transaction() as connection:
        routes.claim(connection, PLACE, "web", [route], at=START)
    await records.set_slot(PLACE, Slot(Colour.GREEN, SlotState.LIVE, "dep-1", version="1.4.0"))
    await catalogue.register([Registration(PLACE, Colour.GREEN, "web", "web-1", "10.0.0.2", 80, "dep-1", "c")])
    [copy] = catalogue_copy.read_all(tmp_path)
    assert (copy.shown, copy.live) == ("books in Pre Production", Colour.GREEN)
    assert copy.slots[Colour.GREEN] == CopiedSlot(SlotState.LIVE, "dep-1", "1.4.0")
    assert copy.slots[Colour.BLUE].state is SlotState.EMPTY
    assert [(one.service, one.host) for one in copy.routes] == [("web", route.host)]
    assert [one.address for one in copy.standing_in(Colour.GREEN, "web")] == ["10.0.0.2"]
    await records.set_slot(PLACE, Slot(Colour.BLUE, SlotState.IDLE, "dep-2"))
    await records.stand_by(PLACE, Colour.BLUE, START)
    assert catalogue_copy.read_all(tmp_path)[0].slots[Colour.BLUE].state is SlotState.STANDBY
    (tmp_path / "broken.json").write_text("{")
    assert catalogue_copy.read_all(tmp_path) == catalogue_copy.read_all(tmp_path)[:1]


async def test_the_copy_of_what_stands_outlives_a_loss_of_power_at_once(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy is never a part of one; that of a claim, or of an empty slot, may come to be the one before it."""
    forced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: forced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode)))
    records = StoreRecords(
        shop.database, FakeClock(), shop.ids, StoreCatalogue(shop.database, tmp_path / "catalogue").copy_slots
    )
    for state in SlotState:
        forced.clear()
        await records.set_slot(PLACE, Slot(Colour.GREEN, state, "dep-1"))
        assert forced == ([False, True] if state in (SlotState.LIVE, SlotState.STANDBY) else [False]), state
    forced.clear()
    await records.stand_by(PLACE, Colour.GREEN, START)
    assert forced == [False, True]


async def test_a_copy_that_cannot_be_written_undoes_no_record(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "catalogue").write_text("a file where the folder should be")
    catalogue = StoreCatalogue(shop.database, tmp_path / "catalogue")
    records = StoreRecords(shop.database, FakeClock(), shop.ids, catalogue.copy_slots)
    await records.set_slot(PLACE, Slot(Colour.GREEN, SlotState.LIVE, "dep-1"))
    assert (await records.slots(PLACE))[Colour.GREEN].deployment == "dep-1"


async def test_a_catalogue_that_cannot_be_written_says_so(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "catalogue").write_text("a file where the folder should be")
    with pytest.raises(Failed) as raised:
        await StoreCatalogue(shop.database, tmp_path / "catalogue").deregister(PLACE, ["web-1"])
    assert raised.value.code == "host.disk" and raised.value.hint


# Backups


async def furnished(shop: Shop, data: Path) -> StoreArtifacts:
    artifacts = StoreArtifacts(shop.database, data / "artifacts", FakeClock())
    await artifacts.attach(TASK, "results.xml", b"<xml/>", kind="junit")
    with shop.database.transaction() as connection:
        settings.installation_id(connection, "ins-1")
    (data / "master.key").write_text("the master key, which no backup holds")
    return artifacts


@pytest.fixture
def sqlite_shop(shop: Shop) -> Shop:
    if not shop.database.is_sqlite:
        pytest.skip("SQLite only")
    return shop


async def test_what_was_backed_up_comes_back_elsewhere(sqlite_shop: Shop, tmp_path: Path) -> None:
    data, archive, there = tmp_path / "data", tmp_path / "out" / "backup.tar.gz", tmp_path / "there"
    artifacts = await furnished(sqlite_shop, data)
    lost = await artifacts.put_blob(b"lost")
    (data / "artifacts" / lost[7:9] / lost[7:]).unlink()
    with sqlite_shop.database.transaction() as connection:
        settings.put(connection, "not yet", "committed")
        made = backup.write(sqlite_shop.database, data, archive, at=START, version="0.1.0")
    assert (made.installation, made.blobs) == ("ins-1", 1)
    assert any("1 artifacts" in note for note in made.notes)
    assert archive.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in archive.parent.iterdir()) == ["backup.tar.gz"]
    with tarfile.open(archive) as held:
        assert not [name for name in held.getnames() if "key" in name]
        assert b"the master key" not in b"".join(held.extractfile(one).read() for one in held if one.isfile())  # type: ignore[union-attr]

    back = backup.restore(archive, there, database=there / "fairlead.db")
    assert (back.installation, back.blobs, back.made_at) == ("ins-1", 1, START.isoformat())
    database = Database(sqlite_url(there / "fairlead.db"))
    with database.reading() as connection:
        assert projects.by_name(connection, "books").name == "books"
        assert settings.value(connection, "not yet") is None
    assert await StoreArtifacts(database, there / "artifacts", FakeClock()).read(TASK, "results.xml") == b"<xml/>"
    database.close()


async def test_archived_events_are_in_it_and_none_that_is_there_is_lost(sqlite_shop: Shop, tmp_path: Path) -> None:
    data, archive, there = tmp_path / "data", tmp_path / "backup.tar.gz", tmp_path / "there"
    await furnished(sqlite_shop, data)
    names = ["events-2026-03-01.jsonl", "events-2026-03-02-812.jsonl", "events-2026-03-02.jsonl"]
    for name in names:
        audit_files.write(data / "audit" / name, [f"{name}\n".encode()])
    (data / "audit" / "events-2026-03-03.jsonl.new").write_text("half of")
    made = backup.write(sqlite_shop.database, data, archive, at=START, version="0.1.0")
    assert any("archived events are in it, too: 3 files" in note for note in made.notes)
    audit_files.write(there / "audit" / names[0], [b"another\n"])
    audit_files.write(there / "audit" / names[1], [f"{names[1]}\n".encode()])
    back = backup.restore(archive, there, database=there / "fairlead.db")
    held = {path.name: path.read_text() for path in (there / "audit").iterdir()}
    assert held == {**{name: f"{name}\n" for name in names}, f"{names[0]}.before-restore-1": "another\n"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (there / "audit").iterdir())
    assert any(f"{names[0]}.before-restore-1" in note for note in back.notes)


async def test_what_was_under_way_is_named_by_a_backup_and_when_it_is_put_back(
    sqlite_shop: Shop, tmp_path: Path
) -> None:
    """The start, which learns of it by a note, holds it: whatever happened since, the books call it under way."""
    await furnished(sqlite_shop, tmp_path / "data")
    with sqlite_shop.database.transaction() as connection:
        for number, state in enumerate((TaskState.RUNNING, TaskState.QUEUED, TaskState.PAUSED, TaskState.SUCCEEDED)):
            tasks.insert(
                connection,
                Task(TaskId(f"tsk-{number}"), "deployment", f"books 1.{number}.0 to Test", START, state=state),
            )
    made = backup.write(sqlite_shop.database, tmp_path / "data", tmp_path / "x", at=START, version="0.1.0")
    back = backup.restore(tmp_path / "x", tmp_path / "there", database=tmp_path / "there" / "fairlead.db")
    for notes in (made.notes, back.notes):
        (said,) = [note for note in notes if "under way" in note]
        assert "books 1.0.0 to Test, books 1.2.0 to Test" in said and "1.1.0" not in said and "1.3.0" not in said
    assert restored.made_at(tmp_path / "data") is None
    assert restored.made_at(tmp_path / "there") == START.isoformat()
    (tmp_path / "there" / restored.NOTE_NAME).write_text("half of")
    assert restored.made_at(tmp_path / "there") == "", "that it was is known all the same"
    restored.forget(tmp_path / "there")
    assert restored.made_at(tmp_path / "there") is None


def test_a_restore_that_fails_leaves_no_note_that_was_not_there(tmp_path: Path) -> None:
    for was_there in (False, True):
        with suppress(OSError), restored.noted(tmp_path, "then"):
            raise OSError
        assert (restored.made_at(tmp_path) is not None) == was_there
        with restored.noted(tmp_path, "then"):
            assert restored.made_at(tmp_path) == "then"


async def test_a_restore_keeps_what_was_there_and_waits_for_no_server(sqlite_shop: Shop, tmp_path: Path) -> None:
    data, archive = tmp_path / "data", tmp_path / "backup.tar.gz"
    await furnished(sqlite_shop, data)
    backup.write(sqlite_shop.database, data, archive, at=START, version="0.1.0")
    there = tmp_path / "there"
    with Hold(there), pytest.raises(Refused) as raised:
        backup.restore(archive, there, database=there / "fairlead.db")
    assert raised.value.code == "server.second"
    for number in (1, 2):
        backup.restore(archive, there, database=there / "fairlead.db")
        assert (there / f"fairlead.db.before-restore-{number}").exists() == (number == 2)
        assert not (there / "fairlead.db-wal").exists()
        if number == 1:
            (there / "fairlead.db").rename(there / "fairlead.db.before-restore-1")
            backup.restore(archive, there, database=there / "fairlead.db")


def archive_of(path: Path, *entries: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


MANIFEST = {"format": 1, "installation": "i", "made_at": "", "revision": "0001", "database": "sqlite", "version": "1"}


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [("other.txt", b"")],
        [("manifest.json", b"{")],
        [("manifest.json", b"[]")],
        [("manifest.json", json.dumps(MANIFEST | {"format": 2}).encode())],
        [("manifest.json", json.dumps(MANIFEST | {"database": "postgresql"}).encode())],
        [("manifest.json", json.dumps(MANIFEST).encode())],
        [("manifest.json", json.dumps(MANIFEST).encode()), ("fairlead.db", b"no database" * 100)],
        [("manifest.json", json.dumps(MANIFEST).encode()), ("../escape", b"")],
        [("manifest.json", json.dumps(MANIFEST).encode()), ("audit/../../events-2026-03-01.jsonl", b"")],
        [("manifest.json", json.dumps(MANIFEST).encode()), ("artifacts/aa/" + "a" * 64, b"not its content")],
    ],
)
def test_an_archive_that_is_no_backup_changes_nothing(tmp_path: Path, entries: list[tuple[str, bytes]]) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "fairlead.db").write_text("as it was")
    with pytest.raises(Invalid) as raised:
        backup.restore(archive_of(tmp_path / "x.tar.gz", *entries), there, database=there / "fairlead.db")
    assert raised.value.code == "backup.invalid"
    assert sorted(path.name for path in there.iterdir()) == ["fairlead.db", "server.lock"]
    assert (there / "fairlead.db").read_text() == "as it was"


def test_a_backup_that_is_cut_short_or_not_there_is_told(tmp_path: Path) -> None:
    whole = archive_of(tmp_path / "x.tar.gz", ("manifest.json", os.urandom(4000)))
    (tmp_path / "cut.tar.gz").write_bytes(whole.read_bytes()[:2000])
    for name, family in (("cut.tar.gz", Invalid), ("none.tar.gz", NotFound)):
        with pytest.raises(family) as raised:
            backup.restore(tmp_path / name, tmp_path / "there", database=tmp_path / "there" / "fairlead.db")
        error = raised.value
        assert isinstance(error, FairleadError)
        assert error.code == "backup.invalid"


async def test_on_postgresql_the_archive_says_how_to_dump(shop: Shop, tmp_path: Path) -> None:
    if shop.database.is_sqlite:
        pytest.skip("PostgreSQL only")
    data, archive, there = tmp_path / "data", tmp_path / "backup.tar.gz", tmp_path / "there"
    await furnished(shop, data)
    made = backup.write(shop.database, data, archive, at=START, version="0.1.0")
    assert any("pg_dump" in note for note in made.notes)
    back = backup.restore(archive, there, database=None)
    assert back.blobs == 1
    assert any("pg_restore" in note for note in back.notes)


async def test_a_backup_with_wrong_bytes_anywhere_is_refused(sqlite_shop: Shop, tmp_path: Path) -> None:
    await furnished(sqlite_shop, tmp_path / "data")
    backup.write(sqlite_shop.database, tmp_path / "data", tmp_path / "whole", at=START, version="0.1.0")
    whole, there = (tmp_path / "whole").read_bytes(), tmp_path / "there"
    rotten = gzip.decompress(whole).replace(b"books", b"cooks")
    checked = gzip.compress(rotten)[:-8] + whole[-8:]
    cut = [whole[: len(whole) * part // 8] for part in range(1, 8)] + [whole[:-1], whole[:-4]]
    flipped = [
        whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :] for at in range(100, len(whole), len(whole) // 20)
    ]
    for content in (checked, *cut, *flipped):
        (tmp_path / "wrong").write_bytes(content)
        with pytest.raises(Invalid) as raised:
            backup.restore(tmp_path / "wrong", there, database=there / "fairlead.db")
        assert raised.value.code == "backup.invalid"
        assert [path.name for path in there.iterdir()] == ["server.lock"]


async def test_a_database_that_is_damaged_is_kept_and_replaced(sqlite_shop: Shop, tmp_path: Path) -> None:
    await furnished(sqlite_shop, tmp_path / "data")
    backup.write(sqlite_shop.database, tmp_path / "data", tmp_path / "whole", at=START, version="0.1.0")
    there = tmp_path / "there"
    there.mkdir()
    (there / "fairlead.db").write_bytes(b"no database" * 1000)
    backup.restore(tmp_path / "whole", there, database=there / "fairlead.db")
    assert (there / "fairlead.db.before-restore-1").read_bytes() == b"no database" * 1000
    assert (there / "fairlead.db").read_bytes().startswith(b"SQLite")


async def test_a_database_on_a_disk_of_its_own_is_restored_there_or_stays(
    sqlite_shop: Shop, tmp_path: Path, small_disk: Path
) -> None:
    """What is unpacked in the data directory cannot be moved to another disk: it is copied, before anything changes."""
    data, there, database = tmp_path / "data", tmp_path / "there", small_disk / "fairlead.db"
    await furnished(sqlite_shop, data)
    backup.write(sqlite_shop.database, data, tmp_path / "whole", at=START, version="0.1.0")
    database.write_bytes(b"what was there")
    backup.restore(tmp_path / "whole", there, database=database)
    assert database.read_bytes().startswith(b"SQLite") and database.stat().st_mode & 0o777 == 0o600
    assert (small_disk / "fairlead.db.before-restore-1").read_bytes() == b"what was there"
    shutil.rmtree(there / "artifacts")
    database.write_bytes(b"what is there")
    fill(small_disk)
    names = sorted(path.name for path in small_disk.iterdir())
    with pytest.raises(Failed) as raised:
        backup.restore(tmp_path / "whole", there, database=database)
    assert raised.value.code == "host.disk"
    assert database.read_bytes() == b"what is there" and not (there / "artifacts").exists()
    assert sorted(path.name for path in small_disk.iterdir()) == names


async def test_a_full_disk_is_no_fault_of_the_backup(sqlite_shop: Shop, tmp_path: Path, small_disk: Path) -> None:
    await furnished(sqlite_shop, tmp_path / "data")
    backup.write(sqlite_shop.database, tmp_path / "data", tmp_path / "whole", at=START, version="0.1.0")
    Hold(small_disk / "there").release()
    fill(small_disk)
    with pytest.raises(Failed) as restored:
        backup.restore(tmp_path / "whole", small_disk / "there", database=small_disk / "there" / "fairlead.db")
    with pytest.raises(Failed) as written:
        backup.write(sqlite_shop.database, tmp_path / "data", small_disk / "there" / "x", at=START, version="0.1.0")
    assert restored.value.code == written.value.code == "host.disk"
    assert str(small_disk / "there" / "x") in written.value.message
    assert sorted(path.name for path in (small_disk / "there").iterdir()) == ["server.lock"]


class Forced:
    """What was forced to the disk, in order: files by what they hold then, directories by the names in them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: dict[Path, set[str]] = {}
        monkeypatch.setattr(os, "fsync", self._force)

    def _force(self, descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path.is_dir():
            self.names[path] = {one.name for one in path.iterdir()}

    def has(self, path: Path) -> bool:
        """Whether the file is found under its name after a loss of power, and so are the directories above it."""
        return path.name in self.names.get(path.parent, ())


def test_a_master_key_outlives_a_loss_of_power_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database elsewhere may hold what was sealed with it already: then it could never be opened again."""
    forced = Forced(monkeypatch)
    read_master_key(tmp_path / "data" / "master.key", may_create=True)
    assert forced.has(tmp_path / "data" / "master.key")


def test_a_note_of_a_switch_outlives_a_loss_of_power_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced = Forced(monkeypatch)
    note = switch_notes.put(tmp_path, PLACE, Colour.GREEN, START)
    assert forced.has(note) and forced.has(note.parent)


async def test_files_of_releases_and_packages_outlive_a_loss_of_power_under_their_names(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their rows may be in a database that does, on another machine."""
    forced, files = Forced(monkeypatch), StoreArtifacts(shop.database, tmp_path / "files", FakeClock())
    with files.receive() as arrived:
        arrived.write(b"a package")
        keys = [await files.put_blob(b"a file"), files.take(arrived)]
    for path in (path_of(tmp_path / "files", key) for key in keys):
        assert forced.has(path) and forced.has(path.parent), path


def test_a_master_key_is_made_whole_or_not_at_all(small_disk: Path) -> None:
    fill(small_disk)
    with pytest.raises(FairleadError) as raised:
        read_master_key(small_disk / "master.key", may_create=True)
    assert raised.value.code == "secrets.master_key"
    assert [path.name for path in small_disk.iterdir()] == ["fill"]
    (small_disk / "fill").unlink()
    made = read_master_key(small_disk / "master.key", may_create=True)
    assert read_master_key(small_disk / "master.key", may_create=False) == made


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "fill").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
