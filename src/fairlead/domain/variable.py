"""Variables: a name, a value or a secret version, and a scope; which of several wins, and why the others lost.

Octopus's rules (docs, projects/variables/getting-started, "Scope specificity"): a variable applies where, for every
dimension that its scope names, at least one entry fits. Of those that apply the most specific wins, as in CSS:
dimensions are ranked, and a scope with a higher-ranked dimension beats one without it; at equal dimensions the
project's own beats one of a library set. What Octopus leaves open then is a *tie*: of those the one with fewer entries
in its highest-ranked dimension wins, then the one that was made first, and people are warned of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from fairlead.domain.composite import Composite
from fairlead.domain.ids import LibrarySetId, ProjectId, SecretVersionId
from fairlead.domain.prompt import Prompt
from fairlead.domain.tenant_template import TenantTemplate
from fairlead.domain.text import SecretRef, Text


class Dimension(StrEnum):
    """What a scope may name, most specific first.

    A variable names tags of targets by *target tag*; the place says beside it by *targeted tag* which of them its step
    targets, and a fit by one of those ranks above a fit by another tag of the target.
    """

    STEP = "step"
    TARGET = "target"
    TARGETED_TAG = "targeted_tag"
    TARGET_TAG = "target_tag"
    TENANT = "tenant"
    TENANT_TAG = "tenant_tag"
    ENVIRONMENT = "environment"
    CHANNEL = "channel"
    PROCESS = "process"

    @property
    def words(self) -> str:
        """As a sentence says it."""
        return "tag that the step targets" if self is Dimension.TARGETED_TAG else self.value.replace("_", " ")


SETTABLE = tuple(dimension for dimension in Dimension if dimension is not Dimension.TARGETED_TAG)
"""What a variable's scope may name."""

NOT_IN_A_LIBRARY_SET = frozenset({Dimension.STEP, Dimension.CHANNEL, Dimension.PROCESS})
"""What belongs to one project: a library set's variable cannot name it."""

Scope = Mapping[Dimension, frozenset[str]]
"""For each dimension that it names, the set of entries: OR inside a dimension, AND between them. Ids, not names."""


def scope_key(scope: Scope) -> str:
    """One spelling for equal scopes, so that a name has one variable for each."""
    return ";".join(f"{name}={','.join(sorted(scope[name]))}" for name in sorted(scope) if scope[name])


@dataclass(frozen=True, slots=True)
class Variable:
    """`secret` stands for the value where it is one, and `value` is then "". It belongs to a project or to a library
    set. `prompt` asks for another value at each deployment; `composite` gives it parts, which are variables too:
    ``Name.Part``."""

    id: str
    name: str
    value: str = ""
    secret: SecretVersionId | None = None
    scope: Scope = field(default_factory=dict)
    project: ProjectId | None = None
    description: str = ""
    revision: int = 1
    library_set: LibrarySetId | None = None
    prompt: Prompt | None = None
    composite: Composite | None = None

    @property
    def text(self) -> Text:
        """The value as it is handed on: a secret by reference."""
        return self.value if self.secret is None else SecretRef(self.secret, self.name)

    @property
    def is_secret(self) -> bool:
        """Whether its value is never shown."""
        return self.secret is not None

    @property
    def kind(self) -> str:
        """text, secret, certificate or account."""
        if self.composite is not None:
            return self.composite.kind.family
        return "secret" if self.is_secret else "text"

    @property
    def secrets(self) -> Iterator[SecretVersionId]:
        """Every secret version that it names, those of its parts too."""
        if self.secret is not None:
            yield self.secret
        if self.composite is not None:
            yield from self.composite.secrets.values()

    def part(self, name: str) -> Text | None:
        """The part of that name, whatever its case; None where it has none."""
        return None if self.composite is None else self.composite.part(self.name, name)


@dataclass(frozen=True, slots=True)
class VariableSnapshot:
    """A project's variables at a moment, as data; secrets as the ids of their versions. What a release freezes."""

    id: str
    project: ProjectId
    created_at: datetime
    variables: tuple[Variable, ...] = ()
    templates: tuple[TenantTemplate, ...] = ()


_BITS = {dimension: 1 << rank for rank, dimension in enumerate(reversed(Dimension))}
"""A bit for each rank, the highest first. A variable's own scope never names the targeted tags: that bit is set where
one of its tags is targeted, instead of that of the target's tags."""
_TAG, _TARGETED = _BITS[Dimension.TARGET_TAG], _BITS[Dimension.TARGETED_TAG]

Order: TypeAlias = tuple[int, int, str]
"""Ranks that are lacked, as bits; entries of the highest dimension; the id."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A variable of the name that did not win, and why."""

    variable: Variable
    reason: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """Which variable of a name holds at a place. `winner` None: none applies. `tied` are the losers that Octopus's
    rules leave open against the winner."""

    name: str
    winner: Variable | None
    losers: tuple[Lost, ...] = ()
    tied: tuple[Variable, ...] = ()


def resolve(variables: Iterable[Variable], scope: Scope) -> Resolution | None:
    """Which of these, all of one name, holds at `scope` (what is so there); None where there are none at all."""
    named = sorted(variables, key=lambda variable: variable.id)
    if not named:
        return None
    applying = [variable for variable in named if applies(variable, scope)]
    winner = min(applying, key=lambda variable: order_at(variable, scope), default=None)
    losers = tuple(Lost(variable, _why_lost(variable, winner, scope)) for variable in named if variable is not winner)
    return Resolution(named[0].name, winner, losers, _tied(applying, winner, scope))


def resolve_all(variables: Iterable[Variable], scope: Scope) -> dict[str, Resolution]:
    """For each name among them, which holds at `scope`. Names differ by case only are the same name, as in Octopus;
    the key is spelt as the first of them in the order of making."""
    named: dict[str, list[Variable]] = {}
    for variable in sorted(variables, key=lambda variable: variable.id):
        named.setdefault(variable.name.lower(), []).append(variable)
    resolved = [resolve(group, scope) for group in named.values()]
    return {found.name: found for found in resolved if found is not None}


def ties(variables: Iterable[Variable], scope: Scope) -> tuple[Resolution, ...]:
    """The names of which the rules leave open which holds there, in their order."""
    named: dict[str, list[Variable]] = {}
    for variable in variables:
        named.setdefault(variable.name.lower(), []).append(variable)
    several = (resolve(group, scope) for _, group in sorted(named.items()) if len(group) > 1)
    return tuple(found for found in several if found is not None and found.tied)


@dataclass(frozen=True, slots=True)
class VariableChange:
    """One difference between two snapshots; values of secrets are shown as the ids of their versions."""

    name: str
    scope: str
    old: str | None
    new: str | None


def differences(old: Iterable[Variable], new: Iterable[Variable]) -> tuple[VariableChange, ...]:
    """What was added (`old` None), changed and taken away (`new` None), by name and scope."""
    before = {(variable.name, scope_key(variable.scope)): _shown(variable) for variable in old}
    after = {(variable.name, scope_key(variable.scope)): _shown(variable) for variable in new}
    return tuple(
        VariableChange(name, scope, before.get((name, scope)), after.get((name, scope)))
        for name, scope in sorted(before.keys() | after.keys())
        if before.get((name, scope)) != after.get((name, scope))
    )


def _shown(variable: Variable) -> str:
    return variable.value if variable.secret is None else f"secret {variable.secret}"


def applies(variable: Variable, scope: Scope) -> bool:
    """Whether every dimension that its scope names has an entry that fits there."""
    for dimension, wanted in variable.scope.items():
        if wanted and wanted.isdisjoint(scope.get(dimension, ())):
            return False
    return True


def order_at(variable: Variable, scope: Scope) -> Order:
    """The least of those that apply is the one that holds: a bit for each rank that it lacks, highest first, the last
    for being the project's own; then how a tie is decided."""
    lacks, width = 0, 0
    for dimension, bit in _BITS.items():
        entries = variable.scope.get(dimension)
        if not entries:
            lacks |= bit
        elif not width:
            width = len(entries)
    if not lacks & _TAG and _is_targeted(variable, scope):
        lacks = (lacks | _TAG) & ~_TARGETED
    return lacks << 1 | (variable.library_set is not None), width, variable.id


def _is_targeted(variable: Variable, scope: Scope) -> bool:
    """Whether a tag of it is both one of the target's and one that the step targets."""
    here = scope.get(Dimension.TARGET_TAG, frozenset()) & scope.get(Dimension.TARGETED_TAG, frozenset())
    return not here.isdisjoint(variable.scope[Dimension.TARGET_TAG])


def _tied(applying: Iterable[Variable], winner: Variable | None, scope: Scope) -> tuple[Variable, ...]:
    if winner is None:
        return ()
    best = order_at(winner, scope)[0]
    return tuple(one for one in applying if one is not winner and order_at(one, scope)[0] == best)


def _why_lost(variable: Variable, winner: Variable | None, scope: Scope) -> str:
    if not applies(variable, scope):
        here = (
            one for one in Dimension if (wanted := variable.scope.get(one)) and wanted.isdisjoint(scope.get(one, ()))
        )
        return f"its {' and its '.join(one.words for one in here)} does not fit"
    assert winner is not None
    mine, my_width, _ = order_at(variable, scope)
    better, its_width, _ = order_at(winner, scope)
    if mine >> 1 != better >> 1:
        named = next(one for one, bit in _BITS.items() if (mine ^ better) >> 1 & bit)
        return f"another is more specific: its scope names the {named.words}"
    if variable.library_set is not None and winner.library_set is None:
        return "the project's own comes before one of a library set"
    if my_width != its_width:
        return "another names fewer entries (a tie: do not rely on it)"
    return "another of the same rank was made first (a tie: do not rely on it)"
