"""host.check_room: whether the idle slot fits beside what runs, asked before anything is started."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.plan import Effect
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import Plain, read
from fairlead.steps.words import counted

MEBIBYTE = 1024**2


@dataclass(frozen=True, slots=True)
class Room:
    """What the new instances need together, and what must be left over."""

    memory_bytes: int
    memory_reserve_bytes: int
    disk_reserve_bytes: int
    instances: int


class CheckRoom(Plain):
    """Compares what the new instances need with what the host has free; a live slot is never put at risk."""

    kind = "host.check_room"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Says no, with both figures, where memory or disk would run short."""
        wanted = read(Room, effect)
        free = await tools.container_engine.resources()
        needed = wanted.memory_bytes + wanted.memory_reserve_bytes
        if free.memory_free_bytes < needed:
            return SaidNo(
                "host.room",
                f"{counted(wanted.instances, 'new instance')} would need {_mib(wanted.memory_bytes)} of memory and"
                f" {_mib(wanted.memory_reserve_bytes)} must stay free, but {tools.target} has"
                f" {_mib(free.memory_free_bytes)} free; nothing was started",
                hint="lower replicas or memory limits, or give the host more memory",
            )
        if free.disk_free_bytes < wanted.disk_reserve_bytes:
            return SaidNo(
                "host.room",
                f"{tools.target} has {_mib(free.disk_free_bytes)} of disk free where images live, and"
                f" {_mib(wanted.disk_reserve_bytes)} must be; nothing was started",
                hint="remove what is not needed there, or run the retention of images",
            )
        tools.say(
            f"room: {_mib(free.memory_free_bytes)} of memory free for {_mib(wanted.memory_bytes)},"
            f" {_mib(free.disk_free_bytes)} of disk free"
        )
        return Done({"memory_free_bytes": free.memory_free_bytes, "disk_free_bytes": free.disk_free_bytes})


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / MEBIBYTE:,.0f} MiB"
