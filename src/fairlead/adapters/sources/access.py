"""What one call of Git gets: a private directory with credentials for it alone, and a bounded environment around it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fairlead.domain.git_address import GitAddress
from fairlead.ports.source import Repository

KEPT_FROM_OURS = (
    "PATH",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
)
"""How this machine reaches the network; nothing else of the server's environment reaches Git."""

DEFAULT_USER = "git"
CONNECT_TIMEOUT_S = 15

# Answers only for the address that was asked for: a redirect to another host gets nothing.
ASKPASS = """#!/bin/sh
here="${0%/*}"
origin="$(cat "$here/origin")"
case "$1" in
  "Username for '$origin'"*) exec cat "$here/user" ;;
  "Password for '${origin%%://*}://"*"@${origin#*://}'"*) exec cat "$here/password" ;;
esac
exit 1
"""

SSH = """#!/bin/sh
exec ssh -F "${0%/*}/ssh_config" "$@"
"""

GIT_SETTINGS = """[core]
	hooksPath = /dev/null
	attributesFile = /dev/null
	excludesFile = /dev/null
	fsmonitor = false
	symlinks = true
	autocrlf = false
	quotePath = false
	askPass =
[gc]
	autoDetach = false
[maintenance]
	auto = false
[protocol]
	allow = never
[http]
	followRedirects = initial
	lowSpeedLimit = 1000
	lowSpeedTime = 30
[submodule]
	recurse = false
[fetch]
	recurseSubmodules = false
	writeCommitGraph = false
[log]
	showSignature = false
[i18n]
	logOutputEncoding = UTF-8
[user]
	useConfigOnly = true
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call's private directory and the environment that goes with it."""

    folder: Path
    environment: Mapping[str, str]


@contextlib.contextmanager
def opened(calls: Path, mirror: Path, address: GitAddress, repository: Repository) -> Iterator[Call]:
    """A directory of mode 0700 with what opens the repository; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=calls))
    try:
        (folder / "home").mkdir()
        _write(folder / "gitconfig", GIT_SETTINGS + _allowed_transports(address) + _trusted(mirror, address))
        environment = {name: os.environ[name] for name in KEPT_FROM_OURS if name in os.environ}
        environment |= {
            "HOME": str(folder / "home"),
            "XDG_CONFIG_HOME": str(folder / "home"),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_INDEX_FILE": str(folder / "index"),
            "GIT_ASKPASS": str(folder / "askpass"),
            "GIT_SSH": str(folder / "ssh"),
            "GIT_SSH_VARIANT": "ssh",
        }
        _put_password(folder, address, repository)
        if address.kind == "ssh":
            _put_key(folder, mirror, repository)
        yield Call(folder, environment)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(calls: Path) -> None:
    """Remove the directories of processes that are no more: a kill -9 leaves no key behind for long."""
    for folder in calls.iterdir():
        pid = folder.name.partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, text: str, *, mode: int = 0o600) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _allowed_transports(address: GitAddress) -> str:
    names = {"local": ("file",), "http": ("http", "https"), "ssh": ("ssh",)}[address.kind]
    return "".join(f'[protocol "{name}"]\n\tallow = always\n' for name in names)


def _trusted(mirror: Path, address: GitAddress) -> str:
    """Git refuses directories of other users unless they are named: our mirror, and the local path that was given."""
    places = [mirror]
    if address.kind == "local":
        given = Path(address.url)
        places += [path for base in (given, given.resolve()) for path in (base, base / ".git")]
    quoted = (str(path).replace("\\", "\\\\").replace('"', '\\"') for path in places)
    return "[safe]\n" + "".join(f'\tdirectory = "{path}"\n' for path in quoted)


def _put_password(folder: Path, address: GitAddress, repository: Repository) -> None:
    _write(folder / "askpass", ASKPASS if repository.password else "#!/bin/sh\nexit 1\n", mode=0o700)
    if repository.password and address.kind == "http":
        _write(folder / "origin", address.origin)
        _write(folder / "user", repository.user or address.user or DEFAULT_USER)
        _write(folder / "password", repository.password)


def _put_key(folder: Path, mirror: Path, repository: Repository) -> None:
    """A key for this call; host keys as given, else the first one seen is recorded beside the mirror and holds."""
    _write(folder / "ssh", SSH, mode=0o700)
    known = mirror.with_name(mirror.name + ".known_hosts")
    if repository.known_hosts:
        known = folder / "known_hosts"
        _write(known, repository.known_hosts.rstrip("\n") + "\n")
    settings = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "IdentityFile": f'"{folder / "key"}"',
        "UserKnownHostsFile": f'"{known}"',
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes" if repository.known_hosts else "accept-new",
        "HashKnownHosts": "no",
        "UpdateHostKeys": "no",
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "PermitLocalCommand": "no",
        "ClearAllForwardings": "yes",
        "ConnectTimeout": str(CONNECT_TIMEOUT_S),
        "ServerAliveInterval": "15",
        "LogLevel": "ERROR",
    }
    _write(folder / "ssh_config", "Host *\n" + "".join(f"  {name} {value}\n" for name, value in settings.items()))
    if repository.ssh_key:
        _write(folder / "key", repository.ssh_key.rstrip("\n") + "\n")
