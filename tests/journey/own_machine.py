"""An engine of our own on this machine, whose power can be cut: what is on disk stays, all processes go at once."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

START_BOUND_S = 30.0
LOOK_S = 0.02
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class OwnMachine:
    """`start` is a boot, `cut_power` takes dockerd, containerd, shims and containers at once, as no shutdown does.

    Nothing of another engine on this machine is touched: it makes no rule of the firewall (containers are reached at
    the addresses of their networks, but do not reach one another), and has a default bridge of its own
    (`--bridge none` would remove `docker0`, whoever has it).
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fairlead-own-", dir="/var/tmp"))
        self.run = Path(tempfile.mkdtemp(prefix="flo-", dir="/tmp"))  # paths of sockets are short
        self.socket = self.run / "docker.sock"
        self.dockerd: subprocess.Popen[bytes] | None = None
        self.options: tuple[str, ...] = ()
        number = secrets.randbelow(256 * 16)
        self.bridge = f"fl{number:04d}"
        _ip("link", "add", "name", self.bridge, "type", "bridge")
        _ip("address", "add", f"10.252.{number // 16}.{number % 16 * 16 + 1}/28", "dev", self.bridge)
        _ip("link", "set", self.bridge, "up")

    def start(self) -> None:
        """The engine answers."""
        command = [
            shutil.which("dockerd", path=SYSTEM_PATH) or "dockerd", "--host", f"unix://{self.socket}",
            "--data-root", str(self.folder / "data"), "--exec-root", str(self.run / "exec"),
            "--pidfile", str(self.run / "docker.pid"), "--bridge", self.bridge, "--iptables=false", "--ip6tables=false",
            "--storage-driver", os.environ.get("FAIRLEAD_TEST_STORAGE", "overlay2"), "--log-level", "warn",
            *self.options,
        ]  # fmt: skip
        with (self.folder / "dockerd.log").open("ab") as log:
            self.dockerd = subprocess.Popen(
                command, stdout=log, stderr=log, cwd="/", start_new_session=True, env=os.environ | {"PATH": SYSTEM_PATH}
            )
        deadline = time.monotonic() + START_BOUND_S
        while not self._answers():
            said = (self.folder / "dockerd.log").read_text(errors="replace")[-2000:]
            assert self.dockerd.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(LOOK_S)

    def _answers(self) -> bool:
        asked = subprocess.run(
            ["docker", "-H", f"unix://{self.socket}", "version"], capture_output=True, timeout=START_BOUND_S
        )
        return asked.returncode == 0

    def load(self, image: str, *, shared: Path) -> None:
        """An image of the engine that tests share, here too."""
        with subprocess.Popen(["docker", "-H", f"unix://{shared}", "save", image], stdout=subprocess.PIPE) as saving:
            subprocess.run(
                ["docker", "-H", f"unix://{self.socket}", "load"],
                stdin=saving.stdout, check=True, capture_output=True, timeout=120,
            )  # fmt: skip

    def cut_power(self) -> None:
        """Nothing of it runs any more, and nothing was told to end; what lay in memory only (/run) is gone."""
        if self.dockerd is None:
            return
        bridges = self._bridges()
        doomed = [self.dockerd.pid, *_descendants(self.dockerd.pid), *self._shims()]
        for pid in [*doomed, *(child for shim in self._shims() for child in _descendants(shim))]:
            _kill(pid)
        self.dockerd.wait(30)
        self.dockerd = None
        self._forget_mounts()
        for bridge in bridges:
            _ip("link", "delete", bridge)
        shutil.rmtree(self.run / "exec", ignore_errors=True)
        for name in ("docker.pid", "docker.sock"):
            (self.run / name).unlink(missing_ok=True)

    def stop(self) -> None:
        """As `systemctl stop docker`: the engine is told to end, and has ended."""
        assert self.dockerd is not None
        self.dockerd.terminate()
        self.dockerd.wait(30)

    def _bridges(self) -> list[str]:
        """The interfaces of its networks, which do not outlive a boot either."""
        ask = ["docker", "-H", f"unix://{self.socket}", "network", "ls", "-q", "--filter", "driver=bridge"]
        listed = subprocess.run(ask, capture_output=True, text=True, timeout=30).stdout.split()
        return [f"br-{one}" for one in listed if Path(f"/sys/class/net/br-{one}").exists()]

    def _shims(self) -> Iterator[int]:
        """Shims are nobody's children: known by the socket that they report to."""
        mine = str(self.run / "exec")
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and mine in _command(int(entry.name)):
                yield int(entry.name)

    def _forget_mounts(self) -> None:
        """As a boot does: what was mounted below our folders is not."""
        mounted = (line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines())
        ours = [path for path in mounted if path.startswith((str(self.folder), str(self.run)))]
        for path in sorted(ours, key=len, reverse=True):
            subprocess.run(["umount", "-l", path], capture_output=True, timeout=30)

    def close(self) -> None:
        """Nothing of it is left."""
        self.cut_power()
        self._forget_mounts()
        _ip("link", "delete", self.bridge)
        for folder in (self.folder, self.run):
            shutil.rmtree(folder, ignore_errors=True)


def _ip(*words: str) -> None:
    program = shutil.which("ip", path=SYSTEM_PATH) or "ip"
    subprocess.run([program, *words], check=True, capture_output=True, timeout=30)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _descendants(pid: int) -> list[int]:
    try:
        children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [*children, *(one for child in children for one in _descendants(child))]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
