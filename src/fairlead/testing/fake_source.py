"""A Source in memory: repositories by address, commits by id."""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.domain.errors import NotFound, Unreachable
from fairlead.domain.git_address import branch_name, commit_id, no_branch, read_address
from fairlead.ports.source import Commit, DeployKey, Repository, Tree

LINK = 0o120000
AT = "2026-01-01T00:00:00+00:00"


@dataclass(slots=True)
class KeptRepository:
    """Branches with their heads, tags, and every commit that ever was, with its files by path."""

    heads: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    commits: dict[str, tuple[Commit, Mapping[str, tuple[int, bytes]]]] = field(default_factory=dict)


class FakeSource:
    """A Source. Put commits in with `commit`; an address without any is unreachable."""

    def __init__(self) -> None:
        self.repositories: dict[str, KeptRepository] = {}
        self.keys_made = 0

    def commit(
        self, url: str, branch: str, files: Mapping[str, bytes], *, subject: str = "a change", fresh: bool = False
    ) -> str:
        """A new head of the branch with just these files (``name*`` is executable, ``name@`` a link); its id."""
        kept = self.repositories.setdefault(url, KeptRepository())
        parents = () if fresh or branch not in kept.heads else (kept.heads[branch],)
        seed = f"{url}\0{branch}\0{parents}\0{len(kept.commits)}"
        identity = hashlib.sha1(seed.encode(), usedforsecurity=False).hexdigest()
        described = Commit(identity, "A. Author <author@example.com>", AT, subject, parents)
        kept.commits[identity] = (described, dict(_entry(name, content) for name, content in files.items()))
        kept.heads[branch] = identity
        return identity

    def tag(self, url: str, name: str, commit: str) -> None:
        """The tag points at that commit."""
        self.repositories[url].tags[name] = commit

    async def head(self, repository: Repository, branch: str) -> str:
        """The branch's newest commit."""
        branch_name(branch)
        heads = self._kept(repository).heads
        if branch not in heads:
            raise no_branch(branch, heads)
        return heads[branch]

    async def branches(self, repository: Repository) -> Mapping[str, str]:
        """All branches with their heads."""
        return dict(sorted(self._kept(repository).heads.items()))

    async def commit_of(self, repository: Repository, ref: str) -> str:
        """A branch's head, a tag's commit, or a commit's own id."""
        named = branch_name(ref)
        kept = self._kept(repository)
        known = {f"refs/tags/{name}": id for name, id in kept.tags.items()}
        known |= {f"refs/heads/{name}": id for name, id in kept.heads.items()}
        found = known.get(named) or known.get(f"refs/heads/{named}") or known.get(f"refs/tags/{named}")
        if found or named in kept.commits:
            return found or named
        raise NotFound("source.ref", f"{repository.url} has neither a branch nor a tag {ref!r}", thing=ref)

    async def files(self, repository: Repository, commit: str) -> Mapping[str, int]:
        """Path → mode."""
        _, held = self._commit(repository, commit)
        return {path: mode for path, (mode, _) in held.items()}

    async def check_out(self, repository: Repository, commit: str, into: str) -> Tree:
        """The files, written to `into`."""
        described, files = self._commit(repository, commit)
        target = _emptied(into)
        warnings = tuple(filter(None, (_put(target, path, mode, content) for path, (mode, content) in files.items())))
        return Tree(str(target), described, {path: mode for path, (mode, _) in files.items()}, warnings)

    async def commits_between(
        self, repository: Repository, old: str | None, new: str, *, limit: int = 200
    ) -> Sequence[Commit]:
        """Along the first parents."""
        without = self._ancestry(repository, old) if old in self._kept(repository).commits else []
        return [commit for commit in self._ancestry(repository, new) if commit not in without][:limit]

    def deploy_key(self, comment: str) -> DeployKey:
        """A pair in the right form that opens nothing."""
        self.keys_made += 1
        inside = base64.b64encode(f"key {self.keys_made}".encode()).decode()
        armour = "OPENSSH PRIVATE KEY"
        private = f"-----BEGIN {armour}-----\n{inside}\n-----END {armour}-----\n"
        said = "".join(letter if letter.isalnum() else "-" for letter in comment)
        return DeployKey(private, f"ssh-ed25519 {inside} {said}")

    def _kept(self, repository: Repository) -> KeptRepository:
        read_address(repository.url)
        if repository.url not in self.repositories:
            raise Unreachable("source.unreachable", f"{repository.url} cannot be reached", thing=repository.url)
        return self.repositories[repository.url]

    def _commit(self, repository: Repository, commit: str) -> tuple[Commit, Mapping[str, tuple[int, bytes]]]:
        kept = self._kept(repository)
        if commit_id(commit) not in kept.commits:
            raise NotFound("source.commit", f"the repository has no commit {commit[:12]}", thing=commit)
        return kept.commits[commit]

    def _ancestry(self, repository: Repository, commit: str | None) -> list[Commit]:
        found: list[Commit] = []
        while commit is not None:
            described, _ = self._commit(repository, commit)
            found.append(described)
            commit = described.parents[0] if described.parents else None
        return found


def _emptied(into: str) -> Path:
    target = Path(into)
    if target.is_symlink():
        target.unlink()
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    return target


def _entry(name: str, content: bytes) -> tuple[str, tuple[int, bytes]]:
    mode = {"*": 0o100755, "@": LINK}.get(name[-1], 0o100644)
    return name.rstrip("*@"), (mode, content)


def _put(target: Path, path: str, mode: int, content: bytes) -> str:
    """Written; a warning where a link leads out."""
    place = target / path
    place.parent.mkdir(parents=True, exist_ok=True)
    if mode == LINK:
        place.symlink_to(content.decode())
        if not place.resolve().is_relative_to(target.resolve()):
            return f"link {path} leads out of the repository; nothing follows it"
        return ""
    place.write_bytes(content)
    place.chmod(mode & 0o777)
    return ""
