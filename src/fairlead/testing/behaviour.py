"""What a container does once it is started: scripted for a fake, turned into a shell script for a real engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fairlead.ports.container_engine import ContainerSpec, ExecResult


@dataclass(frozen=True, slots=True)
class Behaviour:
    """From its start on, in seconds of the world's clock.

    It writes `output` (stream and line) at once, and ends after `ends_after_s` with `exit_code`, or runs until it is
    stopped. It listens on `ports` from `ready_after_s` on, and each connection is answered by `answer` (a request's
    bytes in, a response's bytes out). `health` is what its HEALTHCHECK says once it is ready ("" where it has none).
    `commands` are what `execute` may be asked, `files` what it leaves for `copy_out`. `ignores_stop` needs a KILL.
    `echoes_input`: it, or a command in it, writes what it finds on its standard input (`cat`).
    `refuses_start` is an error code that its start ends in. `is_oom_killed` (fakes only): the kernel ended it.
    """

    output: tuple[tuple[Literal["stdout", "stderr"], str], ...] = ()
    ends_after_s: float | None = None
    exit_code: int = 0
    ready_after_s: float = 0.0
    ports: tuple[int, ...] = ()
    answer: Callable[[bytes], bytes] | None = None
    health: Literal["", "healthy", "unhealthy"] = ""
    commands: Mapping[tuple[str, ...], ExecResult] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    ignores_stop: bool = False
    refuses_start: str = ""
    is_oom_killed: bool = False
    echoes_input: bool = False


Script: TypeAlias = Behaviour | Callable[[ContainerSpec], Behaviour]
"""A behaviour, or one that depends on how the container was made (its command, its environment)."""


def http_ok(body: str = "ok") -> Callable[[bytes], bytes]:
    """Answers each request with 200 and the body, and closes."""
    content = body.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    return lambda _: head.encode() + content


def http_status(status: int) -> Callable[[bytes], bytes]:
    """Answers each request with that status and nothing more."""
    head = f"HTTP/1.1 {status} Scripted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return lambda _: head.encode()
