"""What one command works with: the account, the client, the screen, and which project is meant."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias
from urllib.parse import quote

import typer

from fairlead.cli import account
from fairlead.cli.screen import Screen
from fairlead.domain.errors import FairleadError, Invalid, NotFound, TimedOut

if TYPE_CHECKING:
    from fairlead.cli.client import Client

API = "/api/v1"
TENANT_HELP = "For this tenant; by default for none."
PROJECT_HELP = "The project; by default the one that ./fairlead.yml names, or FAIRLEAD_PROJECT."
WAIT_HELP = "Follow it to its end; the exit code says how it ended."
TIMEOUT_HELP = "Seconds to wait at most; 0: no bound."
COLOURS = {"warning": "yellow", "error": "red", "debug": "dim", "highlight": "bold cyan", "wait": "magenta"}
"""Of a log line, by its level."""
ENDS = {"succeeded": 0, "skipped": 0, "failed": 1, "rolled_back": 1, "cancelled": 1, "unsettled": 1}
"""The exit code for each state in which a task ends."""

# Options that many commands have
Search: TypeAlias = Annotated[str, typer.Option("--search", help="Only names that have this in them.")]
ProjectName: TypeAlias = Annotated[str, typer.Option("--project", "-p", help=PROJECT_HELP)]
TenantName: TypeAlias = Annotated[str, typer.Option("--tenant", help=TENANT_HELP)]
Wait: TypeAlias = Annotated[bool, typer.Option("--wait", help=WAIT_HELP)]
Timeout: TypeAlias = Annotated[float, typer.Option(help=TIMEOUT_HELP)]
Anew: TypeAlias = Annotated[bool, typer.Option("--anew", help="As if it were new: what is not given does not stay.")]


@dataclass
class Session:
    """Made once by the root command. `kinds` tells the JSON Schema of each kind of action, for what is checked without
    a server. `unless_new` is what to give so that what is named changes, where it is there already."""

    url: str = ""
    key: str = ""
    screen: Screen = field(default_factory=Screen)
    kinds: Callable[[], Mapping[str, Any]] = dict
    unless_new: str = ""
    _client: Client | None = None

    @property
    def client(self) -> Client:
        """The server, signed in; the connection is made at the first request."""
        if self._client is None:
            from fairlead.cli.client import Client

            self._client = Client(account.require_key(account.find(self.url, self.key)))
        return self._client

    def leave_unchanged(self, held: Mapping[str, Any]) -> None:
        """The command ends here where nothing was given that would change what is there: asked for again, it is so."""
        if self.unless_new:
            self.screen.result(
                dict(held), f"it is there already, and nothing of it was changed: that takes {self.unless_new}"
            )
            raise typer.Exit

    def project(self, given: str) -> str:
        """The project that is meant."""
        name = given or os.environ.get("FAIRLEAD_PROJECT", "") or _named_here()
        if not name:
            raise Invalid(
                "input.invalid", "which project?", hint="give --project NAME, or run this beside a fairlead.yml"
            )
        return name

    def last_environment(self) -> str:
        """The last of the lifecycle: where people are, unless they say otherwise."""
        known = self.client.get(f"{API}/status")["environments"]
        last = known[-1]
        return str(last["name"] if isinstance(last, dict) else last)

    def follow(self, task: str, *, after: int = 0, timeout_s: float = 0) -> int:
        """Print the task's log from the line behind `after` until it ends; the exit code of its end."""
        try:
            log = f"{API}/tasks/{segment(task)}/log/follow"
            for line in self.client.follow(log, after=after or None, timeout_s=timeout_s or None):
                if "text" in line:
                    print_line(self.screen, line)
        except TimedOut:
            return self._bound_reached(task, timeout_s)
        end = self.client.get(f"{API}/tasks/{segment(task)}")
        is_bounded = bool(timeout_s) and not end["has_ended"] and end["state"] != "unsettled"
        return self._bound_reached(task, timeout_s) if is_bounded else self.told(end)

    def _bound_reached(self, task: str, timeout_s: float) -> int:
        told = f"task {task} has not ended in {timeout_s:g} s, and goes on"
        self.screen.fail(told, f"fairlead tasks log {task} --follow", "step.timed_out")
        return TimedOut.exit_code

    def told(self, task: dict[str, Any]) -> int:
        """Say how a task ended; the exit code."""
        state = task["state"]
        code = ENDS.get(state, 1)
        if self.screen.as_json:
            self.screen.result(task)
        elif code == 0:
            self.screen.say(f"{task['title']}: {state}", mark="[green]✔[/]")
        else:
            self.screen.fail(
                f"{task['title']}: {_ended_as(task)}: {task.get('reason', '')}",
                task.get("hint", ""),
                task.get("code", ""),
            )
        return code


def _ended_as(task: Mapping[str, Any]) -> str:
    """In words: where nothing of a deployment was begun, nothing failed."""
    is_refused = task["outcome"] == "refused"
    return "refused, and nothing was begun" if is_refused else str(task["state"]).replace("_", " ")


def segment(name: str) -> str:
    """The name as one step of an address: whatever it holds (``#``, ``?``, ``%``), it leads to no other thing."""
    if "/" in name:
        raise Invalid("input.name", f"{name[:80]!r} is not a name: a name has no '/', and is not made of dots alone")
    return steps(name)


def steps(name: str) -> str:
    """The name as the end of an address, where it may have a ``/``, as variables' names may."""
    if not name.strip():
        raise Invalid("input.name", "the name is empty", hint="a variable of the shell that has no value?")
    if not {".", ".."}.isdisjoint(name.split("/")) or not {"\n", "\r"}.isdisjoint(name):
        raise Invalid("input.name", f"{name[:80]!r} is not a name: a name has no '/', and is not made of dots alone")
    return quote(name, safe="/")


def with_given(held: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a document is to hold: what is given, None for what is not, over what it holds of the same names."""
    kept = {key: held[key] for key in given if key in held}
    return kept | {key: value for key, value in given.items() if value is not None}


def held_at(at: Session, path: str, *, anew: bool) -> dict[str, Any]:
    """What is there; nothing where it is not there yet, or is to be made anew. The command ends well where it is there,
    and nothing is given that would change it."""
    if anew:
        return {}
    try:
        held = dict(at.client.get(path))
    except NotFound:
        return {}
    at.leave_unchanged(held)
    return held


def print_line(screen: Screen, line: dict[str, Any]) -> None:
    """One line of a task's log, on stderr while waiting (stdout belongs to the result)."""
    if screen.quiet:
        return
    colour = COLOURS.get(line["level"], "")
    screen.err.print(line_text(line), style=colour or None, markup=False)


def line_text(line: Mapping[str, Any]) -> str:
    """A line of a task's log: when, of which step, on which target, and what."""
    where = "" if line["target"] in ("", "local") else f"[{line['target']}] "
    return f"{str(line['at'])[11:19]} {line['step'] or '·':<18} {where}{line['text']}"


def session(context: typer.Context) -> Session:
    """The session that the root command made."""
    found = context.find_object(Session)
    if found is None:
        raise FairleadError("input.invalid", "the command was not called through `fairlead`")
    return found


def _named_here() -> str:
    try:
        text = Path("fairlead.yml").read_text()
    except OSError:
        return ""
    for line in text.splitlines():
        if line.startswith("project:"):
            return line.partition(":")[2].partition("#")[0].strip().strip("\"'")
    return ""
