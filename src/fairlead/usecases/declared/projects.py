"""Projects by declaration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from fairlead.domain.actor import Actor
from fairlead.domain.ids import GroupId, LifecycleId, SecretVersionId
from fairlead.domain.permission import Permission
from fairlead.domain.project import Forge, Project, Source, Tenancy
from fairlead.domain.release_settings import ReleaseSettings
from fairlead.domain.tenant_template import TemplateList
from fairlead.formats.declared.layout import SecretField
from fairlead.formats.declared.projects import PROJECTS, ForgeItem, ProjectItem, ReleasesItem, SourceItem
from fairlead.formats.step_template import ParameterModel, parameter_model, parameters_of
from fairlead.store import groups as group_rows
from fairlead.store import library_sets as library_set_rows
from fairlead.store import lifecycles
from fairlead.store import projects as rows
from fairlead.store.database import Connection
from fairlead.store.tenant_templates import by_owner
from fairlead.usecases import library_sets, projects, tenant_templates
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.donors import require_donor
from fairlead.usecases.projects import Field, NewForge, NewSource, Stays


class Projects(Noun[ProjectItem]):
    """By name."""

    layout = PROJECTS

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[ProjectItem]]:
        actor.require(Permission.VIEW)
        lines = {one.id: one.name for one in lifecycles.all_of(connection)}
        groups = group_rows.names(connection)
        included, templates = library_set_rows.included(connection), by_owner(connection)
        for one in rows.all_of(connection):
            item = _item(one, lines, included.get(one.id, ()), groups)
            asked = models(templates.get(one.id))
            yield Held(one.name, item.model_copy(update={"tenant_templates": asked}) if asked else item, _secrets(one))

    def add(self, at: Applying, project: str, item: ProjectItem) -> None:
        source = _source(at, item.source)
        projects.add(
            at.context,
            at.actor,
            project,
            title=item.title,
            description=item.description,
            source=source,
            forge=_forge(at, item.forge),
            made_key=at.make_key(f"fairlead-{project}") if projects.needs_key(source) else None,
            lifecycle=item.lifecycle,
            group=item.group,
        )
        said = (item.enabled, item.as_code, item.tenancy, item.releases)
        if said != (True, False, Tenancy.UNTENANTED, ReleasesItem()):
            fields: dict[Field, object] = {"is_enabled": item.enabled, "is_as_code": item.as_code}
            fields["tenancy"] = item.tenancy
            fields["release_settings"] = ReleaseSettings(**item.releases.model_dump())
            projects.change(at.context, at.actor, project, fields, asks_donor=False)
        if item.releases.donor:
            at.donors.add(project)
        _include(at, project, (), item.library_sets)
        if item.tenant_templates:
            tenant_templates.put(at.context, at.actor, project, parameters_of(item.tenant_templates))

    def change(self, at: Applying, old: Held[ProjectItem], new: ProjectItem) -> None:
        project, was = old.project, old.item
        names: dict[str, Field] = {"title": "title", "description": "description", "enabled": "is_enabled"}
        names |= {"lifecycle": "lifecycle", "as_code": "is_as_code", "group": "group", "tenancy": "tenancy"}
        fields = {own: getattr(new, key) for key, own in names.items() if getattr(new, key) != getattr(was, key)}
        if new.releases != was.releases:
            fields["release_settings"] = ReleaseSettings(**new.releases.model_dump())
        if new.releases.donor != was.releases.donor:
            at.donors.add(project)
        if fields:
            projects.change(at.context, at.actor, project, fields, asks_donor=False)
        if new.source != was.source or _is_given(at, new.source):
            source = _source(at, new.source)
            needs_key = projects.needs_key(source) and not projects.needs_key(_source(at, was.source))
            made = at.make_key(f"fairlead-{project}") if needs_key else None
            projects.connect(at.context, at.actor, project, source, made_key=made)
        if new.forge != was.forge or _is_given(at, new.forge):
            projects.report_to(at.context, at.actor, project, _forge(at, new.forge))
        _include(at, project, was.library_sets, new.library_sets)
        if new.tenant_templates != was.tenant_templates:
            tenant_templates.put(at.context, at.actor, project, parameters_of(new.tenant_templates))

    def settle(self, at: Applying, project: str, item: ProjectItem) -> None:
        """A new donor is asked for when the process is there that the same files bring."""
        if project in at.donors:
            with at.context.database.reading() as connection:
                require_donor(connection, rows.by_name(connection, project), item.releases.donor)

    def remove(self, at: Applying, held: Held[ProjectItem]) -> None:
        projects.remove(at.context, at.actor, held.project)


def models(held: TemplateList | None) -> tuple[ParameterModel, ...]:
    """Tenant templates as files have them."""
    return tuple(parameter_model(one.parameter) for one in held.templates) if held else ()


def _include(at: Applying, project: str, old: Sequence[str], new: Sequence[str]) -> None:
    for name in old:
        if name not in new:
            library_sets.exclude(at.context, at.actor, project, name)
    for name in new:
        if name not in old:
            library_sets.include(at.context, at.actor, project, name)


def _item(
    one: Project, lines: Mapping[LifecycleId, str], included: Sequence[str], groups: Mapping[GroupId, str]
) -> ProjectItem:
    return ProjectItem(
        title=one.title,
        description=one.description,
        enabled=one.is_enabled,
        as_code=one.is_as_code,
        tenancy=one.tenancy,
        group=groups.get(one.group, "") if one.group else "",
        lifecycle=lines[one.lifecycle],
        releases=ReleasesItem(**asdict(one.release_settings)),
        library_sets=tuple(included),
        source=_source_item(one.name, one.source) if one.source else None,
        forge=_forge_item(one.name, one.forge) if one.forge else None,
    )


def _source_item(project: str, one: Source) -> SourceItem:
    return SourceItem(
        url=one.url,
        branch=one.branch,
        folder=one.folder,
        user=one.user,
        password=SecretField(secret=f"{project}/source.password") if one.password else None,
        ssh_key=SecretField(secret=f"{project}/source.ssh_key") if one.ssh_key and not one.deploy_key else None,
        known_hosts=one.known_hosts,
        poll_s=one.poll_s,
        webhook_kind=one.webhook_kind,
    )


def _forge_item(project: str, one: Forge) -> ForgeItem:
    token = SecretField(secret=f"{project}/forge.token") if one.token else None
    return ForgeItem(kind=one.kind, api_url=one.api_url, repository=one.repository, token=token)


def _secrets(one: Project) -> dict[str, SecretVersionId]:
    held = {
        "source.password": one.source.password if one.source else None,
        "source.ssh_key": one.source.ssh_key if one.source else None,
        "forge.token": one.forge.token if one.forge else None,
    }
    return {f"{one.name}/{name}": id for name, id in held.items() if id is not None}


def _source(at: Applying, item: SourceItem | None) -> NewSource | None:
    if item is None:
        return None
    fields = item.model_dump(exclude={"password", "ssh_key"})
    return NewSource(**fields, password=_secret(at, item.password), ssh_key=_secret(at, item.ssh_key))


def _forge(at: Applying, item: ForgeItem | None) -> NewForge | None:
    if item is None:
        return None
    return NewForge(item.kind, item.api_url, item.repository, _secret(at, item.token))


def _secret(at: Applying, placeholder: SecretField | None) -> str | Stays:
    """The value that was given, "" where there is none, and that the one that is held stays."""
    return (at.value(placeholder) or Stays.AS_IT_IS) if placeholder else ""


def _is_given(at: Applying, item: SourceItem | ForgeItem | None) -> bool:
    held = (getattr(item, name, None) for name in ("password", "ssh_key", "token"))
    return any(at.value(placeholder) for placeholder in held)
