"""What is so, asked of the engine, the proxy and the books themselves: nothing here uses the product's own code.

The engine and the proxy are asked over their sockets; the books (SQLite) are read from their file, read-only.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import sqlite3
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

ENGINE_S = 60.0
PROXY_S = 10.0
LABEL_PROJECT = "io.fairlead.project"

State = dict[str, Any]
"""One entry for each thing that is so, by its name."""


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=ENGINE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ENGINE_S)
        self.sock.connect(self._path)


class EngineError(Exception):
    """The engine answered otherwise than with 2xx."""


class Engine:
    """A Docker engine behind a Unix socket."""

    def __init__(self, path: str) -> None:
        self.path = path

    def call(
        self, method: str, what: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, **query: Any
    ) -> bytes | None:
        """The whole answer; None for 404."""
        plain = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in query.items()}
        words = urllib.parse.urlencode(plain, doseq=True)
        connection = _Unix(self.path)
        try:
            connection.request(method, f"{what}?{words}" if words else what, body, dict(headers or {}))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status == 404:
            return None
        if answer.status >= 400:
            raise EngineError(f"{method} {what}: {answer.status} {content[:300].decode(errors='replace')}")
        return content

    def get(self, what: str, **query: Any) -> Any:
        """The JSON of the answer; None for 404."""
        content = self.call("GET", what, **query)
        return None if content is None else json.loads(content)

    def delete(self, what: str, **query: Any) -> None:
        """Gone; gone before is fine."""
        self.call("DELETE", what, **query)

    def import_image(self, tag: str, archive: bytes, changes: Sequence[str]) -> None:
        """An image whose only layer is the archive."""
        name, _, version = tag.rpartition(":")
        headers = {"Content-Type": "application/x-tar"}
        query = {"fromSrc": "-", "repo": name, "tag": version, "changes": list(changes)}
        _refuse_errors(self.call("POST", "/images/create", archive, headers, **query))

    def push(self, tag: str) -> str:
        """The image is in the registry that its tag names; its digest."""
        name, _, version = tag.rpartition(":")
        login = base64.urlsafe_b64encode(b"{}").decode()
        told = _refuse_errors(self.call("POST", f"/images/{name}/push", b"", {"X-Registry-Auth": login}, tag=version))
        digests = [entry["aux"]["Digest"] for entry in told if "Digest" in entry.get("aux", {})]
        if not digests:
            raise EngineError(f"the push of {tag} told no digest")
        return str(digests[-1])

    def tag(self, image: str, tag: str) -> None:
        """The image has that name too."""
        name, _, version = tag.rpartition(":")
        self.call("POST", f"/images/{image}/tag", b"", repo=name, tag=version)

    def labelled(self, noun: str, project: str) -> list[dict[str, Any]]:
        """All containers, networks or volumes of the project."""
        more = {"all": 1} if noun == "containers" else {}
        what = "/containers/json" if noun == "containers" else f"/{noun}"
        found = self.get(what, filters={"label": [f"{LABEL_PROJECT}={project}"]}, **more) or []
        entries: list[dict[str, Any]] = (found.get("Volumes") or []) if isinstance(found, dict) else found
        return entries


class Proxy:
    """A HAProxy's runtime socket, only looked at."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)

    def ask(self, command: str) -> str:
        """The whole answer to one command."""
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(PROXY_S)
            stream.connect(self._path)
            stream.sendall(command.encode() + b"\n")
            parts = []
            while part := stream.recv(65536):
                parts.append(part)
        return b"".join(parts).decode()

    def routes(self) -> dict[str, str]:
        """Every line of every map: what is asked for, and where that goes."""
        found: dict[str, str] = {}
        for line in self.ask("show map").splitlines():
            number = line.partition(" ")[0]
            if number.isdigit():
                for entry in self.ask(f"show map #{number}").splitlines():
                    words = entry.split()
                    if len(words) >= 3:
                        found[f"#{number} {words[1]}"] = words[2]
        return found

    def servers(self) -> dict[str, str]:
        """Every server that has an address: where it is, and whether it is in use."""
        found: dict[str, str] = {}
        for line in self.ask("show servers state").splitlines():
            words = line.split()
            if len(words) > 18 and words[0].isdigit() and words[4] not in ("0.0.0.0", "-"):
                found[f"{words[1]}/{words[3]}"] = f"{words[4]}:{words[18]} admin={words[6]}"
        return found


def find_proxy(data_dir: Path) -> Proxy:
    """The proxy whose files lie below the data directory; LookupError where none answers."""
    for path in sorted((data_dir / "haproxy").rglob("*.sock")):
        try:
            if Proxy(path).ask("show info").startswith("Name: HAProxy"):
                return Proxy(path)
        except OSError:
            continue
    raise LookupError(f"no proxy answers below {data_dir / 'haproxy'}")


class Books(Protocol):
    """The tables of the books, only read."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the query finds."""
        ...


class SqliteBooks:
    """In SQLite's file."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the query finds."""
        connection = sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()


def capture(engine: Engine, proxy: Proxy, books: Books, project: str) -> State:
    """All that is so of one project: what a deployment must leave as it was, or make new."""
    found: State = {}
    for entry in engine.labelled("containers", project):
        whole = engine.get(f"/containers/{entry['Id']}/json")
        if whole is not None:
            found[f"container {whole['Name'].lstrip('/')}"] = _container(whole)
    for entry in engine.labelled("networks", project):
        subnets = [held["Subnet"] for held in entry["IPAM"]["Config"] or []]
        found[f"network {entry['Name']}"] = {"id": entry["Id"], "subnets": subnets}
    found |= {f"volume {entry['Name']}": True for entry in engine.labelled("volumes", project)}
    found |= {f"route {name}": goes for name, goes in proxy.routes().items()}
    found |= {f"server {name}": stands for name, stands in proxy.servers().items()}
    of_project = f"WHERE project = '{project}'"
    for environment, colour, state, release, network in books.rows(f"{SLOTS} {of_project}"):
        if state != "empty":
            found[f"slot {environment} {colour}"] = {"state": state, "release": release, "network": network}
    for instance, address, port, colour in books.rows(REGISTRATIONS):  # of all projects: the proxy is theirs, too
        found[f"registration {instance}"] = [address, port, colour]
    return found


SLOTS = "SELECT environment, colour, state, release, network FROM slots"
REGISTRATIONS = "SELECT instance, address, port, colour FROM registrations"


def _container(whole: Mapping[str, Any]) -> dict[str, Any]:
    held = {key: whole[key] for key in ("Config", "HostConfig", "Image", "Mounts")}
    return {
        "id": whole["Id"],
        "is_running": whole["State"]["Running"],
        "service": whole["Config"]["Labels"].get("io.fairlead.service", ""),
        "version": whole["Config"]["Labels"].get("io.fairlead.version", ""),
        "kind": whole["Config"]["Labels"].get("io.fairlead.kind", ""),
        "configuration": hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest(),
        "networks": sorted(whole["NetworkSettings"]["Networks"]),
    }


def _refuse_errors(content: bytes | None) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in (content or b"").splitlines() if line.strip()]
    for entry in told:
        if "error" in entry:
            raise EngineError(str(entry["error"]))
    return told
