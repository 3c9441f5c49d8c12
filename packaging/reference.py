"""Writes the pages of docs/reference that are made from the code; `make reference` runs it."""

from pathlib import Path

import fairlead.cli.app
from fairlead.cli.reference import tree
from fairlead.server import reference
from fairlead.server.commands import app as server_commands

PLACE = Path(__file__).resolve().parent.parent / "docs" / "reference"
CLI = f"""# Command line

{reference.NOTE}

Results go to stdout, chatter to stderr. Exit codes are in the [reference of error codes](error-codes.md).
"""


def pages() -> dict[str, str]:
    """File name → text, below docs/reference."""
    client = tree(fairlead.cli.app.build(), "fairlead")
    server = tree(server_commands, "fairlead-server")
    cli = f"{CLI}\n## fairlead\n\n{client}\n## fairlead-server\n\n{server}"
    return {**reference.pages(), "cli.md": cli.rstrip() + "\n"}


if __name__ == "__main__":
    for name, text in pages().items():
        (PLACE / name).write_text(text)
