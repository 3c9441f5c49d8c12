"""Variables of a project or a library set: listing, setting, removing. Releases keep what they froze."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeAlias

from fairlead.domain import names
from fairlead.domain.actor import Actor
from fairlead.domain.composite import GIVEN, Composite, CompositeKind, check_given
from fairlead.domain.errors import Conflict, Invalid, NotFound, TooLarge
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.library_set import LibrarySet
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.prompt import Control, Prompt, check_prompt
from fairlead.domain.variable import Dimension, Scope, Variable
from fairlead.store import library_sets, projects, variables
from fairlead.store.database import Connection
from fairlead.store.shelf import LARGEST_PAGE, Page, part_of
from fairlead.usecases.as_code import refuse_edit
from fairlead.usecases.context import Context
from fairlead.usecases.scopes import Wanted, scope_of
from fairlead.usecases.viewed_variables import viewed

LARGEST_VALUE = 256 * 1024
"""Characters: a certificate chain fits many times over, a database dump does not."""

MOST_VARIABLES = 20_000
"""Of one project or library set: they are frozen, hashed and shown as a whole."""


@dataclass(frozen=True, slots=True)
class InLibrary:
    """A library set by name or id, where a variable's owner is asked for."""

    name: str


Owner: TypeAlias = Project | LibrarySet


@dataclass(slots=True)
class Counted:
    """An owner as it was read in this transaction, and how many variables it has: for who puts many of them, for which
    it is not read and counted each time."""

    owner: Owner
    count: int


OwnerName: TypeAlias = str | InLibrary
"""Whose variables: a project's by its name or id, or a library set's."""


@dataclass(frozen=True, slots=True)
class More:
    """What a variable can be beside a value: asked for at each deployment, or made of parts."""

    description: str = ""
    prompt: Prompt | None = None
    composite: CompositeKind | None = None
    parts: Mapping[str, str] = field(default_factory=dict)


PLAIN = More()


def page(
    context: Context,
    actor: Actor,
    owner: OwnerName,
    *,
    search: str = "",
    after: str | None = None,
    limit: int = 200,
) -> Page[Variable]:
    """The owner's own that the actor may view, in the order of making; secrets as their versions' ids."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = _owner(connection, owner)
        _require_view(actor, found)
        if actor.reach(Permission.VIEW) is None:
            return variables.page(connection, found.id, search=search, after=after, limit=limit)
        mine = _viewed(actor, found, variables.of_owner(connection, found.id))
        by, most = attrgetter("name"), max(1, min(limit, LARGEST_PAGE))
        return part_of(mine, name=by, order=attrgetter("id"), search=search, after=after, limit=most)


def named(context: Context, actor: Actor, owner: OwnerName, name: str) -> tuple[Variable, ...]:
    """The owner's variables of that name that the actor may view, one for each scope."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = _owner(connection, owner)
        _require_view(actor, found)
        return _viewed(actor, found, variables.named(connection, found.id, name))


def put(
    context: Context,
    actor: Actor,
    owner: OwnerName | Counted,
    name: str,
    value: str = "",
    *,
    is_secret: bool = False,
    only_in: Sequence[str] = (),
    scope: Wanted | None = None,
    more: More = PLAIN,
    revision: int | None = None,
) -> Variable:
    """Set the value of the variable with this name and scope; a secret becomes a new immutable version.
    `only_in` are environments, beside what `scope` names. With `revision` only if nobody changed it since, else
    Conflict `edit.conflict`."""
    _require_edit_somewhere(actor, owner)
    names.variable_name(name)
    _check(name, value, is_secret=is_secret, more=more)
    with context.database.transaction() as connection:
        of = _owner(connection, owner)
        there = _scope(connection, of, only_in, scope)
        _require_edit(actor, of, there)
        if isinstance(of, Project) and not is_secret:  # a repository never has the value of a secret
            refuse_edit(context, of, "variable")
        held = variables.by_name_and_scope(connection, of.id, name, there)
        _refuse_changed(held, name, revision)
        if held is None:
            _refuse_too_many(connection, owner, of)
        is_kept = is_secret and bool(value or more.prompt is None)
        secret = context.keep(connection, value, name=name, by=actor.name) if is_kept else None
        wanted = Variable(
            held.id if held else context.ids.new("var"),
            name,
            "" if secret else value,
            secret,
            there,
            of.id if isinstance(of, Project) else None,
            more.description,
            held.revision if held else 1,
            of.id if isinstance(of, LibrarySet) else None,
            more.prompt,
            _composite(context, connection, actor, name, more),
        )
        made, at, by = wanted, context.clock.now(), actor.name
        if held is None:
            variables.insert(connection, wanted, at=at, by=by)
        else:
            made = variables.update(connection, wanted, at=at, by=by)
        _note(context, connection, actor, of, made, "variable.set", before=held, after=made)
    return made


def remove(
    context: Context,
    actor: Actor,
    owner: OwnerName,
    name: str,
    *,
    only_in: Sequence[str] = (),
    scope: Wanted | None = None,
    revision: int | None = None,
) -> None:
    """The variable of exactly this name and scope is gone; with `revision` as `put` has it."""
    _require_edit_somewhere(actor, owner)
    with context.database.transaction() as connection:
        of = _owner(connection, owner)
        there = _scope(connection, of, only_in, scope)
        _require_edit(actor, of, there)
        if isinstance(of, Project):
            refuse_edit(context, of, "variable")
        held = variables.by_name_and_scope(connection, of.id, name, there)
        if held is None:
            raise NotFound(
                "variable.missing", f"{of.name} has no variable {name[:80]!r} of this scope", thing=name[:80]
            )
        _refuse_changed(held, name, revision)
        variables.delete(connection, held, at=context.clock.now(), by=actor.name)
        _note(context, connection, actor, of, held, "variable.removed", before=held)


def counted(connection: Connection, owner: OwnerName) -> Counted:
    """The owner, to put many variables within the transaction."""
    of = _owner(connection, owner)
    return Counted(of, variables.count(connection, of.id))


def _refuse_too_many(connection: Connection, owner: OwnerName | Counted, of: Owner) -> None:
    if not isinstance(owner, Counted):
        owner = Counted(of, variables.count(connection, of.id))
    if owner.count >= MOST_VARIABLES:
        raise TooLarge("input.too_large", f"{of.name} has {MOST_VARIABLES:,} variables already", thing=of.name)
    owner.count += 1


def _owner(connection: Connection, owner: OwnerName | Counted) -> Owner:
    if isinstance(owner, Counted):
        return owner.owner
    if isinstance(owner, InLibrary):
        return library_sets.by_name_or_id(connection, owner.name)
    return projects.by_name_or_id(connection, owner)


def _require_view(actor: Actor, owner: Owner) -> None:
    if isinstance(owner, Project):
        actor.require_somewhere(Permission.VIEW, project=owner.id)


def _viewed(actor: Actor, owner: Owner, found: Sequence[Variable]) -> tuple[Variable, ...]:
    return viewed(actor, owner.id if isinstance(owner, Project) else None, found)


def _require_edit_somewhere(actor: Actor, owner: OwnerName | Counted) -> None:
    named = owner.owner if isinstance(owner, Counted) else owner
    is_library = isinstance(named, InLibrary | LibrarySet)
    actor.require_somewhere(Permission.LIBRARY_EDIT if is_library else Permission.VARIABLE_EDIT)


def _require_edit(actor: Actor, owner: Owner, scope: Scope) -> None:
    """For every environment and tenant that its scope names; without one it must be held for all of them."""
    if isinstance(owner, LibrarySet):
        actor.require(Permission.LIBRARY_EDIT)
        return
    for environment in scope.get(Dimension.ENVIRONMENT) or (None,):
        for tenant in scope.get(Dimension.TENANT) or (None,):
            actor.require(Permission.VARIABLE_EDIT, project=owner.id, environment=environment, tenant=tenant)


def _check(name: str, value: str, *, is_secret: bool, more: More) -> None:
    if len(value) > LARGEST_VALUE or any(len(part) > LARGEST_VALUE for part in more.parts.values()):
        raise TooLarge("input.too_large", f"the value of {name} is over {LARGEST_VALUE:,} characters", thing=name)
    if more.composite is not None and (value or is_secret or more.prompt):
        raise Invalid(
            "variable.parts",
            f"{name} is made of parts: it has no value of its own, and cannot be asked for",
            thing=name,
            hint=f"give its parts: {', '.join((*GIVEN[more.composite].plain, *GIVEN[more.composite].secret))}",
        )
    if more.prompt is not None:
        check_prompt(more.prompt, name=name)
        if is_secret != (more.prompt.control is Control.SENSITIVE):
            raise Invalid(
                "prompt.invalid",
                f"{name} cannot be asked for: a secret has the control sensitive, and nothing else has it",
                thing=name,
            )


def _composite(context: Context, connection: Connection, actor: Actor, name: str, more: More) -> Composite | None:
    if more.composite is None:
        return None
    given = check_given(more.composite, more.parts, name=name)
    secret = GIVEN[more.composite].secret
    shown = {part: value for part, value in given.items() if part not in secret}
    if more.composite is CompositeKind.CERTIFICATE:
        from fairlead.formats.pem import certificate_parts  # 1 MB of cryptography: a server at rest does without it

        shown |= certificate_parts(name, given["CertificatePem"], given.get("PrivateKeyPem", ""))
    kept: dict[str, SecretVersionId] = {
        part: context.keep(connection, value, name=f"{name}.{part}", by=actor.name)
        for part, value in given.items()
        if part in secret
    }
    return Composite(more.composite, shown, kept)


def _refuse_changed(held: Variable | None, name: str, revision: int | None) -> None:
    if revision is not None and (held is None or held.revision != revision):
        message = f"{name[:80]} was changed by somebody else since it was read"
        raise Conflict("edit.conflict", message, thing=name[:80], hint="read it again, then decide")


def _scope(connection: Connection, owner: Owner, only_in: Sequence[str], scope: Wanted | None) -> Scope:
    wanted = dict(scope or {})
    if only_in:
        wanted[Dimension.ENVIRONMENT] = (*wanted.get(Dimension.ENVIRONMENT, ()), *only_in)
    return scope_of(connection, owner if isinstance(owner, Project) else None, wanted)


def _note(
    context: Context,
    connection: Connection,
    actor: Actor,
    owner: Owner,
    variable: Variable,
    kind: str,
    *,
    before: Variable | None = None,
    after: Variable | None = None,
) -> None:
    what = {"text": "a value", "secret": "a secret"}.get(variable.kind, f"of type {variable.kind}")
    message = f"{kind.partition('.')[2]} {variable.name} ({what})"
    project = owner.name if isinstance(owner, Project) else None
    if project is None:
        message += f" in the library set {owner.name}"
    context.note(connection, actor, kind, message, thing=variable.id, project=project, before=before, after=after)
