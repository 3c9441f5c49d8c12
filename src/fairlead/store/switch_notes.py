"""Notes on disk of who sent users to another slot while there was no server: it reads them at its next start."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from fairlead.domain.colour import Colour
from fairlead.domain.errors import Refused
from fairlead.domain.record import from_data, to_data
from fairlead.ports.catalogue import Place
from fairlead.store.catalogue_copy import file_of
from fairlead.store.forced import force_names

FOLDER = "offline"
log = structlog.get_logger("fairlead.store")


@dataclass(frozen=True, slots=True)
class SwitchNote:
    """Users of the place are sent to `colour`; `at` in ISO 8601, `by` the user of this machine."""

    project: str
    environment: str
    tenant: str | None
    colour: Colour
    by: str
    at: str

    @property
    def place(self) -> Place:
        """Where."""
        return Place(self.project, self.environment, self.tenant)

    @property
    def when(self) -> datetime | None:
        """`at`; None where it is no time."""
        try:
            return datetime.fromisoformat(self.at).astimezone(UTC)
        except ValueError:
            return None


def put(data_dir: Path, place: Place, colour: Colour, at: datetime) -> Path:
    """Kept, and outlives a loss of power; the newest of a place holds. Refused `server.state` where it cannot be."""
    note = SwitchNote(place.project, place.environment, place.tenant, colour, _who(), at.isoformat())
    path = file_of(data_dir / FOLDER, place)
    new = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with new.open("w") as file:
            file.write(json.dumps(to_data(note)) + "\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        force_names(path.parent, data_dir)
    except OSError as error:
        what = f"what is done cannot be noted for the server in {path}: {error.strerror}"
        raise Refused("server.state", what, hint="make room on the disk; nothing was changed") from error
    return path


def read_all(data_dir: Path) -> Sequence[tuple[Path, SwitchNote]]:
    """Every note with its file. What cannot be read is told in the log and left where it is."""
    found = []
    for path in sorted((data_dir / FOLDER).glob("*.json")):
        try:
            found.append((path, from_data(SwitchNote, json.loads(path.read_text()))))
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.error("offline.note_not_read", path=str(path), reason=str(error))
    return found


def _who() -> str:
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
