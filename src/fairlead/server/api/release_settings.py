"""How releases are numbered and described, what the next one would be, and what a deployment brings."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response
from pydantic import Field

from fairlead.domain.release_settings import (
    DEFAULT_VERSION_TEMPLATE,
    LONGEST_DONOR,
    LONGEST_TEMPLATE,
    LONGEST_VERSION_TEMPLATE,
    ReleaseSettings,
)
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.build_information import build_shape
from fairlead.server.api.doors import Asking, Books, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import release_changes, release_settings, releases
from fairlead.usecases.brought import DeploymentChanges

router = api_router("releases")


class SettingsBody(Body):
    version_template: str = Field(DEFAULT_VERSION_TEMPLATE, max_length=LONGEST_VERSION_TEMPLATE)
    donor: str = Field("", max_length=LONGEST_DONOR, description="the service or package that numbers releases")
    notes_template: str = Field("", max_length=LONGEST_TEMPLATE)
    changes_template: str = Field("", max_length=LONGEST_TEMPLATE, description="empty: the default")
    locks_variables: bool = Field(default=True, description="a release that was promoted keeps its variables")


class CopyBody(Body):
    """What is not given is as in the release that is copied."""

    version: str = Field("", max_length=128, description="empty: the next one")
    channel: str = Field("", max_length=100)
    notes: str | None = None
    packages: dict[str, str] = Field(default_factory=dict, max_length=500)


@router.get("/projects/{project}/release-settings")
def get_release_settings(context: Books, actor: Asking, project: str, response: Response) -> answers.ReleaseSettings:
    """How the project's releases are numbered and described."""
    return _shape(release_settings.get(context, actor, project), response)


@router.put("/projects/{project}/release-settings")
def put_release_settings(
    context: Books,
    actor: Asking,
    project: str,
    body: SettingsBody,
    response: Response,
    if_match: Annotated[str | None, Header(description="the ETag that was read")] = None,
) -> answers.ReleaseSettings:
    """Replace how the project's releases are numbered and described."""
    settings = ReleaseSettings(**body.model_dump())
    saved = release_settings.put(context, actor, project, settings, revision=revision_of(if_match))
    return _shape(saved, response)


@router.get("/projects/{project}/next-version")
def get_next_version(context: Books, actor: Asking, project: str, channel: str = "") -> answers.NextVersion:
    """The version that the project's next release would get, in this channel or in the one that would be chosen."""
    found = release_settings.next_release(context, actor, project, channel=channel)
    return {"version": found.version, "channel": found.channel}


@router.post("/projects/{project}/releases/{version}/copy", status_code=201)
def copy_release(context: Books, actor: Asking, project: str, version: str, body: CopyBody) -> answers.Release:
    """Make a new release with this one's images, files, packages and notes, and with the process and variables as they
    are now."""
    made = releases.copy(
        context,
        actor,
        project,
        version,
        new_version=body.version,
        channel=body.channel,
        notes=body.notes,
        packages=body.packages,
    )
    return shapes.release(releases.get(context, actor, project, made.id))


@router.get("/projects/{project}/releases/{version}/changes")
def get_release_changes(
    context: Books, actor: Asking, project: str, version: str, environment: str, tenant: str = ""
) -> answers.DeploymentChanges:
    """What a deployment of the release to the environment (for the tenant) would bring."""
    return _changes(release_changes.preview(context, actor, project, version, environment, tenant=tenant))


@router.get("/deployments/{id}/changes")
def get_deployment_changes(context: Books, actor: Asking, id: str) -> answers.DeploymentChanges:
    """What the deployment brought, or would bring."""
    return _changes(release_changes.of_deployment(context, actor, id))


def _shape(view: release_settings.SettingsView, response: Response) -> answers.ReleaseSettings:
    tag(response, view.revision)
    one = view.settings
    return {
        "version_template": one.version_template,
        "donor": one.donor,
        "notes_template": one.notes_template,
        "changes_template": one.changes_template,
        "locks_variables": one.locks_variables,
        "revision": view.revision,
    }


def _changes(found: DeploymentChanges) -> answers.DeploymentChanges:
    return {
        "version": found.version,
        "environment": found.environment,
        "previous": found.previous,
        "releases": [
            {
                "version": one.release.version,
                "notes": one.release.notes,
                "builds": [build_shape(build) for build in one.builds],
            }
            for one in found.changes
        ],
        "markdown": found.markdown,
    }
