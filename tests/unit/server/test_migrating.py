"""Migrations run in a child process: the server gets the tables, what was refused in its words, and no weight."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from fairlead.domain.errors import Refused
from fairlead.server import migrating
from fairlead.server.migrating import _told, bring_up_to_date
from fairlead.store import revision
from fairlead.store.database import Database, sqlite_url


def test_a_new_database_gets_its_tables_and_the_process_does_not_get_what_makes_them(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "fairlead.db"))
    try:
        bring_up_to_date(database)
        assert revision.is_newest(database)
    finally:
        database.close()
    program = (
        "import sys\n"
        "from fairlead.server.bootstrap import open_database\n"
        "from fairlead.server.settings import Settings\n"
        f"open_database(Settings(data_dir={str(tmp_path / 'new')!r}))[0].close()\n"
        "sys.exit('alembic' in sys.modules)"
    )
    (tmp_path / "new").mkdir()
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_what_the_child_refuses_is_said_in_its_words_and_changes_nothing(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "fairlead.db"))
    try:
        bring_up_to_date(database)
        with database.transaction() as connection:
            connection.execute(sa.text(f"update {revision.VERSION_TABLE} set version_num = '9999'"))
        with pytest.raises(Refused, match="9999") as refused:
            bring_up_to_date(database)
        assert refused.value.code == "server.state"
        assert "newer version" in refused.value.hint
    finally:
        database.close()


def test_of_a_long_traceback_the_line_that_says_what_happened_is_told() -> None:
    traceback = "Traceback (most recent call last):\n  File x\nsqlalchemy.exc.ProgrammingError: (x) no such column\n"
    child = subprocess.CompletedProcess(
        [], 1, "", f"{traceback}[SQL: select y]\n(Background on this error at: https://x)\n"
    )
    assert "no such column" in _told(child).message


def test_a_child_that_dies_of_something_else_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "CHILD", "fairlead.entry.nothing")
    database = Database(sqlite_url(tmp_path / "fairlead.db"))
    try:
        with pytest.raises(Refused, match="No module named fairlead.entry.nothing"):
            bring_up_to_date(database)
    finally:
        database.close()
