"""A release of another project that a step of a process deploys: under which condition, and which one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from fairlead.domain.errors import Refused
from fairlead.domain.process import DEPLOY_RELEASE, Action, Process
from fairlead.domain.version import parse

LATEST = "latest"
"""In place of a version: the release that was made last."""


class DeployCondition(StrEnum):
    """When it is deployed (Octopus docs, projects/coordinating-multiple-projects/deploy-release-step): always, where it
    is not the current release of the environment, or where its version is higher than that one's. The current release
    is the one that was deployed there last and well; where there is none, every release is newer."""

    ALWAYS = "always"
    IF_NOT_CURRENT = "if-not-current"
    IF_NEWER = "if-newer"


def why_left(condition: DeployCondition, version: str, current: str | None) -> str:
    """Why a release of this version is not deployed where `current` is, "" where it is. Versions of one project are
    unique, so that equal ones are the same release."""
    if condition is DeployCondition.ALWAYS or current is None:
        return ""
    if version == current:
        return f"{version} is the current release already"
    if condition is DeployCondition.IF_NEWER and not parse(version) > parse(current):
        return f"{version} is not newer than {current}, which is the current release"
    return ""


def children_of(process: Process) -> Iterator[Action]:
    """The actions that deploy releases of other projects."""
    return (action for _, action in process.actions if action.kind == DEPLOY_RELEASE)


def project_of(action: Action) -> str:
    """The name of the project whose release the action deploys."""
    return str(action.properties.get("project", ""))


def channel_of(action: Action) -> str:
    """The channel that the release is of; "" for any."""
    return str(action.properties.get("channel", ""))


def refuse_itself(process: Process, owner: str) -> None:
    """Refused `process.deploys_itself` where an action deploys a release of the project `owner` that the process is of.
    A circle by way of other projects' processes only the server knows."""
    for action in children_of(process):
        if project_of(action) == owner:
            raise deploys_itself(action, (owner, owner))


def deploys_itself(action: Action, way: Sequence[str]) -> Refused:
    """The error; `way` leads from the project to itself, by names."""
    return Refused(
        "process.deploys_itself",
        f"action {action.name} would deploy its own project in the end: {' → '.join(way)}",
        thing=action.name,
        hint="two projects that deploy one another would wait for one another: take one of these steps away",
    )


def is_chosen_with_release(action: Action) -> bool:
    """Whether the version is chosen when the parent's release is made, and kept with it."""
    return not str(action.properties.get("version", "")).strip()


def child_version(action: Action, chosen: Mapping[str, str]) -> str:
    """The version that a release of the parent names for the action: the one `chosen` with it (action → version), or
    the one that the process names; "" where only the deployment knows."""
    if is_chosen_with_release(action):
        return chosen.get(action.name, "")
    version = str(action.properties["version"]).strip()
    return "" if "#{" in version or version == LATEST else version
