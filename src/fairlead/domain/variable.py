"""Variables: a name, a value or a secret version, and a scope; which of several wins, and why the others lost.

Octopus's rules: a variable applies where, for every dimension that its scope names, at least one entry fits. Of those
that apply the most specific wins, as in CSS: dimensions are ranked, and a scope with a higher-ranked dimension beats
one without it. Where that is a tie, which Octopus leaves open, the one with fewer entries in its highest-ranked
dimension wins, then a project's own over a shared one, then the one that was made first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from fairlead.domain.ids import ProjectId, SecretVersionId
from fairlead.domain.text import SecretRef, Text


class Dimension(StrEnum):
    """What a scope may name, most specific first. Only *environment* can be set so far."""

    STEP = "step"
    TARGET = "target"
    TARGET_TAG = "target_tag"
    TENANT = "tenant"
    TENANT_TAG = "tenant_tag"
    ENVIRONMENT = "environment"
    CHANNEL = "channel"
    PROCESS = "process"


SETTABLE = frozenset({Dimension.ENVIRONMENT})

Scope = Mapping[Dimension, frozenset[str]]
"""For each dimension that it names, the set of entries: OR inside a dimension, AND between them. Ids, not names."""


def scope_key(scope: Scope) -> str:
    """One spelling for equal scopes, so that a name has one variable for each."""
    return ";".join(f"{name}={','.join(sorted(scope[name]))}" for name in sorted(scope) if scope[name])


@dataclass(frozen=True, slots=True)
class Variable:
    """`secret` stands for the value where it is one, and `value` is then "". `project` None means shared by all."""

    id: str
    name: str
    value: str = ""
    secret: SecretVersionId | None = None
    scope: Scope = field(default_factory=dict)
    project: ProjectId | None = None
    description: str = ""
    revision: int = 1

    @property
    def text(self) -> Text:
        """The value as it is handed on: a secret by reference."""
        return self.value if self.secret is None else SecretRef(self.secret, self.name)

    @property
    def is_secret(self) -> bool:
        """Whether its value is never shown."""
        return self.secret is not None


@dataclass(frozen=True, slots=True)
class VariableSnapshot:
    """A project's variables at a moment, as data; secrets as the ids of their versions. What a release freezes."""

    id: str
    project: ProjectId
    created_at: datetime
    variables: tuple[Variable, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """A variable of the name that did not win, and why."""

    variable: Variable
    reason: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """Which variable of a name holds at a place. `winner` None: none applies."""

    name: str
    winner: Variable | None
    losers: tuple[Lost, ...] = ()


def resolve(variables: Iterable[Variable], scope: Scope) -> Resolution | None:
    """Which of these, all of one name, holds at `scope` (what is so there); None where there are none at all."""
    named = sorted(variables, key=lambda variable: variable.id)
    if not named:
        return None
    applying = [variable for variable in named if _misfit(variable, scope) is None]
    winner = min(applying, key=_order, default=None)
    losers = tuple(
        Lost(variable, _misfit(variable, scope) or _why_beaten(variable, winner))
        for variable in named
        if variable is not winner
    )
    return Resolution(named[0].name, winner, losers)


def resolve_all(variables: Iterable[Variable], scope: Scope) -> dict[str, Resolution]:
    """For each name among them, which holds at `scope`. Names differ by case only are the same name, as in Octopus;
    the key is spelt as the first of them in the order of making."""
    named: dict[str, list[Variable]] = {}
    for variable in sorted(variables, key=lambda variable: variable.id):
        named.setdefault(variable.name.lower(), []).append(variable)
    resolved = [resolve(group, scope) for group in named.values()]
    return {found.name: found for found in resolved if found is not None}


def texts(resolutions: Mapping[str, Resolution]) -> dict[str, Text]:
    """The values that hold, by name."""
    return {name: found.winner.text for name, found in resolutions.items() if found.winner is not None}


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


def _misfit(variable: Variable, scope: Scope) -> str | None:
    for dimension in Dimension:
        wanted = variable.scope.get(dimension, frozenset())
        if wanted and not wanted & scope.get(dimension, frozenset()):
            return f"its {dimension.value.replace('_', ' ')} does not fit"
    return None


def _order(variable: Variable) -> tuple[tuple[bool, ...], int, bool, str]:
    named = [dimension for dimension in Dimension if variable.scope.get(dimension)]
    width = len(variable.scope[named[0]]) if named else 0
    return (
        tuple(dimension not in named for dimension in Dimension),
        width,
        variable.project is None,
        variable.id,
    )


def _why_beaten(variable: Variable, winner: Variable | None) -> str:
    if winner is None:
        return "no variable of the name applies"
    mine, better = _order(variable), _order(winner)
    if mine[0] != better[0]:
        named = next(
            dimension for dimension, lacks, has in zip(Dimension, mine[0], better[0], strict=True) if lacks != has
        )
        return f"another is more specific: its scope names the {named.value.replace('_', ' ')}"
    if mine[1] != better[1]:
        return "another names fewer entries"
    if mine[2] != better[2]:
        return "the project's own comes before a shared one"
    return "another of the same scope was made first"
