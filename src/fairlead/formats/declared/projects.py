"""A project as a file has it: what it is, where it comes from, where its commit statuses go."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from fairlead.domain.lifecycle import DEFAULT_NAME
from fairlead.domain.project import DEFAULT_POLL_S, ForgeKind, Tenancy, WebhookKind
from fairlead.domain.release_settings import (
    DEFAULT_VERSION_TEMPLATE,
    LONGEST_DONOR,
    LONGEST_TEMPLATE,
    LONGEST_VERSION_TEMPLATE,
)
from fairlead.domain.step_template import MOST_PARAMETERS
from fairlead.formats.declared.layout import Layout, SecretField
from fairlead.formats.shape import Shape
from fairlead.formats.step_template import ParameterModel


class SourceItem(Shape):
    """The Git repository."""

    url: str = Field(max_length=1000, description="its address")
    branch: str = Field("main", max_length=250, description="what is deployed")
    folder: Annotated[str, AfterValidator(lambda text: text.strip("/"))] = Field(
        "", max_length=250, description="where fairlead.yml lies in it"
    )
    user: str = Field("", max_length=200, description="for https")
    password: SecretField | None = Field(None, description="for https")
    ssh_key: SecretField | None = Field(None, description="for ssh; without it a deploy key is made")
    known_hosts: str = Field("", max_length=20_000, description="for ssh: the hosts' keys")
    poll_s: float = Field(DEFAULT_POLL_S, ge=0, le=86_400, description="how often it is asked; 0: never")
    webhook_kind: WebhookKind = Field("generic", description="who calls the webhook")


class ForgeItem(Shape):
    """Where commit statuses are reported."""

    kind: ForgeKind
    api_url: Annotated[str, AfterValidator(lambda text: text.rstrip("/"))] = Field(max_length=500)
    repository: str = Field(max_length=300, description="owner/name")
    token: SecretField | None = None


class ReleasesItem(Shape):
    """How releases are numbered and described."""

    version_template: str = Field(
        DEFAULT_VERSION_TEMPLATE, max_length=LONGEST_VERSION_TEMPLATE, description="a mask, or a template of variables"
    )
    donor: str = Field("", max_length=LONGEST_DONOR, description="the service or package that numbers releases")
    notes_template: str = Field("", max_length=LONGEST_TEMPLATE, description="the notes of a release without any")
    changes_template: str = Field("", max_length=LONGEST_TEMPLATE, description="what a deployment brings")
    locks_variables: bool = Field(default=True, description="a release that was promoted keeps its variables")


class ProjectItem(Shape):
    """A project; its name is its folder's."""

    title: str = Field("", max_length=200, description="for people")
    description: str = Field("", max_length=10_000, description="what it is for")
    enabled: bool = Field(default=True, description="whether releases are made and deployed")
    as_code: bool = Field(default=False, description="whether its repository declares the rest of it, in .fairlead")
    tenancy: Tenancy = Field(Tenancy.UNTENANTED, description="whether it is deployed for tenants, for nobody, or both")
    group: str = Field("", description="the project group's name")
    lifecycle: str = Field(DEFAULT_NAME, description="the lifecycle's name")
    releases: ReleasesItem = Field(default_factory=ReleasesItem, description="how releases are numbered and described")
    library_sets: tuple[str, ...] = Field((), description="names of those that it includes, in order")
    tenant_templates: tuple[ParameterModel, ...] = Field(
        (), max_length=MOST_PARAMETERS, description="what each tenant is asked for in each environment, in order"
    )
    source: SourceItem | None = Field(None, description="its repository; without one, releases come from outside")
    forge: ForgeItem | None = Field(None, description="where commit statuses go")


PROJECTS = Layout("project", ("projects/{project}/project.yml",), ProjectItem, "a project")
