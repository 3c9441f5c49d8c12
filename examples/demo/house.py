"""What the demo stands on: a server with its own data directory and ports, a Git repository that calls its webhook."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from observe import Engine, Proxy, find_proxy
from told import Told

PROJECT = "guestbook"
TEST_HOST, PRODUCTION_HOST = "test.guestbook.localhost", "guestbook.localhost"
START_BOUND_S = 60
HOOK = """\
#!{python}
# Called by Git after a push: tells Fairlead to look (Standard Webhooks, signed).
import base64, hashlib, hmac, json, sys, time, urllib.request
lines = [line.split() for line in sys.stdin]
ref = lines[-1][2] if lines else ""
body = json.dumps({{"ref": ref}}).encode()
message, stamp = "push-" + hashlib.sha256(repr((lines, time.time())).encode()).hexdigest()[:24], str(int(time.time()))
signed = hmac.new({secret!r}.encode(), f"{{message}}.{{stamp}}.".encode() + body, hashlib.sha256).digest()
headers = {{"content-type": "application/json", "webhook-id": message, "webhook-timestamp": stamp,
           "webhook-signature": "v1," + base64.b64encode(signed).decode()}}
try:
    urllib.request.urlopen(urllib.request.Request({url!r}, body, headers), timeout=10).read()
except OSError as error:
    print("the webhook could not be called:", error)
"""


class HouseError(Exception):
    """The demo cannot go on; the words say what to do."""


class House:
    """Opened once, closed once; `close` leaves no process, container, network or volume of the demo."""

    def __init__(self, root: Path, data_dir: Path | None, told: Told) -> None:
        self._root = root
        self._told = told
        self._is_temporary = data_dir is None
        self.data_dir = data_dir or Path(tempfile.mkdtemp(prefix="fairlead-demo-", dir="/var/tmp"))
        self.port, self.proxy_port, self.registry_port = _free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}"
        self.production_url = f"http://{PRODUCTION_HOST}:{self.proxy_port}/"
        self.test_url = f"http://{TEST_HOST}:{self.proxy_port}/"
        self.password = secrets.token_urlsafe(12)
        self._key = "flk_" + secrets.token_urlsafe(24)
        self.repository = self.data_dir / "guestbook.git"
        self.checkout = self.data_dir / "checkout"
        self.engine = Engine(os.environ.get("FAIRLEAD_DOCKER_SOCKET", "/var/run/docker.sock"))
        self._server: subprocess.Popen[bytes] | None = None
        self._proxy: Proxy | None = None

    @property
    def proxy(self) -> Proxy:
        """The proxy's runtime socket."""
        if self._proxy is None:
            self._proxy = find_proxy(self.data_dir)
        return self._proxy

    def open(self) -> None:
        """Server, repository and project are there."""
        left = self._ours()
        if left:
            raise HouseError(
                f"a project {PROJECT} is on this engine already ({', '.join(sorted(left)[:3])}, …): remove it, "
                f"or end the demo that made it"
            )
        self._told.head("Starting")
        self._start_server()
        self._make_repository()

    def close(self) -> None:
        """All of it is gone."""
        if self._server is None:
            self._remove_data()
            return
        self._told.head("Ending")
        if self._server.poll() is None:
            self._server.send_signal(signal.SIGTERM)
            try:
                self._server.wait(30)
            except subprocess.TimeoutExpired:
                self._server.kill()
        self._run("fairlead-server", "down")
        self._remove_containers()
        self._remove_data()
        self._told.say("nothing of the demo is left but images")

    def api(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request to the REST API."""
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise HouseError(f"{method} {path}: {error.read().decode(errors='replace')[:500]}") from error

    def command(self, *arguments: str) -> str:
        """A `fairlead` command, as a person would type it; what it printed."""
        return self._run("fairlead", *arguments)

    def push(self, version: str) -> None:
        """One version is committed and pushed; the hook calls the webhook."""
        commit = self._root / "examples" / "guestbook" / "commit.sh"
        subprocess.run(["sh", str(commit), version, str(self.checkout)], check=True, capture_output=True)
        subprocess.run(["git", "-C", str(self.checkout), "push", "--quiet", "origin", "HEAD:main"], check=True)

    def _start_server(self) -> None:
        log = (self.data_dir / "server.log").open("wb")
        program = str(Path(sys.executable).parent / "fairlead-server")
        self._server = subprocess.Popen(
            [program, "up"], env=self._environment(), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        deadline = time.monotonic() + START_BOUND_S
        while time.monotonic() < deadline:
            if self._server.poll() is not None:
                words = (self.data_dir / "server.log").read_text(errors="replace")[-1500:]
                raise HouseError(f"the server did not start:\n{words}")
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2):
                    break
            except OSError:
                time.sleep(0.1)
        else:
            raise HouseError(f"the server was not ready within {START_BOUND_S} s; see {self.data_dir / 'server.log'}")
        self._told.say(f"the server is ready at {self.url}")
        self._told.say(f"HAProxy listens on port {self.proxy_port}, the registry on {self.registry_port}")

    def _make_repository(self) -> None:
        _git("init", "--quiet", "--bare", "--initial-branch=main", str(self.repository))
        _git("init", "--quiet", "--initial-branch=main", str(self.checkout))
        _git("-C", str(self.checkout), "remote", "add", "origin", str(self.repository))
        made = json.loads(
            self.command(
                "--output",
                "json",
                "projects",
                "add",
                PROJECT,
                "--git",
                str(self.repository),
                "--poll",
                "30",
                "--no-wait",
            )
        )
        hook = self.repository / "hooks" / "post-receive"
        hook.write_text(
            HOOK.format(python=sys.executable, secret=made["webhook_secret"], url=made["source"]["webhook_url"])
        )
        hook.chmod(0o700)
        self._told.say(f"made the Git repository {self.repository}, whose pushes call the project's webhook")

    def _run(self, program: str, *arguments: str) -> str:
        path = str(Path(sys.executable).parent / program)
        done = subprocess.run([path, *arguments], env=self._environment(), capture_output=True, text=True, timeout=300)
        if done.returncode not in (0, 1):
            raise HouseError(f"{program} {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-800:]}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
        return kept | {
            "FAIRLEAD_DATA_DIR": str(self.data_dir),
            "FAIRLEAD_PORT": str(self.port),
            "FAIRLEAD_PROXY_BIND": "127.0.0.1",
            "FAIRLEAD_PROXY_HTTP_PORT": str(self.proxy_port),
            "FAIRLEAD_PROXY_HTTPS_PORT": "0",
            "FAIRLEAD_REGISTRY_PORT": str(self.registry_port),
            "FAIRLEAD_ADMIN_PASSWORD": self.password,
            "FAIRLEAD_ADMIN_API_KEY": self._key,
            "FAIRLEAD_LOG_FORMAT": "text",
            "FAIRLEAD_URL": self.url,
            "FAIRLEAD_API_KEY": self._key,
            "FAIRLEAD_PROJECT": PROJECT,
        }

    def _ours(self) -> list[str]:
        label = [f"io.fairlead.project={PROJECT}"]
        found = self.engine.get("/containers/json", all=1, filters={"label": label}) or []
        return [entry["Names"][0].lstrip("/") for entry in found if "io.fairlead.environment" in entry["Labels"]]

    def _remove_containers(self) -> None:
        label = [f"io.fairlead.project={PROJECT}"]
        for name in self._ours():
            self.engine.delete(f"/containers/{name}", force=1, v=1)
        for network in self.engine.get("/networks", filters={"label": label}) or []:
            self.engine.delete(f"/networks/{network['Id']}")
        for volume in (self.engine.get("/volumes", filters={"label": label}) or {}).get("Volumes") or []:
            self.engine.delete(f"/volumes/{volume['Name']}")

    def _remove_data(self) -> None:
        if self._is_temporary:
            shutil.rmtree(self.data_dir, ignore_errors=True)


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()
