"""What in a service could harm the host (law 7): not a problem of the file, but of policy."""

from __future__ import annotations

import ipaddress

from fairlead.domain.service import PublishedPort, Role
from fairlead.formats.compilation import IN_SLOT, Compilation
from fairlead.formats.findings import shown
from fairlead.formats.node import Path
from fairlead.formats.service_model import ServiceModel

# What every container has anyway (Docker's default set): giving it back after `cap_drop: [ALL]` adds nothing.
DEFAULT_CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW"}
    | {"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)

# Settings of the container's own namespaces that cannot be felt outside (the safe set of Kubernetes, somaxconn beside).
SAFE_SYSCTLS = frozenset(
    {"kernel.shm_rmid_forced", "net.core.somaxconn", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"}
    | {"net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout"}
    | {"net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time"}
    | {"net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem"}
)
SAFE_SECURITY_OPTIONS = frozenset({"no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"})


def note_harms(at: Compilation, name: str, model: ServiceModel) -> None:
    """Every key of the service that policy must allow, binds and ports aside."""
    path: Path = ("services", name)
    if model.privileged:
        at.harm((*path, "privileged"), "privileged")
    for index, capability in enumerate(capabilities(model.cap_add)):
        if capability not in DEFAULT_CAPABILITIES:
            at.harm((*path, "cap_add", index), f"cap_add:{capability}")
    for index, device in enumerate(model.devices):
        at.harm((*path, "devices", index), f"device:{device.partition(':')[0]}")
    for index, option in enumerate(model.security_opt):
        if option not in SAFE_SECURITY_OPTIONS:
            at.harm((*path, "security_opt", index), f"security_opt:{option}")
    for sysctl in model.sysctls:
        if sysctl not in SAFE_SYSCTLS:
            at.harm((*path, "sysctls", sysctl), f"sysctl:{sysctl}")
    _note_namespaces(at, path, model)


def capabilities(names: tuple[str, ...]) -> tuple[str, ...]:
    """As the engine takes them: upper case, without CAP_."""
    return tuple(name.upper().removeprefix("CAP_") for name in names)


def network_mode_of(at: Compilation, name: str, model: ServiceModel) -> str:
    """The mode that is honoured: "", "none", or "host" where policy allows it and nothing is swapped."""
    path: Path = ("services", name, "network_mode")
    mode = model.network_mode
    if mode in ("", "bridge", "default"):
        if mode:
            at.warn(path, "is replaced by Fairlead's own networks")
        return ""
    if mode == "host" and at.roles[name] in IN_SLOT:
        at.problem(path, "the host's network for a swapped service: both slots would share it", "strategy: recreate")
    elif mode == "host":
        at.harm(path, "network_mode:host")
    elif mode != "none" or at.roles[name] in (Role.ROUTED, Role.INTERNAL):
        at.problem(path, shown(mode), "no network_mode: services meet under their names")
    return mode


def ports_of(at: Compilation, name: str, model: ServiceModel) -> tuple[PublishedPort, ...]:
    """The ports of the host that are published: of recreate services and accessories, with the policy's leave."""
    path: Path = ("services", name, "ports")
    if not model.ports:
        return ()
    if at.roles[name] in IN_SLOT:
        if at.roles[name] is Role.ROUTED:
            at.warn(path, "are not published: the route takes their place")
        else:
            at.problem(path, "ports of a swapped service without a route", "a route, expose:, or strategy: recreate")
        return ()
    published: list[PublishedPort] = []
    for port in model.ports:
        host_ip = port.host_ip or "0.0.0.0"
        try:
            ipaddress.ip_address(host_ip)
        except ValueError:
            at.problem(path, shown(host_ip), "an address of the host")
        suffix = "" if port.protocol == "tcp" else f"/{port.protocol}"
        at.harm(path, f"port:{host_ip}:{port.published}{suffix}")
        published.append(PublishedPort(host_ip, port.published, port.target, port.protocol))
    return tuple(published)


def _note_namespaces(at: Compilation, path: Path, model: ServiceModel) -> None:
    for key, mode, harmless in (("pid", model.pid, {""}), ("ipc", model.ipc, {"", "private", "none", "shareable"})):
        if mode == "host":
            at.harm((*path, key), f"{key}:host")
        elif mode not in harmless:
            at.problem((*path, key), shown(mode), "the container's own")
