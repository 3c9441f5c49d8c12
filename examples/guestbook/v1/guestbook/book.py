"""The book itself: entries in PostgreSQL, over a few connections that are shared by all visits."""

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import psycopg2
import psycopg2.extensions

CONNECTIONS = 4
CONNECT_TIMEOUT_S = 3
WAIT_FOR_CONNECTION_S = 5.0
NAME_LIMIT = 60
MESSAGE_LIMIT = 500
ON_FRONT_PAGE = 12


class Refused(ValueError):
    """What was written cannot be taken; the words are for who wrote it."""


@dataclass(frozen=True)
class Entry:
    """One entry of the book."""

    id: int
    name: str
    message: str
    written: str

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def connect() -> "psycopg2.extensions.connection":
    """A connection by DB_HOST, DB_NAME, DB_USER and DB_PASSWORD."""
    connection = psycopg2.connect(
        host=os.environ.get("DB_HOST", "db"),
        dbname=os.environ.get("DB_NAME", "guestbook"),
        user=os.environ.get("DB_USER", "guestbook"),
        password=os.environ.get("DB_PASSWORD", ""),
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name="guestbook",
    )
    connection.autocommit = True
    return connection


def checked(name: str, message: str) -> tuple[str, str]:
    """Name and message as they are kept, or Refused."""
    name, message = " ".join(name.split()), message.strip()
    if not name or not message:
        raise Refused("Please give a name and a message.")
    if len(name) > NAME_LIMIT or len(message) > MESSAGE_LIMIT:
        raise Refused(f"That is too long: a name has at most {NAME_LIMIT} letters, a message {MESSAGE_LIMIT}.")
    if "\0" in name + message:
        raise Refused("That holds a letter that no book can keep.")
    return name, message


class Book:
    """Reads and writes entries. Safe for many threads; a connection that broke is replaced once."""

    def __init__(self) -> None:
        self._idle: queue.LifoQueue[psycopg2.extensions.connection | None] = queue.LifoQueue()
        for _ in range(CONNECTIONS):
            self._idle.put(None)

    def check(self) -> None:
        """Raise unless the database answers and has our table."""
        self._rows("SELECT 1 FROM entries LIMIT 1")

    def latest(self) -> list[Entry]:
        rows = self._rows(
            "SELECT id, name, message, to_char(written, 'DD Mon YYYY, HH24:MI') FROM entries ORDER BY id DESC LIMIT %s",
            ON_FRONT_PAGE,
        )
        return [Entry(*row) for row in rows]

    def sign(self, name: str, message: str) -> None:
        self._rows("INSERT INTO entries (name, message) VALUES (%s, %s) RETURNING id", *checked(name, message))

    def _rows(self, statement: str, *values: object) -> list[tuple]:
        with self._connection() as held:
            for attempt in (1, 2):
                try:
                    held[0] = held[0] or connect()
                    with held[0].cursor() as cursor:
                        cursor.execute(statement, values)
                        return cursor.fetchall()
                except (psycopg2.OperationalError, psycopg2.InterfaceError):
                    held[0] = None
                    if attempt == 2:
                        raise
        raise AssertionError("unreachable")

    @contextmanager
    def _connection(self) -> Iterator[list]:
        try:
            held = [self._idle.get(timeout=WAIT_FOR_CONNECTION_S)]
        except queue.Empty:
            raise psycopg2.OperationalError("all connections are busy") from None
        try:
            yield held
        finally:
            self._idle.put(held[0])
