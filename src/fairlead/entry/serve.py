"""The server's own process: only what serving needs is loaded, so that it stays small. `up` becomes it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Serve until told to end; the first argument, where given, is the file of settings."""
    from fairlead.domain.errors import FairleadError
    from fairlead.server import settings as reading

    try:
        from fairlead.server.serving import serve

        serve(reading.read(os.environ, Path(sys.argv[1]) if len(sys.argv) > 1 else None))
    except FairleadError as error:
        hint = f"\n  → {error.hint}" if error.hint else ""
        sys.stderr.write(f"error: {error.message} ({error.code}){hint}\n")
        raise SystemExit(error.exit_code) from error


if __name__ == "__main__":
    main()
