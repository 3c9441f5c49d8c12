"""A file that is kept open is still the one that stands under its name."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from fairlead.adapters.proxies.kept_open import KeptOpen


def test_what_others_wrote_in_place_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "routes.map"
    path.write_bytes(b"blue ")
    kept = KeptOpen(path)
    assert kept.content() == b"blue "
    path.write_bytes(b"green")
    assert kept.content() == b"green"
    path.write_bytes(b"longer than it was")
    assert kept.content() == b"longer than it was"


def test_another_file_under_the_name_is_the_one_that_is_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "routes.map"
    path.write_bytes(b"old 1")
    os.link(path, tmp_path / "backup")  # so that the old file stays
    kept = KeptOpen(path)
    kept.content()
    (tmp_path / "new").write_bytes(b"new 1")
    (tmp_path / "new").replace(path)
    assert kept.content() == b"new 1"
    kept.overwrite(b"new 2")
    assert path.read_bytes() == b"new 2"
    assert (tmp_path / "backup").read_bytes() == b"old 1"


def test_a_file_that_went_away_is_said(tmp_path: Path) -> None:
    path = tmp_path / "routes.map"
    path.write_bytes(b"blue")
    kept = KeptOpen(path)
    kept.content()
    path.unlink()
    with pytest.raises(FileNotFoundError):
        kept.content()


def test_what_may_only_be_read_is_read_and_written_once_it_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "routes.map"
    path.write_bytes(b"blue ")
    kept = KeptOpen(path)
    is_read_only, really_open = True, os.open

    def on_read_only_disk(name: str, flags: int) -> int:
        if is_read_only and flags & os.O_RDWR:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return really_open(name, flags)

    monkeypatch.setattr(os, "open", on_read_only_disk)
    assert kept.content() == b"blue "
    with pytest.raises(OSError, match="Read-only file system"):
        kept.overwrite(b"green")
    is_read_only = False
    kept.overwrite(b"green")
    assert kept.content() == b"green"
