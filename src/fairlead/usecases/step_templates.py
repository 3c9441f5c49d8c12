"""Step templates: made, saved as new versions, shown, removed. Their users: `usecases.step_template_users`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.domain import names
from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict
from fairlead.domain.ids import ProjectId
from fairlead.domain.permission import Permission
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.step_template import StepTemplate, TemplateContent, TemplateVersion, check
from fairlead.store import processes, projects, runbooks, step_templates
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases.context import Context
from fairlead.usecases.process_checking import checked_kinds

LONGEST_DESCRIPTION = 10_000
ITSELF = "the template"
"""What errors about a template's own kind and properties call the action that it is."""


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A template and one of its versions: the newest, or the one that was asked for."""

    template: StepTemplate
    version: TemplateVersion


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person gives of a template. `description` None: as it is."""

    name: str
    content: TemplateContent
    description: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """An action that uses a template: of a project's process, or of the draft of its runbook (`runbook` its name)."""

    project_id: str
    project: str
    runbook: str
    action: Action

    @property
    def owner(self) -> str:
        """As people name the process: ``books``, or ``books/Nightly``."""
        return f"{self.project}/{self.runbook}" if self.runbook else self.project


def page(
    context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[TemplateView]:
    """By name, each with its newest version."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        part = step_templates.page(connection, search=search, after=after, limit=limit)
        newest = step_templates.latest(connection, part.items)
        return Page(tuple(TemplateView(one, newest[one.id]) for one in part.items), part.after)


def get(context: Context, actor: Actor, name: str, *, number: int = 0) -> TemplateView:
    """By name or id, with the version of that number (0: the newest). NotFound `step_template.unknown`,
    `step_template.version_unknown`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = step_templates.by_name_or_id(connection, name)
        return TemplateView(found, step_templates.version(connection, found, number or found.latest))


def versions(context: Context, actor: Actor, name: str) -> Sequence[TemplateView]:
    """All of the template's, the newest first."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = step_templates.by_name_or_id(connection, name)
        held = step_templates.versions_of(connection, found.id)
        return [TemplateView(found, one) for one in reversed(held)]


def put(
    context: Context, actor: Actor, draft: Draft, *, revision: int | None = None, number: int | None = None
) -> TemplateView:
    """A new template, or a new version of the one of this name; none where its newest says the same already. Its users
    stay with theirs. With `revision` only if nobody changed it since, else Conflict `edit.conflict`; with `number`
    under this number, which no version has that says otherwise, else Conflict `step_template.version`. `Invalid` with
    a code for each rule that it breaks."""
    actor.require(Permission.LIBRARY_EDIT)
    called = names.title("step template", draft.name)
    content = checked_content(draft.content)
    words = (draft.description or "")[:LONGEST_DESCRIPTION]
    with context.database.transaction() as connection:
        held = step_templates.find(connection, called)
        if revision is not None and revision != (held.revision if held else 0):
            message = f"{called} was changed by somebody else since it was read"
            raise Conflict("edit.conflict", message, thing=called, hint="read it again, then decide")
        if held is None:
            made = _first(context, connection, actor, called, words, number or 1)
        else:
            made = replace(held, description=held.description if draft.description is None else words)
        known = {one.number for one in step_templates.versions_of(connection, made.id)}
        before = TemplateView(held, step_templates.version(connection, held, held.latest)) if held else None
        version = _version(context, connection, actor, made, content, number, is_new=held is None)
        made = replace(made, latest=max(made.latest, version.number))
        if held is not None and made != held:
            made = step_templates.update(connection, made)
            is_saved = version.number not in known
            what = f"saved version {version.number} of" if is_saved else "described"
            context.note(
                connection,
                actor,
                "step_template.changed",
                f"{what} the step template {made.name}",
                thing=made.id,
                before=before,
                after=TemplateView(made, version),
            )
        return TemplateView(made, version)


def remove(context: Context, actor: Actor, name: str) -> None:
    """Gone with its versions; Conflict `step_template.in_use` while a process uses it. Releases keep what they have."""
    actor.require(Permission.LIBRARY_EDIT)
    with context.database.transaction() as connection:
        found = step_templates.by_name_or_id(connection, name)
        _refuse_used(found, users_of(connection, found.name), "it")
        step_templates.delete(connection, found.id)
        words = f"removed the step template {found.name}"
        context.note(connection, actor, "step_template.removed", words, thing=found.id, before=found)


def remove_version(context: Context, actor: Actor, name: str, number: int) -> None:
    """The version is gone, and its number is not given again; Conflict `step_template.in_use` while a process uses it,
    or where it is the newest."""
    actor.require(Permission.LIBRARY_EDIT)
    with context.database.transaction() as connection:
        found = step_templates.by_name_or_id(connection, name)
        held = step_templates.version(connection, found, number)
        if number == found.latest:
            message = f"version {number} is the newest of {found.name}"
            raise Conflict("step_template.in_use", message, thing=found.name, hint="save another first")
        using = [one for one in users_of(connection, found.name) if one.action.template and _of(one) == number]
        _refuse_used(found, using, f"version {number}")
        step_templates.delete_version(connection, held.id)
        message = f"removed version {number} of the step template {found.name}"
        context.note(connection, actor, "step_template.changed", message, thing=found.id, before=held)


def checked_content(content: TemplateContent) -> TemplateContent:
    """Itself; Invalid `step_template.parameter`, `process.kind` or `process.properties`."""
    alone = Action(ITSELF, content.kind, content.properties)
    checked_kinds(Process((ProcessStep(ITSELF, (alone,)),)))
    return check(content)


def users_of(connection: Connection, name: str) -> tuple[User, ...]:
    """Every action that uses the template, by project, runbook and order; three queries."""
    called = projects.names(connection)
    books = runbooks.names(connection)
    found: list[User] = []
    for held in processes.all_of(connection):
        project, runbook = books.get(held.id, (held.id, ""))
        for _, action in held.process.actions:
            if action.template is not None and action.template.name.lower() == name.lower():
                found.append(User(project, called.get(ProjectId(project), project), runbook, action))
    return tuple(sorted(found, key=lambda one: (one.project, one.runbook)))


def _first(context: Context, connection: Connection, actor: Actor, name: str, words: str, number: int) -> StepTemplate:
    made = StepTemplate(context.ids.new("stp"), name, context.clock.now(), number, words, actor.name)
    step_templates.insert(connection, made)
    message = f"added the step template {name}"
    context.note(connection, actor, "step_template.added", message, thing=made.id, after=made)
    return made


def _version(
    context: Context,
    connection: Connection,
    actor: Actor,
    template: StepTemplate,
    content: TemplateContent,
    number: int | None,
    *,
    is_new: bool,
) -> TemplateVersion:
    """The version that holds this: one that is there, or a new one."""
    wanted = template.latest if number is None else number
    held = step_templates.find_version(connection, template.id, wanted)
    if held is not None and held.content == content:
        return held
    if held is not None and number is not None:
        raise Conflict(
            "step_template.version",
            f"version {number} of {template.name} is there, and says something else",
            thing=template.name,
            hint=f"versions never change: give the next number, {template.latest + 1}",
        )
    fresh = wanted if number is not None or is_new else template.latest + 1
    id, at = context.ids.new("stv"), context.clock.now()
    made = TemplateVersion(id, template.id, fresh, content, at, actor.name)
    step_templates.insert_version(connection, made)
    return made


def _refuse_used(template: StepTemplate, using: Sequence[User], what: str) -> None:
    if using:
        owners = list(dict.fromkeys(one.owner for one in using))
        raise Conflict(
            "step_template.in_use",
            f"{', '.join(owners[:5])}{' and others' if len(owners) > 5 else ''}"
            f" use{'s' if len(owners) == 1 else ''} {what} of {template.name}".replace("it of ", ""),
            thing=template.name,
            hint=f"fairlead step-templates users {template.name}",
        )


def _of(user: User) -> int:
    return user.action.template.version if user.action.template else 0
