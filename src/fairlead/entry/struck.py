"""The server's own process for the crash sweep: the real one, with effect kinds that are struck as a file says."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Serve until told to end, or until struck; the argument is the folder of orders."""
    from fairlead.server import settings as reading
    from fairlead.server.bootstrap import build
    from fairlead.server.serving import serve
    from fairlead.testing.ground.struck import struck

    orders = Path(sys.argv[1])
    serve(reading.read(os.environ), build=lambda settings: struck(build(settings), orders))


if __name__ == "__main__":
    main()
