"""Git, read only, through its command line: heads from the repository itself, files from a mirror of our own."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from fairlead.adapters.sources import access, child
from fairlead.adapters.sources.keys import new_deploy_key
from fairlead.adapters.sources.words import failure, is_of_a_broken_mirror
from fairlead.domain.errors import Failed, FairleadError, Invalid, NotFound, TooLarge, Unreachable
from fairlead.domain.git_address import GitAddress, branch_name, commit_id, no_branch, read_address
from fairlead.ports.source import Commit, DeployKey, Repository, Tree

ASK_TIMEOUT_S = 60.0
FETCH_TIMEOUT_S = 900.0
LOCAL_TIMEOUT_S = 300.0
OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024
TREE_LIMIT_FILES = 200_000
TREE_LIMIT_BYTES = 4 * 1024**3
LOCK_PAUSE_S = 0.05
ATTRIBUTES_LIMIT_BYTES = 1024 * 1024
LOG_FORMAT = "%H%x00%an <%ae>%x00%cI%x00%P%x00%s"
LINK = 0o120000
SUBMODULE = 0o160000
GONE = ".gone-"
"""In the name of a mirror that is being thrown away."""

T = TypeVar("T")


class _Broken(Failed):
    """What our mirror holds cannot be used: files that a loss of power left empty, say."""


class Git:
    """A Source. `data_dir` gets ``mirrors/``: one bare mirror for each address, shared by all who use it."""

    def __init__(self, data_dir: Path, *, ask_timeout_s: float = ASK_TIMEOUT_S) -> None:
        self._mirrors = data_dir / "mirrors"
        self._calls = self._mirrors / "calls"
        self._ask_timeout_s = ask_timeout_s
        self._calls.mkdir(mode=0o700, parents=True, exist_ok=True)
        access.sweep(self._calls)
        for left in self._mirrors.glob(f"*{GONE}*"):
            shutil.rmtree(left, ignore_errors=True)

    async def head(self, repository: Repository, branch: str) -> str:
        """The commit id that the branch names now, asked of the repository itself."""
        name = f"refs/heads/{branch_name(branch)}"
        heads = await self._heads(repository, name)
        if name not in heads:
            raise no_branch(branch, await self.branches(repository))
        return heads[name]

    async def branches(self, repository: Repository) -> Mapping[str, str]:
        """All branches with their heads."""
        heads = await self._heads(repository, "refs/heads/*")
        return {name.removeprefix("refs/heads/"): commit for name, commit in sorted(heads.items())}

    async def commit_of(self, repository: Repository, ref: str) -> str:
        """The commit that a branch, a tag or a whole id names. The repository is asked for an id, too: what another
        project fetched is nobody's who may not read it."""
        named = (
            [branch_name(ref)] if ref.startswith("refs/") else [f"refs/heads/{branch_name(ref)}", f"refs/tags/{ref}"]
        )
        patterns = [pattern for name in named for pattern in (f"{name}^{{}}", name)]
        told = await self._refs(repository, *patterns)
        if found := next((told[pattern] for pattern in patterns if pattern in told), ""):
            return found
        with contextlib.suppress(Invalid, NotFound):
            await self.files(repository, commit_id(ref))
            return ref
        raise NotFound(
            "source.ref",
            f"{repository.url} has neither a branch nor a tag {ref!r}, nor is it the whole id of a commit there",
            thing=ref,
            hint="push it, or name another branch, tag or commit (all of its digits)",
        )

    async def files(self, repository: Repository, commit: str) -> Mapping[str, int]:
        """The commit's files with their modes."""
        entries = await self._reading(repository, commit_id(commit), partial(_entries, commit))
        return {path: mode for path, (mode, _) in entries.items() if mode != SUBMODULE}

    async def check_out(self, repository: Repository, commit: str, into: str) -> Tree:
        """The commit's files are in the directory `into` (made anew); a shared mirror keeps what was fetched."""
        target = Path(os.getcwd(), into)

        async def work(git: _Git) -> tuple[Commit, dict[str, int]]:
            entries = await _entries(commit, git)
            described = _commits(await git.run("log", "-1", f"--format={LOG_FORMAT}", "--end-of-options", commit, "--"))
            await asyncio.to_thread(_empty, target)
            await git.run("read-tree", "--end-of-options", commit)
            await git.run("checkout-index", "--all", "--force", work_tree=target)
            return described[0], {path: mode for path, (mode, _) in entries.items()}

        described, files = await self._reading(repository, commit_id(commit), work)
        warnings = await asyncio.to_thread(_warnings, target, files)
        return Tree(str(target), described, {k: v for k, v in files.items() if v != SUBMODULE}, warnings)

    async def commits_between(
        self, repository: Repository, old: str | None, new: str, *, limit: int = 200
    ) -> Sequence[Commit]:
        """What `new` has that `old` has not, newest first; with None the newest `limit`."""

        async def work(git: _Git) -> list[Commit]:
            without: list[str] = []
            if old is not None and await git.has(commit_id(old)):
                without = [f"^{old}"]
            count = f"--max-count={max(0, min(limit, 10_000))}"
            asked = ["log", count, "--topo-order", f"--format={LOG_FORMAT}", "--end-of-options", new, *without, "--"]
            return _commits(await git.run(*asked))

        return await self._reading(repository, commit_id(new), work)

    def deploy_key(self, comment: str) -> DeployKey:
        """A new key pair; kept by the caller alone."""
        return new_deploy_key(comment)

    async def _heads(self, repository: Repository, pattern: str) -> dict[str, str]:
        return await self._refs(repository, pattern, only=("--heads",))

    async def _refs(self, repository: Repository, *patterns: str, only: tuple[str, ...] = ()) -> dict[str, str]:
        address = read_address(repository.url)
        mirror = self._mirror(address)
        with access.opened(self._calls, mirror, address, repository) as call:
            git = _Git(call, mirror, address, repository)
            asked = ["ls-remote", *only, "--quiet", "--end-of-options", address.url, *patterns]
            told = await git.run(*asked, bound_s=self._ask_timeout_s, in_mirror=False)
        lines = (line.split("\t", 1) for line in told.decode("utf-8", "replace").splitlines() if "\t" in line)
        return {name: commit for commit, name in lines}

    def _mirror(self, address: GitAddress) -> Path:
        name = re.sub(r"[^a-z0-9]+", "-", address.path.rpartition("/")[2].lower())[:40].strip("-")
        return self._mirrors / f"{hashlib.sha256(address.url.encode()).hexdigest()[:20]}-{name}.git"

    async def _reading(self, repository: Repository, commit: str, work: Callable[[_Git], Awaitable[T]]) -> T:
        """What `work` reads of the commit. A mirror that turns out to be broken is made anew, once."""
        address = read_address(repository.url)
        mirror = self._mirror(address)
        with access.opened(self._calls, mirror, address, repository) as call:
            git = _Git(call, mirror, address, repository)
            seen = _sight(mirror)
            try:
                await self._ensure(git, commit)
                return await work(git)
            except _Broken:
                await _throw_away(mirror, seen)
            await self._ensure(git, commit)
            return await work(git)

    async def _ensure(self, git: _Git, commit: str) -> None:
        """The mirror has the commit: from before, from a branch, (rewritten since) by its id, or from a tag."""
        if await git.has(commit):
            return
        async with _locked(git.mirror) as git.lock:
            if await git.has(commit):
                return
            _unlock(git.mirror)
            if not (git.mirror / "HEAD").exists():
                await git.run("init", "--bare", "--quiet", "--template=", "--", str(git.mirror), in_mirror=False)
            wanted = "+refs/heads/*:refs/heads/*"
            fetch = ["fetch", "--quiet", "--no-tags", "--prune", "--force", "--no-write-fetch-head", "--no-auto-gc"]
            await git.run(*fetch, "--", git.address.url, wanted, bound_s=FETCH_TIMEOUT_S)
            for other in (commit, "+refs/tags/*:refs/tags/*"):  # on no branch: by its id where that is given
                if not await git.has(commit):
                    try:
                        await git.run(*fetch, "--", git.address.url, other, bound_s=FETCH_TIMEOUT_S)
                    except _Broken:
                        raise
                    except Failed:
                        continue
            if not await git.has(commit):
                raise NotFound(
                    "source.commit",
                    f"the repository has no commit {commit[:12]}",
                    thing=commit,
                    hint="its branch may have been rewritten since; start a run for the branch's head",
                )
            await git.run("gc", "--auto", "--quiet")


class _Git:
    """The program, with what one call gets. What it starts holds `lock`, too: one that outlives us is waited for."""

    def __init__(self, call: access.Call, mirror: Path, address: GitAddress, repository: Repository) -> None:
        self.mirror = mirror
        self.address = address
        self.lock = -1
        self._call = call
        self._secrets = (repository.password, repository.ssh_key)

    async def run(
        self, *arguments: str, bound_s: float = LOCAL_TIMEOUT_S, in_mirror: bool = True, work_tree: Path | None = None
    ) -> bytes:
        """Its output; a FairleadError in words, without a credential, where it fails."""
        ended = await self._ended(arguments, bound_s, in_mirror=in_mirror, work_tree=work_tree)
        if ended.exit_code != 0:
            raise self._failure(ended.stderr)
        return ended.stdout

    async def has(self, commit: str) -> bool:
        """Whether the mirror has the commit, with its parents and files."""
        if not (self.mirror / "HEAD").exists():
            return False
        asked = ("cat-file", "-e", f"{commit}^{{commit}}")
        return (await self._ended(asked, LOCAL_TIMEOUT_S, in_mirror=True)).exit_code == 0

    async def _ended(
        self, arguments: Sequence[str], bound_s: float, *, in_mirror: bool, work_tree: Path | None = None
    ) -> child.Ended:
        places = [f"--git-dir={self.mirror}"] if in_mirror else []
        if work_tree is not None:
            places.append(f"--work-tree={work_tree}")
        try:
            return await child.run(
                ["git", *places, *arguments],
                environment=self._call.environment,
                cwd=work_tree or self._call.folder,
                timeout_s=bound_s,
                limit_bytes=OUTPUT_LIMIT_BYTES,
                held=(self.lock,) if self.lock >= 0 else (),
            )
        except TimeoutError as error:
            raise Unreachable(
                "source.unreachable",
                f"{self.address.url} did not answer within {bound_s:g} s",
                thing=self.address.url,
                hint="try again; check whether the repository's server is overloaded",
            ) from error
        except child.OutputTooLong as error:
            raise TooLarge("input.too_large", f"{self.address.url} has more to tell than is allowed") from error
        except FileNotFoundError as error:
            raise Failed("source.failed", "the program git is not installed", hint="apt-get install git") from error

    def _failure(self, stderr: str) -> FairleadError:
        error = failure(self.address.url, stderr, self._secrets)
        if type(error) is Failed and is_of_a_broken_mirror(stderr):
            return _Broken(error.code, error.message, thing=error.thing)
        return error


async def _entries(commit: str, git: _Git) -> dict[str, tuple[int, int]]:
    return _tree_entries(await git.run("ls-tree", "-r", "-l", "-z", "--full-tree", commit))


@contextlib.asynccontextmanager
async def _locked(mirror: Path) -> AsyncIterator[int]:
    """One fetch into a mirror at a time, over processes too; bounded by what the one before may take."""
    descriptor = os.open(mirror.with_name(mirror.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        async with asyncio.timeout(2 * FETCH_TIMEOUT_S):
            while not _try_lock(descriptor):  # noqa: ASYNC110 - held by another process, which sends no event
                await asyncio.sleep(LOCK_PAUSE_S)
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unlock(mirror: Path) -> None:
    """Git takes its locks away when it ends, not when it is killed. Whoever could hold one held ours as well."""
    for left in (*mirror.glob("*.lock"), *(mirror / "refs").rglob("*.lock")):
        left.unlink(missing_ok=True)


def _sight(mirror: Path) -> int:
    """What tells a mirror from the one that comes after it; 0 where there is none."""
    try:
        return mirror.stat().st_ino
    except FileNotFoundError:
        return 0


async def _throw_away(mirror: Path, seen: int) -> None:
    """That mirror is gone, at a stroke; where somebody else has made it anew meanwhile, the new one stays."""
    async with _locked(mirror):
        if not seen or _sight(mirror) != seen:
            return
        gone = mirror.with_name(f"{mirror.name}{GONE}{os.getpid()}")
        await asyncio.to_thread(_remove, mirror, gone)


def _remove(mirror: Path, gone: Path) -> None:
    mirror.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _empty(target: Path) -> None:
    if target.is_symlink():
        target.unlink()
    elif target.exists():
        shutil.rmtree(target)
    target.mkdir(mode=0o755, parents=True)


def _tree_entries(listing: bytes) -> dict[str, tuple[int, int]]:
    """`ls-tree -l -z` as path → mode, size; TooLarge where the whole would be."""
    entries: dict[str, tuple[int, int]] = {}
    for entry in listing.split(b"\0"):
        if entry:
            head, _, path = entry.partition(b"\t")
            mode, _, _, size = head.split()
            if size == b"BAD":  # its blob cannot be read
                raise _Broken("source.failed", f"the file {path.decode('utf-8', 'replace')} cannot be read")
            entries[path.decode("utf-8", "replace")] = (int(mode, 8), 0 if size == b"-" else int(size))
    total = sum(size for _, size in entries.values())
    if len(entries) > TREE_LIMIT_FILES or total > TREE_LIMIT_BYTES:
        raise TooLarge(
            "input.too_large",
            f"the commit has {len(entries)} files of {total} bytes",
            hint=f"allowed: {TREE_LIMIT_FILES} files, {TREE_LIMIT_BYTES} bytes",
        )
    return entries


def _commits(log: bytes) -> list[Commit]:
    commits = []
    for line in log.decode("utf-8", "replace").split("\n"):
        fields = line.split("\0")
        if len(fields) == 5:
            identity, author, at, parents, subject = (_printable(field) for field in fields)
            commits.append(Commit(identity, author, at, subject, tuple(parents.split())))
    return commits


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:1000]


def _warnings(target: Path, files: Mapping[str, int]) -> tuple[str, ...]:
    found = [f"submodule {path} is not fetched" for path, mode in files.items() if mode == SUBMODULE]
    root = target.resolve()
    for path, mode in files.items():
        if mode == LINK and not (target / path).resolve().is_relative_to(root):
            found.append(f"link {path} leads out of the repository; nothing follows it")
        elif mode != LINK and path.rpartition("/")[2] == ".gitattributes" and _uses_lfs(target / path):
            found.append(f"{path} names files kept in Git LFS; only their pointers are fetched")
    return tuple(found[:100])


def _uses_lfs(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b"filter=lfs" in file.read(ATTRIBUTES_LIMIT_BYTES)
    except OSError:
        return False
