"""What a run builds and pins by digest: its project file's outline, with what variables say of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from fairlead.domain.errors import Invalid, ProjectFileInvalid
from fairlead.domain.image import version_of
from fairlead.domain.outline import Outline, OutlineService, with_build_secrets, with_images
from fairlead.domain.project import Project
from fairlead.domain.service import Definition
from fairlead.domain.step_template import Parameter
from fairlead.domain.substitution import names_in
from fairlead.domain.variable import Dimension, Variable, VariableSnapshot
from fairlead.formats.files import Files
from fairlead.formats.named_by_variables import images_named
from fairlead.formats.project import compile_whole
from fairlead.store import environments, variables
from fairlead.store.database import Connection
from fairlead.usecases import planning, values
from fairlead.usecases.context import Context

BY_TENANT = {Dimension.TENANT, Dimension.TENANT_TAG}


def outlined(
    context: Context,
    connection: Connection,
    project: Project,
    files: Files,
    outline: Outline,
    *,
    channel: str,
    snapshot: str,
) -> tuple[Outline, Definition]:
    """The outline with build secrets, images and files as variables name them now, and the project as it is in the
    first environment of the lifecycle, beside which tests run. `snapshot` is of the variables as they are now.

    Raises ProjectFileInvalid for the first environment alone: a later one may still lack variables, and is looked at
    again when it is deployed to. Invalid `variable.unknown`, `release.images` as `domain.outline` says.
    """
    names = planning.environment_names(connection, project)
    kept = _by_tenant(variables.snapshot(connection, snapshot), images_named(files), outline)
    frozen = values.table_of(connection, snapshot)
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
    return replace(with_images(outline, compiled, by_tenant=kept), carried=tuple(sorted(carried))), compiled[names[0]]


def _by_tenant(frozen: VariableSnapshot, named: Mapping[str, frozenset[str]], outline: Outline) -> frozenset[str]:
    """The services whose images variables name that have values by tenant, all of them digests. Invalid
    `release.images` where they are not: the release would have one image for all tenants."""
    differing = {one.name.lower() for one in frozen.variables if BY_TENANT & one.scope.keys()}
    differing |= {one.parameter.name.lower() for one in frozen.templates}
    kept = set()
    for service, names in named.items():
        found = [name for name in sorted(_all_named(frozen, names)) if name in differing]
        if not found:
            continue
        texts = [str(one.text) for one in frozen.variables if one.name.lower() in found]
        written = next((one.image for one in outline.services if one.name == service and one.build is None), "")
        is_open = not OutlineService(service, image=written).has_whole_name
        if not is_open or not texts or not all("@sha256:" in text for text in texts):
            what, by = service or "the tests", next(one.name for one in _known(frozen) if one.name.lower() in found)
            raise Invalid(
                "release.images",
                f"the image of {what} is named by {by}, which has values of its own for tenants",
                thing=what,
                hint="a release has one image of each service, whoever it is for: let variables of the service differ "
                "instead, make a channel whose releases are for such a tenant, or name it by digest in each value",
            )
        kept.add(service)
    return frozenset(kept)


def _known(frozen: VariableSnapshot) -> Iterator[Variable | Parameter]:
    yield from frozen.variables
    yield from (one.parameter for one in frozen.templates)


def _all_named(frozen: VariableSnapshot, names: Iterable[str]) -> frozenset[str]:
    """These, and the names in the values of variables of these names, in lower case."""
    found: set[str] = set()
    asked = {name.lower() for name in names}
    while asked:
        found |= asked
        inside = (names_in(one.text) for one in frozen.variables if one.name.lower() in asked)
        asked = {name.lower() for each in inside for name in each} - found
    return frozenset(found)


def versions_named(outline: Outline) -> dict[str, str]:
    """By swapped service that is not built here, the version that its image's name says; "" where none is known."""
    return {
        one.name: version_of(one.image) if one.has_whole_name else ""
        for one in outline.services
        if one.build is None and not one.is_accessory
    }
