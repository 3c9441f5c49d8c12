"""A process before it is kept: what its step templates hold is put in, and every rule is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from fairlead.domain import step_template
from fairlead.domain.errors import Invalid, NotFound
from fairlead.domain.process import Action, Process
from fairlead.domain.process_rules import checked
from fairlead.domain.record import Json
from fairlead.formats.properties import checked_properties
from fairlead.steps.action_kinds import ACTION_KINDS
from fairlead.store import step_templates
from fairlead.store.database import Connection

MOST_TOLD = 10


def require_steps(process: Process, names: Iterable[str]) -> None:
    """Invalid `process.step_unknown` where one of the names is no step's and no action's."""
    known = dict.fromkeys(name for step, action in process.actions for name in (step.name, action.name))
    for name in names:
        if name.lower() not in {one.lower() for one in known}:
            message = f"the process has no step {name[:80]!r}"
            raise Invalid("process.step_unknown", message, thing=name[:80], hint=there_are(list(known)))


def there_are(names: Sequence[str]) -> str:
    """What could have been meant."""
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return f"there are {', '.join(names[:MOST_TOLD])}{more}" if names else "there are none"


def completed(connection: Connection, process: Process) -> Process:
    """The process as it is to be kept. `Invalid` with a code for each rule that it breaks; NotFound
    `step_template.unknown`, `step_template.version_unknown`; and what `step_template.used` raises."""
    return checked_kinds(with_templates(connection, process))


def checked_kinds(process: Process) -> Process:
    """Itself; `Invalid` with a code for each rule that it breaks."""
    return checked_properties(
        checked(process, ACTION_KINDS), {name: kind.schema for name, kind in ACTION_KINDS.items()}
    )


def with_templates(connection: Connection, process: Process) -> Process:
    """The process with kind and properties of each version that its actions use."""
    wanted = [action.template.name for _, action in process.actions if action.template]
    if not wanted:
        return process
    found = step_templates.by_names(connection, wanted)
    held = step_templates.versions_for(connection, [one.id for one in found.values()])
    steps = []
    for step in process.steps:
        steps.append(replace(step, actions=tuple(_filled(action, found, held) for action in step.actions)))
    return replace(process, steps=tuple(steps))


def _filled(
    action: Action,
    found: dict[str, step_template.StepTemplate],
    held: dict[tuple[str, int], step_template.TemplateVersion],
) -> Action:
    wanted = action.template
    if wanted is None:
        return action
    template = found.get(wanted.name.lower())
    if template is None:
        message = f"action {action.name} uses the step template {wanted.name[:80]!r}, which is not there"
        raise NotFound("step_template.unknown", message, thing=wanted.name[:80], hint="fairlead step-templates list")
    version = held.get((template.id, wanted.version))
    if version is None:
        message = f"action {action.name} uses version {wanted.version} of {template.name}, which is not there"
        hint = f"fairlead step-templates versions {template.name}"
        raise NotFound("step_template.version_unknown", message, thing=template.name, hint=hint)
    content = version.content
    properties: dict[str, Json] = dict(content.properties)
    if action.kind not in ("", content.kind) or (action.properties and dict(action.properties) != properties):
        raise Invalid(
            "step_template.action",
            f"action {action.name} has a kind or properties of its own beside the template {template.name}",
            thing=action.name,
            hint="leave them out: what differs from use to use is a parameter of the template",
        )
    used = step_template.used(template.name, wanted.version, content, wanted.parameters, action=action.name)
    return replace(action, kind=content.kind, properties=properties, template=used)
