"""What a step says of the container that it runs, in Compose's words: ports, volumes, networks; and what of it could
harm the host (law 7)."""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from fairlead.domain.errors import Invalid
from fairlead.domain.names import SERVICE
from fairlead.domain.naming import PlaceNames
from fairlead.domain.process import ResolvedAction
from fairlead.domain.record import Json
from fairlead.domain.service import Bind, Harm, Mount, PublishedPort, Tmpfs, Volume
from fairlead.domain.substitution import substitute
from fairlead.formats.mounts import SOCKETS
from fairlead.formats.node import spell
from fairlead.formats.short_forms import read_mounts, read_ports
from fairlead.formats.tmpfs import tmpfs_options
from fairlead.formats.unhonoured import said_in_vain

T = TypeVar("T")
ENVIRONMENT_NETWORK = "environment"
"""What steps call the network in which the environment's accessories live under their names."""
HOST = "host"
DEFAULT_RESTART = "unless-stopped"
RESTART = re.compile(r"no|always|unless-stopped|on-failure(:[1-9][0-9]{0,3})?")

_VOLUME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,99}")
_PATH = re.compile(r"/[^\x00-\x1f:,]*")
_ALIAS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is settled before the container's task begins. Names of volumes and networks are those in the engine."""

    ports: tuple[PublishedPort, ...] = ()
    mounts: tuple[Mount, ...] = ()
    networks: tuple[str, ...] = ()
    network_mode: str = ""
    aliases: tuple[str, ...] = ()
    restart: str = DEFAULT_RESTART


def settings_of(resolved: ResolvedAction) -> Settings:
    """Read and vetted, variables put in; `Invalid` `process.properties` where one cannot be honoured. What a step
    gives only later is not known here, and neither is a secret: these decide what policy is asked."""
    reading = Reading(resolved)
    networks, mode = reading.networks(), reading.text("network_mode")
    if networks and mode not in ("", "bridge"):
        raise reading.wrong("network_mode", f"{mode!r} beside networks", "name networks, or a network_mode")
    aliases = reading.texts("aliases")
    if aliases and not networks:
        raise reading.wrong("aliases", "aliases without a network", "name networks, in which it has them")
    for alias in aliases:
        if not _ALIAS.fullmatch(alias):
            raise reading.wrong("aliases", repr(alias), "a host name: letters, digits, dashes and dots, 63 at most")
    restart = reading.text("restart") or DEFAULT_RESTART
    if not RESTART.fullmatch(restart):
        raise reading.wrong("restart", repr(restart), "no, always, unless-stopped, on-failure or on-failure:3")
    if mode not in ("", "bridge", "none", HOST):
        raise reading.wrong("network_mode", repr(mode), "bridge, none or host")
    ports = reading.ports()
    if ports and mode in ("none", HOST):
        raise reading.wrong("ports", f"ports with network_mode: {mode}", "leave them out: nothing is published there")
    return Settings(ports, reading.mounts(), networks, "" if mode == "bridge" else mode, aliases, restart)


def harms_of(resolved: ResolvedAction, settings: Settings) -> tuple[Harm, ...]:
    """What policy has to allow, with the keys that services of a project file have for the same."""
    keys = [f"network_mode:{HOST}"] if settings.network_mode == HOST else []
    for port in settings.ports:
        suffix = "" if port.protocol == "tcp" else f"/{port.protocol}"
        keys.append(f"port:{port.host_ip}:{port.host_port}{suffix}")
    for mount in settings.mounts:
        if isinstance(mount, Bind):
            is_socket = posixpath.basename(mount.source) in SOCKETS
            keys.append(f"engine_socket:{mount.source}" if is_socket else f"bind:{mount.source}")
    where = f"step {resolved.step}" + (f" on {resolved.target.name}" if resolved.target else "")
    return tuple(Harm(key, resolved.action.name, where) for key in keys)


@dataclass(frozen=True, slots=True)
class Reading:
    """Properties of an action, variables put in."""

    resolved: ResolvedAction

    def text(self, name: str) -> str:
        """One text; "" where it is not said."""
        return self.filled(name, self.resolved.action.properties.get(name, ""))

    def texts(self, name: str) -> tuple[str, ...]:
        """Each of a list."""
        held = self.resolved.action.properties.get(name)
        return tuple(self.filled(name, one) for one in held) if isinstance(held, list) else ()

    def networks(self) -> tuple[str, ...]:
        """By their names in the engine."""
        names = self._place_names()
        found = []
        for name in self.texts("networks"):
            if not SERVICE.fullmatch(name):
                raise self.wrong("networks", repr(name), f"{ENVIRONMENT_NETWORK}, or a network that a step makes")
            found.append(names.network if name == ENVIRONMENT_NETWORK else names.step_network(name))
        return tuple(dict.fromkeys(found))

    def ports(self) -> tuple[PublishedPort, ...]:
        """With the address that each is published on."""
        found = self._read("ports", read_ports)
        for port in found:
            try:
                ipaddress.ip_address(port.host_ip)
            except ValueError:
                raise self.wrong("ports", repr(port.host_ip), "an address of the host") from None
        return found

    def mounts(self) -> tuple[Mount, ...]:
        """Volumes by their names in the engine."""
        made: list[Mount] = []
        for one in self._read("volumes", read_mounts):
            target = self._path(one.target)
            if vain := ["volume.subpath"] if one.volume and one.volume.subpath else [*map(spell, said_in_vain(one))]:
                raise self.wrong("volumes", vain[0], "no option of that name: it is not honoured")
            match one.type:
                case "tmpfs":
                    made.append(Tmpfs(target, tmpfs_options(one.tmpfs)))
                case "bind":
                    made.append(Bind(self._path(one.source), target, one.read_only))
                case "volume":
                    made.append(Volume(self._volume(one.source), target, one.read_only))
        paths = [one.path for one in made]
        if twice := sorted({path for path in paths if paths.count(path) > 1}):
            raise self.wrong("volumes", f"{twice[0]} mounted twice", "each path once")
        return tuple(made)

    def wrong(self, name: str, found: str, expected: str) -> Invalid:
        """What cannot be honoured, and what to write."""
        action = self.resolved.action.name
        return Invalid("process.properties", f"{name} of {action}: {found}", thing=action, hint=f"expected {expected}")

    def _volume(self, name: str) -> str:
        if name and not _VOLUME.fullmatch(name):
            raise self.wrong("volumes", repr(name), "a name of letters, digits, dashes, dots, underscores, or a path")
        return self._place_names().volume(name) if name else ""

    def _path(self, path: str) -> str:
        if not _PATH.fullmatch(path) or ".." in path.split("/") or not path.strip("/."):
            raise self.wrong("volumes", repr(path), "an absolute path below the root, without '..', ':' or ','")
        return posixpath.normpath(path).replace("//", "/")

    def _read(self, name: str, read: Callable[[list[Any]], T]) -> T:
        held = self.resolved.action.properties.get(name)
        try:
            return read([self._filled_entry(name, one) for one in held] if isinstance(held, list) else [])
        except Invalid as error:
            if error.code != "input.invalid":
                raise
            raise self.wrong(name, error.message, error.hint) from error

    def _filled_entry(self, name: str, entry: Json) -> Json:
        if isinstance(entry, Mapping):
            return {key: self.filled(name, held) if isinstance(held, str) else held for key, held in entry.items()}
        return self.filled(name, entry)

    def filled(self, name: str, held: Json) -> str:
        """One text of the property; a secret is refused."""
        where = f"{name} of {self.resolved.action.name}"
        found = substitute(str(held), self.resolved.variables.get, where=where, names=self.resolved.variables)
        if not isinstance(found, str):
            raise self.wrong(name, "a secret", "what may be seen: secrets belong into its environment")
        return found

    def _place_names(self) -> PlaceNames:
        of = self.resolved.owner
        return PlaceNames(of.project, of.environment, of.tenant or None)
