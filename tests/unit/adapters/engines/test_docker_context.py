"""Build contexts: what travels, what stays behind, and that nothing leads out."""

import io
import os
import socket
import tarfile
from pathlib import Path

import pytest

from fairlead.adapters.engines.docker.context import Context, archive, checked_dockerfile, sent_as
from fairlead.domain.errors import Failed, FairleadError, Invalid
from fairlead.formats.dockerignore import read_ignore


def packed(root: Path, dockerfile: str = "Dockerfile") -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive(root, dockerfile)))) as tar:
        return {entry.name: entry for entry in tar}


def fill(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(os.fsencode(name))
    return root


@pytest.mark.parametrize(
    ("lines", "path", "is_out"),
    [
        ("*.log", "a.log", True),
        ("*.log", "sub/a.log", False),
        ("**/*.log", "sub/deep/a.log", True),
        ("**/*.log", "a.log", True),
        ("node_modules", "node_modules/x/y.js", True),
        ("node_modules/", "node_modules/x", True),
        ("/build", "build/x", True),
        ("./build", "build/x", True),
        ("build", "src/build", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a[b-d]e", "ace", True),
        ("a[^b-d]e", "ace", False),
        ("[", "[", True),
        (r"[\]a]", "]", True),
        ("[]a]", "]", True),
        ("[^]a]", "b", True),
        (r"[a\-c]", "b", False),
        ("[+--]", ",", True),
        (r"\*", "*", True),
        (r"\*", "a", False),
        ("a.c", "abc", False),
        ("a+(b)|{c}$", "a+(b)|{c}$", True),
        ("docs/**", "docs/a/b", True),
        ("docs/**", "docs", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a/**/z", "a/bz", False),
        ("*\n!keep", "keep", False),
        ("*\n!keep", "other", True),
        ("*\n!keep/this", "keep/this/deep", False),
        ("*\n!keep/this", "keep/that", True),
        ("!keep\n*", "keep", True),
        ("docs\n!docs/README.md\ndocs/README.md", "docs/README.md", True),
        ("# a comment\n\n  a  ", "a", True),
        ("#a", "#a", False),
        ("\ufeffa", "a", True),
        ("a/../b", "b", True),
        ("..", "a", False),
        (".", "a", False),
        ("*", "Dockerfile", False),
        ("Dockerfile*", "Dockerfile", False),
        ("*", ".dockerignore", False),
        ("a b", "a b", True),
        ("*.é", "x.é", True),
    ],
)
def test_the_last_line_that_fits_decides(lines: str, path: str, is_out: bool) -> None:
    assert read_ignore(lines, "Dockerfile").leaves_out(path) is is_out


@pytest.mark.parametrize("line", ["!", "[b-a]", "docs/[z-a]*"])
def test_a_line_that_is_no_pattern_is_refused(line: str) -> None:
    with pytest.raises(Invalid, match="dockerignore"):
        read_ignore(f"*.log\n{line}\n", "Dockerfile")


def test_what_is_left_out_stays_behind_and_exceptions_travel(tmp_path: Path) -> None:
    fill(tmp_path, "Dockerfile", "web/Dockerfile", "web/a.py", "web/tests/t.py", "docs/x", "docs/deep/keep.md", "z")
    (tmp_path / ".dockerignore").write_text("*\n!web\nweb/tests\n!**/keep.md\n")
    found = packed(tmp_path, "Dockerfile")
    assert set(found) == {
        ".dockerignore",
        "Dockerfile",
        "docs",
        "docs/deep",
        "docs/deep/keep.md",
        "web",
        "web/Dockerfile",
        "web/a.py",
    }


def test_a_large_directory_that_is_left_out_is_not_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "Dockerfile", "node_modules/a/b", "src/a")
    (tmp_path / ".dockerignore").write_text("*\n!src\n")
    walked: list[str] = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: walked.append(str(path)) or scan(path))
    packed(tmp_path)
    assert not any("node_modules" in path for path in walked)


def test_modes_and_links_are_kept_and_owners_are_not(tmp_path: Path) -> None:
    fill(tmp_path, "Dockerfile", "run.sh")
    (tmp_path / "run.sh").chmod(0o751)
    (tmp_path / "out").symlink_to("/etc/passwd")
    (tmp_path / "up").symlink_to("../../..")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        found = packed(tmp_path)
    assert set(found) == {"Dockerfile", "run.sh", "out", "up", "dangling"}
    assert (found["run.sh"].mode, found["run.sh"].uid, found["run.sh"].uname) == (0o751, 0, "")
    assert (found["out"].issym(), found["out"].linkname, found["up"].linkname) == (True, "/etc/passwd", "../../..")


def test_long_and_strange_names_travel(tmp_path: Path) -> None:
    names = ["Dockerfile", "x" * 150 + "/" + "y" * 150, "é \n;$(x)", os.fsdecode(b"\xff")]
    assert set(names) <= set(packed(fill(tmp_path, *names)))


def test_a_file_that_grows_or_shrinks_meanwhile_does_not_break_the_stream(tmp_path: Path) -> None:
    fill(tmp_path, "Dockerfile", "a", "b", "c")
    stream = bytearray()
    for piece in archive(tmp_path, "Dockerfile"):
        stream += piece
        if b"\0b\0" in b"\0" + piece[:2]:  # b's header was told, its content not yet
            (tmp_path / "b").write_text("more than before")
    with tarfile.open(fileobj=io.BytesIO(bytes(stream))) as tar:
        assert [entry.name for entry in tar] == ["Dockerfile", "a", "b", "c"]


def contents(root: Path, dockerfile: str) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive(root, dockerfile)))) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isreg()}  # type: ignore[union-attr]


@pytest.mark.parametrize("lines", [None, "*.log"])
def test_a_dockerfile_outside_of_the_context_travels_and_is_dropped_before_the_build(
    tmp_path: Path, lines: str | None
) -> None:
    fill(tmp_path, "app/a", "app/b.log", "docker/Dockerfile")
    if lines is not None:
        (tmp_path / "app" / ".dockerignore").write_text(lines)
    sent = sent_as(tmp_path / "app", "../docker/Dockerfile")
    found = contents(tmp_path / "app", "../docker/Dockerfile")
    assert found[sent] == b"docker/Dockerfile" and "/" not in sent
    dropped = found[".dockerignore"].decode().splitlines()
    assert sent in dropped and (".dockerignore" in dropped) is (lines is None)
    assert set(found) == {"a", sent, ".dockerignore"} | ({"b.log"} if lines is None else set())


def test_an_absolute_dockerfile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        checked_dockerfile(str(tmp_path), "/etc/passwd")
    assert refused.value.thing == "/etc/passwd"


@pytest.mark.parametrize(("dockerfile", "own"), [("Dockerfile", "app/Dockerfile"), ("../Dockerfile", "Dockerfile")])
def test_a_dockerfiles_own_ignore_file_takes_the_others_place(tmp_path: Path, dockerfile: str, own: str) -> None:
    fill(tmp_path, "app/a", "app/b.log", own)
    (tmp_path / "app" / ".dockerignore").write_text("a")
    (tmp_path / f"{own}.dockerignore").write_text("*.log")
    found = packed(tmp_path / "app", dockerfile)
    assert "a" in found and "b.log" not in found


def test_a_context_or_dockerfile_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"there is no Dockerfile\.web"):
        checked_dockerfile(str(tmp_path), "Dockerfile.web")
    with pytest.raises(Failed, match="there is no build context"):
        checked_dockerfile(str(tmp_path / "none"), "Dockerfile")
    fill(tmp_path, "sub/Dockerfile")
    assert checked_dockerfile(str(tmp_path), "./sub//Dockerfile") == "sub/Dockerfile"


async def test_what_cannot_be_read_is_told_by_the_context_itself(tmp_path: Path) -> None:
    fill(tmp_path, "Dockerfile")
    context = Context(str(tmp_path / "gone"), "Dockerfile")
    with pytest.raises((OSError, FairleadError)):
        async for _ in context:
            pass
    assert context.error is not None
    assert context.error.code == "image.build"
