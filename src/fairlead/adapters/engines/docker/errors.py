"""The engine's refusals: its status and words, and which of our errors they mean."""

from __future__ import annotations

import re

from fairlead.domain.errors import Conflict, Failed, FairleadError, NotFound, Unreachable

_PORT = re.compile(
    r"port is already allocated|failed to bind (host )?port|listen (tcp|udp)\S* .*address already in use"
)
_ADDRESS = re.compile(r"address already in use", re.IGNORECASE)
_DISK = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_POOL = re.compile(r"pool overlaps|non-overlapping IPv4 address pool|overlaps with other one", re.IGNORECASE)
_NO_IMAGE = re.compile(
    r"no such image|manifest unknown|manifest for \S+ not found|not found: manifest|repository \S+ not found"
    r"|name unknown|does not exist or may require|reference does not exist",
    re.IGNORECASE,
)
_GONE = re.compile(r"no such (container|exec)", re.IGNORECASE)
_DIGEST = re.compile(r"manifest verification failed|filesystem layer verification failed", re.IGNORECASE)
_REGISTRY_SILENT = re.compile(
    r"connection refused|no such host|i/o timeout|connection reset|TLS handshake timeout|network is unreachable"
    r"|no route to host|Client\.Timeout|server misbehaving|context deadline exceeded|: EOF$|unexpected EOF"
    r"|connection broken"
)


class EngineSaidNo(Failed):
    """An answer of the engine that is no success. Verbs turn it into a more precise error where they know one."""

    def __init__(self, status: int, words: str, thing: str) -> None:
        super().__init__("engine.failed", f"the engine said {status}: {words}", thing=thing)
        self.status = status
        self.words = words


def told(refusal: EngineSaidNo, doing: str) -> FairleadError:
    """The error that an operator sees: what we tried, on which thing, the engine's own words."""
    return in_words(refusal.words, f"{doing} {refusal.thing}".strip(), refusal.thing)


def in_words(words: str, doing: str, thing: str) -> FairleadError:
    """The same for words that came inside a stream."""
    message = f"{doing}: {words}"
    if _DISK.search(words):
        return Failed("host.disk", message, thing=thing, hint="free space where the engine keeps its data")
    if _PORT.search(words):
        return Conflict("host.port", message, thing=thing, hint="stop what listens there, or publish another port")
    if _POOL.search(words):
        return Conflict("network.pool", message, thing=thing, hint="choose another subnet")
    if _ADDRESS.search(words):
        return Conflict("engine.address", message, thing=thing)
    if _GONE.search(words):
        return NotFound("engine.gone", message, thing=thing)
    if _NO_IMAGE.search(words):
        return NotFound("image.unknown", message, thing=thing)
    return Failed("engine.failed", message, thing=thing)


def from_registry(words: str, doing: str, thing: str) -> FairleadError:
    """What the engine tells of a registry that it pulled from or pushed to."""
    message = f"{doing}: {words}"
    if _DISK.search(words):
        return Failed("host.disk", message, thing=thing, hint="free space where the engine keeps its data")
    if _DIGEST.search(words):
        return Failed("registry.digest", message, thing=thing)
    if _NO_IMAGE.search(words) and "unauthorized" not in words:
        return NotFound("image.unknown", message, thing=thing)
    if _REGISTRY_SILENT.search(words):
        return Unreachable("registry.unreachable", message, thing=thing, hint="is the registry running?")
    return Failed("registry.failed", message, thing=thing)


def stranger(kind: str, name: str, found: str) -> Conflict:
    """The name is held by something that is not what was asked for."""
    held = f"Fairlead's, for {found}" if found else "not Fairlead's"
    return Conflict(
        "engine.stranger",
        f"the {kind} {name} is {held}",
        thing=name,
        hint="remove or rename it by hand if it is not needed; Fairlead does not touch it",
    )
