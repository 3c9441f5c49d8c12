"""Git over a path, file://, http with a password and ssh with a deploy key, and the fake: one suite."""

import asyncio
import base64
import getpass
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from wsgiref.simple_server import WSGIServer, make_server

import pytest
from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import WSGIRequestHandlerLogger, make_wsgi_chain

from fairlead.adapters.sources.git import Git
from fairlead.domain.errors import FairleadError, NotAllowed, Unreachable
from fairlead.ports.source import Repository, Source, Tree
from fairlead.testing.contracts.source import GivenSource, SourceContract
from fairlead.testing.fake_source import FakeSource

PASSWORD = "pa55 'word\" $(touch x)"


@dataclass
class GitGiven:
    """A bare repository made by git itself, and how it is reached."""

    source: Source
    repository: Repository
    nowhere: Repository
    bare: Path

    def commit(self, branch: str, files: Mapping[str, bytes], *, subject: str = "a change", fresh: bool = False) -> str:
        parents = [] if fresh else [self._head(branch)]
        with_parents = [part for parent in parents if parent for part in ("-p", parent)]
        index = {"GIT_INDEX_FILE": str(self.bare / "test-index")}
        (self.bare / "test-index").unlink(missing_ok=True)
        for name, content in files.items():
            blob = self.git("hash-object", "-w", "--stdin", stdin=content)
            mode = {"*": "100755", "@": "120000"}.get(name[-1], "100644")
            self.git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{name.rstrip('*@')}", environment=index)
        tree = self.git("write-tree", environment=index)
        commit = self.git("commit-tree", tree, *with_parents, "-m", subject)
        self.git("update-ref", f"refs/heads/{branch}", commit)
        return commit

    def tag(self, name: str, commit: str) -> None:
        self.git("tag", "--annotate", "--message", "a tag", name, commit)

    def _head(self, branch: str) -> str:
        return self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")

    def git(self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> str:
        who = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        clean = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", **who}
        ran = subprocess.run(
            ["git", f"--git-dir={self.bare}", *arguments],
            input=stdin,
            env=clean | dict(environment or {}),
            capture_output=True,
            check=True,
            timeout=30,
        )
        return ran.stdout.decode().strip()


def bare_repository(path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", "--bare", str(path)], check=True, timeout=30)
    return path


def given_at(tmp_path: Path, url: str, **access: str) -> GitGiven:
    bare = bare_repository(tmp_path / "there.git")
    address = url.format(path=bare)
    nowhere = Repository(address.replace("there.git", "absent.git"), **access)
    return GitGiven(Git(tmp_path / "data"), Repository(address, **access), nowhere, bare)


@dataclass
class FakeGiven:
    """A fake, and a repository in it."""

    source: FakeSource
    repository: Repository = field(default_factory=lambda: Repository("/srv/there.git"))
    nowhere: Repository = field(default_factory=lambda: Repository("/srv/absent.git"))

    def commit(self, branch: str, files: Mapping[str, bytes], *, subject: str = "a change", fresh: bool = False) -> str:
        return self.source.commit(self.repository.url, branch, files, subject=subject, fresh=fresh)

    def tag(self, name: str, commit: str) -> None:
        self.source.tag(self.repository.url, name, commit)


class TestFakeSource(SourceContract):
    @pytest.fixture
    def given(self) -> GivenSource:
        return FakeGiven(FakeSource())


@pytest.mark.usefixtures("git_binary")
class TestGitAtAPath(SourceContract):
    @pytest.fixture
    def given(self, tmp_path: Path) -> GivenSource:
        return given_at(tmp_path, "{path}")


@pytest.mark.usefixtures("git_binary")
class TestGitAtAFileAddress(SourceContract):
    @pytest.fixture
    def given(self, tmp_path: Path) -> GivenSource:
        return given_at(tmp_path, "file://{path}")


class QuietRequests(WSGIRequestHandlerLogger):
    def log_message(self, format: str, *args: object) -> None:
        pass

    log_request = log_error = log_message  # type: ignore[assignment]


@dataclass
class HttpGit:
    """A smart-HTTP server that asks for a password; `asked` holds the Authorization header of each request."""

    port: int
    asked: list[str]
    backend: DictBackend


@pytest.fixture
def http_git(free_port: Callable[[], int]) -> Iterator[HttpGit]:
    backend = DictBackend({})
    inside = make_wsgi_chain(backend)
    server = HttpGit(free_port(), [], backend)
    expected = "Basic " + base64.b64encode(f"reader:{PASSWORD}".encode()).decode()

    def guarded(environ, start_response):  # type: ignore[no-untyped-def]
        server.asked.append(environ.get("HTTP_AUTHORIZATION", ""))
        if environ["PATH_INFO"].startswith("/moved/"):
            where = f"http://127.0.0.1:{server.port}" + environ["PATH_INFO"].removeprefix("/moved")
            start_response("301 Moved", [("Location", f"{where}?{environ['QUERY_STRING']}")])
            return [b""]
        if server.asked[-1] != expected:
            start_response("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="git"')])
            return [b""]
        try:
            return inside(environ, start_response)
        except KeyError:
            start_response("404 Not Found", [])
            return [b""]

    served = make_server("127.0.0.1", server.port, guarded, WSGIServer, QuietRequests)
    thread = threading.Thread(target=served.serve_forever, args=(0.05,))
    thread.start()
    yield server
    served.shutdown()
    thread.join(10)
    served.server_close()
    for repository in backend.repos.values():
        repository.close()


@pytest.mark.usefixtures("git_binary")
class TestGitOverHttp(SourceContract):
    @pytest.fixture
    def given(self, tmp_path: Path, http_git: HttpGit) -> GivenSource:
        url = f"http://127.0.0.1:{http_git.port}/there.git"
        made = given_at(tmp_path, url, user="reader", password=PASSWORD)
        http_git.backend.repos["/there.git"] = Repo(str(made.bare))
        return made

    async def test_a_wrong_password_is_refused(self, given: GitGiven) -> None:
        with pytest.raises(NotAllowed) as error:
            await given.source.head(replace(given.repository, password="wrong-pass"), "main")
        assert error.value.code == "source.refused"
        assert "wrong-pass" not in str(error.value)

    async def test_without_a_password_nobody_is_prompted(self, given: GitGiven) -> None:
        with pytest.raises(NotAllowed):
            await given.source.head(Repository(given.repository.url), "main")

    async def test_a_redirect_to_another_host_gets_no_password(self, given: GitGiven, http_git: HttpGit) -> None:
        given.commit("main", {"a": b"1"})
        elsewhere = given.repository.url.replace("127.0.0.1", "localhost").replace("/there", "/moved/there")
        with pytest.raises(NotAllowed):
            await given.source.head(replace(given.repository, url=elsewhere), "main")
        assert set(http_git.asked) == {""}

    async def test_nobody_answers(self, given: GitGiven, free_port: Callable[[], int]) -> None:
        with pytest.raises(Unreachable) as error:
            await given.source.head(Repository(f"http://127.0.0.1:{free_port()}/x.git"), "main")
        assert error.value.code == "source.unreachable"


@dataclass
class Ssh:
    """A real sshd on loopback that lets one key in."""

    port: int
    keys: Path
    host_key: str


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Ssh]:
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ["PATH"])
    if program is None or shutil.which("ssh") is None:
        pytest.skip("sshd and ssh are not installed (apt-get install openssh-server)")
    home = tmp_path_factory.mktemp("sshd")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / "host")], check=True, timeout=30)
    keys = home / "authorized_keys"
    keys.touch(mode=0o600)
    port = free_port()
    settings = f"""ListenAddress 127.0.0.1
Port {port}
HostKey {home / "host"}
AuthorizedKeysFile {keys}
PidFile {home / "pid"}
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
"""
    (home / "sshd_config").write_text(settings)
    with (home / "log").open("wb") as log:
        child = subprocess.Popen([program, "-D", "-e", "-f", str(home / "sshd_config")], stderr=log)
    try:
        deadline = time.monotonic() + 10
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if child.poll() is not None or time.monotonic() > deadline:
                pytest.skip(f"sshd does not start here: {(home / 'log').read_text()[-500:]}")
            time.sleep(0.02)
        line = (home / "host.pub").read_text().split()
        yield Ssh(port, keys, f"[127.0.0.1]:{port} {line[0]} {line[1]}")
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=10)


@pytest.mark.usefixtures("git_binary")
class TestGitOverSsh(SourceContract):
    @pytest.fixture
    def given(self, tmp_path: Path, sshd: Ssh) -> GivenSource:
        key = Git(tmp_path / "data").deploy_key("books")
        sshd.keys.write_text(f"restrict {key.public}\n")
        url = f"ssh://{getpass.getuser()}@127.0.0.1:{sshd.port}" + "{path}"
        return given_at(tmp_path, url, ssh_key=key.private, known_hosts=sshd.host_key)

    async def test_another_key_is_refused(self, given: GitGiven) -> None:
        other = given.source.deploy_key("other")
        with pytest.raises(NotAllowed) as error:
            await given.source.head(replace(given.repository, ssh_key=other.private), "main")
        assert error.value.code == "source.refused"

    async def test_the_first_host_key_is_recorded_and_holds(self, given: GitGiven, tmp_path: Path) -> None:
        head = given.commit("main", {"a": b"1"})
        trusting = replace(given.repository, known_hosts="")
        assert await given.source.head(trusting, "main") == head
        (known,) = (tmp_path / "data" / "mirrors").glob("*.known_hosts")
        wrong = given.source.deploy_key("x").public
        known.write_text(f"{known.read_text().split()[0]} {wrong}\n")
        with pytest.raises(NotAllowed) as error:
            await given.source.head(trusting, "main")
        read = subprocess.run(
            ["ssh-keygen", "-lf", "-"], input=given.repository.known_hosts.encode(), capture_output=True
        )
        assert error.value.message.endswith(f"recorded: ED25519 {read.stdout.decode().split()[1]}")
        assert "--known-hosts" in error.value.hint

    async def test_an_unknown_host_key_is_refused_where_one_was_given(self, given: GitGiven) -> None:
        stated = replace(given.repository, known_hosts=f"elsewhere {given.source.deploy_key('x').public}")
        with pytest.raises(NotAllowed):
            await given.source.head(stated, "main")


@pytest.mark.usefixtures("git_binary")
class TestGitAlone:
    @pytest.fixture
    def given(self, tmp_path: Path) -> GitGiven:
        return given_at(tmp_path, "{path}")

    async def test_submodules_and_lfs_are_named_and_not_fetched(self, given: GitGiven, tmp_path: Path) -> None:
        first = given.commit("main", {".gitattributes": b"*.bin filter=lfs\n", "a.bin": b"version ...\n"})
        given.git("update-index", "--add", "--cacheinfo", f"160000,{first},sub")
        tree_id = given.git("write-tree")
        commit = given.git("commit-tree", tree_id, "-m", "with a submodule")
        given.git("update-ref", "refs/heads/main", commit)
        tree = await given.source.check_out(given.repository, commit, str(tmp_path / "out"))
        assert any("submodule sub" in warning for warning in tree.warnings)
        assert "sub" not in tree.files

        tree = await given.source.check_out(given.repository, first, str(tmp_path / "out"))
        assert any("LFS" in warning for warning in tree.warnings)

    @pytest.mark.parametrize(
        "left", ["refs/heads/main.lock", "packed-refs.lock", "config.lock", "HEAD.lock", "refs/heads/main"]
    )
    async def test_what_a_fetch_that_was_killed_left_is_no_hindrance(
        self, given: GitGiven, tmp_path: Path, left: str
    ) -> None:
        """Git removes its locks when it ends, not when it is killed; a loss of power leaves files empty."""
        first = given.commit("main", {"a": b"1"})
        await given.source.files(given.repository, first)
        (mirror,) = (tmp_path / "data" / "mirrors").glob("*.git")
        (mirror / left).write_bytes(b"")
        given.git("branch", "other", first)
        second = given.commit("main", {"b": b"2"}, fresh=True)
        assert list(await given.source.files(given.repository, second)) == ["b"]
        tree = await given.source.check_out(given.repository, second, str(tmp_path / "out"))
        assert list(tree.files) == ["b"]

    @pytest.mark.parametrize("is_known", [True, False], ids=["of a commit that it has", "before it fetches another"])
    @pytest.mark.parametrize("what", ["objects", "blob", "packs", "config", "HEAD"])
    async def test_a_mirror_that_a_loss_of_power_broke_is_made_anew(
        self, given: GitGiven, tmp_path: Path, what: str, is_known: bool
    ) -> None:
        commit = given.commit("main", {"a": b"1", "c": b"3"})
        await given.source.files(given.repository, commit)
        (mirror,) = (tmp_path / "data" / "mirrors").glob("*.git")
        blob = given.git("rev-parse", f"{commit}:c")
        pattern = {"objects": "objects/??/*", "packs": "objects/pack/*", "blob": f"objects/{blob[:2]}/*"}.get(
            what, what
        )
        if what == "packs":
            subprocess.run(["git", f"--git-dir={mirror}", "repack", "-adq"], check=True, timeout=30)
        for path in mirror.glob(pattern):
            path.chmod(0o644)
            path.write_bytes(b"")
        wanted = commit if is_known else given.commit("main", {"a": b"2", "c": b"3"})
        tree = await given.source.check_out(given.repository, wanted, str(tmp_path / "out"))
        assert sorted(tree.files) == ["a", "c"]
        assert (tmp_path / "out" / "c").read_bytes() == b"3"
        assert sorted(await given.source.files(given.repository, wanted)) == ["a", "c"]

    async def test_hooks_and_settings_of_the_repository_do_not_run(self, given: GitGiven, tmp_path: Path) -> None:
        hook = f"#!/bin/sh\ntouch {tmp_path}/ran\n"
        for name in ("post-checkout", "reference-transaction", "pre-auto-gc"):
            place = given.bare / "hooks" / name
            place.write_text(hook)
            place.chmod(0o755)
        given.git("config", "core.fsmonitor", f"touch {tmp_path}/ran")
        given.git("config", "uploadpack.packObjectsHook", f"touch {tmp_path}/ran")
        (tmp_path / "ran").unlink(missing_ok=True)
        commit = given.commit("main", {"a": b"1"})
        (tmp_path / "ran").unlink(missing_ok=True)
        await given.source.check_out(given.repository, commit, str(tmp_path / "out"))
        assert not (tmp_path / "ran").exists()

    async def test_a_repository_of_another_user_is_read(self, given: GitGiven, tmp_path: Path) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can give a directory away")
        commit = given.commit("main", {"a": b"1"})
        for path in (given.bare, *given.bare.rglob("*")):
            os.chown(path, 65534, 65534)
        assert await given.source.head(given.repository, "main") == commit

    async def test_nothing_of_a_call_is_left(self, given: GitGiven, tmp_path: Path) -> None:
        commit = given.commit("main", {"a": b"1"})
        await given.source.check_out(given.repository, commit, str(tmp_path / "out"))
        with pytest.raises(FairleadError):
            await given.source.head(given.nowhere, "main")
        assert list((tmp_path / "data" / "mirrors" / "calls").iterdir()) == []

    async def test_what_a_dead_server_left_is_swept(self, tmp_path: Path) -> None:
        left = tmp_path / "data" / "mirrors" / "calls" / "999999999-abc"
        left.mkdir(parents=True)
        (left / "key").write_text("secret")
        Git(tmp_path / "data")
        assert not left.exists()

    async def test_two_at_once_share_one_mirror(self, given: GitGiven, tmp_path: Path) -> None:
        commit = given.commit("main", {"a": b"1"})
        places = [str(tmp_path / f"out{n}") for n in range(4)]
        trees = await asyncio.gather(*(given.source.check_out(given.repository, commit, place) for place in places))
        assert all(Path(tree.path, "a").read_bytes() == b"1" for tree in trees)

    async def test_a_silent_server_is_given_up_and_its_children_end(
        self, tmp_path: Path, free_port: Callable[[], int]
    ) -> None:
        port = free_port()
        with socket.create_server(("127.0.0.1", port)):
            silent = Git(tmp_path / "data", ask_timeout_s=0.5)
            with pytest.raises(Unreachable) as error:
                await silent.head(Repository(f"http://127.0.0.1:{port}/x.git"), "main")
        assert "0.5 s" in error.value.message
        assert not children_that_hold(f"127.0.0.1:{port}")

    async def test_a_cancelled_call_leaves_no_child(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        port = free_port()
        accepted = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.set()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", port)
        call = asyncio.create_task(Git(tmp_path / "data").head(Repository(f"http://127.0.0.1:{port}/x.git"), "main"))
        await asyncio.wait_for(accepted.wait(), 10)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        server.close()
        assert not children_that_hold(f"127.0.0.1:{port}")
        assert list((tmp_path / "data" / "mirrors" / "calls").iterdir()) == []


def children_that_hold(text: str) -> list[str]:
    """Command lines of this machine's processes that hold the text."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if text in line and "git" in line:
            found.append(line)
    return found


class TakesParts(FakeSource):
    """Follows a part of a branch's name."""

    async def head(self, repository: Repository, branch: str) -> str:
        heads = await self.branches(repository)
        return next(commit for name, commit in heads.items() if name.endswith(branch))


class LeavesOld(FakeSource):
    """Checks out over what is there."""

    async def check_out(self, repository: Repository, commit: str, into: str) -> Tree:
        fresh = await super().check_out(repository, commit, into + ".fresh")
        shutil.copytree(fresh.path, into, dirs_exist_ok=True, symlinks=True)
        return replace(fresh, path=into)


async def test_the_suite_sees_a_source_that_takes_a_part_of_a_name() -> None:
    with pytest.raises(pytest.fail.Exception):
        await SourceContract().test_a_part_of_a_branch_name_is_not_the_branch(FakeGiven(TakesParts()))


async def test_the_suite_sees_a_check_out_over_old_files(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        await SourceContract().test_a_check_out_is_made_anew(FakeGiven(LeavesOld()), tmp_path)
