"""The demo: a push goes to production under load, two bad releases come back by themselves, and a person goes back to v1.

    make demo                                   play it, then serve until Ctrl-C
    make demo ARGS="--exit --json out.json"     play it, write the facts, end; exit code 0 only if all held

Everything is real: a Git repository with a hook that calls the webhook, containers, HAProxy, a registry, PostgreSQL, and
visitors on kept, fresh and slow connections, who are never paused. What is claimed at the end was measured from outside
(`observe`, `bench/load.py`), and compared with what the server says of itself.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE)]

from house import House, HouseError  # noqa: E402
from story import Story  # noqa: E402
from told import Told  # noqa: E402


def main() -> int:
    arguments = _arguments()
    told = Told()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _stop(ended))
    house = House(ROOT, Path(arguments.data_dir) if arguments.data_dir else None, told)
    try:
        house.open()
        story = Story(house, told, requests=arguments.requests)
        facts = story.play()
        problems = story.problems()
        story.table()
        if arguments.json:
            Path(arguments.json).write_text(json.dumps(facts, indent=2) + "\n")
            told.say(f"the facts are in {arguments.json}")
        for problem in problems:
            told.bad(problem)
        if not arguments.exit and not problems:
            _serve(house, told, ended)
        return 1 if problems else 0
    except HouseError as error:
        told.bad(str(error))
        return 1
    except KeyboardInterrupt:
        told.say("stopped")
        return 130
    finally:
        house.close()


def _serve(house: House, told: Told, ended: threading.Event) -> None:
    told.head("Look around")
    told.say(f"Fairlead       {house.url}   sign in as admin, password {house.password}")
    told.say(f"the guest book {house.production_url}")
    told.say(f"the repository {house.repository}   push to it: the branch main is built")
    told.say("Ctrl-C ends everything and leaves nothing behind")
    ended.clear()
    try:
        ended.wait()
    except KeyboardInterrupt:
        pass


def _stop(ended: threading.Event) -> None:
    ended.set()
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--exit", action="store_true", help="end instead of serving")
    parser.add_argument("--json", default="", metavar="FILE", help="write the facts there")
    parser.add_argument(
        "--data-dir", default="", help="where the demo's server keeps its things; by default a new folder"
    )
    parser.add_argument("--requests", type=int, default=20_000, help="visitors go on until so many requests were made")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
