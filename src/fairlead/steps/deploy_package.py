"""The action kind *deploy-package*: a package of the feed, unpacked on each target to stay there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fairlead.domain.custom_directory import LONGEST, checked_directory
from fairlead.domain.errors import Invalid
from fairlead.domain.package import ID
from fairlead.domain.package_scripts import REMOVED, RUN, Stage
from fairlead.domain.plan import Effect, InParallel, Node, Regardless, Sequence, Step
from fairlead.domain.process import DEPLOY_PACKAGE, ResolvedAction, RunLocation
from fairlead.domain.record import Json
from fairlead.domain.retention import Keep
from fairlead.ports.step import EffectKind
from fairlead.steps.configure_files import FILES, MOST_PATTERNS, filling
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.configured_files import ConfigureFolder
from fairlead.steps.effects.copied import CopyPackage, PackageCopy
from fairlead.steps.effects.installed import DIRECTORY, Install, InstallPackage, NewPackage, Tidied, TidyPackages
from fairlead.steps.effects.packaged import PackagedScript, RunPackagedScript
from fairlead.steps.effects.scripts import ScriptRun
from fairlead.steps.process_resolved import ResolvedProcess
from fairlead.steps.script import ATTEMPTS as SCRIPT_ATTEMPTS
from fairlead.steps.script import LONGEST_S as LONGEST_SCRIPT_S
from fairlead.steps.script import MARGIN_S, SCRIPT_CHARACTERS, host_of
from fairlead.steps.scripts.bundle import Language

LONGEST_S = 1800.0
"""For an action without a timeout of its own: a package over a slow line."""
TIDY_S = 300.0
ATTEMPTS = 3
AT_ONCE = 10
"""Targets that are tidied side by side."""

_OWN = {
    Stage.PRE_DEPLOY: "before the package's PreDeploy",
    Stage.DEPLOY: "behind the package's Deploy",
    Stage.POST_DEPLOY: "behind the package's PostDeploy",
}
"""Stages that a script of the action may belong to, and when that runs (Octopus's *custom deployment scripts*)."""


def _script(description: str) -> Json:
    return {
        "type": "object",
        "description": f"{description}, in the package's directory; #{{…}} in it is put in first",
        "additionalProperties": False,
        "required": ["script"],
        "properties": {
            "script": {"type": "string", "minLength": 1, "maxLength": SCRIPT_CHARACTERS},
            "language": {"enum": [language.value for language in Language], "default": Language.BASH.value},
        },
    }


_DIRECTORY: Json = {
    "type": "object",
    "description": "a directory of the application's own that the package is copied to, once its files are filled in; "
    "Deploy and PostDeploy run there, and Package.InstallationDirectoryPath is it from then on. It is never "
    "removed, nor is what was copied taken back",
    "additionalProperties": False,
    "required": ["path"],
    "properties": {
        "path": {
            "type": "string",
            "minLength": 2,
            "maxLength": LONGEST,
            "pattern": r"^(/|#\{)",
            "description": "its absolute path on the target; may hold #{…}. No link may be in it",
        },
        "purge": {"type": "boolean", "default": False, "description": "what is in it goes before"},
        "keep": {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": LONGEST},
            "maxItems": MOST_PATTERNS,
            "description": "what purging leaves, with all that is below it: patterns like logs or **/*.local.json, "
            "from the directory on",
        },
    },
}


class DeployPackage:
    """Octopus's *deploy a package*; in a runbook, too. In order: it is unpacked, PreDeploy runs, files are filled in,
    it is copied where it is to be, Deploy and PostDeploy run; DeployFailed, where any of this failed. Earlier packages
    of the same action go once the deployment, or run, went well, as the lifecycle says of files on targets."""

    name = DEPLOY_PACKAGE
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "unpacks a package of the feed on each target, in a directory of its own, to stay there",
        "additionalProperties": False,
        "required": ["package"],
        "properties": {
            "package": {
                "type": "string",
                "pattern": ID.pattern,
                "maxLength": 100,
                "description": "its id; which version is chosen when the release is made, or the runbook published. "
                "Later steps find its directory as #{Octopus.Action[ACTION].Output.Package.InstallationDirectoryPath}, "
                "and whether it lay there already as Package.WasInstalled",
            },
            "scripts": {
                "type": "boolean",
                "default": True,
                "description": "whether PreDeploy, Deploy, PostDeploy and DeployFailed (.sh, .py or .ps1, at the "
                "package's root) are run in its directory, each at its time, and removed then; the variables "
                f"{RUN[0]} and {REMOVED[0]}, False, say for one place that they are not run, or stay",
            },
            **{stage.slug: _script(f"one more script, run {when}") for stage, when in _OWN.items()},
            **FILES,
            "custom_directory": _DIRECTORY,
        },
    }
    effects: Mapping[str, EffectKind] = {
        kind.kind: kind
        for kind in (InstallPackage(), RunPackagedScript(), ConfigureFolder(), CopyPackage(), TidyPackages())
    }

    def plan(self, resolved: ResolvedAction) -> Node:
        """It is unpacked, and what belongs to it is run and filled in; a failure runs what is there for it."""
        forward = (
            _install(resolved),
            *_own(resolved, Stage.PRE_DEPLOY),
            *_packaged(resolved, Stage.PRE_DEPLOY),
            *_filling(resolved),
            *_copying(resolved),
            *(
                effect
                for stage in (Stage.DEPLOY, Stage.POST_DEPLOY)
                for effect in (*_packaged(resolved, stage), *_own(resolved, stage))
            ),
        )
        failed = _packaged(resolved, Stage.DEPLOY_FAILED, unless=forward[-1].key)
        if len(forward) == 1:
            return forward[0]
        return Regardless((Sequence(forward), *failed)) if failed else Sequence(forward)


def tidying(process: ResolvedProcess) -> Node:
    """What is done on the targets when the deployment, or run, has ended; nothing where nothing was deployed to stay,
    or all of it is kept."""
    keep = process.keep_files
    planned = [] if keep.is_everything else list(_deploying(process))
    if not planned:
        return Sequence()
    effects = tuple(_tidy(resolved, keep) for resolved in planned)
    node = InParallel(effects, limit=AT_ONCE, on_failure="go_on")
    return Step("tidy packages", "Tidy up packages on targets", node)


def installing(resolved: ResolvedAction) -> Install:
    """What the action's effect does, and under which key."""
    return Install(_new(resolved), _key(resolved))


def _deploying(process: ResolvedProcess) -> list[ResolvedAction]:
    running = (one for step in process.steps for one in step.to_run)
    return [one for one in running if one.action.kind == DEPLOY_PACKAGE]


def _tidy(resolved: ResolvedAction, keep: Keep) -> Effect:
    new = _new(resolved)
    return Effect(
        TidyPackages.kind,
        f"{resolved.key}/tidy",
        f"{new.action}: remove older packages from {new.name}",
        arguments(Tidied(new, _key(resolved), keep)),
        timeout_s=TIDY_S,
        attempts=ATTEMPTS,
        is_undone=False,
        target=new.name,
    )


def _install(resolved: ResolvedAction) -> Effect:
    new = _new(resolved)
    return Effect(
        InstallPackage.kind,
        _key(resolved),
        f"{new.action}: unpack {new.package} on {new.name}" + (", where it does not lie yet" if new.reuses else ""),
        arguments(new),
        timeout_s=resolved.action.timeout_s or LONGEST_S,
        attempts=ATTEMPTS,
        target=new.name,
    )


def _packaged(resolved: ResolvedAction, stage: Stage, *, unless: str = "") -> tuple[Effect, ...]:
    """What runs the package's own script of the stage."""
    if resolved.action.properties.get("scripts") is False:
        return ()
    when = "if it fails and has one" if stage is Stage.DEPLOY_FAILED else "if it has one"
    title = f"{stage} of the package on {resolved.place}, {when}"
    return (_run(resolved, stage, f"{resolved.key}/{stage.slug}", title, unless=unless),)


def _own(resolved: ResolvedAction, stage: Stage) -> tuple[Effect, ...]:
    """What runs the script of the stage that stands in the action."""
    held = resolved.action.properties.get(stage.slug)
    source = str(held.get("script") or "") if isinstance(held, dict) else ""
    if not isinstance(held, dict) or not source.strip():
        return ()
    language = Language(str(held.get("language") or Language.BASH))
    key, title = f"{resolved.key}/own_{stage.slug}", f"{stage} of the step on {resolved.place}"
    return (_run(resolved, stage, key, title, source=source, language=language),)


def _run(
    resolved: ResolvedAction,
    stage: Stage,
    key: str,
    title: str,
    *,
    unless: str = "",
    source: str = "",
    language: Language = Language.BASH,
) -> Effect:
    action, target = resolved.action, host_of(resolved)
    copied = "" if stage is Stage.PRE_DEPLOY or not _directory(resolved) else _copy_key(resolved)
    run = ScriptRun(
        action=action.name,
        step=resolved.step,
        language=language,
        source=source,
        target=target,
        on_behalf_of=resolved.place,
        variables=resolved.variables,
        timeout_s=action.timeout_s or LONGEST_SCRIPT_S,
        is_isolated=True,
    )
    return Effect(
        RunPackagedScript.kind,
        key,
        f"{action.name}: {title}",
        arguments(PackagedScript(stage, _key(resolved), run, unless, copied)),
        timeout_s=run.timeout_s + MARGIN_S,
        attempts=SCRIPT_ATTEMPTS,
        only_tidies=True,
        target=resolved.place,
    )


def _filling(resolved: ResolvedAction) -> tuple[Effect, ...]:
    """What fills in its files, where the action says which."""
    if not any(resolved.action.properties.get(name) for name in FILES):
        return ()
    effect = filling(resolved, f"#{{Octopus.Action[{resolved.action.name}].Output.{DIRECTORY}}}")
    return (replace(effect, title=f"{resolved.action.name}: fill in files on {resolved.place}"),)


def _copying(resolved: ResolvedAction) -> tuple[Effect, ...]:
    """What copies it to the directory that the action names, where it names one."""
    wanted = _directory(resolved)
    if not wanted:
        return ()
    new, keep = _new(resolved), wanted.get("keep")
    copy = PackageCopy(
        new.action,
        new.target,
        new.name,
        _key(resolved),
        str(wanted.get("path") or ""),
        resolved.owner,
        purge=wanted.get("purge") is True,
        keep=tuple(str(one) for one in keep) if isinstance(keep, list) else (),
        variables=resolved.variables,
    )
    if "#{" not in copy.path:
        checked_directory(copy.path, new.action)
    emptied = ", which is emptied before" if copy.purge else ""
    return (
        Effect(
            CopyPackage.kind,
            _copy_key(resolved),
            f"{new.action}: copy the package to {copy.path} on {new.name}{emptied}",
            arguments(copy),
            timeout_s=resolved.action.timeout_s or LONGEST_S,
            attempts=ATTEMPTS,
            only_tidies=True,
            target=new.name,
        ),
    )


def _directory(resolved: ResolvedAction) -> Mapping[str, Json]:
    held = resolved.action.properties.get("custom_directory")
    return held if isinstance(held, dict) else {}


def _copy_key(resolved: ResolvedAction) -> str:
    return f"{resolved.key}/copy"


def _key(resolved: ResolvedAction) -> str:
    return f"{resolved.key}/package"


def _new(resolved: ResolvedAction) -> NewPackage:
    action, target = resolved.action, resolved.target
    if target is None or action.runs_on is not RunLocation.TARGETS:
        raise Invalid(
            "process.place",
            f"{action.name} deploys a package to targets, but runs on none",
            thing=action.name,
            hint="give its step target tags",
        )
    if resolved.package is None or not resolved.owner.project:
        message = f"{action.name} deploys a package, and here none was chosen"
        raise Invalid("process.properties", message, thing=action.name)
    reuses = resolved.reuses_package
    return NewPackage(action.name, target.id, target.name, resolved.package, resolved.owner, reuses=reuses)
