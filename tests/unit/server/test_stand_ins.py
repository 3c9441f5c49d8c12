"""A server on SQLite does not load PostgreSQL's driver; one on PostgreSQL does."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from fairlead.server.stand_ins import leave_out_driver
leave_out_driver(sys.argv[1])
import psycopg, psycopg.errors
from fairlead.engine import durable
print("real" if hasattr(psycopg, "__file__") else "stand-in", issubclass(psycopg.errors.UniqueViolation, Exception))
print(isinstance(ValueError(), psycopg.OperationalError), psycopg.OperationalError is psycopg.OperationalError)
"""


@pytest.mark.parametrize(("database", "is_real"), [("sqlite:////tmp/x.db", False), ("postgresql://db/x", True)])
def test_the_driver_is_there_where_it_is_used(database: str, is_real: bool) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, database], capture_output=True, text=True, check=True)
    assert ("stand-in" not in done.stdout) is is_real
    assert done.stdout.endswith("True\nFalse True\n")
