"""What Alembic runs to migrate: always on a connection that store/migrate.py hands over."""

from __future__ import annotations

from alembic import context

from fairlead.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="fairlead_version",
    compare_type=True,
    render_as_batch=True,
    include_name=lambda name, kind, _: kind != "table" or name in metadata.tables,
)
with context.begin_transaction():
    context.run_migrations()
