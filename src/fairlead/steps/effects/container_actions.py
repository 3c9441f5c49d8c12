"""action.build and action.tests: an image built from the release's commit, and tests run in a container, by a process.

Both stand on what runs of the pipeline use: builds tagged by the hash of their inputs, containers adopted by their key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import Failed, Invalid
from fairlead.domain.names import slug
from fairlead.domain.output_variables import effect_output
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.service import Build, Role, Service
from fairlead.domain.template.variables import Variables
from fairlead.domain.text import Text
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import (
    LABEL_ENVIRONMENT,
    LABEL_KEY,
    LABEL_KIND,
    LABEL_PROJECT,
    LABEL_TASK,
    Attachment,
)
from fairlead.ports.step import Tools
from fairlead.steps import workspace
from fairlead.steps.blueprint import KIND_NETWORK, KIND_ONE_OFF, Blueprint, once
from fairlead.steps.effects.basis import arguments, read
from fairlead.steps.effects.builds import BuildImage, Built, fetch
from fairlead.steps.effects.pushes import Pushed, PushImage
from fairlead.steps.effects.runs import Errand, RunContainer
from fairlead.steps.filled_in import filled, known_at, unresolved

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class ActionBuild:
    """What is built from the release's commit. Its texts are as they were written. A build argument is never a secret:
    it stays in the image."""

    context: str = "."
    dockerfile: str = "Dockerfile"
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActionAbout:
    """Whose action it is: its name, the target that it is about ("": none), the variables that hold there, and what
    opens the registries of the images that it pulls."""

    action: str
    target: str
    variables: Mapping[str, Text] = field(default_factory=dict)
    logins: tuple[RegistryLogin, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageWanted:
    """An image to be built and pushed, under a tag for people beside that of its inputs."""

    about: ActionAbout
    build: ActionBuild
    tag: str = ""


class BuildForAction:
    """Builds an image from the release's commit and pushes it; the same inputs are built once, whoever asked.

    Output: the output variables ``Image`` (by digest), ``Digest`` and ``Tag``. Images are no state: nothing is undone.
    """

    kind = "action.build"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """The commit has to be read to tell it: `do` finds what is there."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Checks the commit out, builds, pushes, and leaves nothing of it here."""
        wanted = read(ImageWanted, effect)
        known = await known_at(wanted.about.variables, wanted.about.target, tools, with_secrets=False)
        if (lacking := unresolved(known, wanted.tag, *_texts(wanted.build))) is not None:
            return lacking
        tag = filled(known, wanted.tag) or known.raw("Octopus.Release.Number") or LATEST
        repository = f"{_project(known)}/{_short(wanted.about.action)}"
        built = await _built(wanted.about, wanted.build, repository, known, effect, tools)
        if isinstance(built, SaidNo):
            return built
        push = Effect(
            PushImage.kind,
            f"{effect.key}/push",
            effect.title,
            arguments(Pushed(wanted.about.action, repository, effect.key, _as_tag(tag))),
        )
        pushed = await PushImage().do(push, replace(tools, outputs={**tools.outputs, effect.key: built.output}))
        if isinstance(pushed, SaidNo):
            return pushed
        reference = str(pushed.output["reference"])
        values = {"Image": reference, "Digest": reference.rpartition("@")[2], "Tag": _as_tag(tag)}
        return Done(effect_output(wanted.about.action, wanted.about.target, values))

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """Nothing is taken back but what was checked out."""
        await workspace.remove(_workspace(effect, tools))


@dataclass(frozen=True, slots=True)
class TestsWanted:
    """One cell of a matrix: tests in a container of an image, which is named or built. `cell` tells it from others.
    `joins_environment`: the container is in the environment's network, where accessories live under their names."""

    about: ActionAbout
    cell: str
    image: str = ""
    build: ActionBuild | None = None
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 3600.0
    joins_environment: bool = False


class TestInContainer:
    """Runs tests to their end in a container of their own; its exit code is the verdict, reports in ``/results`` are
    kept. Another attempt adopts the container. Undone, and once they passed, it is removed."""

    kind = "action.tests"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether they passed: our own note says so."""
        wanted = read(TestsWanted, effect)
        noted = await tools.records.fact(tools.task, f"ran:{effect.key}")
        is_done = isinstance(noted, dict) and noted.get("exit_code") == 0
        return Done(_passed(wanted), was_already_so=True) if is_done else NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Finds or builds the image, and runs them."""
        wanted = read(TestsWanted, effect)
        about = wanted.about
        known = await known_at(about.variables, about.target, tools, with_secrets=False)
        clear = await known_at(about.variables, about.target, tools)
        in_the_open = unresolved(known, wanted.image, *(_texts(wanted.build) if wanted.build else ()))
        if (lacking := in_the_open or unresolved(clear, *wanted.environment.values())) is not None:
            return lacking
        image = filled(known, wanted.image)
        if wanted.build is not None:
            repository = f"{_project(known)}/{_short(about.action)}"
            built = await _built(about, wanted.build, repository, known, effect, tools)
            if isinstance(built, SaidNo):
                return built
            image = str(built.output["image"])
        try:
            if await tools.container_engine.image(image) is None:
                await fetch(image, about.logins, tools, what=f"the image of {wanted.cell}")
        except Failed as error:
            return SaidNo("tests.broken", error.message, hint=error.hint)
        if wanted.joins_environment and not await _networks(known, tools):
            return _no_network(wanted, known)
        inner = await _errand(wanted, image, effect, tools)
        outcome = await RunContainer().do(inner, tools)
        if isinstance(outcome, SaidNo):
            return outcome
        await RunContainer().undo(inner, tools)
        return Done(_passed(wanted), was_already_so=outcome.was_already_so)

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """The container is gone; its last lines are kept. They can be run again."""
        wanted = read(TestsWanted, effect)
        await RunContainer().undo(await _errand(wanted, "", effect, tools), tools)
        await tools.records.note(tools.task, f"ran:{effect.key}", None)
        await workspace.remove(_workspace(effect, tools))


def _passed(wanted: TestsWanted) -> dict[str, Json]:
    return effect_output(wanted.about.action, wanted.about.target, {f"{wanted.cell}.Passed": "True"})


def _texts(build: ActionBuild) -> tuple[str, ...]:
    return (build.context, build.dockerfile, build.target, *build.arguments.values())


async def _built(
    about: ActionAbout, build: ActionBuild, repository: str, known: Variables, effect: Effect, tools: Tools
) -> Done | SaidNo:
    """The image on this host; the commit's files are here only meanwhile."""
    place = _workspace(effect, tools)
    checkout = await tools.checkouts.of_task(tools.task)
    tree = await workspace.prepare(tools.source, checkout.repository, checkout.commit, place)
    tools.say(f"checked out {checkout.commit[:12]}: {len(tree.files)} files", level="debug")
    for warning in tree.warnings:
        tools.say(warning, level="warning")
    try:
        said = Build(
            context=_inside(filled(known, build.context)),
            dockerfile=_inside(filled(known, build.dockerfile)),
            target=filled(known, build.target),
            arguments={name: filled(known, value) for name, value in build.arguments.items()},
        )
        labels = {LABEL_PROJECT: _project(known)}
        built = Built(about.action, said, repository, place, checkout.folder, labels, about.logins)
        inner = replace(effect, kind=BuildImage.kind, arguments=arguments(built))
        looked = await BuildImage().look(inner, tools)
        outcome = looked if isinstance(looked, Done) else await BuildImage().do(inner, tools)
        if isinstance(outcome, Done) and outcome.output["reference"]:
            await fetch(str(outcome.output["image"]), about.logins, tools, what=f"the image of {about.action}")
        return outcome
    finally:
        await workspace.remove(place)


async def _errand(wanted: TestsWanted, image: str, effect: Effect, tools: Tools) -> Effect:
    about, key = wanted.about, f"{tools.task}:{effect.key}"
    known = await known_at(about.variables, about.target, tools)
    environment: dict[str, Text] = {name: filled(known, value) for name, value in wanted.environment.items()}
    project = _project(known)
    labels = {
        LABEL_KEY: key,
        LABEL_KIND: KIND_ONE_OFF,
        LABEL_PROJECT: project,
        LABEL_ENVIRONMENT: _where(known),
        LABEL_TASK: tools.task,
    }
    service = once(Service(_short(about.action), Role.ONE_SHOT, image=image, command=wanted.command or None))
    name = f"{project}_tests.{_short(about.action)}.{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    networks = await _networks(known, tools) if wanted.joins_environment else ()
    blueprint = Blueprint(name, image, service, labels, networks, environment=environment)
    errand = Errand(blueprint, "tests", f"the {wanted.cell} tests", wanted.timeout_s)
    return replace(effect, kind=RunContainer.kind, arguments=arguments(errand))


async def _networks(known: Variables, tools: Tools) -> tuple[Attachment, ...]:
    """The environment's network, found by what it carries; () where there is none yet."""
    labels = {
        LABEL_PROJECT: _project(known),
        LABEL_ENVIRONMENT: _where(known),
        LABEL_KIND: KIND_NETWORK,
    }
    return tuple(Attachment(one.name) for one in await tools.container_engine.networks(labels))


def _no_network(wanted: TestsWanted, known: Variables) -> SaidNo:
    place = f"{_project(known)} in {known.raw('Octopus.Environment.Name') or 'this environment'}"
    return SaidNo(
        "tests.network",
        f"{wanted.about.action} is to join the network of {place}, which has none",
        hint="the first deployment of services makes it: let this step come after deploy-services",
    )


def _workspace(effect: Effect, tools: Tools) -> str:
    return f"{tools.workspace}/{tools.task}-{hashlib.sha256(effect.key.encode()).hexdigest()[:12]}"


def _where(known: Variables) -> str:
    environment, tenant = known.raw("Octopus.Environment.Name") or "", known.raw("Octopus.Deployment.Tenant.Name")
    return Place("", environment, tenant or None).where


def _project(known: Variables) -> str:
    return known.raw("Octopus.Project.Name") or "unknown"


def _short(text: str) -> str:
    """A name as it stands in image and container names."""
    return slug(text)[:40].strip("-") or hashlib.sha256(text.encode()).hexdigest()[:12]


def _as_tag(version: str) -> str:
    return version.replace("+", "_")


def _inside(path: str) -> str:
    """A path of the repository; Invalid where it leads out."""
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise Invalid("input.invalid", f"{path[:100]!r} leads out of the repository", thing=path[:100])
    return path
