"""`fairlead-server` without a server: refusals in words, the unit, a new password, backup and restore."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from argon2 import PasswordHasher

from fairlead.adapters.system import SystemIds
from fairlead.domain.actor import SYSTEM
from fairlead.domain.certificate import Certificate
from fairlead.domain.colour import Colour
from fairlead.domain.ids import TaskId
from fairlead.domain.permission import Permission
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import Task, TaskState
from fairlead.ports.catalogue import Place, Registration
from fairlead.ports.durable import Abandoned
from fairlead.server import beside, bootstrap, commands
from fairlead.server import settings as reading
from fairlead.store import certificates, passwords, registrations, slots, tasks, users
from fairlead.store.database import Database
from fairlead.store.database_hold import DatabaseHold
from fairlead.store.hold import Hold
from fairlead.usecases import access, first_start
from fairlead.usecases import users as accounts


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Run]:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: quick)
    monkeypatch.setenv("FAIRLEAD_DATA_DIR", str(data_dir))
    monkeypatch.setenv("FAIRLEAD_DOCKER_SOCKET", str(tmp_path / "no-docker.sock"))
    monkeypatch.setenv("FAIRLEAD_PORT", "1")
    monkeypatch.setenv("FAIRLEAD_LOG_FORMAT", "text")

    def run(*arguments: str) -> Said:
        if arguments[0] == "up":  # becomes another program
            program = [sys.executable, "-m", "fairlead.entry.server", *arguments]
            done = subprocess.run(program, capture_output=True, text=True, timeout=60)
            return Said(done.returncode, done.stdout, done.stderr)
        monkeypatch.setattr(sys, "argv", ["fairlead-server", *arguments])
        capfd.readouterr()
        code = commands.run(lambda command: command)
        told = capfd.readouterr()
        return Said(code, told.out, told.err)

    yield run


@pytest.fixture
def furnished(server: Run, data_dir: Path) -> Run:
    """A data directory in which a server has been."""
    data_dir.mkdir()
    with beside.books_only(reading.read(os.environ)) as context:
        first_start.prepare(context, name="admin", password="a long password")
        access.set_up(context, name="admin", api_key="flk_a-key")
    return server


def test_a_port_in_use_is_said_before_anything_is_begun(
    server: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        monkeypatch.setenv("FAIRLEAD_PORT", str(held.getsockname()[1]))
        said = server("up")
    assert said.code == 1 and "server.port" in said.err and "FAIRLEAD_PORT" in said.err
    assert not data_dir.exists()


def test_a_second_server_on_the_same_data_is_refused(
    furnished: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRLEAD_PORT", "0")
    with Hold(data_dir):
        said = furnished("up")
    assert said.code == 1 and "server.second" in said.err and str(os.getpid()) in said.err


def test_a_second_server_on_the_same_postgresql_is_refused_wherever_its_data_lies(
    server: Run, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRLEAD_PORT", "0")
    monkeypatch.setenv("FAIRLEAD_DATABASE_URL", postgres_url)
    database = Database(postgres_url)
    held = DatabaseHold(database, "fairlead-server, process 1 on elsewhere")
    said = server("up")
    held.release()
    database.close()
    assert said.code == 1 and "server.second" in said.err and "process 1 on elsewhere" in said.err, said


def test_ids_go_on_after_what_needed_no_task_although_the_clock_was_set_back(furnished: Run) -> None:
    """A release that was made by hand, a deployment that waits for an approval: the newest is found by its id."""
    later = SystemIds()
    later.go_on_after("ev-" + "zz" + later.new("ev").removeprefix("ev-")[2:])
    with beside.books_only(reading.read(os.environ)) as context:
        made = later.new("rel")
        with context.database.transaction() as connection:
            replace(context, ids=later).note(connection, SYSTEM, "release.created", "made by hand", thing=made)
        with context.database.reading() as connection:
            ids = bootstrap._going_on(SystemIds(), connection)
    assert made < ids.new("rel")


async def test_what_is_written_for_a_task_counts_only_where_it_is_still_ours_at_its_commit(
    server: Run, data_dir: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node's lease ran out while it waited for the database: another may have taken the task over."""
    monkeypatch.setenv("FAIRLEAD_DATABASE_URL", postgres_url)
    made = bootstrap.build(reading.read(os.environ))
    place, slot, tools = Place("books", "Production"), Slot(Colour.BLUE, SlotState.IDLE), made.interpreter.parts.tools
    entry = Registration(place, Colour.BLUE, "web", "web.1", "10.0.0.2", 8080, "dep-1", "web.1")
    with made.context.database.transaction() as connection:
        task = Task(TaskId("tsk-1"), "other", "some task", made.clock.now())
        tasks.insert(connection, task)

    class Lost:
        left = 0

        def require(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise Abandoned

    lost, its, done = Lost(), tools(task.id, "", "local", {}), list[object]()
    made.durable._ownership = lost  # type: ignore[assignment]
    for begun, write in (
        (1, its.records.set_slot(place, slot)),
        (1, its.records.note(task.id, "some", 1)),
        (1, its.catalogue.register([entry])),
        (0, made.interpreter.parts.tasks.begin(task.id, made.node)),
    ):
        lost.left = begun  # each verb begins while it is ours
        done += await asyncio.gather(write, return_exceptions=True)
    assert [type(one) for one in done] == [Abandoned] * 4, done
    with made.context.database.reading() as connection:
        assert slots.recorded(connection) == {} and tasks.facts_of(connection, task.id) == {}
        assert registrations.all_by_place(connection) == {}
        assert tasks.get(connection, task.id).state is TaskState.QUEUED
    made.durable._ownership = None
    await made.container_engine.close()
    await made.durable.close()
    made.database_hold.release()
    made.context.database.close()
    made.hold.release()


def test_a_second_server_on_the_same_sqlite_file_is_refused_wherever_its_data_lies(
    server: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    monkeypatch.setenv("FAIRLEAD_PORT", "0")
    monkeypatch.setenv("FAIRLEAD_DATABASE_URL", url)
    database = Database(url)
    held = DatabaseHold(database, "fairlead-server, process 1 here")
    said = server("up")
    held.release()
    database.close()
    assert said.code == 1 and "server.second" in said.err and "process 1 here" in said.err, said


def test_without_docker_it_says_which_socket_and_what_to_do(
    server: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRLEAD_PORT", "0")
    said = server("up")
    assert said.code == 1 and "engine.unreachable" in said.err, said
    assert str(tmp_path / "no-docker.sock") in said.err and "→" in said.err


@pytest.mark.parametrize("command", ["up", "down", "boot", "doctor", "setup", "reset-admin"])
def test_wrong_settings_are_refused_by_every_command(
    server: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("FAIRLEAD_PORT", "many")
    said = server(command)
    assert said.code == 2 and "server.settings" in said.err and "FAIRLEAD_PORT" in said.err
    assert not data_dir.exists()


def test_doctor_says_what_is_wrong_and_changes_nothing(
    server: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRLEAD_DATABASE_URL", "postgresql://fairlead:hunter2@127.0.0.1:1/x")
    monkeypatch.setenv("FAIRLEAD_MASTER_KEY", "hunter2")
    said = server("doctor")
    assert said.code == 1 and "✘ container engine" in said.out and "hunter2" not in said.out + said.err
    assert "FAIRLEAD_DATA_DIR" in said.out and "(from FAIRLEAD_DATA_DIR)" in said.out
    found = {one["name"]: one for one in json.loads(server("doctor", "--json").out)}
    assert not found["container engine"]["is_well"] and not found["database"]["is_well"]
    assert not data_dir.exists()


def test_what_is_kept_is_for_the_servers_user_alone(
    furnished: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with beside.books_only(reading.read(os.environ)) as context, context.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM api_keys")
        found = {path.name: path.stat().st_mode & 0o777 for path in data_dir.glob("fairlead.db*")}
    assert len(found) > 1 and set(found.values()) == {0o600}, found
    with monkeypatch.context() as dead, pytest.raises(typer.Exit):
        dead.setattr(sys, "executable", "/bin/false")  # a server that ends at once
        commands._detached(reading.read(os.environ), None)
    assert (data_dir / "server.log").stat().st_mode & 0o777 == 0o600
    assert "✘ data directory" in furnished("doctor").out
    data_dir.chmod(0o700)
    assert "✔ data directory" in furnished("doctor").out


def test_doctor_sees_a_master_key_that_others_can_read(furnished: Run, data_dir: Path) -> None:
    assert "✔ master key" in furnished("doctor").out
    (data_dir / "master.key").chmod(0o644)
    assert "chmod 600" in furnished("doctor").out


def test_doctor_sees_a_master_key_that_is_not_the_databases(furnished: Run, data_dir: Path) -> None:
    key = data_dir / "master.key"
    held = key.read_text()
    for wrong in ("A" * 43 + "=\n", "garbage\n", ""):
        key.write_text(wrong)
        assert "✘ master key" in furnished("doctor").out, wrong
    key.unlink()
    said = furnished("doctor").out
    assert "✘ master key" in said and "will be made" not in said and not key.exists()
    key.write_text(held)
    key.chmod(0o600)
    assert "✔ master key" in furnished("doctor").out


def test_doctor_names_certificates_whose_end_is_near(furnished: Run) -> None:
    assert "✔ certificates       none" in furnished("doctor").out
    now = datetime.now(UTC)
    with beside.books_only(reading.read(os.environ)) as context, context.database.transaction() as connection:
        key = context.keep(connection, "key", name="a certificate", by="admin")
        for days in (5, 200):
            ends_at = now + timedelta(days=days, hours=1)
            held = Certificate(f"crt-{days}", f"in{days}.example.com", "PEM", key, "f", now, ends_at, now)
            certificates.insert(connection, held)
    said = furnished("doctor").out
    assert "✘ certificates       the certificate of in5.example.com ends in 5 days" in said
    assert "fairlead certificates set HOST, for in5.example.com" in said and "in200" not in said


def test_doctor_names_keys_of_programs_whose_end_is_near(furnished: Run) -> None:
    assert "✔ API keys           none of a service account ends soon" in furnished("doctor").out
    with beside.books_only(reading.read(os.environ)) as context:
        with context.database.reading() as connection:
            admin = replace(SYSTEM, id=users.all_of(connection)[0].id, permissions=frozenset(Permission))
        accounts.add_service_account(context, admin, "robot")
        access.make_key(context, admin, "my own", days=5)
        key = accounts.add_service_key(context, admin, "robot", "ci", days=5)
        accounts.add_service_key(context, admin, "robot", "later", days=200)
    said = furnished("doctor").out
    assert "✘ API keys           the API key 'ci' of robot ends in " in said
    assert f"fairlead keys remove {key.key.id}" in said
    assert "my own" not in said and "later" not in said and key.text not in said


def test_doctor_says_where_a_setting_comes_from(server: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, secret = tmp_path / "fairlead.toml", tmp_path / "smtp"
    file.write_text('smtp_host = "mail.example.com"\n')
    secret.write_text("hunter2")
    monkeypatch.setenv("FAIRLEAD_SMTP_PASSWORD_FILE", str(secret))
    said = server("doctor", "--config", str(file)).out
    assert f"mail.example.com  (from {file})" in said
    assert "(from FAIRLEAD_SMTP_PASSWORD_FILE)" in said and "hunter2" not in said


def test_doctor_tells_a_server_that_is_not_ready_from_one_that_does_not_run(
    furnished: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer, told in (
        (b'{"status": "not ready", "reason": "store.unreachable"}', "store.unreachable"),
        (b"<html>", "not a Fairlead"),
    ):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            monkeypatch.setenv("FAIRLEAD_PORT", str(listening.getsockname()[1]))
            thread = threading.Thread(target=answer_once, args=(listening, answer))
            thread.start()
            said = furnished("doctor").out
            thread.join(10)
        [line] = [line for line in said.splitlines() if line[2:].startswith("server ")]
        assert line.startswith("✘") and told in line, line
    assert "not running" in furnished("doctor").out


def answer_once(listening: socket.socket, body: bytes) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 503 x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def test_doctor_says_who_has_the_registrys_port(furnished: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("FAIRLEAD_REGISTRY_PORT", str(listening.getsockname()[1]))
        said = furnished("doctor").out
    assert "✘ registry" in said and f"pid {os.getpid()}" in said


def test_down_where_nothing_runs_is_no_failure(furnished: Run) -> None:
    said = furnished("down")
    assert said.code == 0 and "no server ran" in said.err


def test_setup_writes_a_unit_that_starts_this_program(server: Run, data_dir: Path, tmp_path: Path) -> None:
    said = server("setup", "--out", str(tmp_path))
    unit = (tmp_path / "fairlead.service").read_text()
    assert said.code == 0 and "systemctl" in said.err
    assert "KillMode=process" in unit and f"FAIRLEAD_DATA_DIR={data_dir}" in unit and " up\n" in unit
    boot = (tmp_path / "fairlead-boot.service").read_text()
    assert " boot\n" in boot and "KillMode=process" in boot and "RemainAfterExit=yes" in boot
    assert "fairlead-boot.service" in unit.partition("[Service]")[0]  # the server comes after it
    wrong = server("setup", "--out", str(tmp_path / "none"))
    assert wrong.code == 1 and "server.state" in wrong.err


def test_an_administrator_gets_a_new_one_time_password(furnished: Run) -> None:
    said = furnished("reset-admin")
    name, _, password = said.out.strip().partition(": one-time password ")
    assert (said.code, name) == (0, "admin")
    with beside.books_only(reading.read(os.environ)) as context:
        assert access.sign_in(context, "admin", password, address="").user.must_change_password
    assert "new administrator" not in said.out
    assert "admim, a new administrator: one-time password" in furnished("reset-admin", "--user", "admim").out
    assert furnished("reset-admin", "--user", "a b").code == 2
    for blank in ("", " "):
        empty = furnished("reset-admin", "--user", blank)
        assert (empty.code, empty.out) == (2, "") and "it is empty" in empty.err, "not the settings' administrator"


def test_a_backup_is_restored_as_it_was(furnished: Run, data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    assert furnished("backup", str(file)).code == 0
    assert b"flk_a-key" not in file.read_bytes()
    with beside.books_only(reading.read(os.environ)) as context, context.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM api_keys")
    said = furnished("restore", str(file), "--yes")
    assert said.code == 0 and "kept as" in said.err
    with beside.books_only(reading.read(os.environ)) as context:
        assert access.by_key(context, "flk_a-key", address="") is not None


def test_a_restore_is_refused_while_a_server_runs_and_with_another_key(
    furnished: Run, data_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar.gz"
    furnished("backup", str(file))
    with Hold(data_dir):
        said = furnished("restore", str(file), "--yes")
    assert said.code == 1 and "server.second" in said.err
    before = (data_dir / "fairlead.db").read_bytes()
    key = (data_dir / "master.key").read_text()
    (data_dir / "master.key").write_text("A" * 43 + "=\n")
    said = furnished("restore", str(file), "--yes")
    assert said.code == 1 and "secrets.master_key" in said.err
    assert (data_dir / "fairlead.db").read_bytes() == before
    assert furnished("reset-admin").code == 1
    (data_dir / "master.key").unlink()
    assert "master.key" in furnished("restore", str(file), "--yes").err
    assert furnished("reset-admin").code == 1
    (data_dir / "master.key").write_text(key)
    (data_dir / "master.key").chmod(0o600)
    assert furnished("reset-admin").code == 0


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08 broken"])
def test_what_is_no_backup_is_refused_and_changes_nothing(
    furnished: Run, data_dir: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "x").write_bytes(content)
    before = (data_dir / "fairlead.db").read_bytes()
    said = furnished("restore", str(tmp_path / "x"), "--yes")
    assert said.code == 2 and "backup.invalid" in said.err
    assert (data_dir / "fairlead.db").read_bytes() == before
    assert furnished("restore", str(tmp_path / "none"), "--yes").code == 5


def test_a_backup_needs_no_master_key_and_changes_nothing(furnished: Run, data_dir: Path, tmp_path: Path) -> None:
    """A key may be given to the server's unit alone; and whoever lost it keeps what is left."""
    (data_dir / "master.key").rename(tmp_path / "away")
    said = furnished("backup", str(tmp_path / "one.tar"))
    assert said.code == 0 and "the master key " in said.err and "is not in it" in said.err
    assert not (data_dir / "master.key").exists()
    (data_dir / "master.key").write_text("A" * 43 + "=\n")
    assert furnished("backup", str(tmp_path / "two.tar")).code == 0
    (tmp_path / "away").replace(data_dir / "master.key")
    assert furnished("restore", str(tmp_path / "two.tar"), "--yes").code == 0
    assert furnished("reset-admin").code == 0


def test_a_backup_moves_no_tables_beside_a_server_of_an_earlier_version(
    furnished: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bootstrap, "bring_up_to_date", lambda database: pytest.fail("the tables were moved"))
    assert furnished("backup", str(tmp_path / "x.tar")).code == 0


@pytest.mark.parametrize("revision", [None, "9999"])
def test_a_backup_of_what_this_version_does_not_know_is_refused(
    furnished: Run, data_dir: Path, tmp_path: Path, revision: str | None
) -> None:
    with closing(sqlite3.connect(data_dir / "fairlead.db")) as connection, connection:
        connection.execute("DELETE FROM fairlead_version")
        if revision:
            connection.execute("INSERT INTO fairlead_version VALUES (?)", (revision,))
    said = furnished("backup", str(tmp_path / "x.tar"))
    assert said.code == 1 and "server.state" in said.err
    assert not list(tmp_path.glob("x.tar*"))


def test_a_backup_of_a_damaged_database_is_not_blamed_on_the_disk(
    furnished: Run, data_dir: Path, tmp_path: Path
) -> None:
    whole = bytearray((data_dir / "fairlead.db").read_bytes())
    whole[3 * 4096 :: 7] = bytes(byte ^ 0x5A for byte in whole[3 * 4096 :: 7])
    for content in (whole, b"no database at all" * 400):
        (data_dir / "fairlead.db").write_bytes(content)
        said = furnished("backup", str(tmp_path / "x.tar"))
        assert said.code == 1 and "server.state" in said.err and "restore a backup" in said.err
        assert not list(tmp_path.glob("x.tar*"))


def test_a_restore_asks_first(furnished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    file = tmp_path / "backup.tar.gz"
    furnished("backup", str(file))
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert furnished("restore", str(file)).code == 130


@pytest.mark.parametrize("command", [("backup", "x.tar"), ("reset-admin",), ("rotate-key",)])
@pytest.mark.parametrize("is_there", [True, False])
def test_where_no_server_has_been_nothing_is_made(
    server: Run, data_dir: Path, command: tuple[str, ...], is_there: bool
) -> None:
    if is_there:
        data_dir.mkdir()
    said = server(*command)
    assert said.code == 1 and "server.state" in said.err and str(data_dir / "fairlead.db") in said.err
    assert data_dir.exists() == is_there and not list(data_dir.glob("*"))


def test_a_backup_never_takes_the_place_of_what_is_no_file(furnished: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for target in (str(pipe), str(tmp_path), ""):
        said = furnished("backup", target)
        assert said.code == 2 and "is no file" in said.err, said
    assert pipe.is_fifo()
