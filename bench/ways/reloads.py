"""By a reload: the proxy's configuration names the new container, and the proxy is told to read it again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench.ways import READY_BOUND_S, CannotRun, Containers, wait_for
from fairlead.testing.free_ports import free_ports_of_this_process

OLD_WORKER_BOUND_S = 5.0
SYSTEM_PATH = "/usr/sbin:/usr/bin:/usr/local/sbin"
HAPROXY = """
global
    stats socket {folder}/admin.sock mode 600 level admin expose-fd listeners
    hard-stop-after {bound:g}s
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend in
    bind 127.0.0.1:{port}
    default_backend out
backend out
    server one {address}:8080
"""
NGINX = """
worker_processes 1;
pid {folder}/proxy.pid;
error_log {folder}/error.log;
worker_shutdown_timeout {bound:g}s;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream out {{ server {address}:8080; keepalive 16; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://out; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
}}
"""


class Reload:
    """A proxy of its own, reloaded at each swap; the old container ends when the proxy's old worker has."""

    host = "x"

    def __init__(self, name: str, program: str, configuration: str, sign: signal.Signals, image: str) -> None:
        self.name = name
        self.port = free_ports_of_this_process()()
        self._program, self._configuration, self._sign = program, configuration, sign
        self._containers = Containers(image)
        self._folder = Path(tempfile.mkdtemp(prefix="fl-way-"))
        self._standing = ""

    def begin(self, version: str) -> None:
        program = shutil.which(self._program, path=SYSTEM_PATH)
        if program is None:
            raise CannotRun(f"{self._program} is not installed")
        self._write(self._containers.start(version))
        flags = ["-W", "-D", "-p", self._pid_file, "-f"] if self._program == "haproxy" else ["-p", self._folder, "-c"]
        subprocess.run([program, *flags, self._file], check=True, capture_output=True, timeout=30)
        wait_for(version, "127.0.0.1", self.port, self.host)
        self._standing = version

    def swap(self, version: str) -> None:
        self._write(self._containers.start(version))
        before = self._workers()
        os.kill(self._pid, self._sign)
        wait_for(version, "127.0.0.1", self.port, self.host)
        deadline = time.monotonic() + OLD_WORKER_BOUND_S + 1
        while before & self._workers() and time.monotonic() < deadline:
            time.sleep(0.02)
        self._containers.end(self._standing)
        self._standing = version

    def close(self) -> None:
        if self._pid_file.exists():
            master, workers = self._pid, self._workers()
            for pid, sign in ((master, signal.SIGTERM), *((worker, signal.SIGKILL) for worker in workers)):
                with suppress(ProcessLookupError):
                    os.kill(pid, sign)
            deadline = time.monotonic() + READY_BOUND_S
            while Path(f"/proc/{master}").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
        self._containers.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _file(self) -> Path:
        return self._folder / "proxy.conf"

    @property
    def _pid_file(self) -> Path:
        return self._folder / "proxy.pid"

    @property
    def _pid(self) -> int:
        return int(self._pid_file.read_text().split()[0])

    def _write(self, address: str) -> None:
        fields = {"folder": self._folder, "port": self.port, "address": address, "bound": OLD_WORKER_BOUND_S}
        self._file.write_text(self._configuration.format(**fields))

    def _workers(self) -> set[int]:
        try:
            return {int(one) for one in Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()}
        except OSError:
            return set()


def haproxy_reload(image: str) -> Reload:
    """SIGUSR2 to the master of HAProxy, which hands its listeners to a new worker."""
    return Reload("HAProxy, reload", "haproxy", HAPROXY, signal.SIGUSR2, image)


def nginx_reload(image: str) -> Reload:
    """SIGHUP to the master of nginx."""
    return Reload("nginx, reload", "nginx", NGINX, signal.SIGHUP, image)
