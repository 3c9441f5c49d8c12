"""Writes the pages of docs/reference that are made from the code; `make reference` runs it."""

from pathlib import Path

import fairlead.cli.app
from fairlead.cli.reference import tree
from fairlead.formats.declared.register import page as declared_page
from fairlead.formats.declared.register import schemas
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
    declared = {"declared-files.md": declared_page(reference.NOTE)}
    declared |= {f"schemas/{name}": text for name, text in schemas().items()}
    return {**reference.pages(), **declared, "cli.md": cli.rstrip() + "\n"}


if __name__ == "__main__":
    for name, text in pages().items():
        (PLACE / name).parent.mkdir(exist_ok=True)
        (PLACE / name).write_text(text)
