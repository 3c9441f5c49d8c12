"""The server's own process: only what serving needs is loaded, so that it stays small. `up` becomes it."""

from __future__ import annotations

import errno
import gc
import os
import sys
from pathlib import Path


def main() -> None:
    """Serve until told to end; the first argument, where given, is the file of settings."""
    gc.disable()  # until it serves: what loading makes stays, and looking through it again and again takes 0.5 s
    from fairlead.domain.errors import FairleadError
    from fairlead.server import settings as reading
    from fairlead.server.stand_ins import leave_out

    try:
        settings = reading.read(os.environ, Path(sys.argv[1]) if len(sys.argv) > 1 else None)
        leave_out(settings.database)
        from fairlead.server.serving import serve

        serve(settings)
    except FairleadError as error:
        hint = f"\n  → {error.hint}" if error.hint else ""
        sys.stderr.write(f"error: {error.message} ({error.code}){hint}\n")
        raise SystemExit(error.exit_code) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = f" ({error.filename})" if error.filename else ""
        sys.stderr.write(f"error: the disk is full{where} (host.disk)\n  → free some room in the data directory\n")
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
