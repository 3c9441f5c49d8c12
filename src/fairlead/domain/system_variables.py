"""Variables that Fairlead itself gives: of the project, environment, release, deployment, target, step and task.

Their names are Octopus's (docs, projects/variables/system-variables), and each stands under ``Fairlead.`` as well as
under ``Octopus.``, so that processes and scripts written for Octopus go on working. All values are text. Each function
gives those of one thing, without the prefix; `SystemVariables` puts them together.

What stands in a project file belongs to the intention that is approved. So only what is known when a deployment is
asked for can be named there: project, environment, release, channel, tenant and the server; what belongs to one
deployment and its task can be named where a process is carried out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.channel import Channel
from fairlead.domain.environment import Environment
from fairlead.domain.naming import tenant_slug
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.domain.runbook import RunbookRun
from fairlead.domain.tenant import Tenant

PREFIXES = ("Octopus.", "Fairlead.")


@dataclass(frozen=True, slots=True)
class ReleaseBefore:
    """Another release as variables tell it: that of the project before, or what is or was in the environment."""

    id: str
    version: str


class SystemVariables(Mapping[str, str]):
    """By name whatever its case, each under every prefix; later parts take the place of earlier ones of the name."""

    __slots__ = ("_values",)

    def __init__(self, *parts: Mapping[str, str]) -> None:
        self._values = {name.lower(): (name, value) for part in parts for name, value in part.items()}

    def find(self, name: str) -> str | None:
        """The value; None where there is none of the name."""
        lower = name.lower()
        for prefix in PREFIXES:
            if lower.startswith(prefix.lower()):
                found = self._values.get(lower[len(prefix) :])
                return found[1] if found else None
        return None

    @property
    def stated(self) -> frozenset[tuple[str, str]]:
        """Names without a prefix, and their values: what two of them are compared by."""
        return frozenset(self._values.values())

    def __getitem__(self, name: str) -> str:
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (prefix + name for prefix in PREFIXES for name, _ in self._values.values())

    def __len__(self) -> int:
        return len(PREFIXES) * len(self._values)


def of_server(url: str) -> dict[str, str]:
    """How people reach the server."""
    return {"Web.BaseUrl": url, "Web.ServerUri": url}


def of_project(project: Project) -> dict[str, str]:
    """The project and its page, as a path of the server."""
    return {
        "Project.Id": project.id,
        "Project.Name": project.name,
        "Project.Title": project.title or project.name,
        "Web.ProjectLink": f"/projects/{project.name}",
    }


def of_environment(environment: Environment) -> dict[str, str]:
    """The environment."""
    return {
        "Environment.Id": environment.id,
        "Environment.Name": environment.name,
        "Environment.SortOrder": str(environment.order),
    }


def of_release(project: Project, release: Release, channel: Channel) -> dict[str, str]:
    """The release, its channel, and its page."""
    found = {
        "Release.Id": release.id,
        "Release.Number": release.version,
        "Release.Notes": release.notes,
        "Release.Created": release.created_at.isoformat(),
        "Release.Channel.Id": channel.id,
        "Release.Channel.Name": channel.name,
        "Release.Git.CommitHash": release.commit,
        "Release.Git.BranchName": release.branch,
        "Release.Git.Ref": f"refs/heads/{release.branch}" if release.branch else "",
        "Web.ReleaseLink": f"/projects/{project.name}/releases/{release.version}",
    }
    return {name: value for name, value in found.items() if value or not name.startswith("Release.Git.")}


def of_releases_before(
    *, previous: ReleaseBefore | None, previous_there: ReleaseBefore | None, current_there: ReleaseBefore | None
) -> dict[str, str]:
    """The project's release before this one; the one that was live in the environment before what is, and what is."""
    named = {
        "Release.Previous": previous,
        "Release.PreviousForEnvironment": previous_there,
        "Release.CurrentForEnvironment": current_there,
    }
    found: dict[str, str] = {}
    for name, one in named.items():
        if one is not None:
            found |= {f"{name}.Id": one.id, f"{name}.Number": one.version}
    return found


def of_deployment(id: str, name: str, *, number: int, created_at: datetime, created_by: str) -> dict[str, str]:
    """The deployment, who asked for it, and its page. Nobody comments on one here: an empty variable says so."""
    return {
        "Deployment.Id": id,
        "Deployment.Name": name,
        "Deployment.Number": str(number),
        "Deployment.Created": created_at.isoformat(),
        "Deployment.CreatedBy.Username": created_by,
        "Deployment.CreatedBy.DisplayName": created_by,
        "Deployment.Comments": "",
        "Web.DeploymentLink": f"/deployments/{id}",
    }


def of_tenant(tenant: Tenant) -> dict[str, str]:
    """For whom a deployment is: by name, and as it stands in names and hosts; its tags as they are written, with commas
    between."""
    return {
        "Deployment.Tenant.Id": tenant.id,
        "Deployment.Tenant.Name": tenant.name,
        "Deployment.Tenant.Slug": tenant_slug(tenant.name),
        "Deployment.Tenant.Tags": ",".join(tenant.tags),
    }


def of_targets(
    targets: Mapping[str, str], *, specific: Iterable[str] = (), excluded: Iterable[str] = ()
) -> dict[str, str]:
    """Those that the whole deployment is for, names by id; the ids that were asked for, and those left out."""
    found = {
        "Deployment.Machines": ",".join(targets),
        "Deployment.SpecificMachines": ",".join(specific),
        "Deployment.ExcludedMachines": ",".join(excluded),
    }
    for id, name in targets.items():
        found |= {f"Deployment.Targets[{id}].Id": id, f"Deployment.Targets[{id}].Name": name}
    return found


def of_tagged_targets(tagged: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """For each target tag the ids of those that have it."""
    return {f"Environment.MachinesInRole[{tag}]": ",".join(sorted(ids)) for tag, ids in tagged.items()}


def of_target(
    id: str, name: str, *, tags: Iterable[str] = (), targeted: Iterable[str] = (), host: str = ""
) -> dict[str, str]:
    """The target that an action runs on; `targeted` are the tags that its step targets."""
    has = frozenset(tags)
    found = {
        "Machine.Id": id,
        "Machine.Name": name,
        "Machine.Roles": ",".join(sorted(has)),
        "Tentacle.CurrentDeployment.TargetedRoles": ",".join(sorted(has & frozenset(targeted))),
    }
    return found | ({"Machine.Hostname": host} if host else {})


def of_step(name: str, number: int, *, action: str = "") -> dict[str, str]:
    """The step, counted from 1, and the action of it, which has its number; both are known by their names."""
    found = {"Step.Id": name, "Step.Name": name, "Step.Number": str(number)}
    if action:
        found |= {"Action.Id": action, "Action.Name": action, "Action.Number": str(number)}
    return found


def of_task(id: str, title: str, queued_at: datetime, *, tag: str = "") -> dict[str, str]:
    """The task that carries it out; `tag` is its place's, which one that is stated takes the place of."""
    told = {"Task.Id": id, "Task.Name": title, "Task.QueueTime": queued_at.isoformat()}
    return told | ({"Task.ConcurrencyTag": tag} if tag else {})


def of_runbook(id: str, name: str) -> dict[str, str]:
    """The runbook that runs."""
    return {"Runbook.Id": id, "Runbook.Name": name}


def of_runbook_run(made: RunbookRun, environment: str) -> dict[str, str]:
    """The run, what was published of it, and its page."""
    at = made.created_at.isoformat()
    return {
        "RunbookRun.Id": made.id,
        "RunbookRun.Name": f"Run on {environment}",
        "RunbookRun.Created": at,
        "RunbookRun.CreatedUtc": at,
        "RunbookRun.CreatedBy.Username": made.created_by,
        "RunbookRun.CreatedBy.DisplayName": made.created_by,
        "RunbookSnapshot.Id": made.snapshot.process,
        "RunbookSnapshot.Name": f"Snapshot {made.snapshot.at}",
        "Web.RunbookRunLink": f"/tasks/{made.task}",
    }
