"""Waiting until an instance is ready, and saying why it is not: its last lines, and what it listens on instead."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.errors import FairleadError
from fairlead.domain.record import Json
from fairlead.domain.service import ExecProbe, ImageProbe, RunningProbe
from fairlead.ports.container_engine import LABEL_DEPLOYMENT, Container
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import side_by_side
from fairlead.steps.listening import describe_listeners
from fairlead.steps.output import last_lines
from fairlead.steps.probing import Answer, Probed, ask
from fairlead.steps.remains import HealthHistory, keep_health
from fairlead.steps.words import KILLED, counted, ended_with

PROBE_PAUSE_S = 0.05
"""Until ready we ask twenty times a second: what is ready should not wait for us."""

REFUSED_PAUSE_S = 0.01
REFUSED_SHARE = 0.2
"""Where nothing listens yet the kernel answers, and no service is disturbed: we look again after a fifth of the time
waited so far, at least after this, at most after the usual pause."""

ENGINE_PROBE_PAUSE_S = 0.25
"""A probe that goes through the engine costs it a process or an inspection: four times a second."""

LIFE_PAUSE_S = 0.25
"""How often we look whether the container still lives while it does not answer."""

STILL_TRIES = 3
"""An instance that was ready may miss one probe on a busy host; three in a row say that it is gone."""

STEADY_S = 1.0
"""Without port or check, an instance is ready when it has stayed running this long."""

HIGHER = "give it a higher memory limit"
KILLED_HINT = f"if memory ran out ('dmesg' on its host tells), {HIGHER}; else somebody or something killed it"


@dataclass(frozen=True, slots=True)
class Watched:
    """What is waited for: the probe, and what the container must be. `deployment` and `network` "" are not checked.

    `restart`, where it is given, is the policy that the container gets once it has answered: nothing but the switch
    comes then, and to change it takes the engine no longer than the pause between two answers."""

    probed: Probed
    service: str
    deployment: str = ""
    network: str = ""
    restart: str = ""


async def until_ready(watched: Watched, tools: Tools) -> Outcome:
    """Done when it answered healthily as often in a row as asked, and is the instance expected."""
    history = HealthHistory()
    try:
        outcome = await _wait(watched, history, tools)
    except asyncio.CancelledError:  # too late, or told to stop: what was answered until then is evidence too
        await keep_health(watched.probed.name, history, tools)
        raise
    if isinstance(outcome, SaidNo):
        await keep_health(watched.probed.name, history, tools)
    return outcome


async def _wait(watched: Watched, history: HealthHistory, tools: Tools) -> Outcome:
    health = watched.probed.health
    began = tools.clock.monotonic_s()
    in_a_row = 0
    has_its_policy = not watched.restart
    looked_at_life = began
    while True:
        answer = await ask(watched.probed, tools)
        history.add(tools.clock.now().isoformat(), is_healthy=answer.is_healthy, text=answer.text)
        in_a_row = in_a_row + 1 if answer.is_healthy else 0
        is_enough = in_a_row >= _needed(watched)
        now = tools.clock.monotonic_s()
        if not answer.is_healthy and now - looked_at_life >= LIFE_PAUSE_S:
            looked_at_life = now
            if death := await _death(watched, history, tools):
                return death
        if not is_enough and now - began >= health.within_s:
            return await _too_late(watched, answer, history, tools)
        async with side_by_side() as group:
            if answer.is_healthy and not has_its_policy:
                has_its_policy = True
                group.create_task(tools.container_engine.keep_up(watched.probed.name, watched.restart))
            if not is_enough:
                group.create_task(tools.clock.sleep(_pause(watched, answer, waited_s=now - began)))
        if is_enough:
            return await _confirmed(watched, history, tools, took_s=now - began)


def _needed(watched: Watched) -> int:
    if isinstance(watched.probed.health.probe, RunningProbe):
        return max(watched.probed.health.healthy, round(STEADY_S / ENGINE_PROBE_PAUSE_S) + 1)
    return max(1, watched.probed.health.healthy)


def _pause(watched: Watched, answer: Answer, *, waited_s: float) -> float:
    if isinstance(watched.probed.health.probe, ExecProbe | ImageProbe | RunningProbe):
        return ENGINE_PROBE_PAUSE_S
    if answer.is_refused:
        return min(PROBE_PAUSE_S, max(REFUSED_PAUSE_S, waited_s * REFUSED_SHARE))
    return PROBE_PAUSE_S


async def _confirmed(watched: Watched, history: HealthHistory, tools: Tools, *, took_s: float) -> Outcome:
    container = await tools.container_engine.container(watched.probed.name)
    if (died := await _dead(watched, container, history, tools)) is not None:
        return died
    assert container is not None  # _dead answers for a container that is gone
    if (stranger := _stranger(watched, container)) is not None:
        return stranger
    tools.say(f"{watched.probed.name} is ready after {took_s:.2f} s")
    output: dict[str, Json] = {"took_s": round(took_s, 3), "asked": history.asked, "container": container.id}
    return Done({**output, "health": history.to_json()})


def _stranger(watched: Watched, container: Container) -> SaidNo | None:
    name = watched.probed.name
    if watched.deployment and container.labels.get(LABEL_DEPLOYMENT) != watched.deployment:
        return SaidNo(
            "instance.stranger",
            f"{name} is not the container that this deployment made",
            hint="somebody made a container of that name; remove it and deploy again",
        )
    address = container.addresses.get(watched.network, "") if watched.network else ""
    if watched.network and address != watched.probed.address:
        return SaidNo(
            "instance.stranger",
            f"{name} has the address {address or 'none'} in {watched.network}, not {watched.probed.address}:"
            " something else answers there",
            hint="look at what else is connected to that network",
        )
    return None


async def still_ready(watched: Watched, tools: Tools) -> SaidNo | None:
    """Why an instance is not any more what it was when it became ready: gone, ended, restarted, or silent."""
    history = HealthHistory()
    container = await tools.container_engine.container(watched.probed.name)
    if died := await _dead(watched, container, history, tools, when="after it was ready"):
        await keep_health(watched.probed.name, history, tools)
        return died
    for attempt in range(STILL_TRIES):
        answer = await ask(watched.probed, tools)
        if answer.is_healthy:
            return None
        history.add(tools.clock.now().isoformat(), is_healthy=False, text=answer.text)
        if attempt + 1 < STILL_TRIES:
            await tools.clock.sleep(ENGINE_PROBE_PAUSE_S)
    await keep_health(watched.probed.name, history, tools)
    return SaidNo(
        "instance.unhealthy",
        f"{watched.service} ({watched.probed.name}) was ready and no longer answers: {answer.text}",
        hint="its last lines may say why",
        evidence=await last_lines(watched.probed.name, tools),
    )


async def _death(watched: Watched, history: HealthHistory, tools: Tools) -> SaidNo | None:
    return await _dead(watched, await tools.container_engine.container(watched.probed.name), history, tools)


async def _dead(
    watched: Watched,
    container: Container | None,
    history: HealthHistory,
    tools: Tools,
    *,
    when: str = "before it was ready",
) -> SaidNo | None:
    name = watched.probed.name
    if container is None:
        return SaidNo("instance.died", f"the container {name} is gone", hint="somebody removed it; deploy again")
    if container.state == "running" and container.restart_count == 0:
        return None
    if container.state in ("created", "paused"):
        return SaidNo("instance.died", f"the container {name} is {container.state}, not running")
    history.died = container
    how = _how(container)
    was_killed = container.state != "running" and container.exit_code == KILLED
    hint = HIGHER if container.oom_killed else KILLED_HINT if was_killed else "its last lines say why"
    again = f" and was restarted {counted(container.restart_count, 'time')}" if container.restart_count else ""
    return SaidNo(
        "instance.died",
        f"{watched.service} ({name}) {how}{again} {when}",
        hint=hint,
        evidence=await last_lines(name, tools),
    )


def _how(container: Container) -> str:
    if container.oom_killed:
        return "was ended by the kernel: out of memory"
    return "ended" if container.state == "running" else ended_with(container.exit_code)


async def _too_late(watched: Watched, answer: Answer, history: HealthHistory, tools: Tools) -> SaidNo:
    if death := await _death(watched, history, tools):
        return death
    name = watched.probed.name
    hint = "its last lines may say why; `health.within` gives it longer"
    if answer.is_refused:
        hint = await _hint_about_ports(watched, tools) or hint
    return SaidNo(
        "instance.unhealthy",
        f"{watched.service} ({name}) was not ready within {watched.probed.health.within_s:g} s: {answer.text}",
        hint=hint,
        evidence=await last_lines(name, tools),
    )


async def _hint_about_ports(watched: Watched, tools: Tools) -> str:
    try:
        return await describe_listeners(watched.probed.name, watched.probed.port, tools)
    except FairleadError:
        return ""
