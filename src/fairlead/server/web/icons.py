"""The icons of the pages, as lines on a field of 24 by 24; each stands beside a word, so none is read aloud."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from markupsafe import Markup

FILE = Path(__file__).with_name("templates") / "icons.txt"
"""A line for each: its name, and the lines that it is drawn of."""


@cache
def icon(name: str) -> Markup:
    """The icon of this name; KeyError where there is none."""
    head = f'<svg class="fl-icon fl-icon-{name}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
    return Markup(f"{head}{_drawn()[name]}</svg>")  # both are ours


@cache
def _drawn() -> dict[str, str]:
    return dict(line.split(" ", 1) for line in FILE.read_text().splitlines())
