"""What HAProxy's runtime socket says, read into values; pure."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fairlead.adapters.proxies.haproxy_books import MapEntry
from fairlead.domain.errors import Failed

ADDRESS_SET = ("IP changed from '", "no need to change the addr", "port changed from '")
EMPTY_ADDRESS = "0.0.0.0"
EMPTY_PORT = 1
EMPTY_COLUMN = f" {EMPTY_ADDRESS} "
STATE_RUNNING = 2  # srv_op_state: SRV_ST_RUNNING
MAINTENANCE_BY_CONFIG = 0x04  # srv_admin_state keeps this bit although the server was made ready since


@dataclass(frozen=True, slots=True)
class RunningServer:
    """One server slot of a backend, by its number from 1."""

    slot: int
    address: str
    port: int
    is_ready: bool

    @property
    def is_empty(self) -> bool:
        return self.address == EMPTY_ADDRESS


@dataclass(frozen=True, slots=True)
class Usage:
    """A backend's own counts: sessions open now (whole, and by slot), and what it counted since the proxy started.

    HAProxy counts a request once it has ended, a tunnel too: `switched` are those that ended after a 1xx answer (101).
    """

    open_now: int
    open_by_slot: Mapping[int, int]
    requests: int
    proxy_errors: int
    server_errors: int
    broken: int = 0
    retried: int = 0
    redispatched: int = 0
    left: int = 0
    switched: int = 0


def read_map(answer: str) -> dict[str, MapEntry]:
    """`show map`: an address in memory, the key, the value."""
    entries: dict[str, MapEntry] = {}
    for line in answer.splitlines():
        _, found, rest = line.partition(" ")
        key, also_found, value = rest.partition(" ")
        if not (found and also_found and line.startswith("0x")):
            raise _unreadable("show map", line)
        entries.setdefault(key, MapEntry.parse(value))
    return entries


def read_routed(answer: str) -> Iterator[str]:
    """`show map`: only the backends, in the map's order."""
    for line in answer.splitlines():
        if not line.startswith("0x"):
            raise _unreadable("show map", line)
        yield line.rpartition(" ")[2].partition(":")[0]


def read_servers(answer: str, *, with_empty: bool = True) -> list[RunningServer]:
    """`show servers state BACKEND`: a version line, a header that names the columns, one line for each server."""
    lines = answer.splitlines()
    if len(lines) < 2 or lines[0].strip() != "1" or not lines[1].startswith("# "):
        raise _unreadable("show servers state", answer)
    places = {name: place for place, name in enumerate(lines[1][2:].split())}
    try:
        columns = [places[name] for name in ("srv_name", "srv_addr", "srv_port", "srv_op_state", "srv_admin_state")]
        rows = [line.split() for line in lines[2:] if line and (with_empty or EMPTY_COLUMN not in line)]
        return [_server(*[row[column] for column in columns]) for row in rows]
    except (KeyError, IndexError, ValueError) as error:
        raise _unreadable("show servers state", answer) from error


def _server(name: str, address: str, port: str, operation: str, admin: str) -> RunningServer:
    is_running = int(operation) == STATE_RUNNING and int(admin) & ~MAINTENANCE_BY_CONFIG == 0
    return RunningServer(int(name.removeprefix("s")), address, int(port), is_running)


def read_connections(answer: str) -> dict[int, int]:
    """`show servers conn BACKEND`: connections in use, by slot; idle ones that are kept for reuse do not count, and
    slots without an address are left out.
    """
    lines = answer.splitlines()
    if not lines or not lines[0].startswith("# "):
        raise _unreadable("show servers conn", answer)
    columns = lines[0][2:].split()
    try:
        place = columns.index("used_cur")
        rows = [line.split() for line in lines[1:] if line and EMPTY_COLUMN not in line]
        return {int(row[0].rpartition("/s")[2]): int(row[place]) for row in rows}
    except (ValueError, IndexError) as error:
        raise _unreadable("show servers conn", answer) from error


def read_usage(answer: str) -> Usage:
    """`show stat BACKEND 6 -1`: CSV, a row for each server and one for the backend.

    What the backend answered with 5xx and no server did is what the proxy made itself. Columns: management guide 9.1.
    """
    head, *lines = csv.reader(answer.removeprefix("# ").splitlines() or [""])
    places = {name: place for place, name in enumerate(head)}
    try:
        name, scur, failed = places["svname"], places["scur"], places["hrsp_5xx"]
        whole = next(line for line in lines if line[name] == "BACKEND")
        servers = [line for line in lines if line[name] != "BACKEND"]
        of_servers = sum(int(line[failed] or 0) for line in servers)
        return Usage(
            open_now=int(whole[scur]),
            open_by_slot={int(line[name].removeprefix("s")): int(line[scur]) for line in servers},
            requests=int(whole[places["req_tot"]]),
            proxy_errors=max(0, int(whole[failed] or 0) - of_servers),
            server_errors=of_servers,
            broken=int(whole[places["srv_abrt"]] or 0),
            retried=int(whole[places["wretr"]] or 0),
            redispatched=int(whole[places["wredis"]] or 0),
            left=int(whole[places["cli_abrt"]] or 0),
            switched=int(whole[places["hrsp_1xx"]] or 0),
        )
    except (StopIteration, KeyError, IndexError, ValueError) as error:
        raise _unreadable("show stat", answer) from error


def read_facts(answer: str) -> dict[str, str]:
    """`show info`: a name and a value on each line."""
    pairs = (line.partition(": ") for line in answer.splitlines())
    return {name: value for name, _, value in pairs if name}


def read_new_version(answer: str) -> int:
    """`prepare map`: the number of the new generation."""
    text, _, number = answer.rpartition(": ")
    if text != "New version created" or not number.isdigit():
        raise _unreadable("prepare map", answer)
    return int(number)


def _unreadable(command: str, answer: str) -> Failed:
    return Failed("proxy.failed", f"the proxy answered {command!r} with {answer[:200]!r}", thing="proxy")
