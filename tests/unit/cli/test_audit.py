"""Proving exported files of the audit on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.unit.cli.conftest import Said
from tests.unit.server.house import House

Run = Callable[..., Said]


def test_an_exported_file_is_proved_without_a_server(house: House, fairlead: Run, tmp_path: Path) -> None:
    house.add_project("books")
    house.add_project("site")
    file = tmp_path / "audit.jsonl"
    assert fairlead("audit", "export", "--to", str(file)).code == 0
    lines = file.read_bytes().splitlines(keepends=True)
    whole = fairlead("-o", "json", "audit", "verify", "--file", str(file)).data
    assert (whole["count"], whole["first"], whole["sequence"]) == (len(lines), 1, len(lines))
    (tmp_path / "first").write_bytes(b"".join(lines[:1]))
    (tmp_path / "second").write_bytes(b"".join(lines[1:]))
    parts = [str(tmp_path / "first"), str(tmp_path / "second")]
    both = fairlead("-o", "json", "audit", "verify", "--file", parts[0], "--file", parts[1]).data
    assert both == whole
    said = fairlead("audit", "verify", "--file", parts[1])
    assert said.code == 0 and "they follow from 1:" in said.out
    wrong = fairlead("audit", "verify", "--file", parts[1], "--file", parts[0])
    assert wrong.code == 1
    file.write_bytes(file.read_bytes().replace(b"books", b"looks"))
    changed = fairlead("audit", "verify", "--file", str(file))
    assert changed.code == 1 and "it was changed after it was written" in changed.err
    file.write_bytes(b"".join([lines[0], *lines[2:]]))
    assert "2 is missing" in fairlead("audit", "verify", "--file", str(file)).err
    file.write_text("{}\n")
    assert "audit.jsonl:1: no event of an audit" in fairlead("audit", "verify", "--file", str(file)).err
    assert fairlead("audit", "verify", "--file", "/none").code == 2


def test_what_is_to_be_compared_is_compared_or_refused(house: House, fairlead: Run, tmp_path: Path) -> None:
    """An empty variable of the shell must not pass for a proof."""
    house.add_project("books")
    found = fairlead("-o", "json", "audit", "verify").data
    assert fairlead("audit", "verify", "--expect", f"{found['sequence']}:{found['hash']}").code == 0
    for wrong in ("", "7", ":", f":{found['hash']}", f"{found['sequence']}:", "²:ab"):
        assert fairlead("audit", "verify", "--expect", wrong).code == 2, wrong
    with_file = fairlead("audit", "verify", "--expect", f"{found['sequence']}:{found['hash']}", "--file", "/none")
    assert with_file.code == 2 and "not of files" in with_file.err
