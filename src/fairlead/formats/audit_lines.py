"""The audit as a JSON object on each line, as it is exported and archived: events to lines, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

from fairlead.domain.errors import Invalid
from fairlead.domain.event import Change, Event, content_of


def line_of(event: Event) -> bytes:
    """What its hash is taken of, and the hash."""
    return json.dumps({**content_of(event), "hash": event.hash}, ensure_ascii=False).encode() + b"\n"


def events_of(lines: Iterable[bytes], name: str) -> Iterator[Event]:
    """The events; Invalid `input.invalid` names the file and the line that is none."""
    known = {field.name for field in fields(Event)}
    for number, line in enumerate(lines, 1):
        try:
            held: dict[str, Any] = json.loads(line)
            difference = tuple(Change(**one) for one in held.pop("difference"))
            at = datetime.fromisoformat(held.pop("at"))
            if at.tzinfo is None or {*held, "difference", "at"} != known:
                raise ValueError("it is not written as an event is")
            yield Event(at=at, difference=difference, **held)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            said = f"{name}:{number}: no event of an audit: {str(error)[:200]}"
            raise Invalid(
                "input.invalid", said, thing=name, hint="a file of audit export, or an archived day"
            ) from error
