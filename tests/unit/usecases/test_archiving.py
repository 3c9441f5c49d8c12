"""Old events of the audit go into a file for each day, and the chain goes on over them."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.databases import ON_BOTH
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import Conflict, Failed, Invalid
from fairlead.domain.event import Event, fault_of
from fairlead.formats.audit_lines import events_of, line_of
from fairlead.store import audit_files, events
from fairlead.usecases import archiving, audit, environments
from fairlead.usecases.audit import Wanted

pytestmark = ON_BOTH


def live(house: House, days: int) -> None:
    """A day has two events, and another follows."""
    for number in range(days):
        for half in ("a", "b"):
            environments.add(house.context, ADMIN, f"E{house.clock.now():%m%d}{number}{half}")
        house.clock.advance(timedelta(days=1).total_seconds())


def archive(house: House, folder: Path, days: int = 90) -> int:
    return archiving.archive_due(house.context, folder, days=days)


def in_files(*files: Path) -> list[Event]:
    return [event for file in files for event in events_of(file.read_bytes().splitlines(keepends=True), str(file))]


def here(house: House) -> list[Event]:
    return list(audit.export(house.context, ADMIN, Wanted()))


def test_whole_old_days_go_into_files_and_nothing_inside_of_the_period(house: House, tmp_path: Path) -> None:
    live(house, 100)
    before = here(house)
    assert archive(house, tmp_path / "audit", days=0) == 0
    gone = archive(house, tmp_path / "audit")
    files = sorted((tmp_path / "audit").iterdir())
    oldest = house.clock.now() - timedelta(days=91)
    assert [one for one in before if one.at < oldest] == in_files(*files)[: sum(one.at < oldest for one in before)]
    assert all(one.at < house.clock.now() - timedelta(days=90) for one in in_files(*files))
    assert [*in_files(*files), *here(house)][: len(before)] == before, "not one is lost, and none is in both"
    assert gone == len(in_files(*files)) and len(files) == len({one.at.date() for one in in_files(*files)})
    assert files[0].name == f"events-{before[0].at:%Y-%m-%d}.jsonl"
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert archive(house, tmp_path / "audit") == 0, "once"


def test_the_chain_holds_over_the_files_and_a_cut_is_seen(house: House, tmp_path: Path) -> None:
    live(house, 95)
    first = audit.verify(house.context, ADMIN)
    archive(house, tmp_path / "audit")
    verdict = audit.verify(house.context, ADMIN)
    assert verdict.is_whole and verdict.archived > 0
    assert verdict.archived + verdict.count == verdict.sequence
    assert audit.verify(house.context, ADMIN, sequence=first.sequence, expected=first.hash).is_whole
    files = sorted((tmp_path / "audit").iterdir())
    kept = [*in_files(*files), *here(house)]
    assert [fault_of(event, before) for event, before in zip(kept, [None, *kept], strict=False)] == [None] * len(kept)
    last = in_files(*files)[-1]
    for number, hash, is_whole in ((last.sequence, last.hash, True), (last.sequence, "0" * 64, False), (1, "0", False)):
        assert audit.verify(house.context, ADMIN, sequence=number, expected=hash).is_whole is is_whole
    with house.database.engine.connect() as connection:
        connection.execute(sa.text("delete from events where sequence = :it"), {"it": last.sequence + 1})
        connection.commit()
    (fault,) = audit.verify(house.context, ADMIN).faults
    assert fault.reason.startswith(f"1 to {last.sequence + 1} is missing before ")


def test_a_file_is_a_part_of_the_chain_by_its_hash(house: House, tmp_path: Path) -> None:
    live(house, 93)
    archive(house, tmp_path / "audit")
    (said, *_) = house.audit("audit.archived")
    file = max((tmp_path / "audit").iterdir())
    assert file.name in said.message
    assert said.message.endswith(f"(SHA-256 {hashlib.sha256(file.read_bytes()).hexdigest()})")


def test_a_disk_that_says_no_takes_no_event_away(house: House, tmp_path: Path) -> None:
    live(house, 92)
    (tmp_path / "audit").write_text("a file where the folder should be")
    before = here(house)
    with pytest.raises(Failed) as error:
        archive(house, tmp_path / "audit")
    assert error.value.code == "audit.not_archived" and here(house) == before


def test_what_was_written_before_the_server_died_is_written_again(house: House, tmp_path: Path) -> None:
    live(house, 92)
    first = here(house)[0]
    audit_files.write(tmp_path / "audit" / f"events-{first.at:%Y-%m-%d}.jsonl", [line_of(first), b"half of an ev"])
    archive(house, tmp_path / "audit")
    files = sorted((tmp_path / "audit").iterdir())
    assert in_files(files[0])[0] == first and not [one for one in files if "-1.jsonl" in one.name]


def test_what_a_restore_undid_is_not_written_over(house: House, tmp_path: Path) -> None:
    """The books of an older backup archive the same day anew, and what happened in it after the backup is in the file
    that is there alone."""
    live(house, 92)
    first, second = here(house)[:2]
    path = tmp_path / "audit" / f"events-{first.at:%Y-%m-%d}.jsonl"
    elsewhere = line_of(replace(second, message="of the time that was undone"))
    audit_files.write(path, [line_of(first), elsewhere])
    archive(house, tmp_path / "audit")
    assert in_files(path)[1].message != "of the time that was undone"
    assert elsewhere in path.with_name(f"{path.name}.before-restore-1").read_bytes()
    again = path.read_bytes()
    audit_files.write(path, [again])
    assert len(list(path.parent.glob("*.before-restore-*"))) == 1, "the same is not kept twice"


def test_a_day_that_comes_again_gets_another_file(house: House, tmp_path: Path) -> None:
    live(house, 92)
    archive(house, tmp_path / "audit")
    before = len(list((tmp_path / "audit").iterdir()))
    with house.database.engine.connect() as connection:  # as if the clock had gone back for it
        number = connection.execute(sa.text("select min(sequence) from events")).scalar_one()
        at = in_files(min((tmp_path / "audit").iterdir()))[0].at
        connection.execute(
            sa.text("update events set at = :at where sequence = :it"),
            {"at": at.strftime("%Y-%m-%d %H:%M:%S.%f"), "it": number},
        )
        connection.commit()
    assert archive(house, tmp_path / "audit") == 1
    assert len(list((tmp_path / "audit").iterdir())) == before + 1


def test_what_says_that_all_was_archived_stays(house: House, tmp_path: Path) -> None:
    live(house, 1)
    house.clock.advance(timedelta(days=400).total_seconds())
    assert archive(house, tmp_path / "audit") == 3
    environments.add(house.context, ADMIN, "Later")
    assert audit.verify(house.context, ADMIN).is_whole and here(house)[0].sequence > 1


@pytest.mark.usefixtures("house")
def test_lines_that_are_no_events_are_named(tmp_path: Path) -> None:
    for bad in (b"{", b"[]", b"{}", b"1", json.dumps({"at": "x", "difference": []}).encode(), b"\xff"):
        with pytest.raises(Invalid) as error:
            list(events_of([bad], "audit.jsonl"))
        assert "audit.jsonl:1" in error.value.message


# Whoever takes their time holds no transaction open: PostgreSQL ends one that sleeps


def opened(house: House) -> int:
    """Connections in use, each in a transaction."""
    return house.database.engine.pool.checkedout()  # type: ignore[attr-defined]


def test_who_takes_the_audit_along_slowly_gets_all_of_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    live(house, 5)
    whole = here(house)
    monkeypatch.setattr(events, "AT_ONCE", 3)
    walk, taken = audit.export(house.context, ADMIN, Wanted()), list[Event]()
    for event in walk:
        assert opened(house) == 0
        taken.append(event)
        if len(taken) == 4:
            environments.add(house.context, ADMIN, "Later")
    assert taken == whole, "what was written meanwhile is of another moment"


def test_an_export_from_which_events_were_archived_meanwhile_does_not_end_well(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(house, 5)
    monkeypatch.setattr(events, "AT_ONCE", 3)
    walk = audit.export(house.context, ADMIN, Wanted())
    next(walk)
    with house.database.transaction() as connection:
        events.forget(connection, 1, 5)
    with pytest.raises(Conflict, match="archived meanwhile"):
        list(walk)


def test_no_transaction_is_open_while_a_day_is_written(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(house, 3)
    before, write, seen = here(house), audit_files.write, list[int]()

    def slowly(path: Path, lines: Iterable[bytes]) -> str:
        taken = [line for line in lines if seen.append(opened(house)) is None]
        return write(path, taken)

    monkeypatch.setattr(audit_files, "write", slowly)
    monkeypatch.setattr(events, "AT_ONCE", 3)
    assert archive(house, tmp_path / "audit", days=1) == len(seen) > 3
    assert set(seen) == {0}
    files = sorted((tmp_path / "audit").iterdir())
    assert [*in_files(*files), *here(house)][: len(before)] == before


def test_a_day_that_another_server_archives_meanwhile_makes_no_file_of_a_part(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(house, 3)
    write = audit_files.write

    def too_late(path: Path, lines: Iterable[bytes]) -> str:
        walk = iter(lines)
        taken = [next(walk)]
        with house.database.transaction() as connection:
            events.forget(connection, 1, 6)
        return write(path, [*taken, *walk])

    monkeypatch.setattr(audit_files, "write", too_late)
    monkeypatch.setattr(events, "AT_ONCE", 2)
    assert archive(house, tmp_path / "audit", days=1) == 0
    assert not (tmp_path / "audit").exists()
