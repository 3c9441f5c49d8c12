"""The action kinds *build-image* and *run-tests*: containers as steps of a process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, cast

from fairlead.domain.errors import Invalid
from fairlead.domain.plan import Effect, InParallel, Node
from fairlead.domain.process import ResolvedAction
from fairlead.domain.record import Json
from fairlead.ports.step import EffectKind
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.container_actions import (
    ActionAbout,
    ActionBuild,
    BuildForAction,
    ImageWanted,
    TestInContainer,
    TestsWanted,
)

BUILD_TIMEOUT_S = 3600.0
TESTS_TIMEOUT_S = 3600.0
MARGIN_S = 600.0
"""Of an effect over its tests: to fetch or build their image, and to keep what they left."""

ATTEMPTS = 3
MOST_CELLS = 64
AT_ONCE = 2
MOST_AT_ONCE = 16

_TEXT: Json = {"type": "string", "maxLength": 4000}
_TEXTS: Json = {"type": "object", "additionalProperties": _TEXT, "maxProperties": 200}
_BUILD: Json = {
    "type": "object",
    "description": "built from the release's commit; #{…} is put in, but never a secret: it would stay in the image",
    "additionalProperties": False,
    "properties": {
        "context": {"type": "string", "default": ".", "description": "the folder, from that of fairlead.yml"},
        "dockerfile": {"type": "string", "default": "Dockerfile", "description": "from the root, as context is"},
        "target": {"type": "string", "description": "the stage of the Dockerfile"},
        "arguments": {"type": "object", "additionalProperties": _TEXT, "description": "build arguments"},
    },
}


class BuildImageAction:
    """Builds an image from the release's commit and pushes it to the registry, once for the same inputs."""

    name = "build-image"
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "builds an image from the release's commit; outputs: Image (by digest), Digest, Tag",
        "additionalProperties": False,
        "properties": {
            "build": _BUILD,
            "tag": {
                "type": "string",
                "description": "a tag beside that of the inputs; by default the release's version",
            },
        },
    }
    effects: Mapping[str, EffectKind] = {BuildForAction.kind: BuildForAction()}

    def plan(self, resolved: ResolvedAction) -> Node:
        """One effect."""
        properties = resolved.action.properties
        wanted = ImageWanted(_about(resolved), _build(properties.get("build"), {}), str(properties.get("tag") or ""))
        return Effect(
            BuildForAction.kind,
            f"{resolved.key}/build",
            f"build the image of {resolved.action.name}",
            arguments(wanted),
            timeout_s=(resolved.action.timeout_s or BUILD_TIMEOUT_S) + MARGIN_S,
            attempts=ATTEMPTS,
            target=resolved.place,
        )


class RunTestsAction:
    """Runs tests in containers: one for each cell of a matrix of images and build arguments, side by side."""

    name = "run-tests"
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "runs tests in a container; with a matrix once for each of its cells, each with its own result",
        "additionalProperties": False,
        "properties": {
            "image": {"type": "string", "description": "the image; or `build`, or `matrix: images`"},
            "build": _BUILD,
            "command": {"type": "array", "items": _TEXT, "maxItems": 100, "description": "by default the image's own"},
            "environment": {**cast("dict[str, Json]", _TEXTS), "description": "secrets may be put in by #{…}"},
            "network": {
                "enum": ["own", "environment"],
                "default": "own",
                "description": "environment: in the environment's network, where accessories live under their names",
            },
            "matrix": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "images": {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": MOST_CELLS},
                    "arguments": {
                        "type": "array",
                        "items": _TEXTS,
                        "minItems": 1,
                        "maxItems": MOST_CELLS,
                        "description": "build arguments, more than those of `build`; each with each image",
                    },
                },
            },
            "at_once": {
                "type": "integer",
                "minimum": 1,
                "maximum": MOST_AT_ONCE,
                "default": AT_ONCE,
                "description": "how many cells side by side",
            },
        },
    }
    effects: Mapping[str, EffectKind] = {TestInContainer.kind: TestInContainer()}

    def plan(self, resolved: ResolvedAction) -> Node:
        """An effect for each cell. Every one ends, whatever becomes of the others."""
        cells = tuple(self._effect(resolved, number, cell) for number, cell in enumerate(_cells(resolved), 1))
        if len(cells) > MOST_CELLS:
            raise _wrong(resolved, f"its matrix has {len(cells)} cells; {MOST_CELLS} are the most")
        if len(cells) == 1:
            return cells[0]
        at_once = resolved.action.properties.get("at_once")
        return InParallel(cells, limit=at_once if isinstance(at_once, int) else AT_ONCE, on_failure="go_on")

    def _effect(self, resolved: ResolvedAction, number: int, wanted: TestsWanted) -> Effect:
        return Effect(
            TestInContainer.kind,
            f"{resolved.key}/tests/{number}",
            wanted.cell,
            arguments(wanted),
            timeout_s=wanted.timeout_s + BUILD_TIMEOUT_S + MARGIN_S,
            attempts=ATTEMPTS,
            target=resolved.place,
        )


def _cells(resolved: ResolvedAction) -> Iterator[TestsWanted]:
    properties = resolved.action.properties
    matrix = _table(properties.get("matrix"))
    image, is_built = str(properties.get("image") or ""), "build" in properties
    images = [str(one) for one in matrix.get("images") or []] or [image]
    sets = [_texts(one) for one in matrix.get("arguments") or []] or [{}]
    if is_built and (image or matrix.get("images")):
        raise _wrong(resolved, "an image is either named or built")
    if not is_built and not all(images):
        raise _wrong(resolved, "it names no image: give image, build, or matrix: images")
    if not is_built and any(sets):
        raise _wrong(resolved, "build arguments belong to a build: give build")
    for one, given in product(images, sets):
        told = ", ".join([*([one] if len(images) > 1 else []), *(f"{name}={value}" for name, value in given.items())])
        yield TestsWanted(
            about=_about(resolved),
            cell=f"{resolved.action.name} {told}".strip(),
            image="" if is_built else one,
            build=_build(properties.get("build"), given) if is_built else None,
            command=tuple(str(word) for word in cast("list[Any]", properties.get("command") or [])),
            environment=_texts(properties.get("environment")),
            timeout_s=resolved.action.timeout_s or TESTS_TIMEOUT_S,
            joins_environment=properties.get("network") == "environment",
        )


def _about(resolved: ResolvedAction) -> ActionAbout:
    target = resolved.target.name if resolved.target else ""
    return ActionAbout(resolved.action.name, target, resolved.variables, resolved.logins)


def _build(given: Json, more: Mapping[str, str]) -> ActionBuild:
    table = _table(given)
    return ActionBuild(
        context=str(table.get("context") or "."),
        dockerfile=str(table.get("dockerfile") or "Dockerfile"),
        target=str(table.get("target") or ""),
        arguments={**_texts(table.get("arguments")), **more},
    )


def _table(given: Json) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _texts(given: Json) -> dict[str, str]:
    return {name: str(value) for name, value in _table(given).items()}


def _wrong(resolved: ResolvedAction, why: str) -> Invalid:
    return Invalid("process.properties", f"{resolved.action.name}: {why}", thing=resolved.action.name)
