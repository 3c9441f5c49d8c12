"""Names of images, as engines read them (github.com/distribution/reference): which registry a reference leads to.

``[HOST[:PORT]/]NAME[:TAG][@DIGEST]``. What stands before the first slash is a host where it looks like one: a dot, a
port, a capital letter (names of images have none), or localhost.
"""

from __future__ import annotations

import re

DOCKER_HUB = "docker.io"
"""What stands for Docker Hub, which references without a host mean."""

_HUBS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com"})


LONGEST_NAME = 255
"""Characters of host and name together."""
LONGEST = 500
"""Characters of a whole reference: a little more than its parts may have."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_REFERENCE = re.compile(
    rf"(?P<name>(?:{_HOST}/)?{_PART}(?:/{_PART})*)(?::{_TAG})?(?:@sha256:[0-9a-f]{{64}})?",
)
_IDENTITY = re.compile(r"[0-9a-f]{64}")


def is_reference(text: str) -> bool:
    """Whether an engine takes it for an image's name. Digests are SHA-256; 64 digits alone would be an image's id."""
    found = _REFERENCE.fullmatch(text) if len(text) <= LONGEST else None
    return found is not None and len(found["name"]) <= LONGEST_NAME and not _IDENTITY.fullmatch(text)


def registry_of(reference: str) -> str:
    """The registry's ``host[:port]``, as the engine understands references; without one, Docker Hub."""
    return registry_name(_host_of(reference) or DOCKER_HUB)


def registry_name(host: str) -> str:
    """One name for one registry: Docker Hub has several hosts."""
    return DOCKER_HUB if host in _HUBS else host


def version_of(reference: str) -> str:
    """The tag that the reference has beside its digest: what stands for the image's version; "" where it has none."""
    name = reference.partition("@")[0].rpartition("/")[2]
    return name.partition(":")[2]


def repository_of(reference: str) -> str:
    """What its registry calls it: Docker Hub keeps images without a path under ``library/``."""
    name = names_of(reference)[-1]
    return f"library/{name}" if registry_of(reference) == DOCKER_HUB and "/" not in name else name


def names_of(reference: str) -> tuple[str, ...]:
    """What the image is called without tag and digest: with its registry and without."""
    path, slash, last = reference.partition("@")[0].rpartition("/")
    whole = f"{path}{slash}{last.partition(':')[0]}"
    host = _host_of(whole)
    return (whole, whole.removeprefix(f"{host}/")) if host else (whole,)


def _host_of(reference: str) -> str:
    """What stands before the first slash, where it is a host; else ""."""
    first, slash, _ = reference.partition("/")
    is_host = "." in first or ":" in first or first == "localhost" or first.lower() != first
    return first if slash and is_host else ""
