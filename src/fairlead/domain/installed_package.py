"""A package that an action unpacked on a target to stay there: where it lies, and its entry in the target's journal.

    ~/fairlead/PROJECT/ENVIRONMENT[/TENANT]/PACKAGE/VERSION-KEY   its files
    ~/.fairlead/journal/ID                                        its entry, one line of JSON

Nothing in a journal is trusted: it lies where others may write. What does not read as an entry is passed over, and a
directory is one only below the first of these.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from fairlead.domain.target_retention import JournalEntry

LONGEST_LINE = 4000
MOST_ENTRIES = 10_000
_ID = re.compile(r"[0-9a-f]{24}")
_PART = re.compile(r"[A-Za-z0-9_+](?:[A-Za-z0-9._+-]{0,198}[A-Za-z0-9_+-])?")
_OTHER = re.compile(r"[^A-Za-z0-9._+-]+")


@dataclass(frozen=True, slots=True)
class Owner:
    """For whom something is done, by names: `tenant` "" for nobody; `runbook` that which runs, "" for a deployment."""

    project: str = ""
    environment: str = ""
    tenant: str = ""
    runbook: str = ""


UNOWNED = Owner()
"""Where nobody says for whom."""


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """One that lies on a target. `directory` is relative; `installed_at` is RFC 3339; `tenant` "" for nobody's;
    `runbook` "" for what a deployment left; `blob` the key of the package's bytes, "" where it is not known. `target`
    is the name of the one that it was deployed to: several may be one host, and one user's home there."""

    id: str
    project: str
    environment: str
    tenant: str
    action: str
    package: str
    version: str
    directory: str
    installed_at: str
    runbook: str = ""
    blob: str = ""
    target: str = ""

    @property
    def policy_set(self) -> str:
        """What its retention counts together: the same action's, of deployments or of one runbook, for the same
        place, on the same target."""
        whose = (self.project, self.environment, self.tenant, self.action, self.runbook, self.target)
        return "\n".join(whose).lower()

    def is_same_as(self, other: InstalledPackage) -> bool:
        """Whether both are of the same action for the same place and target, and of the same bytes under the same
        version."""
        of = (self.package.lower(), self.version, self.blob)
        return self.policy_set == other.policy_set and of == (other.package.lower(), other.version, other.blob)

    @property
    def line(self) -> str:
        """Its entry in the journal."""
        return json.dumps(asdict(self), ensure_ascii=True) + "\n"

    @property
    def entry(self) -> JournalEntry:
        """As retention sees it: only what was unpacked whole has an entry."""
        at = datetime.fromisoformat(self.installed_at)
        return JournalEntry(self.id, self.policy_set, at, self.directory, was_successful=True)


def id_of(key: str) -> str:
    """The id of what is installed under that key: the same whenever it is asked for."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def directory_of(place: Iterable[str], package: str, version: str, id: str) -> str:
    """Where it lies, relative; no other installation lies there."""
    parts = [*(part for part in place if part), package]
    return "/".join((*map(_safe, parts), f"{_safe(version)}-{id[:8]}"))


def read_journal(text: str) -> tuple[InstalledPackage, ...]:
    """The entries, by when they were installed."""
    found = (_read(line) for line in text.split("\n")[:MOST_ENTRIES] if line.strip() and len(line) <= LONGEST_LINE)
    by_id = {one.id: one for one in found if one is not None}
    return tuple(sorted(by_id.values(), key=lambda one: (one.entry.installed_at, one.id)))


def _read(line: str) -> InstalledPackage | None:
    try:
        held = json.loads(line)
        one = InstalledPackage(**{str(name): str(value) for name, value in held.items()})
        is_aware = datetime.fromisoformat(one.installed_at).tzinfo is not None
    except (ValueError, TypeError, AttributeError):
        return None
    parts = one.directory.split("/")
    is_below = 3 <= len(parts) <= 5 and all(_PART.fullmatch(part) and ".." not in part for part in parts)
    return one if is_aware and is_below and _ID.fullmatch(one.id) else None


def _safe(part: str) -> str:
    """A name of a directory, made of a name of ours."""
    return _OTHER.sub("-", part).replace("..", "-").strip(".-")[:100] or "-".join(("n", id_of(part)[:8]))
