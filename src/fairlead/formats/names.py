"""Names in a service that reach the engine as they are: each must look like one, or is a problem at its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.formats.compilation import Compilation
from fairlead.formats.compose_model import BuildModel
from fairlead.formats.findings import shown
from fairlead.formats.node import Path
from fairlead.formats.service_model import ServiceModel

_IMAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_/:@-]|\.(?!\.)|#\{[^{}]*\})*")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@$-]{0,99}(?::[A-Za-z0-9_][A-Za-z0-9_.@$-]{0,99})?")
_FOLDER = re.compile(r"/[^;]{0,999}")
_HOSTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]|\.(?!\.)){0,252}")
_DRIVER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_/:-]|\.(?!\.)){0,199}")
_CAPABILITY = re.compile(r"[A-Za-z_]{1,40}")
_DEVICE = re.compile(r"/(?:[A-Za-z0-9_/:@-]|\.(?!\.)){1,300}")
_SYSCTL = re.compile(r"[A-Za-z0-9_/*-](?:[A-Za-z0-9_/*-]|\.(?!\.)){0,199}")
_EXPOSED = re.compile(r"[0-9]{1,5}(?:-[0-9]{1,5})?(?:/(?:tcp|udp|sctp))?")
_OPTION = re.compile(r"[A-Za-z][^;\s]{0,499}")
_STAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,127}")
_ARGUMENT = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_-]|\.(?!\.)){0,127}")
_ENTRY = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?!\.)){0,127}")


def check_names(at: Compilation, name: str, model: ServiceModel) -> None:
    """What the service is run as, where, and with what of the host."""
    for path, written, form, expected in _named(model):
        if written and not form.fullmatch(written):
            at.problem(("services", name, *path), shown(written), expected)


def check_image(at: Compilation, path: Path, image: str) -> None:
    """An image's reference; variables may still stand in it, Compose's where their values are not known here."""
    is_open = "$" in image and not at.variables.is_known and at.place(path).file in at.variables.compose_files
    if image and not is_open and not _IMAGE.fullmatch(image):
        at.problem(path, shown(image), "an image's name")


def check_build(at: Compilation, path: Path, model: BuildModel) -> None:
    """The stage, and the names of arguments and secrets."""
    if model.target and not _STAGE.fullmatch(model.target):
        at.problem((*path, "target"), shown(model.target), "the name of a stage")
    for argument in model.args:
        if not _ARGUMENT.fullmatch(argument):
            at.problem((*path, "args", argument), shown(argument), "the name of an argument")


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
    for index, capability in enumerate((*model.cap_add, *model.cap_drop)):
        key = "cap_add" if index < len(model.cap_add) else "cap_drop"
        yield (key,), capability, _CAPABILITY, "the name of a capability (NET_ADMIN)"
    for index, device in enumerate(model.devices):
        yield ("devices", index), device, _DEVICE, "a device of the host (/dev/fuse)"
    for index, option in enumerate(model.security_opt):
        yield ("security_opt", index), option, _OPTION, "an option (no-new-privileges:true)"
    for sysctl in model.sysctls:
        yield ("sysctls", sysctl), sysctl, _SYSCTL, "the name of a kernel's setting"
    for index, port in enumerate(model.expose):
        yield ("expose", index), port, _EXPOSED, "a port"
