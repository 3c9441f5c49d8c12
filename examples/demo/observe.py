"""What is so, asked of the container engine and the proxy themselves: nothing here knows Fairlead's server or code."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import urllib.parse
from pathlib import Path
from typing import Any


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """The container engine: looked at, and tidied after the demo."""

    def __init__(self, path: str) -> None:
        self._path = path

    def get(self, what: str, **query: object) -> Any:
        connection = _Unix(self._path)
        words = urllib.parse.urlencode({k: json.dumps(v) if isinstance(v, dict) else v for k, v in query.items()})
        try:
            connection.request("GET", f"{what}?{words}" if words else what)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status == 404:
            return None
        if answer.status >= 400:
            raise RuntimeError(f"{what}: {answer.status} {body[:200]!r}")
        return json.loads(body)

    def delete(self, what: str, **query: object) -> None:
        """Gone; gone before is fine."""
        connection = _Unix(self._path)
        words = urllib.parse.urlencode(query)
        try:
            connection.request("DELETE", f"{what}?{words}" if words else what)
            connection.getresponse().read()
        finally:
            connection.close()

    def containers(self, project: str, environment: str) -> dict[str, dict[str, object]]:
        """Name → what must be the same before and after, for all containers of the place."""
        label = [f"io.fairlead.project={project}", f"io.fairlead.environment={environment}"]
        found: dict[str, dict[str, object]] = {}
        for entry in self.get("/containers/json", all=1, filters={"label": label}) or []:
            whole = self.get(f"/containers/{entry['Id']}/json")
            if whole is None:
                continue
            config = {
                "config": whole["Config"],
                "host": whole["HostConfig"],
                "image": whole["Image"],
                "mounts": whole["Mounts"],
            }
            found[whole["Name"].lstrip("/")] = {
                "id": whole["Id"],
                "running": whole["State"]["Running"],
                "configuration": hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest(),
                "networks": sorted(whole["NetworkSettings"]["Networks"]),
            }
        return found

    def networks(self, project: str, environment: str) -> dict[str, str]:
        """Name → id, for all networks of the place."""
        label = [f"io.fairlead.project={project}", f"io.fairlead.environment={environment}"]
        return {entry["Name"]: entry["Id"] for entry in self.get("/networks", filters={"label": label}) or []}


class Proxy:
    """The proxy's runtime socket, read only."""

    def __init__(self, path: str) -> None:
        self._path = path

    def ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(10)
            stream.connect(self._path)
            stream.sendall(command.encode() + b"\n")
            parts = []
            while part := stream.recv(65536):
                parts.append(part)
        return b"".join(parts).decode()

    def routes(self, host: str) -> list[str]:
        """The map's lines for that host: where its requests go now."""
        lines = []
        for map_line in self.ask("show map").splitlines():
            number = map_line.partition(" ")[0]
            if not number.lstrip("-").isdigit():
                continue
            for line in self.ask(f"show map #{number}").splitlines():
                words = line.split()[1:]
                if words and host in words[0]:
                    lines.append(" ".join(words))
        return sorted(lines)

    def servers(self, backends: list[str]) -> list[str]:
        """Addresses that the named backends hold."""
        held = []
        for line in self.ask("show servers state").splitlines():
            words = line.split()
            if len(words) > 18 and words[1] in backends and words[4] != "0.0.0.0":
                held.append(f"{words[1]} {words[4]}:{words[18]}")
        return sorted(held)


def find_proxy(data_dir: Path) -> Proxy:
    """The proxy whose files lie below the data directory."""
    for path in sorted((data_dir / "haproxy").rglob("*.sock")):
        try:
            if Proxy(str(path)).ask("show info").startswith("Name: HAProxy"):
                return Proxy(str(path))
        except OSError:
            continue
    raise RuntimeError(f"no proxy answers below {data_dir / 'haproxy'}")


def capture(engine: Engine, proxy: Proxy, project: str, environment: str, host: str) -> dict[str, object]:
    """Everything of the place that a rollback must leave as it was."""
    routes = proxy.routes(host)
    return {
        "containers": engine.containers(project, environment),
        "networks": engine.networks(project, environment),
        "routes": routes,
        "servers": proxy.servers(sorted({line.split()[-1] for line in routes})),
    }


def differences(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """In words; empty where nothing differs."""
    found = []
    for part in before:
        old, new = before[part], after[part]
        if isinstance(old, dict) and isinstance(new, dict):
            found += [f"{part}: {name} is gone" for name in old.keys() - new.keys()]
            found += [f"{part}: {name} is new" for name in new.keys() - old.keys()]
            found += [f"{part}: {name} changed" for name in old.keys() & new.keys() if old[name] != new[name]]
        elif old != new:
            found.append(f"{part}: was {old}, is {new}")
    return sorted(found)
