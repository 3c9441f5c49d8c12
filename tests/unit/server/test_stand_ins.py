"""A server does not load what it never uses: on SQLite PostgreSQL's driver, anywhere SQLAlchemy's ORM."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from fairlead.server.stand_ins import leave_out
leave_out(sys.argv[1])
import psycopg, psycopg.errors
from fairlead.engine import durable
from fairlead.server import app
print("real" if hasattr(psycopg, "__file__") else "stand-in", issubclass(psycopg.errors.UniqueViolation, Exception))
parts = ("postgresql.psycopg", "postgresql.pg_catalog", "postgresql.asyncpg", "sqlite.aiosqlite")
found = [sys.modules[f"sqlalchemy.dialects.{part}"] for part in parts]
print(*("real" if hasattr(part, "__file__") else "stand-in" for part in found))
print(isinstance(ValueError(), psycopg.OperationalError), psycopg.OperationalError is psycopg.OperationalError)
import ssl, aiohttp.connector
print(aiohttp.connector._SSL_CONTEXT_VERIFIED.get_ca_certs(), aiohttp.connector._SSL_CONTEXT_VERIFIED.verify_mode.name)
print(bool(ssl.create_default_context().get_ca_certs()))
unused = ("sqlalchemy.orm.session", "pydantic.v1.main", "rich.console", "jwt", "configparser", "cryptography.x509")
print([name for name in unused if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("database", "drivers"),
    [
        ("sqlite:////tmp/x.db", "stand-in True\nstand-in stand-in stand-in stand-in\n"),
        ("postgresql://db/x", "real True\nreal real stand-in stand-in\n"),
    ],
)
def test_what_is_not_used_is_not_loaded(database: str, drivers: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, database], capture_output=True, text=True, check=True)
    assert done.stdout == f"{drivers}False True\n[] CERT_REQUIRED\nTrue\n[]\n"
