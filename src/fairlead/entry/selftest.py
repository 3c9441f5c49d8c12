"""`fairlead-server selftest`: the crash sweep on the user's own machine, beside whatever runs there."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from fairlead import __version__
from fairlead.testing.ground.sweep import Choice, Extent, Results, sweep, told


def main() -> None:
    """Try, tell, and leave with 0 only where every point held."""
    parser = argparse.ArgumentParser(prog="fairlead-server selftest")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--image", default="")
    parser.add_argument("--extent", choices=("quick", "usual", "all"), default="usual")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to end, it still puts everything away
    raise SystemExit(_run(chosen.extent, chosen.image, chosen.json))


def _run(extent: Extent, image: str, json_file: Path | None) -> int:
    from fairlead.domain.errors import FairleadError
    from fairlead.server import beside
    from fairlead.server import settings as reading
    from fairlead.testing.ground.outside import Engine

    results = Results()
    try:
        settings = reading.read(os.environ)
        _say(f"engine: {asyncio.run(beside.look_at_engine(settings))}")
        choice = Choice(extent=extent)
        sweep(Engine(settings.docker_socket), choice, results, _say, image=image, place=None)
    except FairleadError as error:
        _say(f"error: {error.message} ({error.code})" + (f"\n  → {error.hint}" if error.hint else ""))
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted; the throw-away installation is gone")
        return 130
    finally:
        if json_file is not None:
            json_file.write_text(json.dumps(results.to_json(version=__version__), indent=2, ensure_ascii=False) + "\n")
    print(told(results))
    return 0 if results.tried and results.holds else 1


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
