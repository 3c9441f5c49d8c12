"""Templates: autoescaped, strict about names, with the few filters that pages need."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context as Scope
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from fairlead import __version__
from fairlead.server.web import assets, times, words
from fairlead.server.web.cells import drawn_cell
from fairlead.server.web.icons import icon
from fairlead.server.web.stacking import labelled

FOLDER = Path(__file__).with_name("templates")
_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f]")
_BETWEEN_TICKS = re.compile(r"`([^`]+)`")
LONGEST_PROSE = 50_000
"""Characters that are read as Markdown for one page."""
NOT_KEPT = {"Cache-Control": "no-store"}


@cache
def templates() -> Environment:
    """The one environment; templates are read once."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["asset"] = assets.url
    made.globals["fairlead_version"] = __version__
    made.globals["words"] = words
    made.globals["drawn_icon"] = icon
    made.globals["drawn_time"] = _time
    made.globals["drawn_cell"] = drawn_cell
    made.filters["ago"] = _ago
    made.filters["lasted"] = _lasted
    made.filters["clock"] = times.clock
    made.filters["exact"] = times.exact
    made.filters["short"] = short
    made.filters["options"] = options
    made.filters["plain"] = plain
    made.filters["prose"] = prose
    made.filters["with_code"] = with_code
    made.filters["without_codes"] = without_codes
    return made


def html(template: str, values: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """A page or a part of one; never kept by caches, for it is made for one reader."""
    drawn = labelled(templates().get_template(template).render(values))
    return HTMLResponse(drawn, status_code=status, headers=NOT_KEPT)


def short(text: str, length: int = 12) -> str:
    """The beginning of a digest or commit."""
    return text.rpartition("sha256:")[2][:length]


def prose(text: str) -> Markup:
    """What people wrote in Markdown, such as notes of a release; HTML in it is shown, not taken. What is very long
    stays as it was written."""
    if len(text) > LONGEST_PROSE:
        return Markup('<p class="fl-pre">%s</p>') % text
    from fairlead.formats.markdown import to_html  # its library is loaded where somebody reads such a text

    return Markup('<div class="fl-prose">%s</div>') % Markup(to_html(text))


def options(entries: Collection[str], chosen: str = "") -> Markup:
    """Each as a choice of a select; escaped as one text, for there may be thousands. No name has a NUL in it."""
    escaped = str(escape("\0".join(entries))).split("\0")
    drawn = (
        f"<option{' selected' if entry == chosen else ''}>{shown}</option>"
        for entry, shown in zip(entries, escaped, strict=False)
    )
    return Markup("".join(drawn))


def plain(text: str) -> str:
    """`rolled_back` as people write it."""
    return text.replace("_", " ")


def with_code(text: str) -> Markup:
    """What stands between backticks, as in our own sentences, is code; all else of the text is escaped."""
    return Markup(_BETWEEN_TICKS.sub(r"<code>\1</code>", str(escape(text))))


def without_codes(text: str) -> str:
    """Without the escape sequences that terminals read as colours and moves (ECMA-48)."""
    return _CODES.sub("", text)


@pass_context
def _ago(scope: Scope, at: datetime | None) -> str:
    return words.ago(at, scope["now"])


@pass_context
def _time(scope: Scope, at: datetime | str | None) -> Markup:
    """A text is a time as records hold it, in RFC 3339."""
    known = datetime.fromisoformat(at) if isinstance(at, str) else at
    return times.drawn(known, scope["now"])


@pass_context
def _lasted(scope: Scope, begun: datetime | None, ended: datetime | None = None) -> str:
    return words.lasted(begun, ended, scope["now"])
