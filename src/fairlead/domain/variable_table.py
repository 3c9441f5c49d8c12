"""Many variables resolved for many steps and targets: what `variable.resolve` says, without asking it each time.

The ranks make layers: a variable that names a step beats every one that does not, and of the rest one that names a
target or its tag beats every other. So what holds at a place is three layers laid over one another; the lowest is one
for a whole deployment, the middle one for each target, and of the top only the variables of that step are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fairlead.domain.text import Text
from fairlead.domain.variable import Dimension, Scope, Variable, applies, order_at

_FOR_TARGETS = (Dimension.TARGET, Dimension.TARGETED_TAG, Dimension.TARGET_TAG)
_FOR_ALL = tuple(dimension for dimension in Dimension if dimension not in (Dimension.STEP, *_FOR_TARGETS))

Layer = Mapping[str, Variable]


class Holding(Mapping[str, Text]):
    """The variables that hold at one place, by name whatever its case; parts of certificates and accounts too."""

    __slots__ = ("_layers",)

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        self._layers = layers

    def variable(self, name: str) -> Variable | None:
        """The one of exactly this name that holds; None where there is none."""
        key = name.lower()
        for layer in self._layers:
            if key in layer:
                return layer[key]
        return None

    def find(self, name: str) -> Text | None:
        """The value; None where there is no such variable or part."""
        found = self.variable(name)
        if found is not None:
            return found.text
        dot = name.rfind(".")
        while dot > 0:
            owner = self.variable(name[:dot])
            if owner is not None and owner.composite is not None:
                return owner.part(name[dot + 1 :])
            dot = name.rfind(".", 0, dot)
        return None

    def __getitem__(self, name: str) -> Text:
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        keys = {key: None for layer in reversed(self._layers) for key in layer}
        for key in keys:
            found = self.variable(key)
            assert found is not None
            yield found.name
            if found.composite is not None:
                yield from (
                    part for each in found.composite.names if (part := f"{found.name}.{each}").lower() not in keys
                )

    def __len__(self) -> int:
        return sum(1 for _ in self)


class VariableTable:
    """Variables of a project and its library sets, to be asked for many places."""

    def __init__(self, variables: Iterable[Variable]) -> None:
        self._for_steps: dict[str, list[Variable]] = {}
        self._for_targets: list[Variable] = []
        self._for_all: list[Variable] = []
        for variable in sorted(variables, key=lambda variable: variable.id):
            self._put(variable)
        self._base: dict[tuple[frozenset[str], ...], Layer] = {}
        self._by_target: dict[tuple[frozenset[str], ...], Layer] = {}

    def at(self, scope: Scope) -> Holding:
        """What holds where that is so."""
        return Holding((self._of_step(scope), self._of_target(scope), self._of_all(scope)))

    def _put(self, variable: Variable) -> None:
        steps = variable.scope.get(Dimension.STEP)
        if steps:
            for step in steps:
                self._for_steps.setdefault(step, []).append(variable)
        elif any(variable.scope.get(dimension) for dimension in _FOR_TARGETS):
            self._for_targets.append(variable)
        else:
            self._for_all.append(variable)

    def _of_step(self, scope: Scope) -> Layer:
        steps = scope.get(Dimension.STEP, frozenset())
        found = [variable for step in sorted(steps) for variable in self._for_steps.get(step, ())]
        return _winners(found, scope) if found else {}

    def _of_target(self, scope: Scope) -> Layer:
        key = _key(scope, (*_FOR_TARGETS, *_FOR_ALL))
        if key not in self._by_target:
            self._by_target[key] = _winners(self._for_targets, scope)
        return self._by_target[key]

    def _of_all(self, scope: Scope) -> Layer:
        key = _key(scope, _FOR_ALL)
        if key not in self._base:
            self._base[key] = _winners(self._for_all, scope)
        return self._base[key]


def _key(scope: Scope, dimensions: tuple[Dimension, ...]) -> tuple[frozenset[str], ...]:
    """What of the place these layers depend on; of the tags that a step targets only those that the target has."""
    parts = {dimension: scope.get(dimension, frozenset[str]()) for dimension in dimensions}
    if Dimension.TARGETED_TAG in parts:
        parts[Dimension.TARGETED_TAG] &= parts[Dimension.TARGET_TAG]
    return tuple(parts.values())


def _winners(variables: Iterable[Variable], scope: Scope) -> dict[str, Variable]:
    """By key, the one that holds of those that apply."""
    best: dict[str, Variable] = {}
    for variable in variables:
        if not applies(variable, scope):
            continue
        key = variable.name.lower()
        held = best.get(key)
        if held is None or order_at(variable, scope) < order_at(held, scope):
            best[key] = variable
    return best
