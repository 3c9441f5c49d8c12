"""Names of images: which registry a reference leads to."""

from __future__ import annotations

DOCKER_HUB = "docker.io"
"""What stands for Docker Hub, which references without a host mean."""

_HUBS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com"})


def registry_of(reference: str) -> str:
    """The registry's ``host[:port]``, as the engine understands references: the first part where it looks like a host
    (a dot, a port, or localhost), else Docker Hub."""
    first, slash, _ = reference.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    return registry_name(first) if is_host else DOCKER_HUB


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
    host = registry_of(whole)
    short = whole.partition("/")[2] if whole.startswith(f"{host}/") else whole
    return (whole,) if short == whole else (whole, short)
