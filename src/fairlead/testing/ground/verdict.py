"""Whether what is so after a deployment is exactly the old, or exactly the new; by captures from outside alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fairlead.testing.ground.outside import State


def unlike_old(before: State, after: State) -> list[str]:
    """What is not as it was; empty where all is. A new volume is the project's data, and stays."""
    gone = [f"{name} is gone" for name in before.keys() - after.keys()]
    new = [f"{name} is left" for name in after.keys() - before.keys() if not name.startswith("volume ")]
    both = before.keys() & after.keys()
    changed = [f"{name} is {after[name]}, not {before[name]}" for name in both if after[name] != before[name]]
    return sorted(gone + new + changed)


def unlike_new(before: State, after: State, version: str, *, keeps_standby: bool) -> list[str]:
    """What is not as after an undisturbed deployment; empty where all is.

    Each deployment of a project leaves the same shape as the one before it, with other containers in the other colour;
    so the shape before is the one to be found again, with `version` live.
    """
    wrong = []
    expected, found = shape(before, live_of(before)), shape(after, version)
    for part in expected:
        if expected[part] != found[part]:
            wrong.append(f"{part}: {_told(found[part])} instead of {_told(expected[part])}")
    kept = {held["id"] for held in _containers(before).values() if held["kind"] == "instance"}
    again = {name for name, held in _containers(after).items() if held["id"] in kept}
    if again and not keeps_standby:
        wrong += [f"container {name} is of the old release" for name in sorted(again)]
    return wrong + _disagreements(after)


def shape(state: State, live: str) -> dict[str, Any]:
    """What stays the same from one undisturbed deployment to the next, without names, addresses and ids."""
    containers = _containers(state).values()
    return {
        "containers": Counter(
            f"{held['service']} ({held['kind']}, {_whose(held, live)}, "
            f"{'runs' if held['is_running'] else 'stopped'}, {len(held['networks'])} networks)"
            for held in containers
        ),
        "networks": sum(1 for name in state if name.startswith("network ")),
        "volumes": sorted(name for name in state if name.startswith("volume ")),
        "routes": sorted(name for name in state if name.startswith("route ")),
        "servers": sum(1 for name in state if name.startswith("server ")),
        "slots": Counter(held["state"] for name, held in state.items() if name.startswith("slot ")),
        "registrations": sum(1 for name in state if name.startswith("registration ")),
    }


def live_of(state: State) -> str:
    """The version of what the books call live."""
    networks = {held["network"] for name, held in state.items() if name.startswith("slot ") and held["state"] == "live"}
    for held in _containers(state).values():
        if held["kind"] == "instance" and networks & set(held["networks"]):
            return str(held["version"])
    return ""


def _disagreements(state: State) -> list[str]:
    """Where proxy, catalogue and books do not say the same."""
    routed = {backend for name, backend in state.items() if name.startswith("route ")}
    at_proxy = {
        stands.partition(" ")[0]
        for name, stands in state.items()
        if name.startswith("server ") and name.removeprefix("server ").partition("/")[0] in routed
    }
    registered = {f"{held[0]}:{held[1]}" for name, held in state.items() if name.startswith("registration ")}
    return [f"the proxy sends users to {place}, which is not registered" for place in sorted(at_proxy - registered)]


def _containers(state: State) -> dict[str, dict[str, Any]]:
    return {name.partition(" ")[2]: held for name, held in state.items() if name.startswith("container ")}


def _whose(held: dict[str, Any], live: str) -> str:
    if held["kind"] == "accessory":
        return "lasting"
    return "live" if held["version"] == live else "another release"


def _told(value: object) -> str:
    if isinstance(value, Counter):
        return ", ".join(f"{count} × {what}" for what, count in sorted(value.items()))
    return str(value)
