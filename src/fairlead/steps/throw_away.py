"""Services that stand for tests alone: which are needed, in which order, and what of them is left out there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from fairlead.domain.service import Bind, Definition, Mount, Service, Tmpfs, Volume


def named(definition: Definition, name: str) -> Service | None:
    """The service of that name; None where there is none."""
    return next((service for service in definition.services if service.name == name), None)


def needed_by(definition: Definition, names: Collection[str]) -> frozenset[str]:
    """The services and all that they depend on."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        service = named(definition, name)
        if name not in found and service is not None:
            found.add(name)
            waiting += [dependency.service for dependency in service.depends_on]
    return frozenset(found)


def layered(definition: Definition, wanted: Collection[str], *, without: Collection[str] = ()) -> list[list[Service]]:
    """The services, each after those it depends on; a circle (refused long before) ends in one layer. Those of
    `without` stand there by other means."""
    names = needed_by(definition, wanted) - frozenset(without)
    left = [service for service in definition.services if service.name in names]
    layers: list[list[Service]] = []
    done: set[str] = set()
    while left:
        ready = [one for one in left if all(need.service in done for need in one.depends_on if need.service in names)]
        layers.append(ready or left)
        done |= {service.name for service in layers[-1]}
        left = [service for service in left if service.name not in done]
    return layers


def thrown_away(service: Service, prefix: str) -> tuple[Service, tuple[str, ...]]:
    """The service without what could harm the host or touch the project's data (law 7: a pushed file asks for nothing
    here that an administrator would have to allow), its volumes replaced by throw-away ones, whose names begin with
    `prefix`."""
    names: list[str] = []
    mounts: list[Mount] = []
    for mount in service.mounts:
        match mount:
            case Volume():
                names.append(f"{prefix}.{mount.name}")
                mounts.append(replace(mount, name=names[-1]))
            case Tmpfs():
                mounts.append(mount)
            case Bind():
                continue
    safe = replace(
        service,
        mounts=tuple(mounts),
        ports=(),
        restart="no",
        privileged=False,
        cap_add=(),
        security_opt=(),
        network_mode="",
        pid_mode="",
        ipc_mode="",
        devices=(),
        sysctls={},
        log_driver="",
        log_options={},
        labels={},
    )
    return safe, tuple(names)


def left_out(service: Service) -> list[str]:
    """What it does not get where it stands for tests alone."""
    found = {
        "its binds": any(isinstance(mount, Bind) for mount in service.mounts),
        "its published ports": bool(service.ports),
        "privileged": service.privileged,
        "added capabilities": bool(service.cap_add),
        "devices": bool(service.devices),
        "the host's namespaces": bool(service.network_mode or service.pid_mode or service.ipc_mode),
        "security options": bool(service.security_opt),
        "sysctls": bool(service.sysctls),
    }
    return [what for what, is_so in found.items() if is_so]
