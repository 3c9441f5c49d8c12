"""Has a child process bring the database's tables up to date: what migrations load stays in no server's memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from fairlead.domain import errors
from fairlead.domain.errors import FairleadError, Refused
from fairlead.store import revision
from fairlead.store.database import Database

CHILD = "fairlead.entry.migrate"
_RAISED = re.compile(r"\w+(\.\w+)+: |\w+(Error|Exception|Interrupt): ")
"""The line of a traceback that says what was raised; more of the driver's words may follow it."""


def bring_up_to_date(database: Database) -> None:
    """All tables are as this version needs them. What the child refuses is raised here as it was; Refused
    `server.state` where it ends otherwise."""
    database.check()
    if revision.is_newest(database):
        return
    url = database.url.render_as_string(hide_password=False)  # by its standard input: command lines are public (law 8)
    child = subprocess.run(
        [sys.executable, "-m", CHILD], input=url, capture_output=True, text=True, env=os.environ, check=False
    )
    if child.returncode != 0:
        raise _told(child)


def _told(child: subprocess.CompletedProcess[str]) -> FairleadError:
    try:
        told = json.loads(child.stdout)
        family: type[FairleadError] = getattr(errors, told.pop("family"))
        return family(told.pop("code"), told.pop("message"), **told)
    except (ValueError, KeyError, AttributeError, TypeError):
        lines = child.stderr.strip().splitlines() or ["no words"]
        words = next((line for line in reversed(lines) if _RAISED.match(line)), lines[-1])
        return Refused(
            "server.state",
            f"the database's tables could not be brought up to date: {words}",
            hint="nothing was changed; a bug in Fairlead, or a database that was changed by hand",
        )
