"""Steps and actions of Octopus as a process of Fairlead.

The file is described at https://octopus.com/docs/projects/version-control/ocl-file-format. What cannot be taken as it
is becomes a script that fails and says so: a step that is silently not run would be worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairlead.domain.process import (
    DEPLOY_PACKAGE,
    MANUAL_INTERVENTION,
    MOST_RETRIES,
    Action,
    PackageRequirement,
    Process,
    ProcessStep,
    RunCondition,
    RunLocation,
    StartTrigger,
)
from fairlead.domain.step_image import CREATE_NETWORK, RUN_CONTAINER, STOP_CONTAINER
from fairlead.formats.ocl.tree import Block
from fairlead.formats.octopus import containers
from fairlead.formats.octopus.packages import custom_directory, features, filled_in, package_of, scripts
from fairlead.formats.octopus.report import Properties, Report, Taking, as_text

SCRIPT = "script"

_CONDITIONS = {condition.value: condition for condition in RunCondition}
_STARTS = {"startafterprevious": StartTrigger.AFTER_PREVIOUS, "startwithprevious": StartTrigger.WITH_PREVIOUS}
_REQUIREMENTS = {
    "afterpackageacquisition": PackageRequirement.AFTER,
    "beforepackageacquisition": PackageRequirement.BEFORE,
}
_LANGUAGES = {"bash": "bash", "python": "python", "powershell": "powershell"}
_ENDINGS = (".sh", ".py", ".ps1")
_NOT_IN_NAMES = str.maketrans({"[": "(", "]": ")", "{": "(", "}": ")", "#": "", "\n": " "})
_HARMLESS = frozenset({"Octopus.Action.EnabledFeatures", "OctopusUseBundledTooling", "Octopus.Action.RunOnServer"})
_FILES = "files are filled in by an action of the kind configure-files"
_ELSEWHERE = {
    "Octopus.Action.SubstituteInFiles.Enabled": _FILES,
    "Octopus.Action.SubstituteInFiles.TargetFiles": _FILES,
    "Octopus.Action.Package.JsonConfigurationVariablesEnabled": _FILES,
    "Octopus.Action.Package.JsonConfigurationVariablesTargets": _FILES,
    "Octopus.Action.Package.AutomaticallyRunConfigurationTransformationFiles": _FILES,
    "Octopus.Action.Package.AdditionalXmlConfigurationTransforms": _FILES,
    "Octopus.Action.Package.AutomaticallyUpdateAppSettingsAndConnectionStrings": _FILES,
    "Octopus.Action.Template.Id": "step templates do not come with the repository; the action was taken as it stands",
    "Octopus.Action.Template.Version": "as the template's id",
}


def process_of(document: Block, report: Report, environments: Mapping[str, str]) -> Process:
    """The steps of a process file; all else in it is reported as not taken. `environments`: our names by Octopus's."""
    taking = Taking(document, report)
    names: set[str] = set()
    ids: list[tuple[Block, str]] = []
    steps = tuple(
        _step(block, report, names, environments, ids) if block.name == "step" else _of_template(block, report, names)
        for block in taking.blocks("step", "process_template")
    )
    taking.rest()
    return containers.with_names(Process(steps), containers.ids_of(ids))


def _step(
    block: Block,
    report: Report,
    names: set[str],
    environments: Mapping[str, str],
    ids: list[tuple[Block, str]],
) -> ProcessStep:
    report.taken(block, "a step")
    taking = Taking(block, report)
    name = _named(taking.text("name", default=block.label or "step"), names)
    properties = Properties(taking)
    tags = [tag for tag in properties.text("Octopus.Action.TargetRoles", "target tags").split(",") if tag.strip()]
    window = _whole(properties.text("Octopus.Action.MaxParallelism", "the rolling window"))
    condition = _condition(taking)
    expression = properties.text("Octopus.Step.ConditionVariableExpression", "its expression")
    start = _STARTS.get(taking.text("start_trigger").lower(), StartTrigger.AFTER_PREVIOUS)
    inner: set[str] = set()
    around = _Around(name, inner, environments, bool(tags), is_alone=_is_alone(block), ids=ids)
    actions = tuple(_action(one, report, around) for one in taking.blocks("action"))
    properties.rest()
    requirement = taking.text("package_requirement", "whether it comes before or after packages are acquired").lower()
    taking.rest()
    return ProcessStep(
        name,
        actions or (_failing(name, "the step has no action"),),
        start=start,
        condition=condition,
        expression=expression if condition is RunCondition.VARIABLE else "",
        target_tags=tuple(tag.strip() for tag in tags),
        window=window,
        package_requirement=_REQUIREMENTS.get(requirement, PackageRequirement.ANY),
    )


def _of_template(block: Block, report: Report, names: set[str]) -> ProcessStep:
    """The steps of a process template lie in Octopus's own repository."""
    template, called = block.get("process_template_slug"), block.get("name")
    slug = as_text(template.value) if template else ""
    report.left(block, "process templates do not come with the repository")
    name = _named(as_text(called.value) if called else block.label or "step", names)
    return ProcessStep(name, (_failing(name, f"it uses the process template {slug}"),))


def _is_alone(block: Block) -> bool:
    return sum(1 for _ in block.blocks("action")) == 1


@dataclass(frozen=True, slots=True)
class _Around:
    """What an action takes from its step."""

    step: str
    names: set[str]
    environments: Mapping[str, str]
    has_targets: bool
    is_alone: bool
    ids: list[tuple[Block, str]]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What an action is. `why`: why the rest of its properties is not taken ("": for no reason of the kind)."""

    name: str
    properties: dict[str, Any]
    why: str = ""


def _action(block: Block, report: Report, around: _Around) -> Action:
    report.taken(block, "an action")
    taking = Taking(block, report)
    own = taking.text("name", default=around.step if around.is_alone else block.label or around.step)
    name = _named(own, around.names)
    properties = Properties(taking)
    kind = _kind(name, taking, properties, around)
    condition = _condition(taking)
    on_server = properties.text("Octopus.Action.RunOnServer", "where it runs").lower() == "true"
    pool = taking.text("worker_pool", "the pool of its worker")
    if kind.name == DEPLOY_PACKAGE or kind.name in (RUN_CONTAINER, CREATE_NETWORK, STOP_CONTAINER):
        on_server, pool = False, ""
    around.ids.append((block, name))
    made = Action(
        name,
        kind.name,
        kind.properties,
        runs_on=_location(on_server=on_server, pool=pool, has_targets=around.has_targets),
        worker_pool=pool,
        environments=_called(taking.texts("environments", "where it runs"), around.environments),
        excluded_environments=_called(taking.texts("excluded_environments"), around.environments),
        channels=tuple(taking.texts("channels")),
        tenant_tags=tuple(taking.texts("tenant_tags")),
        condition=condition,
        expression=properties.text("Octopus.Action.ConditionVariableExpression", "its expression"),
        retries=min(MOST_RETRIES, _whole(properties.text("Octopus.Action.AutoRetry.MaximumCount", "retries"))),
        timeout_s=60.0 * _whole(properties.text("Octopus.Action.ExecutionTimeout.Minutes", "its timeout")),
        is_required=taking.flag("is_required"),
        is_disabled=taking.flag("is_disabled"),
    )
    for entry in _HARMLESS:
        properties.text(entry)
    for entry, said in _ELSEWHERE.items():
        properties.leave(entry, said)
    properties.rest(kind.why or "the kind of action has no such property")
    taking.leave(block.get("worker_pool_variable"), "name the pool, where it runs on a worker")
    taking.rest()
    return made


def _kind(name: str, taking: Taking, properties: Properties, around: _Around) -> _Kind:
    of = taking.text("action_type", "the kind of action", "Octopus.Script")
    match of:
        case "Octopus.Script":
            return _script(taking, properties)
        case "Octopus.Manual":
            return _Kind(MANUAL_INTERVENTION, _intervention(properties))
        case "Octopus.TentaclePackage":
            return _deploy_package(taking, properties, around)
        case "Octopus.DockerRun":
            return _of_docker(RUN_CONTAINER, containers.run_container(taking, properties))
        case "Octopus.DockerNetwork":
            return _of_docker(CREATE_NETWORK, containers.create_network(name, properties))
        case "Octopus.DockerStop":
            return _of_docker(STOP_CONTAINER, containers.stop_container(properties))
        case _:
            return _not_imported(f"there is no kind of action like {of}")


def _deploy_package(taking: Taking, properties: Properties, around: _Around) -> _Kind:
    package, why = package_of(taking, properties)
    if not around.has_targets:
        why = why or "a package is deployed to targets, and its step has no target tags"
    if why:
        return _not_imported(why)
    enabled = features(properties)
    made = [one(properties, enabled) for one in (scripts, filled_in, custom_directory)]
    return _Kind(DEPLOY_PACKAGE, {"package": package, **made[0], **made[1], **made[2]})


def _of_docker(kind: str, made: containers.Made) -> _Kind:
    properties, why = made
    return _not_imported(why) if why else _Kind(kind, properties)


def _not_imported(why: str) -> _Kind:
    return _Kind(SCRIPT, _failing_script(why), why)


def _script(taking: Taking, properties: Properties) -> _Kind:
    source = properties.text("Octopus.Action.Script.ScriptSource", "where the script is", "Inline")
    syntax = properties.text("Octopus.Action.Script.Syntax", "its language", "PowerShell")
    language = _LANGUAGES.get(syntax.lower())
    if source == "Package":
        return _packaged_script(taking, properties)
    if source != "Inline":
        return _not_imported(f"a script from {source} has to be written into the action")
    if language is None:
        return _not_imported(f"scripts in {syntax} cannot be run")
    body = properties.text("Octopus.Action.Script.ScriptBody", "the script")
    return _Kind(SCRIPT, {"script": body or ":", "language": language})


def _packaged_script(taking: Taking, properties: Properties) -> _Kind:
    """What it is written in is what its file's ending says, to both."""
    package, why = package_of(taking, properties)
    file = properties.text("Octopus.Action.Script.ScriptFileName", "the script's file").replace("\\", "/")
    if not file.lower().endswith(_ENDINGS):
        why = why or f"a script is a file of its package that ends in {', '.join(_ENDINGS)}"
    properties.leave("Octopus.Action.Script.ScriptParameters", "give them as `arguments`, a list")
    return _not_imported(why) if why else _Kind(SCRIPT, {"package": package, "file": file})


def _intervention(properties: Properties) -> dict[str, Any]:
    told = properties.text("Octopus.Action.Manual.Instructions", "the instructions")
    properties.leave("Octopus.Action.Manual.ResponsibleTeamIds", "teams have other ids here: name them in the action")
    properties.leave("Octopus.Action.Manual.BlockConcurrentDeployments", "a waiting deployment blocks nobody")
    return {"instructions": told or "Is all well?"}


def _failing_script(why: str) -> dict[str, Any]:
    said = why.replace("'", "’").replace("#{", "# {")
    return {"script": f"echo 'This action was not imported: {said}.' >&2\nexit 1\n", "language": "bash"}


def _failing(name: str, why: str) -> Action:
    return Action(name, SCRIPT, _failing_script(why))


def _called(names: list[str], ours: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(ours.get(name, name) for name in names)


def _location(*, on_server: bool, pool: str, has_targets: bool) -> RunLocation:
    if pool:
        return RunLocation.WORKER_FOR_TARGETS if has_targets else RunLocation.WORKER
    return RunLocation.TARGETS if has_targets and not on_server else RunLocation.SERVER


def _condition(taking: Taking) -> RunCondition:
    said = taking.text("condition").lower()
    return _CONDITIONS.get(said, RunCondition.SUCCESS)


def _named(name: str, names: set[str]) -> str:
    """A name that a process may have, and has once."""
    clean = " ".join(name.translate(_NOT_IN_NAMES).split())[:90] or "step"
    made, number = clean, 2
    while made.lower() in names:
        made, number = f"{clean} {number}", number + 1
    names.add(made.lower())
    return made


def _whole(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0
