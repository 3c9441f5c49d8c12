"""What the engine tells of a container, as our `Container` with its stable configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from fairlead.ports.container_engine import Container

Json = dict[str, Any]

_STATES = frozenset({"created", "running", "paused", "restarting", "removing", "exited", "dead"})
_NEVER = "0001-01-01T00:00:00Z"

# Settings of HostConfig that are told as they are; what is empty, zero or false is left out.
_PLAIN = {
    "Init": "init",
    "ReadonlyRootfs": "read_only",
    "Privileged": "privileged",
    "PidMode": "pid_mode",
    "IpcMode": "ipc_mode",
    "NetworkMode": "network_mode",
    "CapAdd": "cap_add",
    "CapDrop": "cap_drop",
    "SecurityOpt": "security_opt",
    "Sysctls": "sysctls",
    "Tmpfs": "tmpfs",
    "LogConfig": "logging",
    "RestartPolicy": "restart",
    "Memory": "memory_bytes",
    "MemoryReservation": "memory_reservation_bytes",
    "NanoCpus": "nano_cpus",
    "PidsLimit": "pids",
    "ShmSize": "shm_size_bytes",
    "Devices": "devices",
    "PortBindings": "ports",
}


def container_of(inspected: Json) -> Container:
    """From `GET /containers/{id}/json`."""
    state = inspected["State"]
    config = inspected["Config"]
    status = str(state.get("Status", ""))
    started = str(state.get("StartedAt") or "")
    return Container(
        id=inspected["Id"],
        name=inspected["Name"].lstrip("/"),
        state=cast("Any", status if status in _STATES else "dead"),
        labels=dict(config.get("Labels") or {}),
        image_id=inspected["Image"],
        addresses=_addresses(inspected),
        exit_code=int(state.get("ExitCode") or 0),
        oom_killed=bool(state.get("OOMKilled")),
        health=_health(state),
        restart_count=int(inspected.get("RestartCount") or 0),
        started_at="" if started == _NEVER else started,
        configuration=configuration_of(inspected),
    )


def is_never_started(inspected: Json) -> bool:
    """Made, and at most tried to start: its files may not have been put yet."""
    return bool(inspected["State"].get("Status") == "created")


def configuration_of(inspected: Json) -> Json:
    """What stays the same over a stop and a start: no addresses but fixed ones, no times, no process ids.

    Environment values are in clear; whoever keeps this hashes those that are secret.
    """
    config, host = inspected["Config"], inspected["HostConfig"]
    told: Json = {
        "image": inspected["Image"],
        "image_reference": config.get("Image", ""),
        "command": config.get("Cmd"),
        "entrypoint": config.get("Entrypoint"),
        "environment": dict(sorted(entry.partition("=")[::2] for entry in config.get("Env") or [])),
        "user": config.get("User", ""),
        "working_dir": config.get("WorkingDir", ""),
        "hostname": config.get("Hostname", ""),
        "tty": bool(config.get("Tty")),
        "labels": dict(sorted((config.get("Labels") or {}).items())),
        "healthcheck": config.get("Healthcheck"),
        "stop_signal": config.get("StopSignal", ""),
        "stop_grace_s": config.get("StopTimeout"),
        "mounts": _mounts(inspected),
        "networks": _networks(inspected),
        "extra_hosts": sorted(host.get("ExtraHosts") or []),
        "ulimits": sorted((limit["Name"], limit["Soft"], limit["Hard"]) for limit in host.get("Ulimits") or []),
    }
    told.update({ours: host[theirs] for theirs, ours in _PLAIN.items() if host.get(theirs)})
    return {key: value for key, value in told.items() if value not in (None, "", [], {}, False)}


def _addresses(inspected: Json) -> Mapping[str, str]:
    networks = inspected["NetworkSettings"].get("Networks") or {}
    told = {name: settings.get("IPAddress") or _fixed_address(settings) for name, settings in networks.items()}
    return {name: address for name, address in sorted(told.items()) if address}


def _fixed_address(settings: Json) -> str:
    return str((settings.get("IPAMConfig") or {}).get("IPv4Address") or "")


def _networks(inspected: Json) -> Json:
    short_id = inspected["Id"][:12]
    networks = inspected["NetworkSettings"].get("Networks") or {}
    return {
        name: {
            "aliases": sorted({alias for alias in settings.get("Aliases") or [] if alias != short_id}),
            "address": _fixed_address(settings),
        }
        for name, settings in sorted(networks.items())
    }


def _mounts(inspected: Json) -> list[Json]:
    told = [
        {
            "type": mount.get("Type", ""),
            "source": mount.get("Name") or mount.get("Source", ""),
            "path": mount.get("Destination", ""),
            "writable": bool(mount.get("RW")),
        }
        for mount in inspected.get("Mounts") or []
    ]
    return sorted(told, key=lambda mount: str(mount["path"]))


def _health(state: Json) -> Any:
    status = str((state.get("Health") or {}).get("Status", ""))
    return status if status in {"starting", "healthy", "unhealthy"} else ""
