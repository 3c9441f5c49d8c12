"""Step templates by declaration, each with its versions."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.domain.step_template import TemplateVersion, require_ascending
from fairlead.formats.declared.step_templates import STEP_TEMPLATES, StepTemplateItem, VersionItem
from fairlead.formats.step_template import content_of, written
from fairlead.store import step_templates as rows
from fairlead.store.database import Connection
from fairlead.usecases import step_templates
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.step_templates import Draft


class StepTemplates(Noun[StepTemplateItem]):
    """By name. A version is never given anew: what a file does not name goes, where nobody uses it."""

    layout = STEP_TEMPLATES

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[StepTemplateItem]]:
        actor.require(Permission.VIEW)
        of: dict[str, list[VersionItem]] = {}
        for one in rows.all_versions(connection):
            of.setdefault(one.template, []).append(_item(one))
        for found in rows.all_of(connection):
            versions = tuple(of.get(found.id, ()))
            yield Held("", StepTemplateItem(name=found.name, description=found.description, versions=versions))

    def add(self, at: Applying, project: str, item: StepTemplateItem) -> None:
        require_ascending([one.version for one in item.versions])
        for one in item.versions:
            _save(at, item, one)

    def change(self, at: Applying, old: Held[StepTemplateItem], new: StepTemplateItem) -> None:
        self.add(at, "", new)
        wanted = {one.version for one in new.versions}
        for one in old.item.versions:
            if one.version not in wanted:
                step_templates.remove_version(at.context, at.actor, new.name, one.version)

    def remove(self, at: Applying, held: Held[StepTemplateItem]) -> None:
        step_templates.remove(at.context, at.actor, held.item.name)


def _item(one: TemplateVersion) -> VersionItem:
    return VersionItem.model_validate({"version": one.number, **written(one.content)})


def _save(at: Applying, item: StepTemplateItem, one: VersionItem) -> None:
    content = content_of(one.kind, one.properties, one.parameters)
    step_templates.put(at.context, at.actor, Draft(item.name, content, item.description), number=one.version)
