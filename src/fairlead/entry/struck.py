"""The server's own process for the crash sweep: the real one, with effect kinds that are struck as a file says.

What a server loads is loaded as this module is imported, once, by the process that the sweep's servers are forked from
(`testing.ground.forked`). Nothing is opened, begun, or read of an installation before `main`.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from pathlib import Path

from fairlead.server.stand_ins import leave_out

gc.disable()  # as where a server is not forked: until it serves
leave_out("postgresql:")  # either database may be meant

from fairlead.server import settings as reading  # noqa: E402 # only now are the stand-ins in their places
from fairlead.server.bootstrap import build  # noqa: E402
from fairlead.server.serving import serve  # noqa: E402
from fairlead.testing.ground.struck import struck  # noqa: E402


def main(environment: Mapping[str, str], orders: Path, log: Path) -> None:
    """Serve until told to end, or until struck, in a session of its own; `orders` is the folder of orders."""
    os.setsid()
    with log.open("ab") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    serve(reading.read(os.environ), build=lambda settings: struck(build(settings), orders))
