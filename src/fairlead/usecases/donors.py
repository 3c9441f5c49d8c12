"""What may number a project's releases: a service, a package or a step that its releases are known to have."""

from __future__ import annotations

from fairlead.domain.child_release import children_of, is_chosen_with_release
from fairlead.domain.errors import Invalid
from fairlead.domain.project import Project
from fairlead.store import processes, releases
from fairlead.store.database import Connection
from fairlead.usecases.process_checking import there_are


def require_donor(connection: Connection, project: Project, donor: str) -> None:
    """Invalid `release.donor_unknown` where nothing that numbers releases has that name, letter for letter. Where it is
    not known what the project's releases have (`donors_of`), any name is taken: the next release asks."""
    known = donors_of(connection, project)
    if not donor or known is None or donor in known:
        return
    message = f"no service of {project.name}, and no package or step of its process, is called {donor[:80]!r}"
    hint = there_are(list(known))
    if project.source is not None:
        hint += "; what the repository does not have yet is pushed first"
    raise Invalid("release.donor_unknown", message, thing=donor[:80], hint=hint)


def donors_of(connection: Connection, project: Project) -> tuple[str, ...] | None:
    """What has a version in a release of the project: the packages that its process takes files from, the steps that
    deploy releases of other projects, and what the latest release names, services among them. None where services are
    deployed and there is no release yet: they stand in the repository, or come with the release."""
    held, latest = processes.find(connection, project.id), releases.latest(connection, project.id)
    process = held.process if held is not None and held.process.steps else None
    if latest is None and (process is None or process.deploys_services):
        return None
    steps = process.packages if process else ()
    children = (one.name for one in children_of(process) if is_chosen_with_release(one)) if process else ()
    named = (*latest.images, *latest.packages) if latest else ()
    return tuple(dict.fromkeys((*steps, *children, *sorted(named))))
