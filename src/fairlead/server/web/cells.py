"""The cells of the dashboard and of a project's page, drawn by Python: a page has hundreds, and a template takes thrice
as long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context as Scope
from markupsafe import Markup, escape

from fairlead.server.web import times
from fairlead.server.web.icons import icon
from fairlead.server.web.words import Look


@dataclass(frozen=True, slots=True)
class TenantLine:
    """What one tenant has, as a line of a cell. `users_at` and `recorded`: what its users are sent to, where that is
    not what is recorded as live, and what is."""

    name: str
    version: str
    look: Look
    link: str
    users_at: str = ""
    recorded: str = ""


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell as it is drawn: a version, what is said below it, and where it leads. `down` says how what is live does
    not run; "": it does. `users_at` is what users are sent to where that is not what is recorded as live."""

    look: Look
    version: str
    detail: str = ""
    at: Any = None
    percent: int = 0
    link: str = ""
    live_version: str = ""
    standby: str = ""
    down: str = ""
    users_at: str = ""
    waits_beside: bool = False
    tenants: tuple[TenantLine, ...] = ()
    more_tenants: int = 0


@pass_context
def drawn_cell(scope: Scope, cell: CellView, id: str, project: str = "", environment: str = "") -> Markup:
    """The cell as a link with this id, and a line for each tenant. In a grid, with the names of project and
    environment, what its progress is of is named, and its state is said again to who points at it."""
    about = f"{project} {cell.version} to {environment}" if project else ""
    own = _own(cell, id, about, scope["now"]) if cell.version or not cell.tenants else ""
    more = f'<span class="fl-cell-more">and {cell.more_tenants} tenants more</span>' if cell.more_tenants else ""
    return Markup(own + "".join(map(_line, cell.tenants)) + more)  # each escaped


def _own(cell: CellView, id: str, about: str, now: datetime) -> str:
    look, version, detail = cell.look, escape(cell.version), escape(cell.detail)
    is_busy = look.tone == "busy"
    title = f' title="{look.word}{": " if detail else ""}{detail}"' if about else ""
    parts = [
        f'<a id="{escape(id)}" class="fl-cell fl-tone-{look.tone}" href="{escape(cell.link)}"{title}>',
        f'<span class="fl-cell-version">{version}</span>',
        _progress(cell, about) if is_busy else "",
        f'<span class="fl-cell-state">{icon(look.icon)}',
        f'<span class="fl-cell-word">{(detail if is_busy else "") or look.word}</span>',
        f'<span class="fl-cell-at">{times.drawn(cell.at, now)}</span>' if cell.at else "",
        "</span>",
        _more("", detail) if detail and not is_busy else "",
        _users(cell) if cell.users_at else _beside(cell),
        _more("pause", f"{escape(cell.standby)} stands by") if cell.standby else "",
        _more("pause", "an earlier one waits for approval") if cell.waits_beside else "",
        "</a>",
    ]
    return "".join(parts)


def _beside(cell: CellView) -> str:
    """What users reach meanwhile, if anything else."""
    if not cell.live_version or not (cell.down or cell.live_version != cell.version):
        return ""
    live = escape(cell.live_version)
    return _more("alert", f"{live} {cell.down}") if cell.down else _more("check", f"{live} is live")


def _users(cell: CellView) -> str:
    """Where they are sent already, and what the books say until the deployment has gone well."""
    recorded = _more("clock", f"{escape(cell.live_version)} is recorded as live") if cell.live_version else ""
    return _more("user", f"users are at {escape(cell.users_at)} now") + recorded


def _progress(cell: CellView, about: str) -> str:
    of = f" of {escape(about)}" if about else ""
    numbers = f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{cell.percent}"'
    bar = f'<span style="width: {cell.percent}%"></span>'
    return f'<span class="fl-progress" role="progressbar" {numbers} aria-label="progress{of}">{bar}</span>'


def _more(drawn: str, text: str) -> str:
    return f'<span class="fl-cell-more">{icon(drawn) if drawn else ""}{text}</span>'


def _line(line: TenantLine) -> str:
    said = f"{icon(line.look.icon)}{escape(line.name)}: {escape(line.version or line.look.word)}"
    title = escape(f"{line.look.word}{_users_of(line)}")
    users = f", users at {escape(line.users_at)}" if line.users_at else ""
    return f'<a class="fl-cell-more" href="{escape(line.link)}" title="{title}">{said}{users}</a>'


def _users_of(line: TenantLine) -> str:
    if not line.users_at:
        return ""
    recorded = f"; {line.recorded} is recorded as live" if line.recorded else ""
    return f": users are at {line.users_at} now{recorded}"
