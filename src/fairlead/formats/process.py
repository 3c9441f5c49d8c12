"""A process as people write it, in YAML or JSON, to and from the one that the product works with."""

from __future__ import annotations

from io import BytesIO
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from fairlead.domain.process import Action, Process, ProcessStep, RunLocation
from fairlead.domain.record import to_data
from fairlead.domain.step_template import UsedTemplate
from fairlead.formats.findings import Findings
from fairlead.formats.node import to_typed
from fairlead.formats.process_model import ActionModel, ProcessModel, StepModel, TemplateModel
from fairlead.formats.shape import check
from fairlead.formats.yaml_tree import read_yaml

_RENAMED = {"is_required": "required", "is_disabled": "disabled", "is_guided": "guided"}


def read_process(name: str, content: bytes) -> Process:
    """The process in a YAML file; ProjectFileInvalid naming each place that is wrong."""
    findings = Findings()
    root = read_yaml(name, content, findings)
    model = None if root is None else check(ProcessModel, root, findings, plain=to_typed)
    findings.stop_if_any()
    assert model is not None
    return process_of(model)


def process_of(model: ProcessModel) -> Process:
    """The process that was written. Its rules are `domain.process_rules.checked`'s affair."""
    return Process(
        tuple(_step(step) for step in model.steps),
        no_target=model.no_target,
        is_guided=model.guided,
        author_may_approve=model.author_may_approve,
        unavailable_targets=model.unavailable_targets,
        unhealthy_targets=model.unhealthy_targets,
        package_redeployment=model.package_redeployment,
    )


def written(process: Process) -> dict[str, Any]:
    """The process as people write it: only what differs from what holds anyway. Reads back as the same process."""
    return {"steps": [_written_step(step) for step in process.steps], **_written(process, "steps")}


def by_name(process: Process) -> dict[str, Any]:
    """The same with its steps by their names, and their order apart: what differs between two is told step by step."""
    told = written(process)
    return {
        **told,
        "steps": {step["name"]: step for step in told["steps"]},
        "order": [one.name for one in process.steps],
    }


def process_text(process: Process) -> str:
    """The same as YAML; texts of several lines as blocks."""
    return as_yaml(written(process))


def as_yaml(data: dict[str, Any]) -> str:
    """Plain data as people write it; texts of several lines as blocks."""
    yaml = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = BytesIO()
    yaml.dump(_blocks(data), stream)
    return stream.getvalue().decode()


def _step(model: StepModel) -> ProcessStep:
    on = RunLocation.TARGETS if model.target_tags else RunLocation.SERVER
    return ProcessStep(
        model.name,
        tuple(_action(one, on) for one in model.actions),
        start=model.start,
        condition=model.condition,
        expression=model.expression,
        target_tags=tuple(model.target_tags),
        window=model.window,
        parallelism=model.parallelism,
        package_requirement=model.package_requirement,
    )


def _action(model: ActionModel, on: RunLocation) -> Action:
    return Action(
        model.name,
        model.kind,
        model.properties,
        runs_on=model.runs_on or on,
        worker_pool=model.worker_pool,
        environments=tuple(model.environments),
        excluded_environments=tuple(model.excluded_environments),
        channels=tuple(model.channels),
        tenant_tags=tuple(model.tenant_tags),
        condition=model.condition,
        expression=model.expression,
        retries=model.retries,
        timeout_s=model.timeout_s,
        is_required=model.required,
        is_disabled=model.disabled,
        template=_template(model.template) if model.template else None,
    )


def _template(model: TemplateModel) -> UsedTemplate:
    return UsedTemplate(model.name, model.version, dict(model.parameters))


def _written_step(step: ProcessStep) -> dict[str, Any]:
    rest = _written(step, "name", "actions")
    on = RunLocation.TARGETS if step.target_tags else RunLocation.SERVER
    return {"name": step.name, **rest, "actions": [_written_action(action, on) for action in step.actions]}


def _written_action(action: Action, on: RunLocation) -> dict[str, Any]:
    rest = _written(action, "name", "kind", "runs_on", "template")
    place = {} if action.runs_on is on else {"runs_on": action.runs_on.value}
    if action.template is None:
        return {"name": action.name, "kind": action.kind, **place, **rest}
    used = _written(action.template, "defaults", "secrets")
    return {"name": action.name, "template": used, **place, **{key: rest[key] for key in rest if key != "properties"}}


def _written(noun: object, *without: str) -> dict[str, Any]:
    """Its fields but those, as they are written; what equals its default is left out."""
    data = cast("dict[str, Any]", to_data(noun))
    return {_RENAMED.get(name, name): held for name, held in data.items() if name not in ("is", *without)}


def _blocks(held: Any) -> Any:
    if isinstance(held, dict):
        return {name: _blocks(value) for name, value in held.items()}
    if isinstance(held, list):
        return [_blocks(value) for value in held]
    if isinstance(held, str) and "\n" in held:
        return LiteralScalarString(held)
    return held
