"""What changes an image's inputs, and what does not."""

import io
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.adapters.engines.docker.context import archive
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.service import Build
from fairlead.domain.text import SecretRef
from fairlead.steps.build_inputs import context_of, inputs_hash, kept_files

BUILD = Build("app", "app/Dockerfile", arguments={"A": "1"}, target="t")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    app = tmp_path / "app"
    (app / "sub").mkdir(parents=True)
    (app / "Dockerfile").write_text("FROM scratch\n")
    (app / "a").write_text("1")
    (app / "sub" / "b").write_text("2")
    (app / ".dockerignore").write_text("*.md\n!kept.md\nsub/skipped\n")
    return tmp_path


def hashed(root: Path, build: Build = BUILD, bases: dict[str, str] | None = None) -> str:
    context, dockerfile = context_of(root, build)
    return inputs_hash(context, dockerfile, build, bases or {})


def test_what_stays_behind_does_not_count(root: Path) -> None:
    before = hashed(root)
    (root / "app" / "notes.md").write_text("x")
    (root / "app" / "sub" / "skipped").mkdir()
    (root / "app" / "sub" / "skipped" / "c").write_text("x")
    (root / "outside").write_text("x")
    os.utime(root / "app" / "a", (1, 1))
    (root / "app" / "empty").mkdir()
    assert hashed(root) == before


@pytest.mark.parametrize("change", ["content", "new file", "mode", "link", "link target", "name", "kept", "dockerfile"])
def test_what_travels_counts(root: Path, change: str) -> None:
    app = root / "app"
    (app / "link").symlink_to("a")
    before = hashed(root)
    match change:
        case "content":
            (app / "sub" / "b").write_text("3")
        case "new file":
            (app / "c").write_text("")
        case "mode":
            (app / "a").chmod(0o755)
        case "link":
            (app / "link").unlink()
            (app / "link").write_text("1")
        case "link target":
            (app / "link").unlink()
            (app / "link").symlink_to("sub/b")
        case "name":
            (app / "a").rename(app / "z")
        case "kept":
            (app / "kept.md").write_text("x")
        case "dockerfile":
            (app / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    assert hashed(root) != before


def test_arguments_target_secrets_and_bases_count(root: Path) -> None:
    seen = {
        hashed(root),
        hashed(root, replace(BUILD, arguments={"A": "2"})),
        hashed(root, replace(BUILD, target="u")),
        hashed(root, replace(BUILD, labels={"l": "1"})),
        hashed(root, replace(BUILD, secrets={"s": SecretRef(SecretVersionId("1"), "S")})),
        hashed(root, replace(BUILD, secrets={"s": SecretRef(SecretVersionId("2"), "S")})),
        hashed(root, bases={"base:1": "sha256:1"}),
        hashed(root, bases={"base:1": "sha256:2"}),
    }
    assert len(seen) == 8


def test_what_counts_is_what_the_engine_is_sent(root: Path) -> None:
    app = root / "app"
    for name in ("notes.md", "kept.md", "sub/skipped", "x/y/z.md", "x/kept.md", "x/y/a"):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(name)
    (app / "link").symlink_to("a")
    sent = io.BytesIO(b"".join(archive(app, "Dockerfile")))
    with tarfile.open(fileobj=sent) as tar:
        members = {member.name for member in tar.getmembers() if not member.isdir()}
    counted = {path for path, _ in kept_files(app, "Dockerfile")}
    assert counted == members and "sub/skipped" not in counted


def test_a_link_in_the_context_is_not_followed(root: Path, tmp_path: Path) -> None:
    (root / "app" / "out").symlink_to("/etc/hostname")
    (root / "app" / "loop").symlink_to(".")
    assert hashed(root) == hashed(root)


def test_a_dockerfile_outside_of_the_context_counts(root: Path) -> None:
    (root / "docker").mkdir()
    (root / "docker" / "Dockerfile").write_text("FROM scratch\n")
    build = replace(BUILD, dockerfile="docker/Dockerfile")
    before = hashed(root, build)
    assert context_of(root, build)[1] == "../docker/Dockerfile"
    (root / "docker" / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    assert hashed(root, build) != before


def test_a_dockerfiles_own_ignore_file_decides_what_counts(root: Path) -> None:
    (root / "app" / ".dockerignore").write_text("a\n")
    (root / "app" / "Dockerfile.dockerignore").write_text("*.md\n")
    before = hashed(root)
    (root / "app" / "notes.md").write_text("x")
    assert hashed(root) == before
    (root / "app" / "a").write_text("other")
    assert hashed(root) != before
