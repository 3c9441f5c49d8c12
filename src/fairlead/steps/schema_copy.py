"""How a schema is copied: a script that the database's own image runs, with the tools that lie in it."""

from __future__ import annotations

from collections.abc import Sequence

KNOWN_BOOKS = (
    "alembic_version",
    "ar_internal_metadata",
    "databasechangelog",
    "django_migrations",
    "doctrine_migration_versions",
    "flyway_schema_history",
    "goose_db_version",
    "knex_migrations",
    "migrations",
    "phinxlog",
    "schema_migrations",
    "SequelizeMeta",
    "_prisma_migrations",
    "__EFMigrationsHistory",
)
"""Where migration tools keep what they have done: without these rows the copy would be migrated from the beginning."""

SCRIPT = r"""set -eu
for programs in /usr/lib/postgresql/*/bin; do
    if [ -d "$programs" ]; then PATH="$programs:$PATH"; fi
done
export PATH
user="${POSTGRES_USER:-postgres}"
if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then POSTGRES_PASSWORD="$(cat "$POSTGRES_PASSWORD_FILE")"; fi
export PGPASSWORD="${POSTGRES_PASSWORD:-}" PGCONNECT_TIMEOUT=5
scratch="host='$COPY_TO' port=$COPY_PORT user='$user' dbname='${POSTGRES_DB:-$user}'"
live="${COPY_URL:-host='${COPY_FROM:-}' port=$COPY_PORT user='$user' dbname='${POSTGRES_DB:-$user}'}"
left=300
until pg_isready -q -d "$scratch"; do
    left=$((left - 1))
    if [ "$left" = 0 ]; then echo "the scratch database does not answer" >&2; exit 1; fi
    sleep 0.2
done
dump="pg_dump --lock-wait-timeout=30s --no-owner --no-privileges --no-publications --no-subscriptions --no-tablespaces"
file="$(mktemp)"
$dump --schema-only --clean --if-exists -d "$live" -f "$file"
psql -X -q -v ON_ERROR_STOP=1 -d "$scratch" -f "$file" >/dev/null
set --
tables="$(psql -X -At -d "$live" -c "$COPY_BOOKS")"
for table in $tables; do set -- "$@" -t "*.\"$table\""; done
if [ "$#" != 0 ]; then
    $dump --data-only "$@" -d "$live" -f "$file"
    psql -X -q -v ON_ERROR_STOP=1 -d "$scratch" -f "$file" >/dev/null
fi
rm -f "$file"
psql -X -At -d "$scratch" -c "SELECT 'copied, without rows: ' || count(*) || ' tables' FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema'"
for table in $tables; do echo "copied with its rows: $table"; done
"""
"""COPY_TO, COPY_PORT: the scratch database. COPY_FROM or COPY_URL: what is copied. COPY_BOOKS: the query that finds the
tables whose rows are copied too. Through files, so that a dump that fails ends the script."""


def books_query(rows: Sequence[str]) -> str:
    """Finds which of the tables are there; their names hold nothing that SQL would have to quote."""
    names = ", ".join(f"'{table}'" for table in dict.fromkeys((*KNOWN_BOOKS, *rows)))
    return f"SELECT DISTINCT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relname IN ({names}) ORDER BY 1"
