"""What a run's plan is made from: everything known once the commit is checked out, gathered by the binder.

The project file decides what there is to build and test, so it must be read before the plan is frozen: the binder
checks the commit out (`steps.workspace.prepare`), reads the outline, compiles the definition for the lifecycle's first
environment (for the variables of the services that stand beside the tests), and hands all of it over as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.domain.ids import RunId, TaskId
from fairlead.domain.outline import Outline
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.service import Definition
from fairlead.domain.text import SecretRef
from fairlead.ports.secrets import Secrets
from fairlead.ports.source import Repository


@dataclass(frozen=True, slots=True)
class SourceAccess:
    """The repository and what opens it, secrets as references."""

    url: str
    user: str = ""
    password: SecretRef | None = None
    ssh_key: SecretRef | None = None
    known_hosts: str = ""

    async def open(self, task: TaskId, secrets: Secrets) -> Repository:
        """The same in clear, for one call of the source."""
        held = [reference.id for reference in (self.password, self.ssh_key) if reference is not None]
        values = await secrets.values(task, held) if held else {}
        return Repository(
            url=self.url,
            user=self.user,
            password=values[self.password.id] if self.password else "",
            ssh_key=values[self.ssh_key.id] if self.ssh_key else "",
            known_hosts=self.known_hosts,
        )


@dataclass(frozen=True, slots=True)
class ResolvedRun:
    """One commit on its way to a release.

    `version` is the release's, chosen by the binder; `previous` the commit of the release before it ("" for none);
    `workspace` the run's own directory, in which `steps.workspace` knows where the files are; `folder` where
    fairlead.yml lies in the repository. `definition` is compiled for the lifecycle's first environment: from it come
    the services that stand beside tests and the tests' environment, with variables filled in and secrets as
    references. `logins` open registries of base images. `pool` is where subnets of throw-away networks come from.
    `created` is the run's time, RFC 3339. `channel` is the id of the release's, `packages` the versions it names.
    """

    task: TaskId
    run: RunId
    number: int
    project: str
    version: str
    branch: str
    commit: str
    workspace: str
    source: SourceAccess
    outline: Outline
    definition: Definition
    created: str
    pool: str
    previous: str = ""
    folder: str = ""
    installation: str = ""
    logins: tuple[RegistryLogin, ...] = ()
    builds_at_once: int = 2
    warnings: tuple[str, ...] = field(default=())
    channel: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
