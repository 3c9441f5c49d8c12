"""A whole server as an operator runs it: `fairlead-server up` with data, proxy and registry of its own."""

import base64
import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from examples.demo.observe import Engine, Proxy, capture, find_proxy

from fairlead.testing.free_ports import free_ports_of_this_process

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
START_BOUND_S = 60.0
TASK_BOUND_S = 90.0
LOOK_S = 0.03
API_KEY = "flk_" + secrets.token_urlsafe(24)
DATA_FOLDER = "/var/tmp"  # on a disk, as an installation's is

APP = r"""
import http.server, os, signal, sys, threading, time
signal.signal(signal.SIGTERM, lambda *_: threading.Timer(float(os.environ.get("LAME_S", "0")), os._exit, (0,)).start())
version = os.environ.get("VERSION", "?")
print("starting", version, flush=True)
time.sleep(float(os.environ.get("START_S", "0")))
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_GET(self):
        if self.path.startswith("/slow"):
            time.sleep(0.3)
        body = version.encode()
        self.send_response(200)
        self.send_header("X-Version", version)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    address_family = 2
def chatter():
    while True:
        print("alive", version, flush=True)
        time.sleep(0.5)
port = int(os.environ.get("PORT", "8080"))
print("serving", version, "on", port, flush=True)
threading.Thread(target=chatter, daemon=True).start()
Server(("0.0.0.0", port), Page).serve_forever()
"""
CHECKS = r"""
import os, time, urllib.request
kind, url = os.environ["TEST_TYPE"], os.environ.get("TEST_URL", "")
print("checking", kind, url, flush=True)
time.sleep(float(os.environ.get("TEST_S", "0")) if kind == "pre-integration" else 0)
assert urllib.request.urlopen(url, timeout=5).status == 200
"""
DOCKERFILE = """FROM fairlead-base-python:1
COPY app.py checks.py /app/
CMD ["python3", "/app/app.py"]
"""


class ApiError(Exception):
    """The API answered otherwise than with 2xx."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text[:1000]}")
        self.status = status
        self.text = text


class WholeServer:
    """Opened once, closed once; `close` leaves no process, container, network, volume, image or file of it.

    All of its projects have names that begin with `prefix`, which is its own.
    """

    def __init__(
        self, *, docker_socket: str = "/var/run/docker.sock", settings: Mapping[str, str] | None = None
    ) -> None:
        self.prefix = f"t{secrets.token_hex(3)}"
        self.data_dir = Path(tempfile.mkdtemp(prefix="fairlead-whole-", dir=DATA_FOLDER))
        self.repositories = self.data_dir.with_name(f"{self.data_dir.name}-git")
        self.repositories.mkdir()
        take = free_ports_of_this_process()
        self.port, self.proxy_port, self.registry_port = take(), take(), take()
        self.engine = Engine(docker_socket)
        self.docker = ["docker", "-H", f"unix://{docker_socket}"]
        self.child: subprocess.Popen[bytes] | None = None
        self._images: list[str] = []
        self._volumes: list[str] = []
        number = secrets.randbelow(16 * 16)
        self.settings = {
            "FAIRLEAD_DATA_DIR": str(self.data_dir),
            "FAIRLEAD_PORT": str(self.port),
            "FAIRLEAD_DOCKER_SOCKET": docker_socket,
            "FAIRLEAD_PROXY_BIND": "127.0.0.1",
            "FAIRLEAD_PROXY_HTTP_PORT": str(self.proxy_port),
            "FAIRLEAD_PROXY_HTTPS_PORT": "0",
            "FAIRLEAD_REGISTRY_PORT": str(self.registry_port),
            "FAIRLEAD_SUBNET_POOL": f"10.{214 + number // 16}.{number % 16 * 16}.0/20",
            "FAIRLEAD_ADMIN_API_KEY": API_KEY,
            "FAIRLEAD_ADMIN_PASSWORD": "only-for-a-test",
            "FAIRLEAD_LOG_FORMAT": "text",
            "FAIRLEAD_URL": f"http://127.0.0.1:{self.port}",
            "FAIRLEAD_API_KEY": API_KEY,
            **(settings or {}),
        }

    # the server's life

    def start(self) -> None:
        """`fairlead-server up`, until it says that it is ready."""
        with (self.data_dir / "server.log").open("ab") as log:
            self.child = subprocess.Popen(
                [PROGRAMS / "fairlead-server", "up"],
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.until(self._is_ready, "the server is ready", bound_s=START_BOUND_S)

    def _is_ready(self) -> bool:
        assert self.child is not None
        assert self.child.poll() is None, f"the server ended: {self.log()[-3000:]}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """kill -9: nothing is said, nothing is put in order. Proxy and registry live on."""
        assert self.child is not None
        self.child.kill()
        self.child.wait(30)

    def stop(self) -> None:
        """SIGTERM, as a service's end is."""
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            self.child.wait(60)

    def close(self) -> None:
        """Nothing of it is left."""
        self.stop()
        self.program("fairlead-server", "down", check=False)
        self._remove_labelled()
        for image in self._images:
            subprocess.run([*self.docker, "image", "rm", "-f", image], capture_output=True, timeout=60)
        shutil.rmtree(self.data_dir, ignore_errors=True)
        shutil.rmtree(self.repositories, ignore_errors=True)

    def _remove_labelled(self) -> None:
        projects = self._labelled("/containers/json", all=1)
        for entry in projects:
            self.engine.delete(f"/containers/{entry['Id']}", force=1, v=1)
        for entry in self._labelled("/networks"):
            self.engine.delete(f"/networks/{entry['Id']}")
        for entry in self._labelled("/volumes"):
            self.engine.delete(f"/volumes/{entry['Name']}")
        ours = f"127.0.0.1:{self.registry_port}/"
        for entry in self.engine.get("/images/json") or []:
            names = [*(entry["RepoTags"] or []), *(entry["RepoDigests"] or [])]
            self._images += [name for name in names if name.startswith(ours)]

    def _labelled(self, what: str, **query: object) -> list[dict[str, Any]]:
        found = self.engine.get(what, filters={"label": ["io.fairlead.project"]}, **query) or []
        entries = found.get("Volumes") or [] if isinstance(found, dict) else found
        return [entry for entry in entries if entry["Labels"]["io.fairlead.project"].startswith(self.prefix)]

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
        return kept | self.settings

    def log(self) -> str:
        """The server's own log."""
        return (self.data_dir / "server.log").read_text(errors="replace")

    # asking it

    def api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One request to the REST API; ApiError for a refusal."""
        return json.loads(self.raw(method, path, body) or b"null")

    def raw(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        """The answer as it came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1{path}", data, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise ApiError(answer.status, content.decode(errors="replace"))
        return content

    def program(
        self, name: str, *arguments: str, check: bool = True, cwd: Path | None = None, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """A command as a person types it."""
        argv, env = [PROGRAMS / name, *arguments], self.environment()
        done = subprocess.run(argv, env=env, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=120)
        assert not check or done.returncode == 0, f"{name} {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def until(self, holds: Callable[[], Any], what: str, *, bound_s: float = TASK_BOUND_S) -> Any:
        """Asks until it holds."""
        deadline = time.monotonic() + bound_s
        while time.monotonic() < deadline:
            if found := holds():
                return found
            time.sleep(LOOK_S)
        raise AssertionError(
            f"waited {bound_s:g} s in vain until {what}; tasks: {self._going_on()}; the log: {self.log()[-3000:]}"
        )

    def _going_on(self) -> str:
        """What has not ended, with the last lines of its log: for who reads why a test waited in vain."""
        try:
            running = self.api("GET", "/tasks?state=running")["items"]
            logs = {task["id"]: self.api("GET", f"/tasks/{task['id']}/log?limit=5000")["items"] for task in running}
        except (OSError, ApiError, http.client.HTTPException) as error:
            return f"not told: {error!r}"
        last = {
            task: [f"{line['at']} {line['step']}: {line['text']}" for line in log[-12:]] for task, log in logs.items()
        }
        return json.dumps(last, indent=1)

    # projects and releases

    def project(self, name: str, **more: Any) -> str:
        """A project of that name behind our prefix; without `source`, releases come from the test."""
        whole = f"{self.prefix}-{name}"
        self.api("POST", "/projects", {"name": whole, **more})
        return whole

    def push_image(self, folder: Path, name: str, version: str = "1") -> str:
        """Build the folder and push it to the server's registry, as a CI does; the reference by digest."""
        tag = f"127.0.0.1:{self.registry_port}/{self.prefix}-ci/{name}:{version}"
        build = [*self.docker, "build", "-q", "-t", tag, str(folder)]
        subprocess.run(build, check=True, capture_output=True, timeout=120, env=os.environ | {"DOCKER_BUILDKIT": "0"})
        self._images.append(tag)
        pushed = subprocess.run([*self.docker, "push", tag], capture_output=True, text=True, timeout=120)
        assert pushed.returncode == 0, pushed.stderr
        digest = next(word for word in pushed.stdout.split() if word.startswith("sha256:"))
        return f"{tag.removesuffix(f':{version}')}@{digest}"

    def release(
        self, project: str, text: str, image: str, *, images: Mapping[str, str] | None = None, test_image: str = ""
    ) -> str:
        """A release of images that are there; its version. It goes to Test by itself."""
        body = {
            "images": images or {"web": image},
            "test_image": test_image,
            "files": {"fairlead.yml": base64.b64encode(text.encode()).decode()},
        }
        version: str = self.api("POST", f"/projects/{project}/releases", body)["version"]
        return version

    def deployment(self, project: str, version: str, environment: str = "Test") -> dict[str, Any]:
        """The newest deployment of that release there, as soon as it has a task, or has ended without one."""

        def look() -> dict[str, Any] | None:
            found = self.api("GET", f"/deployments?project={project}&environment={environment}")["items"]
            begun = (one for one in found if one["version"] == version and (one["task"] or one["state"] == "ended"))
            return next(begun, None)

        found: dict[str, Any] = self.until(look, f"{version} goes to {environment}")
        return found

    def ended(self, deployment: Mapping[str, Any], *, bound_s: float = TASK_BOUND_S) -> dict[str, Any]:
        """The deployment once it has ended."""

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.api("GET", f"/deployments/{deployment['id']}")
            return found if found["state"] == "ended" else None

        found: dict[str, Any] = self.until(look, f"deployment {deployment['id']} ended", bound_s=bound_s)
        return found

    def live(self, project: str, text: str, image: str, **more: Any) -> dict[str, Any]:
        """A release made and live in Test; its deployment."""
        ended = self.ended(self.deployment(project, self.release(project, text, image, **more)))
        assert ended["outcome"] == "live", ended
        return ended

    def phase(self, task: str, name: str) -> Callable[[], bool]:
        """Whether the task is in that phase now, or past it."""

        def look() -> bool:
            phases = self.api("GET", f"/tasks/{task}")["phases"]
            return any(phase["name"] == name and phase["state"] != "waiting" and phase["begun_at"] for phase in phases)

        return look

    def lines(self, task: str) -> list[str]:
        """The task's log."""
        return [line["text"] for line in self.api("GET", f"/tasks/{task}/log?limit=5000")["items"]]

    def place(self, project: str, environment: str = "Test") -> dict[str, Any]:
        """What is there, as the server tells it."""
        found: dict[str, Any] = self.api("GET", f"/projects/{project}/environments/{environment}")
        return found

    # what is so

    @property
    def proxy(self) -> Proxy:
        """The proxy's runtime socket, read only."""
        return find_proxy(self.data_dir)

    def get(self, host: str, path: str = "/") -> tuple[int, str]:
        """One request through the proxy, as a user makes it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy_port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def capture(self, project: str, environment: str, host: str) -> dict[str, object]:
        """The place from outside."""
        return capture(self.engine, self.proxy, project, environment, host)

    def containers(self, project: str, environment: str = "Test") -> dict[str, dict[str, object]]:
        """The place's containers, by name."""
        return self.engine.containers(project, environment)


@contextlib.contextmanager
def opened_server(docker_socket: Path, settings: Mapping[str, str] | None = None) -> Iterator[WholeServer]:
    """One that is up, and gone afterwards with all that it made."""
    opened = WholeServer(docker_socket=str(docker_socket), settings=settings)
    try:
        opened.start()
        yield opened
    finally:
        opened.close()


class Visitors:
    """Light load on a route from another process; `end` counts."""

    def __init__(self, server: WholeServer, host: str) -> None:
        command = [
            sys.executable, str(ROOT / "bench" / "load.py"), f"http://{host}:{server.proxy_port}/",
            "--connect", f"127.0.0.1:{server.proxy_port}", "--seconds", "300", "--kept", "4", "--rate", "20",
            "--fresh", "3", "--fresh-rate", "10", "--slow", "2", "--path", "/", "--slow-path", "/slow",
            "--mark", "x-version", "--progress", "--json", "-",
        ]  # fmt: skip
        self._child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self._child.stderr is not None
        self._child.stderr.readline()  # the first progress: it runs

    def __enter__(self) -> "Visitors":
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait(30)
        for pipe in (self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()

    def end(self) -> dict[str, Any]:
        """What came of it."""
        self._child.send_signal(signal.SIGINT)
        said, _ = self._child.communicate(timeout=60)
        found: dict[str, Any] = json.loads(said)
        return found


def write_application(folder: Path) -> Path:
    """The application's folder, with a Dockerfile."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "app.py").write_text(APP)
    (folder / "checks.py").write_text(CHECKS)
    return folder
