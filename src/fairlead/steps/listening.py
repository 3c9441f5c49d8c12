"""Which ports something listens on inside a container: the hint for an image that uses another than declared."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.ports.step import Tools

LISTENING = "0A"
"""TCP_LISTEN as /proc/net/tcp spells it (Linux, include/net/tcp_states.h)."""

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
LOOKUP_TIMEOUT_S = 5.0


async def describe_listeners(container: str, declared: int, tools: Tools) -> str:
    """A sentence on what listens inside, "" where that cannot be found."""
    result = await tools.container_engine.execute(container, ["cat", *TABLES], timeout_s=LOOKUP_TIMEOUT_S)
    listeners = set(listeners_in(result.output))
    if not listeners and result.exit_code != 0:
        return ""
    if any(port == declared and is_loopback for port, is_loopback in listeners):
        return f"it listens on port {declared} of its loopback address only: let it listen on 0.0.0.0"
    ports = sorted({port for port, is_loopback in listeners if not is_loopback})
    if not ports:
        return f"nothing listens inside the container; `port: {declared}` was declared"
    listed = ", ".join(str(port) for port in ports)
    return f"nothing listens on the declared port {declared}, but something does on {listed}: correct `port:`"


def listeners_in(tables: str) -> Iterator[tuple[int, bool]]:
    """Each listening port in the text of /proc/net/tcp{,6}, and whether only loopback reaches it."""
    for line in tables.splitlines():
        words = line.split()
        if len(words) < 4 or words[3] != LISTENING or ":" not in words[1]:
            continue
        address, port = words[1].rsplit(":", 1)
        if _is_docker_dns(address):
            continue
        yield int(port, 16), _is_loopback(address)


def _is_loopback(address: str) -> bool:
    if len(address) == 8:  # IPv4, bytes in host order (little-endian)
        return address.endswith("7F")
    return address == "00000000000000000000000001000000"


def _is_docker_dns(address: str) -> bool:
    return address == "0B00007F"  # 127.0.0.11, the engine's resolver inside each container
