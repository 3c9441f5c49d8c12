"""Retention on a target: which entries of its journal go, and which directories of theirs with them.

The rules are those of Octopus's Calamari (RetentionPolicy): only entries of the same policy set (project, environment,
step) are looked at; a count means successful ones beside the present; unsuccessful ones do not count; a directory that
a kept entry still uses stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.domain.retention import Keep


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One installation on a target. `directory` None: nothing was unpacked, or a person chose the place: it stays."""

    id: str
    policy_set: str
    installed_at: datetime
    directory: str | None
    was_successful: bool


@dataclass(frozen=True, slots=True)
class Clearance:
    """What goes: `entries` by id, in the journal's order, and `directories`, each once."""

    entries: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()


def clearance(journal: Sequence[JournalEntry], policy_set: str, keep: Keep, *, now: datetime) -> Clearance:
    """What of the policy set goes. With a count of N the present and the N successful ones before it stay; while there
    are no more than that, nothing goes, failed ones included."""
    ours = [entry for entry in journal if entry.policy_set == policy_set]
    kept = _kept(ours, keep, now)
    going = [entry for entry in ours if entry.id not in kept]
    still_used = {entry.directory for entry in journal if entry not in going}
    directories = dict.fromkeys(one.directory for one in going if one.directory and one.directory not in still_used)
    return Clearance(tuple(entry.id for entry in going), tuple(directories))


def why(entry: JournalEntry, going: Clearance, keep: Keep) -> str:
    """Why the entry goes, or stays, in words."""
    if entry.id not in going.entries:
        if keep.is_everything:
            return "everything is kept there"
        return f"not older than {keep.days} days" if keep.days is not None else "among those that are kept"
    told = (
        f"older than {keep.days} days"
        if keep.days is not None
        else f"the present and {keep.releases} before it are kept"
    )
    is_shared = entry.directory is not None and entry.directory not in going.directories
    return f"{told}; its directory is used by another, and stays" if is_shared else told


def _kept(ours: Sequence[JournalEntry], keep: Keep, now: datetime) -> frozenset[str]:
    if keep.days is not None:
        return frozenset(one.id for one in ours if now - one.installed_at <= timedelta(days=keep.days))
    everything = frozenset(entry.id for entry in ours)
    if keep.releases is None:
        return everything
    newest_first = sorted(ours, key=lambda entry: entry.installed_at, reverse=True)
    successful = [entry.id for entry in newest_first if entry.was_successful]
    if len(successful) <= keep.releases:
        return everything
    return frozenset(successful[: keep.releases + 1])
