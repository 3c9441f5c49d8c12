"""A note on disk that a backup was put back: the next start reads it before it takes anything up."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fairlead.store.forced import force_names

NOTE_NAME = "restored.json"


@contextmanager
def noted(data_dir: Path, made_at: str) -> Iterator[None]:
    """That the books are of `made_at` is kept, and outlives a loss of power, before what is inside puts them there;
    where that fails nothing was put back, and no note is left that was not there before. OSError."""
    path = data_dir / NOTE_NAME
    was_there = path.exists()
    new = path.with_suffix(".new")
    with new.open("w") as file:
        file.write(json.dumps({"made_at": made_at}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    force_names(data_dir)
    try:
        yield
    except BaseException:
        if not was_there:
            path.unlink(missing_ok=True)
        raise


def made_at(data_dir: Path) -> str | None:
    """When the books were backed up that were put back since the last start; None where none were, "" where the note
    does not say."""
    try:
        return str(json.loads((data_dir / NOTE_NAME).read_text())["made_at"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def forget(data_dir: Path) -> None:
    """The start has acted on it."""
    (data_dir / NOTE_NAME).unlink(missing_ok=True)
