"""The catalogue's copy on disk: what stands in each place, for the night when there is neither server nor database."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.domain.colour import Colour
from fairlead.domain.errors import Failed
from fairlead.domain.naming import where_slug
from fairlead.domain.record import from_data
from fairlead.domain.slot import SlotState
from fairlead.ports.catalogue import Place


@dataclass(frozen=True, slots=True)
class CopiedSlot:
    """A slot as our books had it when the copy was written."""

    state: SlotState
    deployment: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class CopiedRoute:
    """A route by its name at the proxy, and the service that it leads to."""

    name: str
    service: str
    host: str
    path: str


@dataclass(frozen=True, slots=True)
class CopiedInstance:
    """Where an instance is reached."""

    service: str
    instance: str
    colour: Colour
    address: str
    port: int
    deployment: str
    container: str


@dataclass(frozen=True, slots=True)
class PlaceCopy:
    """One file. `live` is the colour that is committed, None before a first deployment."""

    project: str
    environment: str
    tenant: str | None
    live: Colour | None
    instances: tuple[CopiedInstance, ...]
    slots: Mapping[Colour, CopiedSlot]
    routes: tuple[CopiedRoute, ...]
    installation: str = ""

    @property
    def shown(self) -> str:
        """As people say it."""
        return f"{self.project} in {self.environment}" + (f" for {self.tenant}" if self.tenant else "")

    def standing_in(self, colour: Colour, service: str) -> tuple[CopiedInstance, ...]:
        """The service's instances in that slot."""
        return tuple(one for one in self.instances if (one.colour, one.service) == (colour, service))


def file_of(folder: Path, place: Place) -> Path:
    """Where the copy of a place lies."""
    return folder / f"{place.project}-{where_slug(place.environment, place.tenant)}.json"


def write(folder: Path, place: Place, described: Mapping[str, object], *, is_durable: bool) -> None:
    """The whole new copy or the whole old one, after a loss of power too; the new one where it `is_durable`.
    `Failed("host.disk")`."""
    path = file_of(folder, place)
    temporary = path.with_suffix(f".{os.getpid()}.new")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        temporary.write_text(_text(described))
        _force(temporary)
        temporary.replace(path)
        if is_durable:
            _force(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _not_written(path, error) from error


def write_all(folder: Path, copies: Mapping[Place, Mapping[str, object]]) -> None:
    """As `write` for each of them, durably; those that say so already stay. `Failed("host.disk")`.

    What is written is forced to the disk when all of it is: one wait for the journal then stands for most of them.
    """
    begun: dict[Path, Path] = {}
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        for place, described in copies.items():
            path, text = file_of(folder, place), _text(described)
            if _read(path) == text:
                _force(path)  # perhaps it was written for a change that needed not outlive a loss of power
                continue
            begun[path] = path.with_suffix(f".{os.getpid()}.new")
            begun[path].write_text(text)
        for path, temporary in begun.items():
            _force(temporary)
            temporary.replace(path)
        _force(folder)
    except OSError as error:
        for temporary in begun.values():
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise _not_written(path, error) from error


def read_all(folder: Path) -> Sequence[PlaceCopy]:
    """Every place, by name. What cannot be read is left out (`unreadable`): the others must still be had."""
    return [copy for path in sorted(folder.glob("*.json")) if isinstance(copy := _load(path), PlaceCopy)]


def unreadable(folder: Path) -> Sequence[str]:
    """Of each copy that cannot be read, which file it is and why."""
    found = ((path, _load(path)) for path in sorted(folder.glob("*.json")))
    return [f"{path} cannot be read: {why}" for path, why in found if isinstance(why, str)]


def _load(path: Path) -> PlaceCopy | str:
    try:
        return from_data(PlaceCopy, json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        return str(error) or type(error).__name__


def _text(described: Mapping[str, object]) -> str:
    return json.dumps(described, indent=2, sort_keys=True) + "\n"


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _not_written(path: Path, error: OSError) -> Failed:
    said = f"the catalogue's file could not be written: {error.strerror}"
    hint = "make room below the data directory, or let the server write there"
    return Failed("host.disk", said, thing=str(path), hint=hint)


def _force(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
