"""Upstreams and visitors that are quick enough for a million requests on two cores: nginx and wrk."""

from __future__ import annotations

import atexit
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from fairlead.ports.proxy import Endpoint
from fairlead.testing.free_ports import free_ports_of_this_process

SYSTEM_PATH = "/usr/sbin:/usr/bin:/usr/local/sbin"
START_BOUND_S = 10.0
NGINX = """
worker_processes 1;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{port}; location / {{ default_type text/plain; return 200 "{name}"; }} }}
}}
"""


class QuickUpstream:
    """One release: an nginx that answers with its name."""

    def __init__(self, name: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="fl-up-"))
        port = free_ports_of_this_process()()
        self.endpoint = Endpoint(name, "127.0.0.1", port)
        (self._folder / "conf").write_text(NGINX.format(folder=self._folder, port=port, name=name))
        program = shutil.which("nginx", path=SYSTEM_PATH)
        assert program, "install nginx-light"
        command = [program, "-p", self._folder, "-c", self._folder / "conf"]
        self._child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        atexit.register(self._child.terminate)  # also where the bench ends by an error
        deadline = time.monotonic() + START_BOUND_S
        while not (self._folder / "pid").exists():
            assert self._child.poll() is None and time.monotonic() < deadline, f"{name} did not start"
            time.sleep(0.005)

    def stop(self) -> None:
        """At once: whoever drains before it loses nothing."""
        self._child.terminate()
        self._child.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Counted:
    """What wrk counted: an error is a connection refused, broken or timed out, or an answer that is not 200."""

    requests: int
    errors: int
    said: str


class QuickVisitors:
    """wrk on one host: kept connections, or with `is_fresh` a new one for each request. It retries nothing."""

    def __init__(self, port: int, host: str, connections: int, *, is_fresh: bool) -> None:
        program = shutil.which("wrk")
        assert program, "install wrk"
        manner = ["-H", "Connection: close"] if is_fresh else []
        bounds = ["-t", "1", "-c", str(connections), "-d", "3600", "--timeout", "20"]
        command = [program, *bounds, "-H", f"Host: {host}", *manner, f"http://127.0.0.1:{port}/"]
        self._child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        atexit.register(self._child.terminate)

    def end(self) -> Counted:
        """All that was asked."""
        self._child.send_signal(signal.SIGINT)
        said = self._child.communicate(timeout=60)[0]
        requests = re.search(r"(\d+) requests in", said)
        assert requests, said
        sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
        answers = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
        errors = sum(map(int, sockets.groups())) if sockets else 0
        return Counted(int(requests[1]), errors + (int(answers[1]) if answers else 0), said)
