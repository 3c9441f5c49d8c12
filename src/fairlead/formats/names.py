"""Names in a service that reach the engine as they are: each must look like one, or is a problem at its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.domain.image import is_reference
from fairlead.formats.compilation import Compilation
from fairlead.formats.compose_model import PORT_LIMIT, BuildModel
from fairlead.formats.findings import shown
from fairlead.formats.harms import capabilities
from fairlead.formats.node import Path
from fairlead.formats.service_model import ServiceModel

_IMAGE_WITH_VARIABLES = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_/:@-]|\.(?!\.)|#\{[^{}]*\})*")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@$-]{0,99}(?::[A-Za-z0-9_][A-Za-z0-9_.@$-]{0,99})?")
_FOLDER = re.compile(r"/[^;]{0,999}")
_HOSTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]|\.(?!\.)){0,252}")
_DRIVER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_/:-]|\.(?!\.)){0,199}")
_DEVICE = re.compile(r"/(?:[A-Za-z0-9_/@-]|\.(?!\.)){1,300}(?::/(?:[A-Za-z0-9_/@-]|\.(?!\.)){1,300})?(?::[rwm]{1,3})?")
_SYSCTL = re.compile(
    r"(?:net|fs\.mqueue)(?:\.[A-Za-z0-9_/*-]{1,60}){1,8}|kernel\.(?:msg|sem|shm)[a-z_]{0,40}|kernel\.domainname"
)
_EXPOSED = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(?:tcp|udp|sctp))?")
_OPTION = re.compile(
    r"no-new-privileges(?:[:=](?:true|false))?|seccomp[:=](?:unconfined|builtin)|systempaths[:=]unconfined"
    r"|(?:apparmor|label)[:=][^;\s]{1,400}"
)
_STAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,127}")
_ARGUMENT = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_-]|\.(?!\.)){0,127}")
CAPABILITIES = frozenset(
    {"ALL", "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN"}
    | {"DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE"}
    | {"LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST"}
    | {"NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT"}
    | {"SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE"}
    | {"SYS_TIME", "SYS_TTY_CONFIG", "WAKE_ALARM"}
)
"""capabilities(7)."""
MOST_ID = 2_147_483_647
"""Of a user or a group, at the engine."""
_ENTRY = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?!\.)){0,127}")


def check_names(at: Compilation, name: str, model: ServiceModel) -> None:
    """What the service is run as, where, and with what of the host."""
    for path, written, form, expected in _named(model):
        if written and not form.fullmatch(written):
            at.problem(("services", name, *path), shown(written), expected)
    for path, written, expected in _out_of_range(model):
        at.problem(("services", name, *path), shown(written), expected)


def check_image(at: Compilation, path: Path, image: str) -> None:
    """An image's reference; variables may still stand in it, Compose's where their values are not known here."""
    is_open = "$" in image and not at.variables.is_known and at.place(path).file in at.variables.compose_files
    if image and not is_open and not _is_image(image):
        at.problem(path, shown(image), "an image's name: [REGISTRY/]name[:TAG], in lower case")


def _is_image(written: str) -> bool:
    return bool(_IMAGE_WITH_VARIABLES.fullmatch(written)) if "#{" in written else is_reference(written)


def check_build(at: Compilation, path: Path, model: BuildModel) -> None:
    """The stage, and the names of arguments and secrets."""
    if model.target and not _STAGE.fullmatch(model.target):
        at.problem((*path, "target"), shown(model.target), "the name of a stage")
    for argument in model.args:
        if not _ARGUMENT.fullmatch(argument):
            at.problem((*path, "args", argument), shown(argument), "the name of an argument")
    for index, use in enumerate(model.secrets):
        if use.target and not _ENTRY.fullmatch(use.target):
            at.problem((*path, "secrets", index), shown(use.target), "letters, digits, dots, dashes and underscores")


def check_sections(at: Compilation) -> None:
    """The names of what services share."""
    for section in ("networks", "secrets", "configs"):
        for name in getattr(at.model, section):
            if not _ENTRY.fullmatch(name):
                at.problem((section, name), shown(name), "letters, digits, dots, dashes and underscores")


def _named(model: ServiceModel) -> Iterator[tuple[Path, str, re.Pattern[str], str]]:
    yield ("user",), model.user, _USER, "a user, or USER:GROUP"
    yield ("working_dir",), model.working_dir, _FOLDER, "an absolute path in the container"
    yield ("hostname",), model.hostname, _HOSTNAME, "a host's name"
    if model.logging is not None:
        yield ("logging", "driver"), model.logging.driver, _DRIVER, "the name of a logging driver"
    for index, device in enumerate(model.devices):
        yield ("devices", index), device, _DEVICE, "a device of the host (/dev/fuse, /dev/fuse:/dev/fuse:rw)"
    for index, option in enumerate(model.security_opt):
        yield (
            ("security_opt", index),
            option,
            _OPTION,
            "no-new-privileges, seccomp:unconfined, apparmor:PROFILE, label:…",
        )
    for sysctl in model.sysctls:
        yield (
            ("sysctls", sysctl),
            sysctl,
            _SYSCTL,
            "a setting of a container's own: net.…, fs.mqueue.…, kernel.msg…, kernel.sem, kernel.shm…",
        )
    for index, port in enumerate(model.expose):
        yield ("expose", index), port, _EXPOSED, "a port"


def _out_of_range(model: ServiceModel) -> Iterator[tuple[Path, str, str]]:
    for key, written in (("cap_add", model.cap_add), ("cap_drop", model.cap_drop)):
        for index, (capability, plain) in enumerate(zip(written, capabilities(written), strict=True)):
            if plain not in CAPABILITIES:
                yield (key, index), capability, "the name of a capability (NET_ADMIN)"
    if any(part.isdecimal() and int(part) > MOST_ID for part in model.user.split(":")):
        yield ("user",), model.user, f"numbers of at most {MOST_ID}"
    for index, port in enumerate(model.expose):
        if found := _EXPOSED.fullmatch(port):
            first, last = int(found[1]), int(found[2] or found[1])
            if not 1 <= first <= last <= PORT_LIMIT:
                yield ("expose", index), port, f"ports from 1 to {PORT_LIMIT}"
