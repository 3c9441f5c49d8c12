"""Prompted variables of a deployment: what it asks for, and the snapshot in which the answers stand.

The answers make a snapshot of their own, in which they are the variables' values. So they are recorded with the
deployment, are part of its intention, and come back with it when somebody goes back to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from fairlead.domain.actor import Actor
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Invalid
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.prompt import Control, Prompt, check_answer
from fairlead.domain.tenant import Tenant
from fairlead.domain.tenant_value import Filled
from fairlead.domain.variable import Dimension, Scope, Variable, applies, order_at
from fairlead.store import variables
from fairlead.store.database import Connection
from fairlead.usecases import planning
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going
from fairlead.usecases.located import located
from fairlead.usecases.values import scope_at

WITHIN = (Dimension.STEP, Dimension.TARGET, Dimension.TARGETED_TAG, Dimension.TARGET_TAG)
"""What differs within one deployment: a variable that is only for some of these is asked for once, for the whole."""


class Asker(Protocol):
    """A deployment (`going.Going`), or a run of a runbook, that asks."""

    @property
    def project(self) -> Project: ...
    @property
    def environment(self) -> Environment: ...
    @property
    def snapshot(self) -> str:
        """The id of the variables as they were frozen."""
        ...

    @property
    def scope(self) -> Scope:
        """What is so for the whole of it."""
        ...

    @property
    def tenant(self) -> Tenant | None:
        """For whom."""
        ...


@dataclass(frozen=True, slots=True)
class AskedByRunbook:
    """The run of a runbook that asks."""

    project: Project
    environment: Environment
    runbook: str
    snapshot: str
    tenant: Tenant | None = None

    @property
    def scope(self) -> Scope:
        """What is so for the whole of it."""
        return scope_at(self.environment, process=self.runbook, tenant=self.tenant)


@dataclass(frozen=True, slots=True)
class Question:
    """A variable that a deployment asks for; its value is the default, or what was answered."""

    variable: Variable
    prompt: Prompt

    @property
    def label(self) -> str:
        """What people read, and what the questions are ordered by."""
        return self.prompt.label or self.variable.name

    @property
    def is_answered(self) -> bool:
        """Whether there is anything that is not blank."""
        return self.variable.is_secret or bool(self.variable.value.strip())

    def is_called(self, given: str) -> bool:
        """Whether that is its label or its name."""
        return given.strip().lower() in (self.label.lower(), self.variable.name.lower())


def of_release(
    context: Context, actor: Actor, project: str, version: str, environment: str, *, tenant: str = ""
) -> tuple[Question, ...]:
    """What a deployment of the release there (for the tenant) would ask for, by label."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        there = located(connection, project, environment, tenant)
        there.require_somewhere(actor, Permission.VIEW)
        release = planning.release_named(connection, there.project, version)
        asked = Going(there.project, there.environment, release, there.tenant)
        return questions(connection, asked, release.variables)


def questions(connection: Connection, asked: Asker, snapshot: str) -> tuple[Question, ...]:
    """By label; a variable that another surely beats there is not asked for."""
    found = planning.filled(connection, snapshot, asked.environment, asked.tenant)
    return _questions(found.variables, asked.scope)


def own_answers(asked: Mapping[str, Sequence[Question]], given: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Of several deployments, by name with what each asks for, each is given the answers to that; what none of them
    asks for stays with all of them, so that it is refused."""
    everything = [one for its in asked.values() for one in its]
    stray = {name for name in given if not any(one.is_called(name) for one in everything)}
    return {
        whose: {name: text for name, text in given.items() if name in stray or any(one.is_called(name) for one in its)}
        for whose, its in asked.items()
    }


def answered(context: Context, connection: Connection, asked: Asker, given: Mapping[str, str], *, by: str) -> str:
    """The id of the snapshot with the answers, and what the tenant gives, in it, the same for the same; the asker's own
    where there is neither. Invalid `prompt.unknown`, `prompt.value`, `prompt.required`; Conflict
    `tenant.value_missing`."""
    filled = planning.filled(connection, asked.snapshot, asked.environment, asked.tenant, is_whole=True)
    found = _questions(filled.variables, asked.scope)
    for name in given:
        if not any(question.is_called(name) for question in found):
            raise Invalid(
                "prompt.unknown",
                f"nothing called {name[:80]!r} is asked for in {asked.environment.name}",
                thing=name[:80],
                hint=f"asked for: {', '.join(one.label for one in found)[:300]}" if found else "nothing is asked for",
            )
    answers = {
        question.variable.id: _answer(context, connection, by, question, text)
        for question in found
        for name, text in given.items()
        if question.is_called(name)
    }
    command = "fairlead runbooks run" if isinstance(asked, AskedByRunbook) else "fairlead deploy"
    _require(command, (replace(one, variable=answers.get(one.variable.id, one.variable)) for one in found))
    whole = tuple(answers.get(one.id, one) for one in filled.variables)
    return _kept(context, connection, asked, filled, whole)


def with_defaults(context: Context, connection: Connection, asked: Asker) -> str:
    """As `answered`, but what is asked for has its default, answered or not."""
    filled = planning.filled(connection, asked.snapshot, asked.environment, asked.tenant, is_whole=True)
    return _kept(context, connection, asked, filled, filled.variables)


def _kept(context: Context, connection: Connection, asked: Asker, filled: Filled, whole: tuple[Variable, ...]) -> str:
    if not filled.given and whole == filled.variables:
        return asked.snapshot
    return variables.keep_answered(connection, whole, project=asked.project.id, at=context.clock.now()).id


def _questions(frozen: Iterable[Variable], scope: Scope) -> tuple[Question, ...]:
    best: dict[str, Variable] = {}
    asked: list[Variable] = []
    for variable in frozen:
        for_all = {dimension: entries for dimension, entries in variable.scope.items() if dimension not in WITHIN}
        if not applies(replace(variable, scope=for_all), scope):
            continue
        if variable.prompt is not None:
            asked.append(variable)
        key, is_for_all = variable.name.lower(), len(for_all) == len(variable.scope)
        if is_for_all and (key not in best or order_at(variable, scope) < order_at(best[key], scope)):
            best[key] = variable
    found = [
        Question(variable, variable.prompt)
        for variable in asked
        if variable.prompt is not None
        and (any(one in WITHIN for one in variable.scope) or best[variable.name.lower()] is variable)
    ]
    return tuple(sorted(found, key=lambda question: (question.label.lower(), question.variable.id)))


def _answer(context: Context, connection: Connection, by: str, question: Question, text: str) -> Variable:
    name = question.variable.name
    value = check_answer(question.prompt, text, name=name)
    if question.prompt.control is not Control.SENSITIVE:
        return replace(question.variable, value=value)
    if not value:
        return question.variable
    kept = context.secrets.keep_once(
        connection, value, about=question.variable.id, name=name, at=context.clock.now(), by=by
    )
    return replace(question.variable, value="", secret=kept)


def _require(command: str, found: Iterable[Question]) -> None:
    missing = [one.label for one in found if one.prompt.is_required and not one.is_answered]
    if missing:
        raise Invalid(
            "prompt.required",
            f"a value is asked for, and none was given: {', '.join(missing)[:500]}",
            thing=missing[0],
            hint=f'{command} … --variable "{missing[0]}:VALUE"',
        )
