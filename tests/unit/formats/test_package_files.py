"""Packages unpacked: every kind, bounded, and no path that leads out."""

import io
import tarfile
import zipfile
from typing import IO

import pytest

from fairlead.domain.errors import FairleadError
from fairlead.formats import package_files
from fairlead.formats.package_files import Unpacked, limit_of, unpack

LIMIT = 1_000_000


def unpacked(name: str, ending: str, content: bytes, *, limit_bytes: int) -> tuple[dict[str, bytes], Unpacked]:
    held: dict[str, bytes] = {}

    def each(path: str, size_bytes: int, file: IO[bytes]) -> None:
        held[path] = file.read()
        assert len(held[path]) == size_bytes

    return held, unpack(name, ending, io.BytesIO(content), each, limit_bytes=limit_bytes)


def zipped(files: dict[str, bytes], *, link: str = "") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        if link:
            entry = zipfile.ZipInfo(link)
            entry.external_attr = 0o120777 << 16
            archive.writestr(entry, "/etc/passwd")
    return stream.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w", *, link: str = "") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        if link:
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(entry)
    return stream.getvalue()


FILES = {"run.sh": b"echo hi", "lib/names.sh": b"names=1"}


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        (".zip", zipped(FILES)),
        (".nupkg", zipped(FILES)),
        (".tar", tarred(FILES)),
        (".tar.gz", tarred(FILES, "w:gz")),
        (".tbz", tarred(FILES, "w:bz2")),
        (".tar.xz", tarred(FILES, "w:xz")),
        (".tgz", tarred({f"./{name}": held for name, held in FILES.items()}, "w:gz")),
    ],
)
def test_every_kind_is_unpacked(ending: str, content: bytes) -> None:
    assert unpacked("Tools 1.0", ending, content, limit_bytes=LIMIT)[0] == FILES


@pytest.mark.parametrize(
    "path", ["../evil.sh", "a/../../evil.sh", "/etc/cron.d/evil", "..\\evil.sh", "C:/evil.sh", "\\evil.sh", "a\nb"]
)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_path_that_leads_out_refuses_the_whole_package(pack: object, path: str) -> None:
    content = pack({"good.sh": b"", path: b"evil"})  # type: ignore[operator]
    with pytest.raises(FairleadError) as caught:
        unpacked("Tools 1.0", ".zip" if pack is zipped else ".tar", content, limit_bytes=LIMIT)
    assert caught.value.code == "package.unsafe"


def test_links_are_left_out_and_named() -> None:
    for ending, content in ((".zip", zipped(FILES, link="passwd")), (".tar", tarred(FILES, link="passwd"))):
        files, found = unpacked("Tools 1.0", ending, content, limit_bytes=LIMIT)
        assert (files, found) == (FILES, Unpacked(tuple(FILES), ("passwd",)))


def test_what_unpacks_to_too_much_is_refused_before_it_is_held() -> None:
    bomb = zipped({"zeros": bytes(50_000_000)})
    assert len(bomb) < 100_000
    with pytest.raises(FairleadError) as caught:
        unpacked("Tools 1.0", ".zip", bomb, limit_bytes=LIMIT)
    assert caught.value.code == "input.too_large"


@pytest.mark.parametrize("content", [b"PK\x03\x04 no zip", zipped(FILES)[:60], b""], ids=["no zip", "cut off", "empty"])
def test_what_cannot_be_read_is_said(content: bytes) -> None:
    for ending in (".zip", ".tar.gz"):
        with pytest.raises(FairleadError) as caught:
            unpacked("Tools 1.0", ending, content, limit_bytes=LIMIT)
        assert caught.value.code == "package.content"


def test_how_much_a_package_may_unpack_to_grows_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limit_of(io.BytesIO(b"x")) == 256 * 1024**2
    monkeypatch.setattr(package_files, "LEAST_LIMIT_BYTES", 100)
    held = io.BytesIO(bytes(50))
    assert (limit_of(held), held.tell()) == (500, 0)
