"""The project file's own top level, and what is left of it for one environment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fairlead.formats.compose_model import Build, NetworkModel, SourceModel, VolumeModel
from fairlead.formats.scalars import AnyText, Command, KeyTexts, Seconds, WordList, Words, long_form
from fairlead.formats.service_model import ServiceModel
from fairlead.formats.shape import Shape

Kind = Literal["pre-deployment", "pre-integration", "post-integration", "schema"]


class MigrationCommandModel(Shape):
    """A command that belongs to the migration, run once in a container of the new image."""

    service: Words = Field("", description="The service whose image is used.")
    command: Command = Field((), description="The command; #{Name} may stand in it, a secret may not.")
    timeout: Seconds = Field(600.0, gt=0, description="The bound (10m).")


class DatabaseModel(Shape):
    """The PostgreSQL database that the migration changes; a name alone is its accessory's."""

    accessory: Words = Field("", description="The accessory that holds it.")
    source: AnyText = Field(
        "", alias="from", description="Without an accessory: the URL that the schema is copied from."
    )
    image: AnyText = Field("", description="With `from`: the PostgreSQL to copy into, by digest (name@sha256:...).")
    variable: Words = Field("", description="With `from`: the variable that services and tests read the URL from.")
    rows: WordList = Field(
        (), description="Tables whose rows are copied too; those of common migration tools always are."
    )


class MigrateModel(Shape):
    """A command run once in a container of the new image, before the idle slot starts; repeatable."""

    service: Words = Field("", description="The service whose image is used.")
    command: Command = Field((), description="The command; #{Name} may stand in it, a secret may not.")
    timeout: Seconds = Field(600.0, gt=0, description="The bound (10m).")
    database: Annotated[DatabaseModel, long_form("accessory", str | DatabaseModel)] | None = Field(
        None, description="The database, for the schema gate: the migration is tried on a copy, with the old tests."
    )
    backup: MigrationCommandModel | None = Field(None, description="A command that is run before the migration.")
    after_retire: MigrationCommandModel | None = Field(
        None, alias="after-retire", description="The contracting half: run once the old release is gone."
    )


class TestsModel(Shape):
    """One image and one command for all kinds of tests; the kind arrives as TEST_TYPE."""

    build: Build | None = Field(None, description="How the test image is made.")
    image: AnyText = Field("", description="A test image that is not built here.")
    command: Command = Field((), description="The command; without it the image's own.")
    environment: KeyTexts = Field(default_factory=dict, description="All that the tests get besides TEST_…")
    kinds: tuple[Kind, ...] = Field(
        ("pre-deployment", "pre-integration", "post-integration"), description="The kinds that are run."
    )
    services: WordList = Field((), description="Services that stand beside the pre-deployment tests.")
    built_services: WordList = Field(
        (), description="Services whose built images are started and tested before a push."
    )
    timeout: Seconds = Field(600.0, gt=0, description="The bound for each kind (10m).")


class Overridable(Shape):
    """What a project says of its services; `environments` may override each key for one environment."""

    services: Annotated[dict[str, ServiceModel | None], Field(description="The services by name.")] = Field(
        default_factory=dict
    )
    migrate: MigrateModel | None = Field(None, description="The migration.")
    tests: TestsModel | None = Field(None, description="The project's tests.")
    profiles: WordList = Field((), description="Compose profiles whose services are deployed.")
    volumes: dict[str, VolumeModel | None] = Field(default_factory=dict, description="As in Compose.")
    networks: dict[str, NetworkModel | None] = Field(default_factory=dict, description="As in Compose.")
    secrets: dict[str, SourceModel] = Field(default_factory=dict, description="As in Compose, from files or variables.")
    configs: dict[str, SourceModel] = Field(default_factory=dict, description="As in Compose, from files or variables.")


class Resolved(Overridable):
    """A project for one environment: compose files, project file and override laid over one another."""

    project: Words


class ProjectFile(Overridable):
    """fairlead.yml."""

    project: Words = Field(description="The project's name: lower-case letters, digits and dashes.")
    compose: WordList | None = Field(
        None,
        description="Compose files, laid over one another in order; `[]` for none. Without the key: compose.yaml, "
        "where there is one and not every service here says how its image is made.",
    )
    environments: dict[str, Overridable | None] = Field(
        default_factory=dict, description="Overrides for one environment, by its name."
    )
