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
    """A checked-out commit: a directory without `.git`, and its files' modes kept.

    `files` are paths relative to it with Git's modes (0o100644, 0o100755, 0o120000 for a link). Links are there as they
    were committed, wherever they point: who reads below `path` must not follow one out of it. `warnings` name what is
    not there as the author may expect: submodules (not fetched), LFS files (pointers only), links that lead outside.
    """

    path: str
    commit: Commit
    files: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeployKey:
    """A key pair for read access: the private half in OpenSSH's form, the public one a line to paste at the forge."""

    private: str
    public: str


class Source(Protocol):
    """Git, read only.

    Only local paths, http(s), ssh, git+ssh and ``user@host:path`` are taken (`domain.git_address`); anything else
    (`ext::`, `--upload-pack=…`, control characters, a password inside) raises `Invalid("source.url")` before Git is
    called, a branch that Git could not have `Invalid("input.name")`. Git runs with no user or system configuration, no
    prompts, hooks or submodules' hooks, and a bounded environment. Errors: `Unreachable("source.unreachable")`,
    `NotAllowed("source.refused")`, `NotFound("source.branch")`, `NotFound("source.commit")`, `Failed("source.failed")`,
    `TooLarge("input.too_large")`; no message holds a credential. Every verb is bounded by the adapter.
    """

    async def head(self, repository: Repository, branch: str) -> str:
        """The commit id that the branch names now, asked of the repository itself."""
        ...

    async def branches(self, repository: Repository) -> Mapping[str, str]:
        """All branches with their heads."""
        ...

    async def commit_of(self, repository: Repository, ref: str) -> str:
        """The commit id that `ref` names now, asked of the repository itself: a branch, else a tag (what it points at),
        both also by their full names (``refs/…``), else a whole commit id. NotFound `source.ref`."""
        ...

    async def files(self, repository: Repository, commit: str) -> Mapping[str, int]:
        """The commit's files with Git's modes, by path; no submodules. It is fetched where it was not."""
        ...

    async def check_out(self, repository: Repository, commit: str, into: str) -> Tree:
        """The commit's files are in the directory `into` (made anew); a shared mirror keeps what was fetched."""
        ...

    async def commits_between(
        self, repository: Repository, old: str | None, new: str, *, limit: int = 200
    ) -> Sequence[Commit]:
        """What `new` has that `old` has not, newest first; with None, or an `old` that is nowhere any more (history was
        rewritten), the newest `limit` of `new`."""
        ...

    def deploy_key(self, comment: str) -> DeployKey:
        """A new key pair; kept by the caller alone."""
        ...
