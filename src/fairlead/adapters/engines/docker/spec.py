"""A `ContainerSpec` in the engine's own terms: the body of `POST /containers/create` (API 1.41)."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Mapping
from typing import Any

from fairlead.domain.errors import Invalid
from fairlead.domain.service import Bind, Tmpfs, Volume
from fairlead.ports.container_engine import (
    LABEL_ENVIRONMENT,
    LABEL_INSTALLATION,
    LABEL_PROJECT,
    Attachment,
    ContainerSpec,
)

Json = dict[str, Any]

_LABELS_OF_FILES_VOLUME = "io.fairlead."


def create_body(spec: ContainerSpec) -> Json:
    """Everything but the second and later networks (API < 1.44 takes one only) and the files' contents."""
    body: Json = {
        "Image": spec.image,
        "Env": [f"{name}={value}" for name, value in sorted(spec.environment.items())],
        "Labels": dict(spec.labels),
        "StopTimeout": whole_seconds(spec.stop_grace_s),
        "HostConfig": _host_config(spec),
    }
    optional = {
        "Cmd": None if spec.command is None else list(spec.command),
        "Entrypoint": None if spec.entrypoint is None else list(spec.entrypoint),
        "User": spec.user,
        "WorkingDir": spec.working_dir,
        "Hostname": spec.hostname,
        "StopSignal": spec.stop_signal,
    }
    body.update({key: value for key, value in optional.items() if value not in (None, "")})
    if spec.tty:
        body["Tty"] = True
    if spec.reads_input:
        body |= {"OpenStdin": True, "StdinOnce": True, "AttachStdin": True}  # once: its end is the input's end
    if spec.ports:
        body["ExposedPorts"] = {f"{port.container_port}/{port.protocol}": {} for port in spec.ports}
    if spec.networks and not spec.network_mode:
        first = spec.networks[0]
        body["NetworkingConfig"] = {"EndpointsConfig": {first.network: endpoint(first)}}
    return body


def endpoint(attachment: Attachment) -> Json:
    """A network's endpoint: aliases, and the address where we chose it."""
    settings: Json = {"Aliases": list(attachment.aliases)}
    if attachment.address:
        settings["IPAMConfig"] = {"IPv4Address": attachment.address}
    return settings


def whole_seconds(seconds: float) -> int:
    """The engine counts whole seconds; rather longer than shorter."""
    return max(0, math.ceil(seconds))


def restart_policy(restart: str) -> Json:
    """Compose's words. `always` becomes `unless-stopped`: what was stopped stays so when the engine restarts."""
    name, _, count = restart.partition(":")
    if name == "always":
        name = "unless-stopped"
    policy: Json = {"Name": name or "no"}
    if name == "on-failure" and count.isdecimal():
        policy["MaximumRetryCount"] = int(count)
    return policy


def _host_config(spec: ContainerSpec) -> Json:
    limits = spec.limits
    config: Json = {
        "RestartPolicy": restart_policy(spec.restart),
        "NetworkMode": spec.network_mode or (spec.networks[0].network if spec.networks else "default"),
        "Mounts": _mounts(spec),
    }
    optional: Json = {
        "Init": spec.init,
        "ReadonlyRootfs": spec.read_only,
        "Privileged": spec.privileged,
        "PidMode": spec.pid_mode,
        "IpcMode": spec.ipc_mode,
        "CapAdd": list(spec.cap_add),
        "CapDrop": list(spec.cap_drop),
        "SecurityOpt": list(spec.security_opt),
        "Sysctls": dict(spec.sysctls),
        "ExtraHosts": [f"{host}:{address}" for host, address in sorted(spec.extra_hosts.items())],
        "Devices": [_device(device) for device in spec.devices],
        "Tmpfs": {mount.path: mount.options for mount in spec.mounts if isinstance(mount, Tmpfs)},
        "PortBindings": _port_bindings(spec),
        "Memory": limits.memory_bytes,
        "MemoryReservation": limits.memory_reservation_bytes,
        "NanoCpus": round(limits.cpus * 1_000_000_000),
        "PidsLimit": limits.pids,
        "ShmSize": limits.shm_size_bytes,
        "Ulimits": [
            {"Name": name, "Soft": soft, "Hard": hard} for name, (soft, hard) in sorted(limits.ulimits.items())
        ],
    }
    config.update({key: value for key, value in optional.items() if value})
    if spec.log_driver or spec.log_options:
        config["LogConfig"] = {"Type": spec.log_driver, "Config": dict(spec.log_options)}
    return config


def _device(device: str) -> Json:
    there, _, rest = device.partition(":")
    inside, _, permissions = rest.partition(":")
    return {
        "PathOnHost": there,
        "PathInContainer": inside or there,
        "CgroupPermissions": permissions or "rwm",
    }


def _port_bindings(spec: ContainerSpec) -> dict[str, list[Json]]:
    bindings: dict[str, list[Json]] = {}
    for port in spec.ports:
        where = {"HostIp": port.host_ip, "HostPort": str(port.host_port) if port.host_port else ""}
        bindings.setdefault(f"{port.container_port}/{port.protocol}", []).append(where)
    return bindings


def _mounts(spec: ContainerSpec) -> list[Json]:
    """Volumes and binds, and one anonymous volume for each directory that files cannot be put into otherwise."""
    mounts = [_mount(mount, spec.labels) for mount in spec.mounts if not isinstance(mount, Tmpfs)]
    labels = {key: value for key, value in spec.labels.items() if key.startswith(_LABELS_OF_FILES_VOLUME)}
    for directory in file_volumes(spec):
        mounts.append({"Type": "volume", "Target": directory, "VolumeOptions": {"Labels": labels}})
    return mounts


def _mount(mount: Volume | Bind, labels: Mapping[str, str]) -> Json:
    if isinstance(mount, Bind):
        return {"Type": "bind", "Source": mount.source, "Target": mount.path, "ReadOnly": mount.read_only}
    # The labels matter only where the volume is not there yet and the engine makes it on the way.
    kept = (LABEL_PROJECT, LABEL_ENVIRONMENT, LABEL_INSTALLATION)
    options = {"Labels": {key: labels[key] for key in kept if key in labels}}
    return {
        "Type": "volume",
        "Source": mount.name,
        "Target": mount.path,
        "ReadOnly": mount.read_only,
        "VolumeOptions": options,
    }


def file_volumes(spec: ContainerSpec) -> tuple[str, ...]:
    """Directories of files that need a volume of their own, sorted.

    A file goes into the container's own layer where that can be written and seen. Under a read-only root the engine
    refuses to put it there; under another mount it would be hidden (tmpfs), or written into the project's data
    (volume). There the file's directory becomes an anonymous volume, which starts with what the image has in that
    directory, lives as long as the container and is removed with it.
    """
    targets = {posixpath.normpath(mount.path) for mount in spec.mounts}
    needed: set[str] = set()
    for file in spec.files:
        directory = posixpath.dirname(_absolute(file.path))
        if not (spec.read_only or any(is_below(directory, target) for target in targets)):
            continue
        if directory == "/" or directory in targets:
            raise Invalid(
                "input.invalid",
                f"the file {file.path} cannot be put directly into {directory}",
                thing=spec.name,
                hint="give it a directory of its own below it",
            )
        needed.add(directory)
    return tuple(sorted(needed))


def is_below(path: str, directory: str) -> bool:
    """Whether `path` is `directory` or inside it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _absolute(path: str) -> str:
    if not path.startswith("/") or ".." in path.split("/") or path.endswith("/"):
        raise Invalid("input.invalid", f"{path!r} is not an absolute path of a file", thing=path)
    return posixpath.normpath(path)
