"""What the API tells of targets."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.project import Tenancy
from fairlead.domain.target import TargetKind
from fairlead.server.api.answers.lists import Moment


class SshAccess(TypedDict):
    """How a host is reached over SSH; the private key is never told."""

    host: str
    port: int
    user: str
    host_key: Annotated[str, Field(description='the key that the host must prove; "": none is trusted yet')]
    public_key: Annotated[str, Field(description='the line for authorized_keys, where the key was made here; else ""')]


class Target(TypedDict):
    """A place that steps run on."""

    id: str
    name: str
    kind: TargetKind
    environments: list[str]
    tags: list[str]
    enabled: bool
    ssh: SshAccess | None
    available: Annotated[bool | None, Field(description="whether it answered the last look; null: not looked at yet")]
    looked_at: Moment | None
    available_reason: Annotated[str, Field(description='why it did not answer; "": it did')]
    description: str
    tenancy: Annotated[Tenancy, Field(description="whether it serves tenants, nobody in particular, or both")]
    tenants: Annotated[list[str], Field(description="that it names; none, and no tags: all that its tenancy allows")]
    tenant_tags: Annotated[
        list[str], Field(description="it serves those with these, too: of one set any, of each set one")
    ]
    hidden_tenants: Annotated[int, Field(description="how many more it names that you may not view")]
    created_at: Moment
    created_by: str
    revision: int


class LyingPackage(TypedDict):
    """A package that a deployment, or a run of a runbook, left on a target to stay."""

    id: str
    project: str
    environment: str
    tenant: Annotated[str, Field(description='"" for nobody in particular')]
    runbook: Annotated[str, Field(description='whose run left it; "" for a deployment')]
    action: str
    package: str
    version: str
    directory: Annotated[str, Field(description="below ~/fairlead there")]
    is_kept: Annotated[bool, Field(description="whether the next deployment, or run, of the same action leaves it")]
    reason: str
    installed_at: Moment


class TargetSeen(TypedDict):
    """What a look at a target found."""

    took_s: float
    programs: Annotated[list[str], Field(description="which of bash, python3 and pwsh scripts can be run with there")]
