"""Where a script of an action comes from that lies in a Git repository which is not the project's own.

What `ref` names is looked up when a release is made (or a runbook is published), and the commit is kept with it: what
was released is what runs, whatever the branch or tag names later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fairlead.domain.errors import FairleadError, Invalid, Refused
from fairlead.domain.git_address import GitAddress, branch_name, read_address
from fairlead.domain.looked_up import NotLookedUp, ScriptSource

if TYPE_CHECKING:
    from fairlead.domain.process import Action, Process

REPOSITORY = "repository"
"""The property of an action that names another repository: its `url`, and the `ref` of it."""


def source_of(action: Action) -> ScriptSource | None:
    """Where the action's script comes from; None where it names no repository, or half of one (which its kind does not
    take). Invalid `process.repository`, `source.url`, `input.name`."""
    held = action.properties.get(REPOSITORY)
    url, ref = (str(held.get(name) or "") for name in ("url", "ref")) if isinstance(held, Mapping) else ("", "")
    if not url or not ref:
        return None
    if "#{" in url or "#{" in ref:
        raise Invalid(
            "process.repository",
            f"the repository of {action.name} holds a variable",
            thing=action.name,
            hint="write address and ref as they are: which commit runs is chosen when the release is made",
        )
    read_address(url)
    return ScriptSource(url, branch_name(ref), str(action.properties.get("file", "")).removeprefix("./"))


def sources_of(process: Process) -> dict[str, ScriptSource]:
    """By action, those that have one and are not disabled."""
    found = ((action.name, source_of(action)) for _, action in process.actions if not action.is_disabled)
    return {name: one for name, one in found if one is not None}


def commits_of(
    process: Process, known: Mapping[ScriptSource, str | FairleadError], *, project: str = ""
) -> dict[str, str]:
    """Action → commit of each script from another repository. NotLookedUp names what is not among those `known`;
    raises the error that looking one up ended with."""
    wanted = sources_of(process)
    if missing := tuple(dict.fromkeys(one for one in wanted.values() if one not in known)):
        raise NotLookedUp(project, missing)
    made: dict[str, str] = {}
    for name, one in wanted.items():
        found = known[one]
        if isinstance(found, FairleadError):
            raise found
        made[name] = found
    return made


def is_ours_to_open(own: str | None, url: str) -> bool:
    """Whether the project's own credentials are for the repository too: it is at the same server (as Git itself goes
    by). Refused `source.local` for one on the server's disk that does not lie beside the project's own: others' code
    lies there, too."""
    address = read_address(url)
    is_beside = own is not None and place_of(read_address(own)) == place_of(address)
    if address.kind == "local" and not is_beside:
        raise Refused(
            "source.local",
            f"{url} is on this server's disk, and not beside the project's own repository",
            thing=url,
            hint="name it as others reach it: https://… or ssh://…",
        )
    return is_beside


def place_of(address: GitAddress) -> tuple[str, str]:
    """The server that has the repository, with user and port; of a local path the folder that it lies in."""
    if address.kind == "http":
        return ("http", address.origin)
    if address.kind == "local":
        return ("local", address.url.rstrip("/").rpartition("/")[0])
    port = address.url.split("/")[2].rpartition("]")[2].rpartition(":")[2] if "://" in address.url else ""
    return ("ssh", f"{address.user}@{address.host.lower()}:{port if port.isdigit() else 22}")
