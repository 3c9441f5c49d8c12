"""A throw-away server: `fairlead-server` with a data directory, proxy, registry, ports and networks of its own."""

from __future__ import annotations

import base64
import http.client
import ipaddress
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
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fairlead.domain.errors import Failed, TimedOut
from fairlead.testing.ground.forked import Forked
from fairlead.testing.ground.image import make_image
from fairlead.testing.ground.outside import Books, Engine, Proxy, SqliteBooks, find_proxy

START_BOUND_S = 60.0
END_BOUND_S = 60.0
ASK_BOUND_S = 30.0
LOOK_S = 0.05
POOL = ipaddress.IPv4Network("10.244.0.0/14")
ORDERS, STRUCK = "mischief.json", "struck.log"
"""In the folder of orders: what the server is to be struck by, and what has struck, a line for each time."""


class ThrowAway:
    """Opened once, closed once: nothing of it is left then, and nothing of others is touched meanwhile.

    Its projects' names begin with `prefix`, which is its own, so that containers and networks are told from others'.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        settings: Mapping[str, str] | None = None,
        place: Path | None = None,
        books: Books | None = None,
    ) -> None:
        self.prefix = f"sweep{secrets.token_hex(3)}"
        self.engine = engine
        self.data_dir = Path(tempfile.mkdtemp(prefix="fairlead-sweep-", dir=place))
        self.orders = self.data_dir
        self.books: Books = books or SqliteBooks(self.data_dir / "fairlead.db")
        self.port, self.proxy_port, self.registry_port = free_ports(3)
        self.key = "flk_" + secrets.token_urlsafe(24)
        self.child: Forked | None = None
        self._images: list[str] = []
        self.settings = {
            "FAIRLEAD_DATA_DIR": str(self.data_dir),
            "FAIRLEAD_PORT": str(self.port),
            "FAIRLEAD_DOCKER_SOCKET": engine.path,
            "FAIRLEAD_PROXY_BIND": "127.0.0.1",
            "FAIRLEAD_PROXY_HTTP_PORT": str(self.proxy_port),
            "FAIRLEAD_PROXY_HTTPS_PORT": "0",
            "FAIRLEAD_PROXY_BACKENDS": "32",
            "FAIRLEAD_REGISTRY_PORT": str(self.registry_port),
            "FAIRLEAD_SUBNET_POOL": free_pool(engine),
            "FAIRLEAD_ADMIN_API_KEY": self.key,
            "FAIRLEAD_ADMIN_PASSWORD": secrets.token_urlsafe(18),
            "FAIRLEAD_LOG_FORMAT": "text",
            "FAIRLEAD_ROOM_MARGIN_BYTES": "0",
            "FAIRLEAD_DISK_MARGIN_BYTES": "0",
            **(settings or {}),
        }

    # its life

    def start(self) -> None:
        """It runs, and says that it is ready."""
        self.begin()
        self.until(self._is_ready, "the throw-away server is ready", bound_s=START_BOUND_S)

    def begin(self) -> None:
        """Its process is started; whoever asks waits for it."""
        self.child = Forked(self._environment(), self.orders, self.data_dir / "server.log")

    def has_died(self) -> bool:
        """Whether its process is gone."""
        return self.child is not None and self.child.has_ended()

    def _is_ready(self) -> bool:
        if self.has_died():
            raise Failed("server.state", f"the throw-away server ended: {self.log()[-2000:]}", thing=str(self.data_dir))
        try:
            return self._ask("GET", "/readyz", None)[0] == 200
        except OSError:
            return False

    def stop(self) -> None:
        """SIGTERM, and it ends."""
        if self.child is not None and not self.child.has_ended():
            self.child.send(signal.SIGCONT)
            self.child.send(signal.SIGTERM)
            if not self.child.wait(END_BOUND_S):
                self.child.send(signal.SIGKILL)
                self.child.wait(END_BOUND_S)

    def close(self) -> None:
        """Nothing of it is left: processes, containers, networks, volumes, images, files."""
        self.stop()
        down = [sys.executable, "-m", "fairlead.entry.server", "down"]
        subprocess.run(down, env=self._environment(), capture_output=True, timeout=2 * END_BOUND_S, check=False)
        self._remove_labelled()
        for image in self._images:
            self.engine.delete(f"/images/{image}", force=1)
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def _remove_labelled(self) -> None:
        for project in self._projects():
            for entry in self.engine.labelled("containers", project):
                self.engine.delete(f"/containers/{entry['Id']}", force=1, v=1)
            for entry in self.engine.labelled("networks", project):
                self.engine.delete(f"/networks/{entry['Id']}")
            for entry in self.engine.labelled("volumes", project):
                self.engine.delete(f"/volumes/{entry['Name']}")
        ours = f"127.0.0.1:{self.registry_port}/"
        for entry in self.engine.get("/images/json") or []:
            names = [*(entry["RepoTags"] or []), *(entry["RepoDigests"] or [])]
            self._images += [name for name in names if name.startswith(ours)]

    def _projects(self) -> set[str]:
        label = {"label": ["io.fairlead.project"]}
        found = [*(self.engine.get("/containers/json", all=1, filters=label) or [])]
        found += [*(self.engine.get("/networks", filters=label) or [])]
        found += [*((self.engine.get("/volumes", filters=label) or {}).get("Volumes") or [])]
        names = {entry["Labels"]["io.fairlead.project"] for entry in found}
        return {name for name in names if name.startswith(self.prefix)}

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
        return {**kept, **self.settings}

    def log(self) -> str:
        """What the server wrote."""
        return (self.data_dir / "server.log").read_text(errors="replace")

    # asking it

    def api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One request to the REST API; Failed where it is refused, OSError where nobody answers."""
        status, content = self._ask(method, f"/api/v1{path}", body)
        if status >= 300:
            said = content.decode(errors="replace")[:600]
            raise Failed("server.state", f"{method} {path}: {status} {said}", thing=path)
        return json.loads(content or b"null")

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ASK_BOUND_S)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    def until(self, holds: Callable[[], Any], what: str, *, bound_s: float) -> Any:
        """What `holds` gives once it gives something; TimedOut says what was waited for."""
        deadline = time.monotonic() + bound_s
        while time.monotonic() < deadline:
            if found := holds():
                return found
            time.sleep(LOOK_S)
        raise TimedOut("server.unreachable", f"waited {bound_s:g} s in vain until {what}", thing=str(self.data_dir))

    def push(self, image: str = "") -> str:
        """The engine's image of that tag, else one made of this Python, is in the server's registry; its reference by
        digest."""
        tag = f"127.0.0.1:{self.registry_port}/{self.prefix}-ci/tiny:1"
        self._images.append(tag)
        if image:
            self.engine.tag(image, tag)
        else:
            make_image(self.engine, tag)
        return f"{tag.removesuffix(':1')}@{self.engine.push(tag)}"

    def release(self, project: str, text: str, images: Mapping[str, str], test_image: str) -> str:
        """A release of images that are there; it goes to the first environment by itself."""
        files = {"fairlead.yml": base64.b64encode(text.encode()).decode()}
        body = {"images": dict(images), "test_image": test_image, "files": files}
        return str(self.api("POST", f"/projects/{project}/releases", body)["version"])

    # what is so

    @property
    def proxy(self) -> Proxy:
        """The proxy's runtime socket."""
        return find_proxy(self.data_dir)

    def visit(self, host: str) -> tuple[int, str]:
        """One request through the proxy, as a user makes it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy_port, timeout=10)
        try:
            connection.request("GET", "/", headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    # what it is struck by

    def order(self, mischiefs: Mapping[str, int]) -> None:
        """From now on these strike, each so often; none where the mapping is empty."""
        (self.orders / STRUCK).write_text("")
        written = self.orders / f"{ORDERS}.new"
        written.write_text(json.dumps(dict(mischiefs)))
        written.rename(self.orders / ORDERS)

    def struck(self) -> list[str]:
        """Which of the orders have struck."""
        return (self.orders / STRUCK).read_text().splitlines()


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def free_pool(engine: Engine) -> str:
    """A /20 that none of the engine's networks and none of this machine's routes overlaps."""
    used = list(_used(engine))
    chances = list(POOL.subnets(new_prefix=20))
    begin = secrets.randbelow(len(chances))
    for chance in chances[begin:] + chances[:begin]:
        if not any(chance.overlaps(one) for one in used):
            return str(chance)
    raise Failed("network.pool", f"no /20 of {POOL} is free for the throw-away networks", thing=str(POOL))


def _used(engine: Engine) -> Iterator[ipaddress.IPv4Network]:
    for entry in engine.get("/networks") or []:
        for held in entry["IPAM"]["Config"] or []:
            network = ipaddress.ip_network(held.get("Subnet", "0.0.0.0/32"), strict=False)
            if isinstance(network, ipaddress.IPv4Network):
                yield network
    try:
        lines = Path("/proc/net/route").read_text().splitlines()[1:]
    except OSError:
        return
    for words in (line.split() for line in lines):
        address, mask = (int.from_bytes(bytes.fromhex(words[at]), "little") for at in (1, 7))
        if mask:
            yield ipaddress.IPv4Network((address, bin(mask).count("1")), strict=False)
