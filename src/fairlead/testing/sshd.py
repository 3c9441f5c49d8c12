"""An OpenSSH server of a test's own: on loopback, with its own keys, as the user who runs the test, in a home apart."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 15.0
PRIVILEGE_SEPARATION = Path("/run/sshd")
"""sshd(8), FILES: it has to be there where sshd runs as root."""

CONFIGURATION = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {place}/host_key
AuthorizedKeysFile {place}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PermitUserEnvironment no
PrintMotd no
SetEnv HOME={place}/home
"""


@dataclass(frozen=True, slots=True)
class Sshd:
    """A server that runs: where, as whom, the private key that opens it, and the key that it proves."""

    place: Path
    port: int
    user: str
    key: str
    host_key: str

    @property
    def home(self) -> Path:
        """The home of whoever signs in."""
        return self.place / "home"


def program() -> str | None:
    """The sshd that is installed; None where there is none."""
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def serving(place: Path, port: int) -> Iterator[Sshd]:
    """A server below `place` on that port; ended with its sessions' own part. What runs in tickets goes on."""
    sshd = program()
    if sshd is None:
        raise FileNotFoundError("sshd is not installed: packaging/ground/packages.sh --tests")
    (place / "home").mkdir(parents=True)
    for name in ("host_key", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / name], check=True, timeout=30)
    shutil.copy(place / "key.pub", place / "authorized_keys")
    (place / "sshd_config").write_text(CONFIGURATION.format(port=port, place=place))
    if os.geteuid() == 0:
        PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    with open(place / "sshd.log", "w") as log:
        child = subprocess.Popen([sshd, "-D", "-e", "-f", place / "sshd_config"], stdout=log, stderr=log)
    try:
        _await(child, port, place / "sshd.log")
        words = (place / "host_key.pub").read_text().split()
        yield Sshd(place, port, getpass.getuser(), (place / "key").read_text(), f"{words[0]} {words[1]}")
    finally:
        child.terminate()
        child.wait(PATIENCE_S)


def _await(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if child.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"sshd did not begin to listen: {log.read_text()[-2000:]}")
