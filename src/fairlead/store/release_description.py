"""The notes of a release that is about to be made: as given, or by the project's template."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from fairlead.domain.build_information import BuildInformation, values_of
from fairlead.domain.errors import TooLarge
from fairlead.domain.image import names_of
from fairlead.domain.project import Project
from fairlead.domain.template.variables import Variables
from fairlead.store import build_information
from fairlead.store.release_choice import Chosen, template_values

LONGEST_NOTES = 1_000_000
"""Characters."""


def notes_of(connection: sa.Connection, project: Project, chosen: Chosen, images: Mapping[str, str], notes: str) -> str:
    """The notes with their ``#{…}`` replaced by what holds for the release, its packages, builds and issues; what has
    no value stays as it stands. Without notes the project's template makes them. TooLarge `input.too_large`."""
    template = notes or project.release_settings.notes_template
    if "#{" in template:
        told = values_of(builds_of(connection, chosen.packages, images), chosen.packages)
        told |= {
            "Project.Name": project.name,
            "Release.Number": chosen.version,
            "Release.Channel.Name": chosen.channel.name,
        }
        values = {f"{prefix}.{name}": value for prefix in ("Octopus", "Fairlead") for name, value in told.items()}
        own = template_values(connection, project.id, chosen.channel)
        template = Variables({**values, **own}).evaluate(template, is_lenient=True).text or ""
    if len(template) > LONGEST_NOTES:
        raise TooLarge("input.too_large", f"the notes are over {LONGEST_NOTES:,} characters", thing="notes")
    return template


def builds_of(
    connection: sa.Connection, packages: Mapping[str, str], images: Mapping[str, str]
) -> tuple[BuildInformation, ...]:
    """What was told of the builds of these packages and images, each by its name or its image's."""
    wanted = [(name, version) for name, version in packages.items() if version]
    wanted += [(name, packages[one]) for one in images if packages.get(one) for name in names_of(images[one])]
    return build_information.of_packages(connection, wanted)
