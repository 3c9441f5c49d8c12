"""Retention: releases go as their lifecycles say, and with them what hangs on them; then images that none names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from fairlead.domain.plan import Effect, Plan, Sequence, Step
from fairlead.ports.step import EffectKind
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.forgotten import ForgetReleases, Forgotten, Leaving
from fairlead.steps.effects.retained import CollectGarbage, Retained, RetainImages
from fairlead.steps.effects.unused import ForgetUnused, Unneeded, Unused

FORGET_TIMEOUT_S = 1800.0
RETAIN_TIMEOUT_S = 3600.0
COLLECT_TIMEOUT_S = 1800.0
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class ResolvedRetention:
    """What the binder found, in one transaction: the projects, every image reference that a release names,
    and the projects that have a run queued, running or unsettled. `leaving` are the
    releases that go first, with all that hangs on them; then `unneeded`, packages and build information, and so many
    `snapshots` of processes that nothing names."""

    projects: tuple[str, ...]
    keep: frozenset[str]
    busy: tuple[str, ...] = ()
    installation: str = ""
    leaving: tuple[Leaving, ...] = ()
    unneeded: tuple[Unneeded, ...] = ()
    snapshots: int = 0


class Retention:
    """The step kind of image retention."""

    name = "retention"
    effects: Mapping[str, EffectKind] = {
        kind.kind: kind for kind in (ForgetReleases(), ForgetUnused(), RetainImages(), CollectGarbage())
    }

    def plan(self, resolved: Any) -> Plan:
        """The plan of a `ResolvedRetention`."""
        return plan(cast("ResolvedRetention", resolved))


def plan(resolved: ResolvedRetention) -> Plan:
    """Delete what no release names, then free the space."""
    keep = tuple(sorted(resolved.keep))
    wanted = Retained(resolved.projects, keep, resolved.busy, resolved.installation)
    retain = Effect(
        RetainImages.kind,
        "retain",
        f"Delete images that none of {len(keep)} kept references names",
        arguments(wanted),
        timeout_s=RETAIN_TIMEOUT_S,
        attempts=ATTEMPTS,
        is_undone=False,
    )
    collect = Effect(
        CollectGarbage.kind,
        "collect",
        "Free the registry's space",
        timeout_s=COLLECT_TIMEOUT_S,
        attempts=ATTEMPTS,
        is_undone=False,
    )
    steps = [Step("retain", "Delete images", retain), Step("collect", "Collect garbage", collect)]
    if resolved.leaving:
        steps.insert(0, Step("forget", "Delete releases", _forget(resolved.leaving)))
    if resolved.unneeded or resolved.snapshots:
        steps.insert(0, Step("unused", "Delete what nothing names", _unused(resolved)))
    busy = (f"{project} has a run under way: nothing of it goes" for project in resolved.busy)
    notes = (*busy, *(f"release {one.words}" for one in resolved.leaving))
    notes = (*notes, *(one.words for one in resolved.unneeded))
    return Plan(
        "retention", "Retention of releases and images", {"keep": list(keep)}, Sequence(tuple(steps)), notes=notes
    )


def _unused(resolved: ResolvedRetention) -> Effect:
    return Effect(
        ForgetUnused.kind,
        "unused",
        f"Delete {len(resolved.unneeded)} packages and build information, and {resolved.snapshots} kept processes",
        arguments(Unused(resolved.unneeded)),
        timeout_s=FORGET_TIMEOUT_S,
        attempts=ATTEMPTS,
        is_undone=False,
    )


def _forget(leaving: tuple[Leaving, ...]) -> Effect:
    return Effect(
        ForgetReleases.kind,
        "forget",
        f"Delete {len(leaving)} releases with their deployments, logs and files",
        arguments(Forgotten(leaving)),
        timeout_s=FORGET_TIMEOUT_S,
        attempts=ATTEMPTS,
        is_undone=False,
    )
