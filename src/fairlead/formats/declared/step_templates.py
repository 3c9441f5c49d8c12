"""Step templates as files have them: one file a template, with every version that there is."""

from __future__ import annotations

from pydantic import Field

from fairlead.formats.declared.layout import Layout
from fairlead.formats.node import to_typed
from fairlead.formats.shape import Shape
from fairlead.formats.step_template import ContentModel, content_of, written


class VersionItem(ContentModel):
    """One version: what it says never changes."""

    version: int = Field(ge=1, le=1_000_000_000, description="its number: the next one for what is changed")


class StepTemplateItem(Shape):
    """A step template."""

    name: str = Field(max_length=100, description="what processes use it by")
    description: str = Field("", max_length=10_000, description="what it is for")
    versions: tuple[VersionItem, ...] = Field(
        min_length=1, max_length=1000, description="in the order of their numbers; one that a process uses stays"
    )


def normal(item: StepTemplateItem) -> StepTemplateItem:
    """Without what holds anyway."""
    return item.model_copy(update={"versions": tuple(map(_normal, item.versions))})


def _normal(one: VersionItem) -> VersionItem:
    content = content_of(one.kind, one.properties, one.parameters)
    return VersionItem.model_validate({"version": one.version, **written(content)})


STEP_TEMPLATES = Layout(
    "step template",
    ("step-templates/{name}.yml",),
    StepTemplateItem,
    "an action that processes share, in all of its versions",
    name_of=lambda item: item.name,
    plain=to_typed,
    normal=normal,
)
