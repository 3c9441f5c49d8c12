"""The three questions to a project file: what is built and carried, what is deployed in an environment, is it right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fairlead.domain.errors import FairleadError, Problem, ProjectFileInvalid
from fairlead.domain.names import environment_name, project_name
from fairlead.domain.outline import Outline, OutlineService
from fairlead.domain.service import Build, Definition, Role, Service, Tests
from fairlead.domain.substitution import Lookup, substitute
from fairlead.domain.text import Text
from fairlead.formats.compilation import Compilation
from fairlead.formats.declared.repository import read_repository
from fairlead.formats.declared.repository_rules import Kinds, check_repository
from fairlead.formats.expansion import Variables, expanded
from fairlead.formats.exposed import with_exposed_ports
from fairlead.formats.files import Files
from fairlead.formats.findings import Findings, did_you_mean, shown
from fairlead.formats.migrations import migration_of
from fairlead.formats.mounts import paths_used, source_text, volumes_of
from fairlead.formats.names import check_image
from fairlead.formats.node import Path, place_of, spell
from fairlead.formats.project_model import Resolved
from fairlead.formats.roles import check_dependencies, roles_of
from fairlead.formats.routes import check_routes
from fairlead.formats.services import build_of, check_networks, service_of
from fairlead.formats.shape import check
from fairlead.formats.sources import PROJECT_FILE, Sources, read_sources
from fairlead.formats.unhonoured import said_in_vain

SERVICE_LIMIT = 200
"""Services of one project."""

ENVIRONMENT_LIMIT = 50
"""Environments that one project file may mention: the outline looks at each."""


def compile_project(
    files: Files,
    *,
    environment: str,
    environments: Sequence[str] = (),
    lookup: Lookup,
    tenant: str = "",
    domain: str = "localhost",
    images: Mapping[str, str] | None = None,
    variables: Iterable[str] = (),
) -> Definition:
    """The project as it is deployed in `environment`, for `tenant` where one is named: hosts that nobody stated have
    it in them.

    `environments` are the names of the project's lifecycle in order; a stated host holds as it is in the last of them.
    With `environment` "" nothing is overridden: what a pipeline run starts beside its tests. `lookup` gives variables
    by name, secrets as references; `variables` are the names of those that hold. `images` are the release's digests by
    service; a service without one keeps the name in the file. Raises `ProjectFileInvalid` with every problem found; any
    other error is a bug.
    """
    sources = _checked(files, environments)
    known = _variables(sources, lookup, is_known=True, names=tuple(variables))
    at = _compilation(sources, environment, environments, known, domain, images or {})
    return _compiled(sources, at, tenant)[0]


def compile_whole(
    files: Files,
    *,
    environment: str,
    environments: Sequence[str],
    lookup: Lookup,
    domain: str = "localhost",
    variables: Iterable[str] = (),
) -> tuple[Definition, frozenset[str]]:
    """As `compile_project`, of a repository that is all there; and the paths of the files that this needs of it, which
    variables may name (``env_file: ${STAGE}.env``)."""
    sources = _checked(files, environments)
    known = _variables(sources, lookup, is_known=True, names=tuple(variables))
    at = _compilation(sources, environment, environments, known, domain, {})
    definition, at = _compiled(sources, at, "")
    return definition, frozenset(paths_used(at))


def _compiled(sources: Sources, at: Compilation | None, tenant: str) -> tuple[Definition, Compilation]:
    if at is not None:
        at.tenant = tenant
    definition = _definition(at) if at is not None else None
    sources.findings.stop_if_any()
    if definition is None or at is None:
        raise AssertionError("no definition, and no problem that says why")
    return definition, at


def read_outline(files: Files, *, is_whole: bool = False) -> Outline:
    """What holds in every environment. Raises `ProjectFileInvalid` with every problem.

    `is_whole` says that the repository is all there, so that a missing Dockerfile is a problem of the file too.
    """
    sources = _checked(files, ())
    outline = _outlined(sources, is_whole=is_whole)
    sources.findings.stop_if_any()
    if outline is None:
        raise AssertionError("no outline, and no problem that says why")
    return outline


def validate(
    files: Files, environments: Sequence[str] = (), *, kinds: Kinds = MappingProxyType({})
) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Warnings and problems of a whole repository, without a server: what a variable holds is not known here. `kinds`
    are the schemas of kinds of actions, for what stands below ``.fairlead``; without any nothing is said of them."""
    try:
        sources = _checked(files, environments)
    except ProjectFileInvalid as error:
        return (), error.problems
    findings = sources.findings
    outline = _outlined(sources, is_whole=True)
    check_repository(
        read_repository("here", files),
        files,
        findings,
        environments={*environments, *sources.environments},
        kinds=kinds,
        project=outline.project if outline else "",
    )
    names = environments or sources.environments or ("",)
    variables = _variables(sources, lambda _: None, is_known=False)
    for name in names:
        at = _compilation(sources, name, names, variables, "localhost", {})
        for harm in _definition(at).harms if at is not None else ():
            findings.note(f"{harm.where}: services.{harm.service}: {harm.key} needs an administrator's leave")
    return tuple(findings.warnings), tuple(findings.problems)


def _checked(files: Files, environments: Sequence[str]) -> Sources:
    """What was read, its shape checked; raises where that is wrong already."""
    findings = Findings()
    sources = read_sources(files, findings)
    if sources is not None:
        _check_environments(sources, environments)
        _check_services(sources)
    findings.stop_if_any()
    if sources is None:
        raise AssertionError("nothing was read, and no problem says why")
    return sources


def _variables(
    sources: Sources, lookup: Lookup, *, is_known: bool, is_silent: bool = False, names: tuple[str, ...] = ()
) -> Variables:
    def own(name: str) -> Text | None:
        return lookup(name)

    def for_compose(name: str) -> Text | None:
        value = lookup(name)
        return sources.dotenv.get(name) if value is None else substitute(value, lookup, where=name, names=names)

    return Variables(
        own, for_compose, sources.dotenv.get, frozenset(sources.directories), PROJECT_FILE, is_known, is_silent, names
    )


def _compilation(
    sources: Sources,
    environment: str,
    environments: Sequence[str],
    variables: Variables,
    domain: str,
    images: Mapping[str, str],
) -> Compilation | None:
    """None where the project cannot be put together for this environment; why is among the findings then."""
    before = len(sources.findings.problems)
    written = sources.resolved(environment)
    root = expanded(written, variables, sources.findings)
    model = check(Resolved, root, sources.findings)
    if model is None or len(sources.findings.problems) > before:
        return None
    is_last = not environment or not environments or environment == environments[-1]
    at = Compilation(sources, sources.findings, written, root, model, variables, environment, is_last, domain, images)
    at.model = with_exposed_ports(at)
    _check_project(at)
    at.roles = roles_of(at)
    return at


def _check_project(at: Compilation) -> None:
    try:
        project_name(at.model.project)
    except FairleadError as error:
        at.error(("project",), error)
    if not at.services:
        at.problem(("services",), "no service", "at least one service")
    if len(at.services) > SERVICE_LIMIT:
        at.problem(("services",), f"{len(at.services)} services", f"at most {SERVICE_LIMIT}")


def _check_environments(sources: Sources, environments: Sequence[str]) -> None:
    if len(sources.environments) > ENVIRONMENT_LIMIT:
        mark = sources.project.key_marks["environments"]
        found, expected = f"{len(sources.environments)} environments", f"at most {ENVIRONMENT_LIMIT}"
        sources.findings.problem(mark, "environments", found, expected)
    for name, mark in sources.project.table("environments").key_marks.items():
        try:
            environment_name(name)
        except FairleadError as error:
            sources.findings.error(mark, f"environments.{name[:40]}", error)
            continue
        if environments and name not in environments:
            found, expected = f"the unknown environment {shown(name)}", did_you_mean(name, environments)
            sources.findings.problem(mark, f"environments.{name}", found, expected)


def _check_services(sources: Sources) -> None:
    """An environment may have a service of its own; one that is told neither what it is made of nor, anywhere else,
    to be one, and is called nearly as another, is a slip of the pen."""
    table = sources.project.table("environments")
    known = {*sources.compose.table("services").nodes, *sources.project.table("services").nodes}
    for environment in table.nodes:
        services = table.table(environment).table("services")
        for name, mark in services.key_marks.items():
            own = services.table(name)
            if name in known or own.get("image") is not None or own.get("build") is not None:
                continue
            meant = did_you_mean(name, known)
            if meant.startswith("did you mean "):
                key = f"environments.{environment}.services.{name}"
                sources.findings.problem(mark, key, f"the unknown service {shown(name)}", meant)


def _definition(at: Compilation) -> Definition:
    services = {name: service_of(at, name, model) for name, model in at.services.items()}
    check_dependencies(at, services)
    check_routes(at, [(name, route) for name, service in services.items() for route in service.routes])
    check_networks(at)
    for path in said_in_vain(at.model):
        at.warn(path, "is not honoured")
    volumes = volumes_of(at)
    migration, tests = migration_of(at, services), _tests(at, services)
    used = set(at.blobs)
    return Definition(
        project=at.model.project,
        services=tuple(services.values()),
        migration=migration,
        tests=tests,
        volumes=volumes,
        warnings=tuple(at.findings.warnings),
        harms=tuple(at.findings.harms),
        blobs={path: at.blobs[path] for path in sorted(used)},
    )


def _tests(at: Compilation, services: Mapping[str, Service]) -> Tests | None:
    model = at.model.tests
    if model is None:
        return None
    image = at.clear(("tests", "image"), model.image)
    check_image(at, ("tests", "image"), image)
    if (model.build is None) == (not image):
        at.problem(("tests",), "both build and image" if image else "neither build nor image", "one of them")
    for key, names in (("services", model.services), ("built_services", model.built_services)):
        for name in names:
            if name not in services:
                at.problem(("tests", key), f"the unknown service {shown(name)}", did_you_mean(name, services))
    environment = {key: at.variables.compose(key) if held is None else held for key, held in model.environment.items()}
    return Tests(
        build=build_of(at, ("tests", "build"), model.build),
        image=image,
        command=model.command,
        environment={key: held for key, held in environment.items() if held is not None},
        kinds=model.kinds,
        services=model.services,
        built_services=model.built_services,
        timeout_s=model.timeout,
    )


@dataclass(slots=True)
class _Gathered:
    """What the environments' views of one project add up to."""

    services: dict[str, OutlineService]
    carried: set[str]
    tests: Tests | None = None


def _outlined(sources: Sources, *, is_whole: bool) -> Outline | None:
    gathered = _Gathered({}, set(sources.carried))
    project = ""
    for environment in ("", *sources.environments):
        variables = _variables(sources, lambda _: None, is_known=False, is_silent=True)
        at = _compilation(sources, environment, (), variables, "localhost", {})
        if at is None:
            return None
        project = at.model.project
        _gather(at, gathered, is_base=not environment)
    services = tuple(gathered.services.values())
    if is_whole:
        _check_dockerfiles(sources, services, gathered.tests)
    return Outline(
        project,
        services,
        gathered.tests,
        tuple(sorted(gathered.carried)),
        sources.environments,
        tuple(sources.findings.warnings),
    )


def _gather(at: Compilation, gathered: _Gathered, *, is_base: bool) -> None:
    definition = _definition(at)
    for service in definition.services:
        known = OutlineService(service.name, service.build, service.image, service.role is Role.ACCESSORY)
        gathered.services.setdefault(service.name, known)
    if is_base or gathered.tests is None:
        gathered.tests = definition.tests
    for section, sources in (("secrets", at.model.secrets), ("configs", at.model.configs)):
        for name, source in sources.items():
            if source.file:
                source_text(at, (section, name), source)
    gathered.carried.update(paths_used(at))


def _check_dockerfiles(sources: Sources, services: Iterable[OutlineService], tests: Tests | None) -> None:
    built: list[tuple[Path, Build | None]] = [
        (("services", service.name, "build"), service.build) for service in services
    ]
    if tests is not None:
        built.append((("tests", "build"), tests.build))
    for path, build in built:
        if build is None:
            continue
        if build.dockerfile not in sources.files:
            found, expected = f"no file {shown(build.dockerfile)}", "a Dockerfile of the repository, or an image"
            sources.findings.problem(place_of(sources.resolved(""), path), spell(path), found, expected)
