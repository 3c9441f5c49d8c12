"""What libraries load and this server never uses, kept out of its memory and its start (docs/decisions/0009).

DBOS imports PostgreSQL's driver whatever its database is, and SQLAlchemy's ORM for a kind of data source that we have
none of; of both it only asks whether something is one of their classes.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import ssl
import sys
from functools import partial
from types import ModuleType

from pydantic import BaseModel

DRIVER = (
    "psycopg",
    "psycopg.errors",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.postgresql.pg_catalog",
)
OTHER_DRIVERS = (
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.postgresql.pg8000",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "sqlalchemy.dialects.postgresql.psycopg2cffi",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "sqlalchemy.dialects.sqlite.pysqlcipher",
)
"""What a dialect of SQLAlchemy imports whatever the URL names."""
ORM = ("sqlalchemy.orm", "sqlalchemy.ext.asyncio")
COMMAND_LINE = ("uvicorn.main", "click")
CONFIGURED = ("logging.config", "attr.validators")
"""Ways of uvicorn to configure logs and of attrs to check values: logs are configured by us, aiohttp checks none."""
ABSENT = ("rich", "watchfiles", "pydantic.v1", "dateutil.tz.win")
"""What libraries do without where it is not installed: colours on a terminal, reloading on a change, models of old,
the time zones of Windows."""


class _OnlyClasses(ModuleType):
    """A module whose every name is a class, of errors too, that nothing is ever one of."""

    def __getattr__(self, name: str) -> type[Exception]:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (Exception,), {"__module__": self.__name__, "__class_getitem__": _itself})
        setattr(self, name, made)
        return made


@classmethod  # type: ignore[misc]
def _itself(cls: type, _: object) -> type:
    """Of whatever parameters."""
    return cls


def leave_out(database: str) -> None:
    """Before anything imports DBOS. `database` is a URL: on PostgreSQL its driver stays."""
    for name in ABSENT:
        sys.modules[name] = None  # type: ignore[assignment] # as if it were not installed
    for name in (*ORM, *OTHER_DRIVERS, *COMMAND_LINE, *CONFIGURED, *(DRIVER if database.startswith("sqlite") else ())):
        if name not in sys.modules:
            _stand_in(name)
    _import_aiohttp()
    # each model checks its first value with what is made then, not at the import: FastAPI has many that nobody asks for
    BaseModel.model_config["defer_build"] = True


def _import_aiohttp() -> None:
    """It reads the machine's certificate authorities as it is imported (3 MB, 50 ms). Only the engine's socket is asked
    with it, without TLS; over TLS it would now trust nobody."""
    reading = ssl.create_default_context
    ssl.create_default_context = partial(ssl.SSLContext, ssl.PROTOCOL_TLS_CLIENT)
    try:
        importlib.import_module("aiohttp")
    finally:
        ssl.create_default_context = reading


def _stand_in(name: str) -> None:
    made = _OnlyClasses(name)
    made.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
    made.__path__ = []
    sys.modules[name] = made
    parent, _, child = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, made)  # as an import would set it
