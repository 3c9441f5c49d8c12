"""Lifecycles by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.domain.retention import Keep
from fairlead.formats.declared.lifecycles import LIFECYCLES, KeepItem, KeepText, LifecycleItem, PhaseItem
from fairlead.formats.phase_lines import PhaseLine
from fairlead.store import environments
from fairlead.store import lifecycles as rows
from fairlead.store.database import Connection
from fairlead.usecases import lifecycles
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.lifecycles import Draft


class Lifecycles(Noun[LifecycleItem]):
    """By name."""

    layout = LIFECYCLES

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[LifecycleItem]]:
        actor.require(Permission.VIEW)
        names = {one.id: one.name for one in environments.all_of(connection)}
        for one in rows.all_of(connection):
            phases = tuple(
                PhaseItem(
                    name=phase.name,
                    environments=tuple(names[id] for id in phase.environments if id in names),
                    automatic=phase.automatic,
                    approval=phase.needs_approval,
                    approval_expires_s=phase.approval_expires_s,
                    minimum=phase.minimum,
                    optional=phase.is_optional,
                    keep_releases=_said(phase.releases) if phase.releases else None,
                    keep_files=_said(phase.files) if phase.files else None,
                )
                for phase in one.phases
            )
            item = LifecycleItem(
                name=one.name,
                description=one.description,
                phases=phases,
                keep_releases=_said(one.releases),
                keep_files=_said(one.files),
            )
            yield Held("", item)

    def add(self, at: Applying, project: str, item: LifecycleItem) -> None:
        lifecycles.add(at.context, at.actor, _draft(item))

    def change(self, at: Applying, old: Held[LifecycleItem], new: LifecycleItem) -> None:
        lifecycles.change(at.context, at.actor, old.item.name, _draft(new))

    def remove(self, at: Applying, held: Held[LifecycleItem]) -> None:
        lifecycles.remove(at.context, at.actor, held.item.name)


def _draft(item: LifecycleItem) -> Draft:
    phases = [
        PhaseLine(
            one.name,
            one.environments,
            automatic=one.automatic,
            needs_approval=one.approval,
            approval_expires_s=one.approval_expires_s,
            minimum=one.minimum,
            is_optional=one.optional,
            releases=_keep(one.keep_releases) if one.keep_releases else None,
            files=_keep(one.keep_files) if one.keep_files else None,
        )
        for one in item.phases
    ]
    return Draft(item.name, phases, item.description, _keep(item.keep_releases), _keep(item.keep_files))


def _keep(said: KeepText) -> Keep:
    return Keep() if said == "all" else Keep(said.releases, said.days)


def _said(keep: Keep) -> KeepText:
    return "all" if keep.is_everything else KeepItem(releases=keep.releases, days=keep.days)
