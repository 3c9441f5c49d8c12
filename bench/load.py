#!/usr/bin/env python3
"""Visits a site from many connections, without a retry, and counts each request that failed (DESIGN's law 1).

    bench/load.py http://guestbook.localhost:8080 --seconds 30 --json -

Three kinds of visitors, each paced so that the generator itself stays cheap: *kept* connections carry one request after
another, *fresh* ones a single request each, *slow* ones ask for pages that take their time. SIGINT or SIGTERM ends the
run: what is in flight is awaited and counted. Standard library only; knows nothing of Fairlead.

A request failed where its connection was refused, reset, closed or timed out before the whole answer; where the proxy
itself answered 502, 503 or 504 (an answer without the application's mark); or where the application answered 5xx.
The last are also shown apart, by version: whoever judges a run knows whether that release was healthy. A kept
connection that the other side closed *between* two requests is opened again and is no failure; closed *under* a request
it is one.
"""

import argparse
import asyncio
import collections
import json
import signal
import ssl
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

Kind = Literal["kept", "fresh", "slow"]
PROXY_ANSWERS = {502, 503, 504}
FAILURES_KEPT = 100  # of which the particulars are told; all are counted
LATENCIES_KEPT = 1_000_000  # 8 MB; beyond, percentiles are of the first million
HEAD_LIMIT_BYTES = 65_536
BACK_OFF_S = 0.02  # after a failure, so that a dead site is not hammered


class Broken(Exception):
    """The answer did not come whole; `kind` is how."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Plan:
    """What to visit, how often, and for how long. `rate` is requests per second of one connection."""

    url: str
    seconds: float = 10.0
    requests: int = 10_000_000
    kept: int = 8
    fresh: int = 4
    slow: int = 2
    rate: float = 20.0
    fresh_rate: float = 10.0
    paths: Sequence[str] = ("/", "/healthz", "/entries.json")
    slow_paths: Sequence[str] = ("/slow?s=0.5",)
    connect: str = ""  # host:port to connect to instead of the URL's
    timeout_s: float = 10.0
    mark: str = "x-guestbook-version"  # a header that only the application sets; its value is the version
    instance_mark: str = "x-guestbook-instance"
    trust: str = ""  # a file of certificates, for https; "any" trusts any


@dataclass(slots=True)
class Tally:
    """What came of a run so far."""

    requests: int = 0
    answered: int = 0
    in_flight: int = 0
    by_kind: collections.Counter[str] = field(default_factory=collections.Counter)
    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    failures: collections.Counter[str] = field(default_factory=collections.Counter)
    failed_by_kind: collections.Counter[str] = field(default_factory=collections.Counter)
    application: collections.Counter[str] = field(default_factory=collections.Counter)
    versions: dict[str, list[float]] = field(default_factory=dict)  # count, first seen, last seen
    instances: collections.Counter[str] = field(default_factory=collections.Counter)
    particulars: list[dict[str, object]] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    reopened: int = 0
    last_answer_s: float = 0.0
    longest_gap_s: float = 0.0

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    def as_json(self, took_s: float) -> dict[str, object]:
        """The result, as it is written."""
        ordered = sorted(self.latencies_ms)

        def at(share: float) -> float | None:
            return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else None

        return {
            "requests": self.requests,
            "answered": self.answered,
            "failed": self.failed,
            "failures": dict(self.failures),
            "application": dict(self.application),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "kinds": {
                kind: {"requests": self.by_kind[kind], "failed": self.failed_by_kind[kind]} for kind in self.by_kind
            },
            "versions": {
                version: {"requests": int(count), "first_s": round(first, 3), "last_s": round(last, 3)}
                for version, (count, first, last) in self.versions.items()
            },
            "instances": dict(self.instances),
            "reopened": self.reopened,
            "seconds": round(took_s, 3),
            "per_second": round(self.requests / took_s, 1) if took_s else 0.0,
            "latency_ms": {"p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1.0)},
            "longest_gap_ms": round(self.longest_gap_s * 1000, 1),
            "particulars": self.particulars,
        }


@dataclass(slots=True)
class Line:
    """One connection to the site, or none yet."""

    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    carried: int = 0

    @property
    def is_open(self) -> bool:
        return self.writer is not None

    def drop(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None
        self.carried = 0


class Load:
    """A run: `await run()` until the plan's bound or `stop()`; `tally` can be read at any time."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tally = Tally()
        url = urlsplit(plan.url)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"expected http://host[:port], found {plan.url!r}")
        port = url.port or (443 if url.scheme == "https" else 80)
        host = "127.0.0.1" if url.hostname.endswith(".localhost") else url.hostname
        if plan.connect:
            host, _, text = plan.connect.rpartition(":")
            port = int(text)
        self._address = (host, port)
        self._host = url.netloc.rpartition("@")[2]
        self._name = url.hostname
        self._tls = _trust(plan.trust) if url.scheme == "https" else None
        self._stopping = asyncio.Event()
        self._began = 0.0
        self._took_s = 0.0

    def stop(self) -> None:
        """Ask for no more; what is in flight is awaited."""
        self._stopping.set()

    def result(self) -> dict[str, object]:
        return self.tally.as_json(self._took_s or self._now())

    async def run(self) -> dict[str, object]:
        """Visit until the bound is reached or `stop()` is called; the result as JSON would have it."""
        plan = self.plan
        self._began = time.perf_counter()
        visitors = [self._visit("kept", number, plan.rate, plan.paths) for number in range(plan.kept)]
        visitors += [self._visit("fresh", number, plan.fresh_rate, plan.paths) for number in range(plan.fresh)]
        visitors += [self._visit("slow", number, plan.rate, plan.slow_paths) for number in range(plan.slow)]
        async with asyncio.TaskGroup() as group:
            clock = group.create_task(self._end_in_time())
            await asyncio.gather(*visitors)
            clock.cancel()
        self._took_s = self._now()
        self.tally.longest_gap_s = max(self.tally.longest_gap_s, self._took_s - self.tally.last_answer_s)
        return self.result()

    async def _end_in_time(self) -> None:
        await asyncio.sleep(self.plan.seconds)
        self.stop()

    def _now(self) -> float:
        return time.perf_counter() - self._began

    async def _visit(self, kind: Kind, number: int, rate: float, paths: Sequence[str]) -> None:
        line, pause_s, turn = Line(), 1 / rate, number
        await self._wait(pause_s * (number % 7) / 7)  # visitors do not march in step
        while not self._stopping.is_set() and self.tally.requests < self.plan.requests:
            due = self._now() + pause_s
            is_well = await self._ask(line, kind, paths[turn % len(paths)])
            turn += 1
            if kind == "fresh" or not is_well:
                line.drop()
            await self._wait(max(due - self._now(), 0.0 if is_well else BACK_OFF_S))
        line.drop()

    async def _wait(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass

    async def _ask(self, line: Line, kind: Kind, path: str) -> bool:
        """One request, counted whatever becomes of it."""
        tally, asked_s = self.tally, self._now()
        tally.requests += 1
        tally.by_kind[kind] += 1
        tally.in_flight += 1
        try:
            async with asyncio.timeout(self.plan.timeout_s):
                status, headers, may_go_on = await self._exchange(line, path, keep=kind != "fresh")
        except TimeoutError:
            return self._failed("timed_out", kind, path, asked_s)
        except Broken as broken:
            return self._failed(broken.kind, kind, path, asked_s)
        except ConnectionRefusedError:
            return self._failed("refused", kind, path, asked_s)
        except ConnectionError:
            return self._failed("reset", kind, path, asked_s)
        except OSError as error:
            return self._failed(f"os_{error.errno}", kind, path, asked_s)
        finally:
            tally.in_flight -= 1
        self._count(status, headers, kind, path, asked_s)
        if not may_go_on:
            line.drop()
        return True

    async def _exchange(self, line: Line, path: str, *, keep: bool) -> tuple[int, dict[str, str], bool]:
        if line.reader is not None and line.reader.at_eof():  # closed between two requests: nobody's request was lost
            self.tally.reopened += 1
            line.drop()
        if not line.is_open:
            name = self._name if self._tls else None
            line.reader, line.writer = await asyncio.open_connection(
                *self._address, ssl=self._tls, server_hostname=name, limit=HEAD_LIMIT_BYTES
            )
        assert line.reader is not None and line.writer is not None
        closing = "" if keep else "Connection: close\r\n"
        line.writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n{closing}\r\n".encode())
        try:
            answer = await read_answer(line.reader)
        except asyncio.IncompleteReadError as error:
            raise Broken(_how_closed(line, is_partial=bool(error.partial))) from None
        line.carried += 1
        return answer

    def _count(self, status: int, headers: dict[str, str], kind: Kind, path: str, asked_s: float) -> None:
        tally, now = self.tally, self._now()
        version = headers.get(self.plan.mark, "")
        tally.statuses[status] += 1
        if status in PROXY_ANSWERS and not version:
            self._failed(f"proxy_{status}", kind, path, asked_s)
            return
        if status >= 500:
            tally.application[version or "unmarked"] += 1
            self._failed(f"application_{status}", kind, path, asked_s)
            return
        tally.answered += 1
        tally.longest_gap_s = max(tally.longest_gap_s, now - tally.last_answer_s)
        tally.last_answer_s = now
        if len(tally.latencies_ms) < LATENCIES_KEPT and kind != "slow":
            tally.latencies_ms.append((now - asked_s) * 1000)
        seen = tally.versions.setdefault(version or "unmarked", [0, now, now])
        seen[0] += 1
        seen[2] = now
        if instance := headers.get(self.plan.instance_mark):
            tally.instances[instance] += 1

    def _failed(self, how: str, kind: Kind, path: str, asked_s: float) -> bool:
        tally = self.tally
        tally.failures[how] += 1
        tally.failed_by_kind[kind] += 1
        if len(tally.particulars) < FAILURES_KEPT:
            at = {"at_s": round(self._now(), 3), "asked_s": round(asked_s, 3)}
            tally.particulars.append({"how": how, "kind": kind, "path": path, **at})
        return False


def _how_closed(line: Line, *, is_partial: bool) -> str:
    if is_partial:
        return "closed_in_answer"
    return "closed_kept" if line.carried else "closed_fresh"


def _trust(trust: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=trust if trust not in ("", "any") else None)
    if trust == "any":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bool]:
    """Status, headers (names in lower case) and whether the connection carries another request; the body is read whole.

    Raises IncompleteReadError where the connection ends before that, Broken where it is no HTTP.
    """
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise Broken("no_http") from None
        first, *rest = head.decode("latin-1").split("\r\n")
        parts = first.split(" ", 2)
        if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
            raise Broken("no_http")
        status = int(parts[1])
        if status >= 200:
            break
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest if line)}
    may_go_on = headers.get("connection", "").lower() != "close" and parts[0] != "HTTP/1.0"
    if status in (204, 304):
        return status, headers, may_go_on
    if headers.get("transfer-encoding", "").lower() == "chunked":
        await _read_chunks(reader)
    elif "content-length" in headers:
        await _read_exactly(reader, int(headers["content-length"]))
    else:
        await reader.read()
        may_go_on = False
    return status, headers, may_go_on


async def _read_exactly(reader: asyncio.StreamReader, count: int) -> None:
    try:
        await reader.readexactly(count)
    except asyncio.IncompleteReadError:
        raise Broken("closed_in_answer") from None


async def _read_chunks(reader: asyncio.StreamReader) -> None:
    try:
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
    except asyncio.IncompleteReadError:
        raise Broken("closed_in_answer") from None
    except ValueError:
        raise Broken("no_http") from None


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    defaults = Plan(url="http://localhost")
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("url", help="http://host[:port]; *.localhost is this machine")
    parser.add_argument("--connect", default="", metavar="HOST:PORT", help="connect there instead")
    parser.add_argument("--seconds", type=float, default=defaults.seconds)
    parser.add_argument("--requests", type=int, default=defaults.requests, help="at most so many")
    parser.add_argument("--kept", type=int, default=defaults.kept, help="kept-alive connections")
    parser.add_argument("--fresh", type=int, default=defaults.fresh, help="visitors with a new connection each time")
    parser.add_argument("--slow", type=int, default=defaults.slow, help="visitors of the slow pages")
    parser.add_argument("--rate", type=float, default=defaults.rate, help="requests per second of a kept connection")
    parser.add_argument("--fresh-rate", type=float, default=defaults.fresh_rate, help="… of a fresh visitor")
    parser.add_argument("--path", action="append", dest="paths", help="may be given more than once")
    parser.add_argument("--slow-path", action="append", dest="slow_paths", help="may be given more than once")
    parser.add_argument("--timeout", type=float, default=defaults.timeout_s, dest="timeout_s")
    parser.add_argument("--mark", default=defaults.mark, help="header by which the application is known")
    parser.add_argument("--trust", default="", metavar="FILE|any", help="certificates to trust, for https")
    parser.add_argument("--json", default="-", metavar="FILE", help="where the result goes (- is the standard output)")
    parser.add_argument("--progress", action="store_true", help="a line of JSON on stderr each second")
    return parser.parse_args(argv)


async def _tell(load: Load) -> None:
    while True:
        await asyncio.sleep(1)
        tally = load.tally
        seen = sorted(tally.versions.items(), key=lambda item: item[1][2])
        told = {"requests": tally.requests, "failed": tally.failed, "version": seen[-1][0] if seen else None}
        print(json.dumps(told), file=sys.stderr, flush=True)


async def _main(arguments: argparse.Namespace) -> int:
    given = {name: value for name, value in vars(arguments).items() if value is not None}
    target, tells = given.pop("json"), given.pop("progress")
    load = Load(Plan(**{**given, "mark": given["mark"].lower()}))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, load.stop)
    telling = asyncio.create_task(_tell(load)) if tells else None
    result = await load.run()
    if telling:
        telling.cancel()
    _write(json.dumps(result, indent=2) + "\n", target)
    return 0 if not load.tally.failed else 1


def _write(text: str, target: str) -> None:
    if target == "-":
        sys.stdout.write(text)
    else:
        Path(target).write_text(text)


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(_main(_arguments(None))))
    except ValueError as error:
        sys.exit(f"load.py: {error}")
