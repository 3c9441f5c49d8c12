"""A short-lived child of the server: brings the database's tables up to date, so that what that loads ends with it."""

from __future__ import annotations

import json
import sys


def main() -> None:
    """The database's URL is read from the standard input; a refusal is said as JSON on the standard output."""
    from fairlead.domain.errors import FairleadError
    from fairlead.store import migrate
    from fairlead.store.database import Database

    database = Database(sys.stdin.read())
    try:
        migrate.upgrade(database)
    except FairleadError as error:
        told = {"code": error.code, "message": error.message, "thing": error.thing, "hint": error.hint}
        sys.stdout.write(json.dumps({"family": type(error).__name__, **told}))
        raise SystemExit(error.exit_code) from error
    finally:
        database.close()


if __name__ == "__main__":
    main()
