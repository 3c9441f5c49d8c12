"""A release: an immutable snapshot of everything that is needed to deploy it, anywhere and again (law 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import ChannelId, ProjectId, ReleaseId, RunId

DIGEST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_:/-]|\.(?!\.))*@sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Change:
    """One commit that this release has and the one before it has not. `at` is RFC 3339."""

    commit: str
    author: str
    at: str
    subject: str


@dataclass(frozen=True, slots=True)
class Release:
    """`images` service → reference by digest; `files` path → key of the bytes (ports.artifacts); `variables` the id of
    the variable snapshot, the one field that may be replaced, as a recorded act. `process` the id of the process's
    snapshot; "" where the project had none of its own: then its services are deployed. `packages` service or package →
    version, "" where it is not known. `script_commits` action → commit of the other repository that its
    script is from; `step_images` action → image, by digest, of the container that it runs."""

    id: ReleaseId
    project: ProjectId
    channel: ChannelId
    version: str
    created_at: datetime
    images: Mapping[str, str] = field(default_factory=dict)
    test_image: str = ""
    commit: str = ""
    branch: str = ""
    changes: tuple[Change, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    variables: str = ""
    process: str = ""
    run: RunId | None = None
    created_by: str = ""
    notes: str = ""
    warnings: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    script_commits: Mapping[str, str] = field(default_factory=dict)
    step_images: Mapping[str, str] = field(default_factory=dict)
    revision: int = 1


def require_digest(service: str, reference: str) -> str:
    """`reference` if it names an image by digest, else Invalid `release.images`."""
    if DIGEST.fullmatch(reference):
        return reference
    raise Invalid(
        "release.images",
        f"the image of {service} is {reference[:120]!r}",
        thing=service,
        hint="name it by digest: repository@sha256:…",
    )
