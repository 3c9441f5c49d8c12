"""What a run builds and pins by digest: its project file's outline, with what variables say of it."""

from __future__ import annotations

from dataclasses import replace

from fairlead.domain.errors import ProjectFileInvalid
from fairlead.domain.image import version_of
from fairlead.domain.outline import Outline, with_build_secrets, with_images
from fairlead.domain.project import Project
from fairlead.domain.service import Definition
from fairlead.formats.files import Files
from fairlead.formats.project import compile_whole
from fairlead.store import environments
from fairlead.store.database import Connection
from fairlead.usecases import planning, values
from fairlead.usecases import releases as releasing
from fairlead.usecases.context import Context


def outlined(
    context: Context, connection: Connection, project: Project, files: Files, outline: Outline, channel: str
) -> tuple[Outline, Definition]:
    """The outline with build secrets, images and files as variables name them now, and the project as it is in the
    first environment of the lifecycle, beside which tests run.

    Raises ProjectFileInvalid for the first environment alone: a later one may still lack variables, and is looked at
    again when it is deployed to. Invalid `variable.unknown`, `release.images` as `domain.outline` says.
    """
    names = planning.environment_names(connection, project)
    frozen = values.table_of(connection, releasing.freeze(context, connection, project.id))
    compiled: dict[str, Definition] = {}
    carried = set(outline.carried)
    for name in names:
        environment = environments.by_name(connection, name)
        holding = frozen.at(values.scope_at(environment, channel=channel))
        system = values.system_of(context, connection, project, environment)
        lookup = values.lookup_in(holding, system)
        try:
            compiled[name], paths = compile_whole(
                files,
                environment=name,
                environments=names,
                lookup=lookup,
                domain=context.installation.proxy_domain,
                variables=(*holding, *system),
            )
            carried |= paths
        except ProjectFileInvalid:
            if name == names[0]:
                raise
        if name == names[0]:
            outline = with_build_secrets(outline, lookup)
    return replace(with_images(outline, compiled), carried=tuple(sorted(carried))), compiled[names[0]]


def versions_named(outline: Outline) -> dict[str, str]:
    """By swapped service that is not built here, the version that its image's name says; "" where none is known."""
    return {
        one.name: version_of(one.image) if one.has_whole_name else ""
        for one in outline.services
        if one.build is None and not one.is_accessory
    }
