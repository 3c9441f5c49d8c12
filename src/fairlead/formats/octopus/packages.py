"""Packages of actions of Octopus: what is deployed, and the files in it that are filled in, as actions of Fairlead."""

from __future__ import annotations

import re
from typing import Any

from fairlead.domain.custom_directory import checked_directory
from fairlead.domain.errors import Invalid
from fairlead.domain.package import ID
from fairlead.domain.package_scripts import RUN, Stage
from fairlead.formats.ocl.tree import Block
from fairlead.formats.octopus.report import Properties, Taking

_FEATURE = "Octopus.Features."
_FEATURES = "Octopus.Action.EnabledFeatures"
_SUBSTITUTE = "Octopus.Action.SubstituteInFiles."
_PACKAGE = "Octopus.Action.Package."
_DIRECTORY = f"{_PACKAGE}CustomInstallationDirectory"
_SCRIPTS = "one script for each stage, in Bash, Python or PowerShell"
_CUSTOM = "Octopus.Action.CustomScripts."
_LANGUAGES = {"sh": "bash", "py": "python", "ps1": "powershell"}
"""What scripts are written in, by their ending."""
_OFF = "the feature is not enabled"
_BUILT_IN = frozenset({"feeds-builtin", "octopus-server-built-in", "octopus server (built-in)"})
_NEW_LINES = re.compile(r"[\r\n]+")
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


def scripts(properties: Properties, enabled: set[str]) -> dict[str, Any]:
    """Whether scripts that lie in the package are run, and those that stand in the action; one language each."""
    made: dict[str, Any] = {}
    if properties.peek(RUN[0]).strip().lower() in ("", "true", "false"):
        runs = properties.text(RUN[0], "whether the package's scripts are run").strip().lower() != "false"
        made |= {} if runs else {"scripts": False}
    properties.leave(RUN[0], f"set the variable {RUN[0]}, which may have a scope")
    for stage in (Stage.PRE_DEPLOY, Stage.DEPLOY, Stage.POST_DEPLOY) if f"{_FEATURE}CustomScripts" in enabled else ():
        for ending, language in _LANGUAGES.items():
            name = f"{_CUSTOM}{stage}.{ending}"
            if stage.slug in made or not properties.peek(name).strip():
                continue
            made[stage.slug] = {"language": language, "script": properties.text(name, "a script of the action")}
    properties.leave_all(_CUSTOM, _SCRIPTS if f"{_FEATURE}CustomScripts" in enabled else _OFF)
    return made


def custom_directory(properties: Properties, enabled: set[str]) -> dict[str, Any]:
    """Where the package is copied to, where the feature is enabled; empty for nowhere."""
    made: dict[str, Any] = {}
    path = properties.peek(_DIRECTORY).strip()
    is_enabled = f"{_FEATURE}CustomDirectory" in enabled
    why = _why_no_directory(path) if is_enabled else _OFF
    if not why:
        made["path"] = properties.text(_DIRECTORY, "where the package is copied to").strip()
        purges = properties.text(f"{_DIRECTORY}ShouldBePurgedBeforeDeployment", "whether it is emptied before")
        kept = _split(properties.text(f"{_DIRECTORY}PurgeExclusions", "what stays then"), _NEW_LINES)
        made |= {"purge": True} if purges.strip().lower() == "true" else {}
        made |= {"keep": kept} if kept else {}
    properties.leave_all(_DIRECTORY, why)
    return {"custom_directory": made} if made else {}


def _why_no_directory(path: str) -> str:
    """ "" where it may be one, as far as that can be told without its variables."""
    if "#{" in path:
        return ""
    try:
        checked_directory(path, "a package")
    except Invalid as refused:
        return refused.message
    return ""


def filled_in(properties: Properties, enabled: set[str]) -> dict[str, Any]:
    """Which files are filled in, for the features that are enabled; empty for none. What no feature asks for is
    reported as not taken."""
    made: dict[str, Any] = {}
    targets = f"{_SUBSTITUTE}TargetFiles"
    if _is_on(properties, enabled, "SubstituteInFiles", f"{_SUBSTITUTE}Enabled"):
        made["substitute"] = _split(properties.text(targets, "files that are filled in"), _LINES)
    structured = f"{_PACKAGE}JsonConfigurationVariablesTargets"
    if _is_on(properties, enabled, "JsonConfigurationVariables", f"{_PACKAGE}JsonConfigurationVariablesEnabled"):
        made["structured"] = _split(properties.text(structured, "files that are filled in"), _LINES)
    dotnet = _dotnet(properties, enabled)
    made |= {"dotnet": dotnet} if dotnet else {}
    for name in (targets, structured):
        properties.leave(name, _OFF)
    return {key: held for key, held in made.items() if held}


def _dotnet(properties: Properties, enabled: set[str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    automatic = f"{_PACKAGE}AutomaticallyRunConfigurationTransformationFiles"
    others = f"{_PACKAGE}AdditionalXmlConfigurationTransforms"
    settings = f"{_PACKAGE}AutomaticallyUpdateAppSettingsAndConnectionStrings"
    if _is_on(properties, enabled, "ConfigurationTransforms"):
        made["transform"] = properties.text(automatic, "files that are filled in").lower() == "true"
        made["transformations"] = _split(properties.text(others, "files that are filled in"), _LINES_OR_COMMAS)
    if _is_on(properties, enabled, "ConfigurationVariables"):
        made["settings"] = properties.text(settings, "files that are filled in").lower() == "true"
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
