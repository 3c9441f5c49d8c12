"""A project: what is deployed as one, where it comes from, and whom to tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from fairlead.domain.ids import GroupId, LifecycleId, ProjectId, SecretVersionId
from fairlead.domain.release_settings import ReleaseSettings

DEFAULT_POLL_S = 60.0

ForgeKind: TypeAlias = Literal["github", "gitea", "gitlab"]
WebhookKind: TypeAlias = Literal["github", "gitea", "gitlab", "standard", "generic"]


class Tenancy(StrEnum):
    """For whom a project is deployed: for nobody in particular, for tenants too, or for tenants only."""

    UNTENANTED = "untenanted"
    EITHER = "tenanted-or-untenanted"
    TENANTED = "tenanted"


@dataclass(frozen=True, slots=True)
class Source:
    """The Git repository that releases are made from. Credentials are secret versions, never text.

    `folder` is where fairlead.yml lies in it, "" for the root. `poll_s` 0 turns polling off. `webhook` is the id in the
    webhook's address; its secret is `webhook_secret`. `deploy_key` is the public half, to be shown; the private half is
    `ssh_key`.
    """

    url: str
    branch: str = "main"
    folder: str = ""
    user: str = ""
    password: SecretVersionId | None = None
    ssh_key: SecretVersionId | None = None
    deploy_key: str = ""
    known_hosts: str = ""
    poll_s: float = DEFAULT_POLL_S
    webhook: str = ""
    webhook_kind: WebhookKind = "generic"
    webhook_secret: SecretVersionId | None = None


@dataclass(frozen=True, slots=True)
class Forge:
    """Where commit statuses are reported back: `repository` is ``owner/name`` (GitLab: id or path)."""

    kind: ForgeKind
    api_url: str
    repository: str
    token: SecretVersionId | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """`name` is stable and safe (domain.names.project_name): names in the world are derived from it.

    `source` is None where releases come from a CI of the team's own. `release_settings` says how its releases
    are numbered. `registry` is the id of the image registry, "" for Fairlead's own.

    `is_as_code`: what the repository declares (formats.declared.repository) is taken with each release; `code_nouns`
    are what it declared with the last one, and what is edited nowhere else.
    """

    id: ProjectId
    name: str
    lifecycle: LifecycleId
    created_at: datetime
    title: str = ""
    description: str = ""
    source: Source | None = None
    forge: Forge | None = None
    release_settings: ReleaseSettings = field(default_factory=ReleaseSettings)
    registry: str = ""
    is_enabled: bool = True
    labels: dict[str, str] = field(default_factory=dict)
    group: GroupId | None = None
    is_as_code: bool = False
    code_nouns: tuple[str, ...] = ()
    tenancy: Tenancy = Tenancy.UNTENANTED
    revision: int = 1
