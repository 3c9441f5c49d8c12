"""Retention of images: a release's images, its test image too, live as long as the release; the rest goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from fairlead.domain.plan import Effect, Plan, Sequence, Step
from fairlead.ports.step import EffectKind
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.retained import CollectGarbage, Retained, RetainImages

RETAIN_TIMEOUT_S = 3600.0
COLLECT_TIMEOUT_S = 1800.0
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class ResolvedRetention:
    """What the binder found, in one transaction: the projects, every image reference that a release names
    (`store.releases.images_in_use`), and the projects that have a run queued, running or unsettled."""

    projects: tuple[str, ...]
    keep: frozenset[str]
    busy: tuple[str, ...] = ()
    installation: str = ""


class Retention:
    """The step kind of image retention."""

    name = "retention"
    effects: Mapping[str, EffectKind] = {kind.kind: kind for kind in (RetainImages(), CollectGarbage())}

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
    steps = (Step("retain", "Delete images", retain), Step("collect", "Collect garbage", collect))
    notes = tuple(f"{project} has a run under way: nothing of it goes" for project in resolved.busy)
    return Plan("retention", "Retention of images", {"keep": list(keep)}, Sequence(steps), notes=notes)
