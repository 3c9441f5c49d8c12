"""Packages of actions of Octopus: what is deployed, and the files in it that are filled in, as actions of Fairlead."""

from __future__ import annotations

import re
from typing import Any

from fairlead.domain.package import ID
from fairlead.formats.ocl.tree import Block
from fairlead.formats.octopus.report import Properties, Taking

_FEATURE = "Octopus.Features."
_FEATURES = "Octopus.Action.EnabledFeatures"
_SUBSTITUTE = "Octopus.Action.SubstituteInFiles."
_PACKAGE = "Octopus.Action.Package."
_DIRECTORIES = "a package is unpacked in a directory of its own: point a link at it, or copy it, with a script"
_SCRIPTS = "write it into an action of the kind script, before or after this one"
_CUSTOM = "Octopus.Action.CustomScripts."
_GO = {
    "sh": ("bash", 'cd "@" || exit 1'),
    "py": ("python", 'import os\nos.chdir(r"@")'),
    "ps1": ("powershell", 'Set-Location -LiteralPath "@"'),
}
"""By their ending: what they are written in, and how such a script goes to a directory."""
_OFF = "the feature is not enabled"
_BUILT_IN = frozenset({"feeds-builtin", "octopus-server-built-in", "octopus server (built-in)"})
_LINES = re.compile(r"[\r\n;]+")
_LINES_OR_COMMAS = re.compile(r"[\r\n,;]+")


def package_of(taking: Taking, properties: Properties) -> tuple[str, str]:
    """The id of the action's own package, and "" or why there is none that can be taken. Packages beside it, which
    have names, are reported as not taken."""
    own, id = None, ""
    for block in taking.blocks("packages"):
        if block.label or own is not None:
            taking.report.left(block, "an action takes files from one package")
            continue
        own = block
        id = _own(block, taking)
    id = properties.text(f"{_PACKAGE}PackageId", "the package's id", id)
    _feed(properties)
    properties.text(f"{_PACKAGE}DownloadOnTentacle", "targets get it from the server, each file once")
    if not id:
        return "", "it names no package"
    if not ID.fullmatch(id):
        return "", f"the package {id[:80]} has to be named as it is called in the feed, without variables"
    return id, ""


def _own(block: Block, around: Taking) -> str:
    around.report.taken(block, "its package")
    taking = Taking(block, around.report)
    id = taking.text("package_id", "the package's id")
    feed = block.get("feed")
    if feed is not None and str(feed.value).lower() in _BUILT_IN:
        taking.text("feed", "the built-in feed")
    taking.leave(feed, "packages come from the built-in feed: push it there")
    taking.text("acquisition_location", "targets get it from the server, each file once")
    inner = Properties(taking)
    inner.text("SelectionMode", "the version is chosen when the release is made")
    inner.rest()
    taking.rest()
    return id


def _feed(properties: Properties) -> None:
    if properties.peek(f"{_PACKAGE}FeedId").lower() in _BUILT_IN:
        properties.text(f"{_PACKAGE}FeedId", "the built-in feed")
    properties.leave(f"{_PACKAGE}FeedId", "packages come from the built-in feed: push it there")


def features(properties: Properties) -> set[str]:
    """Those that the action has enabled."""
    return {name.strip() for name in properties.text(_FEATURES, "what else it does").split(",")}


def custom_scripts(action: str, properties: Properties, enabled: set[str]) -> dict[str, dict[str, Any]]:
    """What actions of the kind script do for those that are written into the action, in the package's directory:
    PreDeploy before files are filled in, Deploy and PostDeploy after that. One language each."""
    made: dict[str, dict[str, Any]] = {}
    for at in ("PreDeploy", "Deploy", "PostDeploy") if f"{_FEATURE}CustomScripts" in enabled else ():
        for ending, (language, go) in _GO.items():
            name = f"{_CUSTOM}{at}.{ending}"
            if at in made or not properties.peek(name).strip():
                continue
            body = properties.text(name, "a script of its own, behind it")
            made[at] = {"language": language, "script": f"{go.replace('@', _directory(action))}\n{body}"}
    properties.leave_all(_CUSTOM, _SCRIPTS if f"{_FEATURE}CustomScripts" in enabled else _OFF)
    return made


def _directory(action: str) -> str:
    return f"#{{Octopus.Action[{action}].Output.Package.InstallationDirectoryPath}}"


def filled_in(action: str, properties: Properties, enabled: set[str]) -> dict[str, Any]:
    """What an action of the kind configure-files, after one that deploys a package, does for the features that the
    latter has enabled; empty for none. What no feature asks for is reported as not taken, as is what puts files
    elsewhere."""
    made: dict[str, Any] = {}
    targets = f"{_SUBSTITUTE}TargetFiles"
    if _is_on(properties, enabled, "SubstituteInFiles", f"{_SUBSTITUTE}Enabled"):
        made["substitute"] = _split(properties.text(targets, "an action that fills in files"), _LINES)
    structured = f"{_PACKAGE}JsonConfigurationVariablesTargets"
    if _is_on(properties, enabled, "JsonConfigurationVariables", f"{_PACKAGE}JsonConfigurationVariablesEnabled"):
        made["structured"] = _split(properties.text(structured, "an action that fills in files"), _LINES)
    dotnet = _dotnet(properties, enabled)
    made |= {"dotnet": dotnet} if dotnet else {}
    for name in (targets, structured):
        properties.leave(name, _OFF)
    properties.leave_all(f"{_PACKAGE}CustomInstallationDirectory", _DIRECTORIES)
    made = {key: held for key, held in made.items() if held}
    return {"folder": _directory(action), **made} if made else {}


def _dotnet(properties: Properties, enabled: set[str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    automatic = f"{_PACKAGE}AutomaticallyRunConfigurationTransformationFiles"
    others = f"{_PACKAGE}AdditionalXmlConfigurationTransforms"
    settings = f"{_PACKAGE}AutomaticallyUpdateAppSettingsAndConnectionStrings"
    if _is_on(properties, enabled, "ConfigurationTransforms"):
        made["transform"] = properties.text(automatic, "an action that fills in files").lower() == "true"
        made["transformations"] = _split(properties.text(others, "an action that fills in files"), _LINES_OR_COMMAS)
    if _is_on(properties, enabled, "ConfigurationVariables"):
        made["settings"] = properties.text(settings, "an action that fills in files").lower() == "true"
    for name in (automatic, others, settings):
        if properties.peek(name).lower() == "false":
            properties.text(name, "as without it")
        properties.leave(name, _OFF)
    return {key: held for key, held in made.items() if held}


def _is_on(properties: Properties, enabled: set[str], feature: str, flag: str = "") -> bool:
    said = properties.text(flag, "whether files are filled in").lower() == "true" if flag else False
    return said or f"{_FEATURE}{feature}" in enabled


def _split(text: str, at: re.Pattern[str]) -> list[str]:
    return [one.strip() for one in at.split(text) if one.strip()]
