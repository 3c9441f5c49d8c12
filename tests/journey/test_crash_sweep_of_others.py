"""A real server, engine and proxy: every other strategy killed once, and a server woken after a takeover."""

import signal
from pathlib import Path
from typing import Any

import psycopg

from fairlead.store.hold import LOCK_NAME
from fairlead.testing.ground.outside import Engine
from fairlead.testing.ground.projects import STRATEGIES
from fairlead.testing.ground.server import ThrowAway
from fairlead.testing.ground.sweep import Choice, Results, sweep, told
from fairlead.testing.ground.trial import Bed
from fairlead.testing.ground.verdict import unlike_new

DISK = Path("/var/tmp")  # on a disk, as an installation's data is
TAKEOVER_BOUND_S = 60.0


def test_a_server_killed_once_in_every_other_strategy_ends_exactly_old_or_exactly_new(
    docker_socket: Path, haproxy_binary: Path, registry_binary: Path
) -> None:
    results = Results()
    others = [one for one in STRATEGIES if one.name != "blue-green"]
    sweep(Engine(str(docker_socket)), Choice(others, extent="quick"), results, print, place=DISK)
    assert results.holds, told(results)
    assert {one.point.partition(" ")[0] for one in results.tried} == {one.name for one in others}
    assert all(one.deaths == 1 for one in results.tried), told(results)


class PostgresBooks:
    """The tables, in PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url) as connection:
            return connection.execute(query).fetchall()

    def end_sessions(self) -> None:
        """Every session of others ends."""
        self.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_server_that_was_suspended_taken_over_and_woken_does_nothing_more(
    docker_socket: Path, haproxy_binary: Path, registry_binary: Path, postgres_url: str
) -> None:
    engine, books = Engine(str(docker_socket)), PostgresBooks(postgres_url)
    first = ThrowAway(engine, settings={"FAIRLEAD_DATABASE_URL": postgres_url}, place=DISK, books=books)
    second = beside(first, postgres_url, books)
    try:
        first.order({})
        first.start()
        bed = Bed(first, next(one for one in STRATEGIES if one.name == "rollback"), first.push())
        bed.prepare()
        before = bed.capture()
        first.order({"freeze:during:do:start:web:1": 1})
        deployment = bed.begin()
        first.until(lambda: is_suspended(first), "it sleeps in the middle of a start", bound_s=TAKEOVER_BOUND_S)
        books.end_sessions()  # as database and shared disk do with what a machine held that is not heard of any more
        (first.data_dir / LOCK_NAME).unlink()
        second.start()
        bed.server = second
        ended = bed.ended(deployment)
        taken_over = bed.capture()
        assert ended["outcome"] == "live", ended
        assert unlike_new(before, taken_over, ended["version"], keeps_standby=False) == []
        assert first.child is not None
        first.child.send(signal.SIGCONT)
        first.until(lambda: first.has_died() or "task.abandoned" in first.log(), "it let go", bound_s=TAKEOVER_BOUND_S)
        assert bed.capture() == taken_over
        assert second.visit(bed.host)[0] == 200
    finally:
        second.stop()
        first.close()


def beside(first: ThrowAway, url: str, books: PostgresBooks) -> ThrowAway:
    """Another server for the same database, on a disk that both reach; only its own port is another."""
    second = ThrowAway(first.engine, settings={"FAIRLEAD_DATABASE_URL": url}, place=DISK, books=books)
    second.data_dir.rmdir()
    second.settings = {**first.settings, "FAIRLEAD_PORT": str(second.port)}
    second.data_dir, second.orders, second.key, second.prefix = first.data_dir, first.orders, first.key, first.prefix
    second.proxy_port = first.proxy_port
    return second


def is_suspended(node: ThrowAway) -> bool:
    """Whether its process is stopped."""
    assert node.child is not None
    return Path(f"/proc/{node.child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
