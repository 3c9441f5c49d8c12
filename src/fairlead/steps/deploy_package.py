"""The action kind *deploy-package*: a package of the feed, unpacked on each target to stay there."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain.errors import Invalid
from fairlead.domain.package import ID
from fairlead.domain.plan import Effect, InParallel, Node, Sequence, Step
from fairlead.domain.process import DEPLOY_PACKAGE, ResolvedAction, RunLocation
from fairlead.domain.record import Json
from fairlead.domain.retention import Keep
from fairlead.ports.step import EffectKind
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.installed import Install, InstallPackage, NewPackage, Tidied, TidyPackages
from fairlead.steps.process_resolved import ResolvedProcess

LONGEST_S = 1800.0
"""For an action without a timeout of its own: a package over a slow line."""
TIDY_S = 300.0
ATTEMPTS = 3
AT_ONCE = 10
"""Targets that are tidied side by side."""


class DeployPackage:
    """Octopus's *deploy a package*, without its features that are actions of their own here (configure-files, script);
    in a runbook, too. Earlier packages of the same action go once the deployment, or run, went well, as the lifecycle
    says of files on targets."""

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
        },
    }
    effects: Mapping[str, EffectKind] = {InstallPackage.kind: InstallPackage(), TidyPackages.kind: TidyPackages()}

    def plan(self, resolved: ResolvedAction) -> Node:
        """One effect."""
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
