"""What is given in files and on standard input: read alike by every command, and refused in words."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairlead.cli.given_files import secret_of, value_of

COMMANDS = {
    "login": ("login", "http://fairlead.test", "--oidc-token", "FILE"),
    "provider": ("identity-providers", "set", "o", "--client-secret-from", "FILE"),
    "subscription": ("subscriptions", "add", "s", "--to", "https://x.test/", "--secret-from", "FILE"),
    "registry": ("registries", "set", "r.test", "--user", "u", "--password-from", "FILE"),
    "project": ("projects", "add", "p", "--git", "https://git.test/o.git", "--password-from", "FILE"),
    "deploy key": ("projects", "connect", "books", "ssh://git@git.test/o.git", "--key-from", "FILE"),
    "known hosts": ("projects", "connect", "books", "ssh://git@git.test/o.git", "--known-hosts", "FILE"),
    "forge": ("projects", "report-to", "books", "gitea", "--token-from", "FILE"),
    "target": ("targets", "add", "t", "-e", "Test", "--ssh", "u@h.test", "--key", "FILE"),
    "variable": ("variables", "set", "A", "--from", "FILE", "-p", "books"),
    "part": ("variables", "set", "A", "--type", "token", "--part", "Token=@FILE", "-p", "books"),
    "tenant's value": ("tenants", "set-value", "acme", "Title", "--from", "FILE", "-p", "books"),
    "notes": ("release", "create", "--without-files", "--notes-file", "FILE", "-p", "books"),
    "build information": ("build-information", "push", "--package", "p", "--version", "1.0", "--file", "FILE"),
    "certificate": ("certificates", "set", "x.test", "--chain", "FILE", "--key", "FILE"),
}
"""A command for each thing that is read as text; FILE is where its name stands."""


TAKES_A_SECRET = ("login", "provider", "subscription", "registry", "project", "deploy key", "forge")
DOCUMENTS = {
    "process": ("process", "set", "FILE", "-p", "books"),
    "step template": ("step-templates", "set", "T", "FILE"),
    "runbook": ("runbooks", "set", "R", "--process", "FILE", "-p", "books"),
    "secrets": ("apply", ".", "--secrets", "FILE"),
}
"""As COMMANDS, for what a reader of bytes takes."""


@pytest.mark.parametrize("file", ["absent", "folder", "latin"])
def test_a_file_that_cannot_be_read_is_named(fairlead: Callable[..., Any], tmp_path: Path, file: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "latin").write_bytes("schlüssel".encode("latin-1"))
    read = COMMANDS if file == "latin" else COMMANDS | DOCUMENTS
    said = {what: fairlead(*(word.replace("FILE", file) for word in words)) for what, words in read.items()}
    assert {what: one for what, one in said.items() if one.code != 2 or f"{file} cannot be read" not in one.err} == {}


def test_a_file_that_holds_no_secret_takes_none_away(fairlead: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    said = {what: fairlead(*(word.replace("FILE", "empty") for word in COMMANDS[what])) for what in TAKES_A_SECRET}
    assert {what: one for what, one in said.items() if one.code != 2 or "empty holds nothing" not in one.err} == {}


def test_white_space_around_a_secret_is_no_part_of_it_and_one_line_end_is_none_of_a_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "given"
    file.write_text(" s3cret\n\n")
    assert (secret_of(str(file)), value_of(str(file)), secret_of("")) == ("s3cret", " s3cret\n", None)
    monkeypatch.setattr(sys, "stdin", io.StringIO("told\n"))
    assert secret_of("-") == "told"
