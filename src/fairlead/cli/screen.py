"""What the CLI prints: results on stdout as tables or JSON, chatter on stderr, colours only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 100_000
"""Columns where no terminal shows it: a program that reads a table gets each row on one line."""
MARKS = {
    "succeeded": "[green]✔[/] succeeded",
    "live": "[green]✔[/] live",
    "running": "[blue]▶[/] running",
    "undoing": "[yellow]↩[/] undoing",
    "queued": "[blue]…[/] queued",
    "waiting": "[yellow]⏸[/] waiting",
    "scheduled": "[blue]…[/] scheduled",
    "failed": "[red]✘[/] failed",
    "rolled_back": "[yellow]↩[/] rolled back",
    "refused": "[yellow]✘[/] refused",
    "cancelled": "[yellow]✘[/] cancelled",
    "skipped": "[dim]–[/] skipped",
    "paused": "[yellow]⏸[/] paused",
    "unsettled": "[red]![/] unsettled",
    "standby": "[cyan]◐[/] standby",
}

CLOCKS_DIFFER_S = 60
"""A server's clock may be so far ahead of ours: what it has just done is not to come."""

TO_COME = ("_until", "not_before", "not_after", "expires_at", "starts_at", "ends_at", "due_at", "next_at")
"""How what is called ends that lies ahead: its last minute counts."""


@dataclass
class Screen:
    """Where the output goes; `as_json` prints what the API said, untouched."""

    as_json: bool = False
    quiet: bool = False

    @cached_property
    def out(self) -> Console:
        """Results."""
        return _console(sys.stdout)

    @cached_property
    def err(self) -> Console:
        """Chatter and errors."""
        return _console(sys.stderr)

    def result(self, data: Any, text: str = "") -> None:
        """The command's result: JSON, or the text for people (without text, the data's fields)."""
        if self.as_json:
            print(json.dumps(data, indent=2, ensure_ascii=False))
        elif text:
            self.out.print(text, markup=False)
        elif isinstance(data, Mapping):
            self.fields(data)

    def table(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str) -> None:
        """Rows as a table; `columns` maps key to heading; `empty` is said (on stderr) where there are none."""
        if self.as_json:
            print(json.dumps(list(rows), indent=2, ensure_ascii=False))
            return
        if not rows:
            self.say(empty)
            return
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in columns.values():
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*(cell(row.get(key), key) for key in columns))
        self.out.print(table)

    def fields(self, data: Mapping[str, Any]) -> None:
        """One thing, a line for each field."""
        width = max((len(key) for key in data), default=0)
        for key, value in data.items():
            self.out.print(f"[bold]{escape(key.replace('_', ' ')):<{width}}[/]  {cell(value, key)}")

    def say(self, text: str, *, mark: str = "") -> None:
        """Chatter: on stderr, not with --quiet; `mark` is a sign before it, in colour."""
        if not self.quiet:
            self.err.print(f"{mark} {escape(text)}" if mark else escape(text))

    def fail(self, message: str, hint: str = "", code: str = "") -> None:
        """An error, always on stderr."""
        tail = f" [dim]({escape(code)})[/]" if code else ""
        self.err.print(f"[red]error:[/] {escape(message)}{tail}")
        if hint:
            self.err.print(f"  [bold]→[/] {escape(hint)}")


def escape(text: str) -> str:
    """The text as it is, whatever brackets it has."""
    from rich.markup import escape as quoted

    return quoted(text)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    width = None if stream.isatty() else WIDE
    return Console(file=stream, highlight=False, emoji=False, soft_wrap=True, width=width)


def cell(value: Any, key: str = "") -> str:
    """A value as text for a table, safe against markup; `key` is what it is called in the answer."""
    if value is None or value == "":
        return "[dim]—[/]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value in MARKS:
        return MARKS[value]
    if isinstance(value, str) and len(value) >= 20 and value[10] == "T":
        return ago(value, leeway_s=0 if key.endswith(TO_COME) else CLOCKS_DIFFER_S)
    if isinstance(value, list | tuple):
        return ", ".join(cell(part) for part in value) or "[dim]—[/]"
    if isinstance(value, Mapping):
        return ", ".join(f"{escape(str(k))}={cell(v)}" for k, v in value.items()) or "[dim]—[/]"
    return escape(str(value))


def ago(stamp: str, *, now: datetime | None = None, leeway_s: float = CLOCKS_DIFFER_S) -> str:
    """A time as people say it; the stamp itself where it is no time. What is to come within the leeway is now."""
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return escape(stamp)
    seconds = int(((now or datetime.fromtimestamp(wall_s(), UTC)) - at).total_seconds())
    if seconds < -leeway_s:
        return f"in {_largest(-seconds)}"
    return f"{_largest(max(seconds, 0))} ago"


def _largest(seconds: int) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def wall_s() -> float:
    import time

    return time.clock_gettime(time.CLOCK_REALTIME)
