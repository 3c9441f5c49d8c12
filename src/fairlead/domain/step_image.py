"""The image of a container that a step of a process runs.

What a tag names is looked up when a release is made (or a runbook is published), and the digest is kept with it (law
3): what was released is what runs, whatever the tag names later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fairlead.domain.errors import FairleadError, Invalid
from fairlead.domain.image import is_reference
from fairlead.domain.looked_up import NotLookedUp, StepImage
from fairlead.domain.substitution import substitute

if TYPE_CHECKING:
    from fairlead.domain.process import Action, Process
    from fairlead.domain.step_template import UsedTemplate

RUN_CONTAINER = "run-container"
CREATE_NETWORK = "create-network"
STOP_CONTAINER = "stop-container"
LEAVES = frozenset({RUN_CONTAINER, CREATE_NETWORK})
"""Kinds whose actions leave something running."""
IMAGE = "image"


def is_by_digest(reference: str) -> bool:
    """Whether it says which image is meant, for ever."""
    return "@sha256:" in reference and is_reference(reference)


def written_image(action: Action) -> str:
    """The image as the action names it, where it is known beforehand; "" where it runs none, or a variable names it.
    Invalid `process.image`."""
    held = action.properties.get(IMAGE) if action.kind == RUN_CONTAINER else None
    held = _with_parameters(held, action.template) if isinstance(held, str) and action.template else held
    if not isinstance(held, str) or "#{" in held or not held.strip():
        return ""
    if not is_reference(held):
        raise Invalid(
            "process.image",
            f"{action.name} runs {held[:120]!r}, which is not the name of an image",
            thing=action.name,
            hint="[REGISTRY/]NAME[:TAG], or NAME@sha256:…",
        )
    return held


def _with_parameters(text: str, used: UsedTemplate) -> str:
    """With the values that the action gives its step template; as it is where one of them is a variable's affair."""
    values = {name.lower(): value for name, value in used.values.items() if "#{" not in value}
    try:
        found = substitute(text, lambda name: values.get(name.lower()), where=IMAGE)
    except Invalid:
        return text
    return found if isinstance(found, str) else text


def images_named(process: Process) -> dict[str, str]:
    """By action, the images that are known beforehand, of those that are not disabled."""
    found = ((action.name, written_image(action)) for _, action in process.actions if not action.is_disabled)
    return {name: reference for name, reference in found if reference}


def images_of(process: Process, known: Mapping[StepImage, str | FairleadError], *, project: str = "") -> dict[str, str]:
    """Action → image by digest. NotLookedUp names what is not among those `known`; raises the error that looking one up
    ended with."""
    named = images_named(process)
    wanted = {name: StepImage(one) for name, one in named.items() if not is_by_digest(one)}
    if missing := tuple(dict.fromkeys(one for one in wanted.values() if one not in known)):
        raise NotLookedUp(project, missing)
    for name, one in wanted.items():
        found = known[one]
        if isinstance(found, FairleadError):
            raise found
        named[name] = found
    return named
