"""The path of every value of YAML while its events go by: ``spring:loggers:1:name``."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairlead.formats.structured.yaml_events import Alias, End, Event, Scalar, Start


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that the events are in; `key` none: a key comes next."""

    is_mapping: bool
    key: str | None = None
    index: int = -1


@dataclass(slots=True)
class Paths:
    """Follows events; each has to be told once, in order."""

    _open: list[_Open] = field(default_factory=list)

    def of(self, event: Event) -> str | None:
        """The path where the event is, or begins, a value; None where it is a key or an end."""
        match event:
            case Start():
                path = self._stepped()
                self._open.append(_Open(event.is_mapping))
                return path
            case End():
                self._open.pop()
                self._ended()
                return None
            case Scalar() | Alias():
                path = self._stepped()
                self._ended(event.value if isinstance(event, Scalar) else f"*{event.anchor}")
                return path
            case _:
                return None

    def _stepped(self) -> str | None:
        if self._open and self._open[-1].is_mapping and self._open[-1].key is None:
            return None
        if self._open and not self._open[-1].is_mapping:
            self._open[-1].index += 1
        return ":".join((one.key or "") if one.is_mapping else str(one.index) for one in self._open)

    def _ended(self, text: str = "") -> None:
        """A node is over: what was a key is one now, what was its value is past."""
        if self._open and self._open[-1].is_mapping:
            top = self._open[-1]
            top.key = text if top.key is None else None
