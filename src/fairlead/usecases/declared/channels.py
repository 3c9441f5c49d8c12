"""Projects' channels by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.channel import VersionRule
from fairlead.domain.errors import NotFound
from fairlead.domain.permission import Permission
from fairlead.formats.declared.channels import CHANNELS, ChannelItem, RuleItem
from fairlead.store import channels as rows
from fairlead.store import lifecycles, projects
from fairlead.store.database import Connection
from fairlead.usecases import channels
from fairlead.usecases.channels import ChannelWords
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun


class Channels(Noun[ChannelItem]):
    """By project, the default first."""

    layout = CHANNELS
    goes_with_project = True

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[ChannelItem]]:
        actor.require(Permission.VIEW)
        owners, lines = projects.names(connection), {one.id: one.name for one in lifecycles.all_of(connection)}
        found = [(owners[one.project], one) for one in rows.all_of(connection)]
        for project, one in sorted(found, key=lambda held: (held[0], not held[1].is_default, held[1].name)):
            item = ChannelItem(
                name=one.name,
                default=True if one.is_default else None,
                description=one.description,
                lifecycle=lines.get(one.lifecycle, "") if one.lifecycle else "",
                rules=tuple(
                    RuleItem(packages=rule.packages, range=rule.range, notation=rule.notation, tag=rule.tag)
                    for rule in one.rules
                ),
                tenant_tags=one.tenant_tags,
            )
            yield Held(project, item)

    def add(self, at: Applying, project: str, item: ChannelItem) -> None:
        try:
            channels.get(at.context, at.actor, project, item.name)
        except NotFound:
            channels.add(at.context, at.actor, project, _words(item, is_default=bool(item.default)))
        else:
            self._put(at, project, item)  # the one that came with the project

    def change(self, at: Applying, old: Held[ChannelItem], new: ChannelItem) -> None:
        self._put(at, old.project, new)

    def remove(self, at: Applying, held: Held[ChannelItem]) -> None:
        channels.remove(at.context, at.actor, held.project, held.item.name)

    def _put(self, at: Applying, project: str, item: ChannelItem) -> None:
        now = channels.get(at.context, at.actor, project, item.name).channel
        words = _words(item, is_default=now.is_default if item.default is None else item.default)
        channels.put(at.context, at.actor, project, item.name, words)


def _words(item: ChannelItem, *, is_default: bool) -> ChannelWords:
    rules = tuple(VersionRule(rule.packages, rule.range, rule.notation, rule.tag) for rule in item.rules)
    return ChannelWords(item.name, item.description, item.lifecycle, is_default, rules, item.tenant_tags)
