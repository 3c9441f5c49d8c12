"""Names of files that outlive a loss of power: a file that is forced to the disk may be there without its name."""

from __future__ import annotations

import os
from pathlib import Path


def force_names(*folders: Path) -> None:
    """The names that are in these directories now are on the disk (fsync(2)). OSError."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
