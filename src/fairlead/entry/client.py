"""`fairlead`: the command line."""

from collections.abc import Mapping
from typing import Any


def main() -> None:
    """Run one command and leave with its exit code."""
    from fairlead.cli.app import run
    from fairlead.entry.streams import through

    raise SystemExit(through(lambda: run(kinds=kinds)))


def kinds() -> Mapping[str, Any]:
    """The JSON Schema of each kind of action, by its name."""
    from fairlead.steps.action_kinds import ACTION_KINDS

    return {name: kind.schema for name, kind in ACTION_KINDS.items()}
