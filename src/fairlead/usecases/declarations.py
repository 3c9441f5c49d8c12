"""The installation as files: exporting it, planning what files would change, and applying them, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.declaration import (
    ORDER,
    Act,
    Change,
    Data,
    DeclaredKey,
    Pending,
    arranged,
    compare,
    placeholders,
    with_placeholders,
)
from fairlead.domain.errors import FairleadError, NotAllowed, Problem, ProjectFileInvalid, Refused
from fairlead.domain.ids import ProjectId, SecretVersionId
from fairlead.domain.looked_up import Sought
from fairlead.domain.permission import Permission
from fairlead.domain.record import Json
from fairlead.formats.declared.layout import data_of, filled
from fairlead.formats.declared.projects import PROJECTS
from fairlead.formats.declared.reading import Declarations, Entry, read, repeated
from fairlead.formats.declared.register import LAYOUTS
from fairlead.formats.declared.repository import as_installation, declared_paths, nouns_in, read_repository
from fairlead.formats.declared.writing import write
from fairlead.formats.node import Mark
from fairlead.store import projects
from fairlead.store.database import Connection
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.declared.register import NOUNS
from fairlead.usecases.projects import KeyPair
from fairlead.usecases.script_sources import with_known, with_lookups

ORDERED = tuple(layout.noun for layout in LAYOUTS)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person gives: files by path, values of secrets by placeholder. With `prune` what no file names goes. With
    `asks_later` a plan may lack values of new secrets: they are given where it is applied."""

    files: Mapping[str, bytes]
    secrets: Mapping[str, str] = field(default_factory=dict)
    prune: bool = False
    asks_later: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be done, or was. `places` say where each change is declared. `unnamed` are things that no file
    names and that stay; `refused` says which permission lacks, "" where none does. `following` is what is done because
    of the changes, to things that files declare and that are no change themselves. `lacking` are secrets whose values
    have still to be given: such a plan was not tried out."""

    pending: Pending
    places: Mapping[DeclaredKey, Mark]
    unnamed: tuple[DeclaredKey, ...] = ()
    refused: str = ""
    following: tuple[Change, ...] = ()
    lacking: tuple[str, ...] = ()


def export(context: Context, actor: Actor) -> dict[str, str]:
    """Path → text of every file of the installation, but for what projects' own repositories
    declare; no secret value."""
    actor.require(Permission.VIEW)
    files: dict[str, str] = {}
    with context.database.reading() as connection:
        inner = context.within(connection)
        as_code = {one.name: one.code_nouns for one in projects.all_of(connection) if one.code_nouns}
        for noun in NOUNS:
            held = noun.held(inner, actor, connection)
            own = ((one.project, one.item) for one in held if noun.layout.noun not in as_code.get(one.project, ()))
            files |= write(noun.layout, own)
    return dict(sorted(files.items()))


def plan(context: Context, actor: Actor, wish: Wish) -> Planned:
    """What `apply` would do now. It is tried out and taken back, so that what would fail is told here already, at its
    line. Needs no more than to see; what the actor may not change is told. Raises `ProjectFileInvalid`."""
    actor.require(Permission.VIEW)
    declared = read(wish.files, LAYOUTS)
    return with_lookups(
        context,
        lambda inner: inner.database.tried(lambda connection: _planned(inner, actor, wish, declared, connection)),
    )


def _planned(context: Context, actor: Actor, wish: Wish, declared: Declarations, connection: Connection) -> Planned:
    """With all of it done in the transaction, as far as the actor may."""
    work = _prepared(context, actor, wish, declared, connection, _no_key)
    if work.lacking:
        return Planned(work.pending, work.places, work.unnamed, lacking=work.lacking)
    refused, following = "", tuple[Change, ...]()
    try:
        following = _perform(work)
    except NotAllowed as error:
        refused = error.message
    return Planned(work.pending, work.places, work.unnamed, refused, following)


def apply(
    context: Context,
    actor: Actor,
    wish: Wish,
    *,
    plan_hash: str | None = None,
    make_key: Callable[[str], KeyPair],
) -> Planned:
    """Everything is as the files say, or nothing was changed. With `plan_hash` only if the plan is still that one,
    else Refused `declaration.changed`. Every change is made, and noted in the audit, by its own use case."""
    actor.require(Permission.VIEW)
    declared = read(wish.files, LAYOUTS)
    wish = replace(wish, asks_later=False)
    return with_lookups(context, lambda inner: _applied(inner, actor, wish, declared, plan_hash, make_key))


def _applied(
    context: Context,
    actor: Actor,
    wish: Wish,
    declared: Declarations,
    plan_hash: str | None,
    make_key: Callable[[str], KeyPair],
) -> Planned:
    with context.database.transaction() as connection:
        work = _prepared(context, actor, wish, declared, connection, make_key)
        if plan_hash is not None and plan_hash != work.pending.hash:
            raise Refused(
                "declaration.changed",
                "the installation or the files were changed since the plan was made",
                thing=plan_hash[:16],
                hint="look at the new plan: fairlead apply --plan",
            )
        following = _perform(work)
        if work.pending.changes:
            facts: dict[str, Json] = {"hash": work.pending.hash, "changes": len(work.pending.changes)}
            message = f"applied {len(work.pending.changes)} changes from files"
            context.note(connection, actor, "declaration.applied", message, thing=work.pending.hash[:16], facts=facts)
    return Planned(work.pending, work.places, work.unnamed, following=following)


def take(
    context: Context, connection: Connection, actor: Actor, project: ProjectId, files: Mapping[str, bytes]
) -> None:
    """A release is about to be made of these files: what they declare of the project is applied, in that
    release's transaction, and is edited nowhere else. Nothing where the project is not as code. Raises
    `ProjectFileInvalid` with each place."""
    owner = projects.get(connection, project)
    if not owner.is_as_code:
        return
    nouns = nouns_in(files)
    if owner.code_nouns != nouns:
        owner = projects.update(connection, replace(owner, code_nouns=nouns))
    declared = read_repository(owner.name, files)
    inner = replace(context.within(connection), is_from_repository=True)
    own = as_installation(owner.name, files)
    work = _prepared(inner, actor, Wish(own, prune=True), declared, connection, _no_key, only=(owner.name, nouns))
    _perform(work)
    if work.pending.changes:
        message = f"took {len(work.pending.changes)} changes from the repository"
        told: list[Json] = [f"{change.act} {change.key}" for change in work.pending.changes[:100]]
        facts: dict[str, Json] = {"changes": told}
        context.note(connection, actor, "declaration.taken", message, thing=owner.id, project=owner.name, facts=facts)


def taken(
    context: Context,
    connection: Connection,
    project: ProjectId,
    files: Mapping[str, str],
    known: Mapping[Sought, str],
) -> None:
    """`take`, for a release that a run makes; `files` path → key of the bytes, `known` what the run looked
    up: commits of scripts from other repositories, digests of images."""
    take(
        with_known(context, project, known),
        connection,
        SYSTEM,
        project,
        {path: context.artifacts.content(files[path]) for path in declared_paths(files)},
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be done within one transaction."""

    at: Applying
    declared: Declarations
    held: Mapping[DeclaredKey, Held[Any]]
    pending: Pending
    places: Mapping[DeclaredKey, Mark]
    unnamed: tuple[DeclaredKey, ...]
    lacking: tuple[str, ...] = ()


def _no_key(_: str) -> KeyPair:
    """What stands for a key pair that is made where a plan is applied."""
    return KeyPair("made when it is applied", "made when it is applied")


def _prepared(
    context: Context,
    actor: Actor,
    wish: Wish,
    declared: Declarations,
    connection: Connection,
    make_key: Callable[[str], KeyPair],
    *,
    only: tuple[str, Sequence[str]] | None = None,
) -> _Work:
    """With `only` a project and nouns: nothing else is looked at."""
    inner = context.within(connection)
    found: dict[DeclaredKey, Held[Any]] = {}
    for noun in NOUNS:
        if only is not None and noun.layout.noun not in only[1]:
            continue
        for one in noun.held(inner, SYSTEM if only else actor, connection):
            if only is not None and one.project != only[0]:
                continue
            key = DeclaredKey(noun.layout.noun, one.project, noun.layout.name_of(one.item))
            found[repeated(key, found) if key in found else key] = one
    if only is None:
        _refuse_strays(declared, found)
    wanted, held, lacking = _comparable(context, connection, wish, declared, found)
    may_remove = _prunable(wish, declared)
    pending = compare(wanted, held, order=ORDERED, may_remove=may_remove)
    pending = Pending(_with_orders(pending, declared, found, may_remove))
    unnamed = tuple(key for key in held if key not in wanted and not may_remove(key))
    places = {key: entry.mark for key, entry in declared.entries.items()}
    at = Applying(inner, actor, wish.secrets, make_key)
    return _Work(at, declared, found, pending, places, unnamed, lacking)


def _refuse_strays(declared: Declarations, found: Mapping[DeclaredKey, Held[Any]]) -> None:
    """ProjectFileInvalid `project.unknown` for files of projects that neither are there nor are declared."""
    known = {key.project for key in (*found, *declared.entries) if key.noun == "project"}
    places = ((path, layout.match(path)) for path in sorted(declared.files) for layout in LAYOUTS)
    owners = {path: said["project"] for path, said in places if said is not None and said.get("project")}
    problems = tuple(
        Problem(path, 1, 1, "", f"a file of the project {owner!r}, which is not there", PROJECTS.path(owner, ""))
        for path, owner in owners.items()
        if owner not in known
    )
    if problems:
        raise ProjectFileInvalid(problems, code="project.unknown")


def _comparable(
    context: Context,
    connection: Connection,
    wish: Wish,
    declared: Declarations,
    found: Mapping[DeclaredKey, Held[Any]],
) -> tuple[dict[DeclaredKey, Data], dict[DeclaredKey, Data], tuple[str, ...]]:
    """Both sides as data; placeholders as equal, unless a value was given that is not the one that is held. And the
    secrets whose values are given later."""
    held = {key: _plain(dict(data_of(one.item)), {}) for key, one in found.items()}
    wanted: dict[DeclaredKey, Data] = {}
    lacking: dict[str, list[Problem]] = {}
    for key, entry in declared.entries.items():
        versions = _versions(found[key]) if key in found else {}
        marks: dict[str, dict[str, Json]] = {}
        for path, name in placeholders(dict(entry.data)):
            version, value = versions.get(path), wish.secrets.get(name)
            if value is None and version is None:
                problem = entry.problem(path, f"no value for {name!r}", "one from --secrets FILE or the environment")
                lacking.setdefault(name, []).append(problem)
                marks[name] = {"secret": "(new)"}
            elif value is not None and (version is None or context.reveal(connection, version) != value):
                marks[name] = {"secret": f"(new, in place of {version})" if version else "(new)"}
        wanted[key] = _plain(dict(filled(entry.data, held.get(key, {}), entry.layout.left_alone)), marks)
    if lacking and not wish.asks_later:
        problems = tuple(problem for places in lacking.values() for problem in places)
        raise ProjectFileInvalid(problems, code="declaration.secret")
    return wanted, held, tuple(lacking)


def _plain(data: dict[str, Json], marks: Mapping[str, dict[str, Json]]) -> Data:
    return cast("Data", with_placeholders(data, marks))


def _versions(held: Held[Any]) -> dict[tuple[str | int, ...], SecretVersionId]:
    """The secret behind each placeholder, by where it stands."""
    return {path: held.secrets[name] for path, name in placeholders(dict(data_of(held.item)))}


def _prunable(wish: Wish, declared: Declarations) -> Callable[[DeclaredKey], bool]:
    """What may be removed: with `prune`, things whose file is there but does not name them; projects (and all of them)
    whose folder is gone, where there are folders of others."""
    layouts = {layout.noun: layout for layout in LAYOUTS}
    present = {key.project for key in declared.entries if key.noun == "project"}
    staying = {noun.layout.noun for noun in NOUNS if not noun.is_removable}
    with_parts = {noun.layout.noun for noun in NOUNS if not noun.goes_with_project}

    def may_remove(key: DeclaredKey) -> bool:
        if not wish.prune or key.noun in staying:
            return False
        if layouts[key.noun].top:
            if layouts[key.noun].path(key.project, "") in declared.files:
                return True
            if not key.project:
                return False
        said = (layouts[key.noun].match(path) for path in declared.files)
        if any(found is not None and found.get("project", "") == key.project for found in said):
            return True
        return bool(key.project and present) and key.project not in present and key.noun in with_parts

    return may_remove


def _with_orders(
    pending: Pending,
    declared: Declarations,
    found: Mapping[DeclaredKey, Held[Any]],
    may_remove: Callable[[DeclaredKey], bool],
) -> tuple[Change, ...]:
    """The changes, and those of the order in which a noun's things stand, before anything is removed."""
    made: list[Change] = []
    for layout in LAYOUTS:
        wanted = declared.ordered(layout.noun)
        if not layout.is_ordered or not wanted:
            continue
        held = [key.name for key in found if key.noun == layout.noun]
        order = arranged(held, wanted)
        stand = [*held, *(name for name in wanted if name not in held)]
        going = {
            change.key.name for change in pending.changes if (change.act, change.key.noun) == ("remove", layout.noun)
        }
        if [name for name in order if name not in going] != [name for name in stand if name not in going]:
            key = DeclaredKey(layout.noun, "", "")
            made.append(Change("arrange", key, {ORDER: cast("Json", stand)}, {ORDER: cast("Json", list(order))}))
    before = [change for change in pending.changes if change.act != "remove"]
    return (*before, *made, *(change for change in pending.changes if change.act == "remove"))


def _perform(work: _Work) -> tuple[Change, ...]:
    """Makes the changes; what had to follow them."""
    nouns: dict[str, Noun[Any]] = {noun.layout.noun: noun for noun in NOUNS}
    for change in work.pending.changes:
        entry = work.declared.entries.get(change.key)
        with _told_at(entry):
            _do(work, nouns[change.key.noun], change, entry)
    if not work.pending.changes:
        return ()
    changed = {change.key for change in work.pending.changes}
    following: list[Change] = []
    for key, entry in work.declared.entries.items():
        with _told_at(entry):
            settled = nouns[key.noun].settle(work.at, key.project, entry.item)
        if settled is not None and key not in changed:  # else it is a part of that change
            following.append(settled)
    return tuple(following)


@contextmanager
def _told_at(entry: Entry | None) -> Iterator[None]:
    """What a use case refuses is told at the line of its entry, where there is one."""
    try:
        yield
    except (NotAllowed, ProjectFileInvalid):
        raise
    except FairleadError as error:
        if entry is None:
            raise
        problem = entry.problem_at(error)
        raise ProjectFileInvalid((problem,), code=error.code) from error


def _do(work: _Work, noun: Noun[Any], change: Change, entry: Entry | None) -> None:
    key, at = change.key, work.at
    act: Act = change.act
    if act == "arrange":
        noun.arrange(at, cast("Sequence[str]", (change.new or {})[ORDER]))
    elif act == "remove":
        noun.remove(at, work.held[key])
    elif entry is None:
        raise AssertionError(f"{key} is declared nowhere")
    elif act == "add":
        noun.add(at, key.project, entry.item)
    else:
        noun.change(at, work.held[key], entry.item)


def added_projects(planned: Planned) -> Iterable[str]:
    """Projects that were added: their repositories are looked at soon."""
    return (
        change.key.project for change in planned.pending.changes if (change.act, change.key.noun) == ("add", "project")
    )
