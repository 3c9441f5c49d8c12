"""A step template as people write it, in YAML or JSON, to and from the one that the product works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import Field

from fairlead.domain.record import Json, to_data
from fairlead.domain.step_template import MOST_OPTIONS, MOST_PARAMETERS, Parameter, ParameterType, TemplateContent
from fairlead.formats.findings import Findings
from fairlead.formats.node import to_typed
from fairlead.formats.process import as_yaml
from fairlead.formats.shape import Shape, check
from fairlead.formats.yaml_tree import read_yaml


class ParameterModel(Shape):
    """What each user of a template gives a value of."""

    name: str = Field(max_length=200, description="#{name} in the properties is its value")
    label: str = Field("", max_length=200, description="what people are shown")
    help: str = Field("", max_length=4000, description="what it is for")
    type: ParameterType = Field(ParameterType.TEXT, description="text, multi-line, checkbox, select or secret")
    default: str | None = Field(None, max_length=100_000, description="without one each user must give a value")
    options: list[str] = Field(default_factory=list, max_length=MOST_OPTIONS, description="of the type select")


class ContentModel(Shape):
    """What one version of a template is."""

    kind: str = Field(max_length=40, description="which kind of action it is")
    properties: dict[str, Any] = Field(default_factory=dict, description="what the kind is told; #{…} for parameters")
    parameters: list[ParameterModel] = Field(default_factory=list, max_length=MOST_PARAMETERS, description="in order")


class TemplateModel(ContentModel):
    """A template with one version, as a file has it that is saved as its next."""

    description: str | None = Field(None, max_length=10_000, description="what it is for; without: as it is")


def read_template(name: str, content: bytes) -> tuple[TemplateContent, str | None]:
    """The version and the description in a YAML file; ProjectFileInvalid naming each place that is wrong."""
    findings = Findings()
    root = read_yaml(name, content, findings)
    model = None if root is None else check(TemplateModel, root, findings, plain=to_typed)
    findings.stop_if_any()
    assert model is not None
    return content_of(model.kind, model.properties, model.parameters), model.description


def content_of(kind: str, properties: Mapping[str, Any], parameters: Sequence[ParameterModel]) -> TemplateContent:
    """The version that was written. Its rules are `domain.step_template.check`'s affair."""
    return TemplateContent(kind, dict(properties), parameters_of(parameters))


def parameters_of(written: Sequence[ParameterModel]) -> tuple[Parameter, ...]:
    """Those that were written."""
    return tuple(Parameter(one.name, one.label, one.help, one.type, one.default, tuple(one.options)) for one in written)


def parameter_model(one: Parameter) -> ParameterModel:
    """As people write it."""
    return ParameterModel(
        name=one.name,
        label=one.label,
        help=one.help,
        type=one.type,
        default=one.default,
        options=list(one.options),
    )


def written(content: TemplateContent) -> dict[str, Any]:
    """The version as people write it: only what differs from what holds anyway."""
    parameters = [_without_tag(to_data(one)) for one in content.parameters]
    made: dict[str, Any] = {"kind": content.kind}
    if content.properties:
        made["properties"] = to_data(dict(content.properties))
    return {**made, "parameters": parameters} if parameters else made


def template_text(content: TemplateContent, description: str = "") -> str:
    """The same as YAML, with the description where there is one."""
    return as_yaml({**({"description": description} if description else {}), **written(content)})


def _without_tag(data: Json) -> dict[str, Json]:
    return {name: held for name, held in cast("dict[str, Json]", data).items() if name != "is"}
