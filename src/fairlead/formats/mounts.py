"""Volumes, binds, tmpfs, secrets and configs of a service: what is mounted, and what travels in the release."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from fairlead.domain.errors import FairleadError
from fairlead.domain.service import Bind, File, Mount, Role, Tmpfs, Volume
from fairlead.domain.substitution import substitute
from fairlead.domain.text import Text
from fairlead.formats.compilation import IN_SLOT, Compilation
from fairlead.formats.compose_model import FileUse, SourceModel, VolumeModel, VolumeMount
from fairlead.formats.files import READ_LIMIT, below, clean, leads_out, rest_of
from fairlead.formats.findings import did_you_mean, shown
from fairlead.formats.node import Path
from fairlead.formats.service_model import ServiceModel
from fairlead.formats.tmpfs import check_tmpfs, tmpfs_options

FILES_LIMIT = 1_000
"""Files that one bound directory may bring into a release."""

BYTES_LIMIT = 16_777_216

_VOLUME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,99}")
_TARGET = re.compile(r"/[^\x00-\x1f:,]*")
SOCKETS = frozenset({"docker.sock", "containerd.sock", "podman.sock", "crio.sock", "buildkitd.sock"})


def mounts_of(at: Compilation, name: str, model: ServiceModel) -> tuple[tuple[Mount, ...], tuple[File, ...]]:
    """What the service mounts, and the files that are put into its containers."""
    mounts: list[Mount] = []
    placed: list[tuple[Path, File]] = []
    for index, volume in enumerate(model.volumes):
        path: Path = ("services", name, "volumes", index)
        target = _target(at, path, volume.target)
        match volume.type:
            case "tmpfs":
                mounts.append(Tmpfs(target, tmpfs_options(volume.tmpfs)))
            case "volume":
                mounts.append(_volume(at, path, name, model, volume, target))
            case "bind":
                mounts.extend(_host_bind(at, path, volume, target))
                placed += [(path, file) for file in _carried_bind(at, path, volume, target)]
    for index, entry in enumerate(model.tmpfs):
        place, _, options = entry.partition(":")
        where: Path = ("services", name, "tmpfs", index)
        check_tmpfs(at, where, options)
        mounts.append(Tmpfs(_target(at, where, place), options))
    for key, uses in (("secrets", model.secrets), ("configs", model.configs)):
        for index, use in enumerate(uses):
            path = ("services", name, key, index)
            placed += [(path, file) for file in _file(at, path, use, is_secret=key == "secrets")]
    _check_twice(at, name, [*(mount.path for mount in mounts), *(file.path for _, file in placed)])
    closed = {mount.path for mount in mounts} | ({"/"} if model.read_only else set())
    for path, file in placed:
        if (directory := posixpath.dirname(file.path)) in closed:
            found = f"{shown(file.path)}, a file directly in {shown(directory)}"
            at.problem(path, found, "a directory of its own below it")
    return tuple(mounts), tuple(file for _, file in placed)


def volumes_of(at: Compilation) -> tuple[str, ...]:
    """The named volumes of the project; what cannot be honoured of them is said."""
    for name, model in at.model.volumes.items():
        path: Path = ("volumes", name)
        volume = model or VolumeModel()
        if not _VOLUME.fullmatch(name):
            at.problem(path, shown(name), "letters, digits, dots, dashes and underscores")
        if volume.external:
            at.problem((*path, "external"), "a volume that is not the project's own", "a volume of the project")
        if volume.driver not in ("", "local"):
            at.problem((*path, "driver"), shown(volume.driver), "the driver local")
        if volume.driver_opts:
            at.problem((*path, "driver_opts"), "options that would be dangerous to ignore", "a plain volume, or a bind")
        if volume.name:
            at.warn((*path, "name"), "is replaced by a name of project and environment")
    return tuple(at.model.volumes)


def paths_used(at: Compilation) -> Iterator[str]:
    """Paths of the repository's files that the services' env_files, binds, secrets, configs and exposed ports need."""
    for name, model in at.services.items():
        for index, entry in enumerate(model.env_file):
            path = clean(entry.path, at.directory(("services", name, "env_file", index)))
            if path is not None and path in at.files:
                yield path
    yield from at.blobs
    yield from at.dockerfiles


def _target(at: Compilation, path: Path, target: str) -> str:
    if not _TARGET.fullmatch(target) or ".." in target.split("/"):
        at.problem(path, shown(target), "an absolute path in the container, without '..', ':' or ','")
        return "/"
    if not target.strip("/."):
        at.problem(path, shown(target), "a path below the container's root, which is the image's own")
    return posixpath.normpath(target).replace("//", "/")


def _volume(at: Compilation, path: Path, name: str, model: ServiceModel, volume: VolumeMount, target: str) -> Volume:
    source = volume.source
    is_double = at.roles[name] in IN_SLOT
    if volume.volume and volume.volume.subpath:
        found = "a key that would be dangerous to ignore"
        at.problem((*path, "volume", "subpath"), found, "the whole volume, or a volume of its own")
    if not source:
        if at.roles[name] is not Role.ACCESSORY:
            at.warn(path, "an anonymous volume: what is written there dies with the instance")
        return Volume("", target, volume.read_only)
    if source not in at.model.volumes:
        at.problem(path, f"the volume {shown(source)}", _undeclared(at, source))
    elif is_double and not volume.read_only and not model.shared_volumes:
        at.problem(
            path,
            f"the volume {source!r}, which the old and the new release would write to at the same time",
            "accessory: true, strategy: recreate, shared_volumes: true, or ':ro'",
        )
    return Volume(source, target, volume.read_only)


def _undeclared(at: Compilation, source: str) -> str:
    if not at.model.volumes:
        return f"a volume of the top-level volumes: (add `{source}:` there)"
    return did_you_mean(source, at.model.volumes)


def _host_bind(at: Compilation, path: Path, volume: VolumeMount, target: str) -> Iterator[Bind]:
    """A bind of the host's own path: only with the policy's leave."""
    source = volume.source
    if not source.startswith("/"):
        return
    if not _TARGET.fullmatch(source) or ".." in source.split("/"):
        at.problem(path, shown(source), "a path of the host without '..', ':' or ','")
        return
    source = posixpath.normpath(source).replace("//", "/")
    is_socket = posixpath.basename(source) in SOCKETS
    at.harm(path, f"engine_socket:{source}" if is_socket else f"bind:{source}")
    yield Bind(source, target, volume.read_only)


def _carried_bind(at: Compilation, path: Path, volume: VolumeMount, target: str) -> Iterator[File]:
    """A read-only bind inside the repository: its files travel in the release."""
    source = volume.source
    if source.startswith("/"):
        return
    inside = clean(source, at.directory(path))
    if inside is None or source.startswith("~") or leads_out(at.files, inside):
        at.problem(path, f"{shown(source)}, which leads out of the repository", "a path inside it")
        return
    if not volume.read_only:
        at.problem(
            path,
            f"{shown(source)}, a bind of the repository that can be written to",
            "':ro', a named volume, or `volumes: []` for this service in fairlead.yml",
        )
        return
    found = (inside,) if inside in at.files else below(at.files, inside)
    if not found:
        at.problem(path, f"{shown(source)}, which is not in the repository", "a file or directory of it")
    elif len(found) > FILES_LIMIT or sum(len(at.files[one]) for one in found) > BYTES_LIMIT:
        at.problem(path, f"{len(found)} files", f"at most {FILES_LIMIT} files and {BYTES_LIMIT} bytes")
    else:
        for one in rest_of(at.files, inside):
            at.warn(path, f"{shown(one)} is left out: only files of up to {READ_LIMIT} bytes in the repository travel")
        for one in found:
            below_target = target if one == inside else posixpath.join(target, posixpath.relpath(one, inside))
            yield File(below_target, blob=at.blob(one), mode=_mode(at.files[one]), source=one)


def _mode(content: bytes) -> int:
    """A script may be run; the release holds contents, not modes."""
    return 0o555 if content.startswith((b"#!", b"\x7fELF")) else 0o444


def _file(at: Compilation, path: Path, use: FileUse, *, is_secret: bool) -> Iterator[File]:
    section = "secrets" if is_secret else "configs"
    known = at.model.secrets if is_secret else at.model.configs
    if use.source not in known:
        at.problem(path, shown(use.source), did_you_mean(use.source, known) if known else f"a name of {section}:")
        return
    base, target = "/run/secrets" if is_secret else "/", use.target or use.source
    target = _target(at, path, posixpath.join(base, target))
    source = known[use.source]
    content, carried = source_text(at, (section, use.source), source)
    if content is not None or carried:
        blob = at.blob(carried) if carried else ""
        yield File(target, content or "", blob, use.mode, use.uid, use.gid, is_secret, carried)


def source_text(at: Compilation, path: Path, source: SourceModel) -> tuple[Text | None, str]:
    """The text of a top-level secret or config, or the path of the file that travels in the release."""
    stated = [key for key in ("file", "environment", "content") if getattr(source, key) not in ("", None)]
    if source.external or len(stated) != 1:
        found = "an external one" if source.external else f"{len(stated)} of file, environment, content"
        at.problem(path, found, "one of file (of the repository), environment (a variable's name), content")
        return None, ""
    if source.content is not None:
        return source.content, ""
    if source.environment:
        return _variable(at, (*path, "environment"), source.environment), ""
    inside = clean(source.file, at.directory((*path, "file")))
    if inside is None or leads_out(at.files, inside):
        at.problem((*path, "file"), f"{shown(source.file)}, which leads out of the repository", "a path inside it")
    elif inside not in at.files:
        expected = "a file of the repository; what is not committed comes from a variable: environment: NAME"
        at.problem((*path, "file"), f"no file {shown(source.file)}", expected)
    else:
        at.blob(inside)
        return None, inside
    return None, ""


def _variable(at: Compilation, path: Path, name: str) -> Text | None:
    value = None
    try:
        value = at.variables.compose(name)
        if value is None:
            substitute(f"#{{{name}}}", lambda _: None, where=".".join(map(str, path)))
    except FairleadError as error:
        if at.variables.is_known:
            at.error(path, error)
        elif not at.variables.is_silent:
            at.warn(path, f"{error.message} in these files: Fairlead must know one where this is deployed")
    return value


def _check_twice(at: Compilation, name: str, targets: list[str]) -> None:
    for target in sorted({target for target in targets if targets.count(target) > 1}):
        at.problem(("services", name), f"{shown(target)} mounted twice", "each path once")
