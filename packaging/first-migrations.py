"""Write the first migrations anew from the tables of the code: allowed until 0.1.0 is released, never after it.

Run it when tests/unit/store/test_database.py says that migrations and code differ. After the release a change of a
table gets a revision of its own instead (`alembic revision --autogenerate` with src/fairlead/store/migrations).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext, produce_migrations
from alembic.autogenerate.render import render_op
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateIndexOp, CreateTableOp

from fairlead.store.schema import Instant
from fairlead.store.tables import metadata

VERSIONS = Path(__file__).resolve().parents[1] / "src" / "fairlead" / "store" / "migrations" / "versions"
LINES_OF_A_FILE = 380

HEAD = '''"""The first tables, part {part}: {names}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
{calls}
'''


def render_type(kind: str, obj: Any, _: object) -> str | bool:
    """Our own type is written as what it is in the database: a migration must not change with the code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(obj, Instant) else False


def functions() -> Iterator[tuple[str, str]]:
    """A table's name, and the function that makes it with its indexes."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        options = {"target_metadata": metadata, "render_item": render_type, "sqlalchemy_module_prefix": "sa."}
        options |= {"alembic_module_prefix": "op.", "render_as_batch": False, "user_module_prefix": None}
        context = MigrationContext.configure(connection, opts=options)
        script = produce_migrations(context, metadata)
        rendering = AutogenContext(context, metadata, opts=options)
        bodies: dict[str, list[str]] = {}
        assert script.upgrade_ops is not None
        for held in script.upgrade_ops.ops:
            for step in getattr(held, "ops", [held]):
                if isinstance(step, CreateTableOp | CreateIndexOp):
                    bodies.setdefault(step.table_name, []).extend(render_op(rendering, step))
    for table in metadata.sorted_tables:
        body = "\n".join(bodies[table.name])
        yield table.name, f"def _{table.name}() -> None:\n" + "\n".join(f"    {line}" for line in body.splitlines())


def formatted(text: str) -> str:
    """As `ruff format` has it."""
    command = [sys.executable, "-m", "ruff", "format", "--line-length", "120", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=60).stdout


def parts() -> Iterator[list[tuple[str, str]]]:
    """Tables in the order of their making, as many as fit a file."""
    held: list[tuple[str, str]] = []
    lines = 0
    for name, function in functions():
        length = formatted(function).count("\n") + 2
        if held and lines + length > LINES_OF_A_FILE:
            yield held
            held, lines = [], 0
        held.append((name, function))
        lines += length
    yield held


def main() -> None:
    """Replace the files."""
    for old in VERSIONS.glob("0*_first_*.py"):
        old.unlink()
    before: str | None = None
    for number, part in enumerate(parts(), 1):
        revision = f"{number:04d}"
        names = f"{part[0][0]} to {part[-1][0]}" if len(part) > 1 else part[0][0]
        calls = "\n".join(f"    _{name}()" for name, _ in part)
        text = HEAD.format(part=number, names=names, revision=revision, before=before, calls=calls)
        text += "\n\n" + "\n\n\n".join(function for _, function in part) + "\n"
        text = formatted(re.sub(r"\n\s*# ###.*", "", text))
        (VERSIONS / f"{revision}_first_{number}.py").write_text(text)
        before = revision


if __name__ == "__main__":
    main()
