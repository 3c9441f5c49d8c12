"""Where commits come from: a Git repository, read with its own credentials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository and what opens it; in clear, only inside an effect. `ssh_key` is a private key (PEM/OpenSSH)."""

    url: str
    user: str = ""
    password: str = ""
    ssh_key: str = ""
    known_hosts: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. `at` is the committer's time, RFC 3339."""

    id: str
    author: str
    at: str
    subject: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """A checked-out commit: a directory without `.git`, and its files' modes kept."""

    path: str
    commit: Commit
    files: Mapping[str, int] = field(default_factory=dict)


class Source(Protocol):
    """Git, read only.

    Only local paths, http(s), ssh and git+ssh URLs are taken; anything else (`ext::`, `--upload-pack=…`, control
    characters) raises `Invalid("source.url")` before Git is called. Git runs with no user or system configuration, no
    prompts, hooks or submodules' hooks, and a bounded environment. Errors: `Unreachable("source.unreachable")`,
    `NotAllowed("source.refused")`, `NotFound("source.branch")`, `Failed("source.failed")`; no message holds a credential.
    """

    async def head(self, repository: Repository, branch: str) -> str:
        """The commit id that the branch names now, asked of the repository itself."""
        ...

    async def branches(self, repository: Repository) -> Mapping[str, str]:
        """All branches with their heads."""
        ...

    async def check_out(self, repository: Repository, commit: str, into: str) -> Tree:
        """The commit's files are in the directory `into` (made anew); a shared mirror keeps what was fetched."""
        ...

    async def commits_between(
        self, repository: Repository, old: str | None, new: str, *, limit: int = 200
    ) -> Sequence[Commit]:
        """What `new` has that `old` has not, newest first; with None the newest `limit`."""
        ...
