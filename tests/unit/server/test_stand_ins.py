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
print(isinstance(ValueError(), psycopg.OperationalError), psycopg.OperationalError is psycopg.OperationalError)
import ssl, aiohttp.connector
print(aiohttp.connector._SSL_CONTEXT_VERIFIED.get_ca_certs(), aiohttp.connector._SSL_CONTEXT_VERIFIED.verify_mode.name)
print(bool(ssl.create_default_context().get_ca_certs()))
print([name for name in ("sqlalchemy.orm.session", "pydantic.v1.main", "rich.console", "jwt") if name in sys.modules])
"""


@pytest.mark.parametrize(("database", "is_real"), [("sqlite:////tmp/x.db", False), ("postgresql://db/x", True)])
def test_what_is_not_used_is_not_loaded(database: str, is_real: bool) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, database], capture_output=True, text=True, check=True)
    assert ("stand-in" not in done.stdout) is is_real
    assert done.stdout.endswith("True\nFalse True\n[] CERT_REQUIRED\nTrue\n[]\n")
