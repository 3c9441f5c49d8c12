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


def filled_in(action: str, properties: Properties) -> dict[str, Any]:
    """What an action of the kind configure-files, after one that deploys a package, does for the features that the
    latter has enabled; empty for none. What no feature asks for is reported as not taken, as are those that put files
    elsewhere or run what is in the package."""
    enabled = {name.strip() for name in properties.text(_FEATURES, "what else it does").split(",")}
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
    properties.leave_all("Octopus.Action.CustomScripts.", _SCRIPTS)
    made = {key: held for key, held in made.items() if held}
    return {"folder": f"#{{Octopus.Action[{action}].Output.Package.InstallationDirectoryPath}}", **made} if made else {}


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
