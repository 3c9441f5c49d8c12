"""Policy: what an administrator allowed outside the repository, of what could harm the host (law 7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.ids import EnvironmentId, ProjectId
from fairlead.domain.service import Harm

SCRIPTS_AT_SERVER = "script:server"
"""The key of the allowance that lets scripts of a project's process run at the server, as the server's user."""


WHOLE_KEYS = frozenset(
    {"privileged", SCRIPTS_AT_SERVER, "network_mode:host", "pid:host", "ipc:host"},
)
KINDS_OF_KEYS = (
    "bind:",
    "cap_add:",
    "deploy-release:",
    "device:",
    "engine_socket:",
    "log_driver:",
    "network_driver:",
    "network_option:",
    "network_subnet:",
    "port:",
    "security_opt:",
    "sysctl:",
)
"""How the other keys begin that a refusal names; what follows is of the thing itself."""


def is_key(text: str) -> bool:
    """Whether a refusal could name it: any other text would allow nothing."""
    return text in WHOLE_KEYS or any(text.startswith(kind) and text != kind for kind in KINDS_OF_KEYS)


@dataclass(frozen=True, slots=True)
class Allowance:
    """`harm` is a key as domain.service.Harm has it; `environment` None means all of them."""

    id: str
    project: ProjectId
    harm: str
    allowed_by: str
    allowed_at: datetime
    environment: EnvironmentId | None = None
    tenant: str | None = None
    note: str = ""


def allowance_for(harm: Harm, allowances: Iterable[Allowance], environment: EnvironmentId) -> Allowance | None:
    """The allowance that covers the harm in this environment, the oldest first; None where it is refused."""
    fitting = [
        allowance
        for allowance in allowances
        if allowance.harm == harm.key and allowance.environment in (None, environment)
    ]
    return min(fitting, key=lambda allowance: (allowance.allowed_at, allowance.id), default=None)


def may_run_at_server(allowances: Iterable[Allowance], environment: EnvironmentId | None) -> bool:
    """Whether scripts of the project may run at the server, in this environment's tasks (None: in those of none)."""
    return any(
        allowance.harm == SCRIPTS_AT_SERVER and allowance.environment in (None, environment) for allowance in allowances
    )


RELEASE_OF = "deploy-release:"
"""How the key of an allowance begins that lets a repository's process deploy releases of the project named after it."""


def release_key(project: str) -> str:
    """The key of the allowance for releases of that project."""
    return f"{RELEASE_OF}{project}"


def may_deploy_release(allowances: Iterable[Allowance], child: str, environment: EnvironmentId) -> bool:
    """Whether a process that a repository declares may have releases of the other project deployed by itself."""
    return any(
        allowance.harm.lower() == release_key(child).lower() and allowance.environment in (None, environment)
        for allowance in allowances
    )


def refused(harms: Iterable[Harm], allowances: Iterable[Allowance], environment: EnvironmentId) -> tuple[Harm, ...]:
    """The harms that nobody allowed, in the order given."""
    known = tuple(allowances)
    return tuple(harm for harm in harms if allowance_for(harm, known, environment) is None)
