"""Many variables resolved for many steps and targets: what `variable.resolve` says, without asking it each time.

The ranks make layers: a variable that names a step beats every one that does not, and of the rest one that names a
target or its tag beats every other. So what holds at a place is three layers laid over one another; the lowest is one
for a whole deployment, the middle one for each target, and of the top only the variables of that step are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from fairlead.domain.text import Text
from fairlead.domain.variable import Dimension, Scope, Variable, applies, order_at

_FOR_TARGETS = (Dimension.TARGET, Dimension.TARGETED_TAG, Dimension.TARGET_TAG)
_FOR_ALL = tuple(dimension for dimension in Dimension if dimension not in (Dimension.STEP, *_FOR_TARGETS))

Layer: TypeAlias = Mapping[str, Variable]
_Key: TypeAlias = tuple[frozenset[str], ...]
_NONE: frozenset[str] = frozenset()


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
        self._for_step: dict[str, list[Variable]] = {}
        self._for_target: dict[tuple[Dimension, str], list[Variable]] = {}
        self._for_all: list[Variable] = []
        for variable in variables:
            self._put(variable)
        self._base: dict[_Key, Layer] = {}
        self._on_target: dict[_Key, _OnTarget] = {}
        self._by_target: dict[_Key, Layer] = {}

    def at(self, scope: Scope) -> Holding:
        """What holds where that is so."""
        return Holding((self._of_step(scope), self._of_target(scope), self._of_all(scope)))

    def _put(self, variable: Variable) -> None:
        if steps := variable.scope.get(Dimension.STEP):
            for step in steps:
                self._for_step.setdefault(step, []).append(variable)
            return
        for dimension in _FOR_TARGETS:
            if entries := variable.scope.get(dimension):
                for entry in entries:
                    self._for_target.setdefault((dimension, entry), []).append(variable)
                return
        self._for_all.append(variable)

    def _of_step(self, scope: Scope) -> Layer:
        steps = scope.get(Dimension.STEP, ())
        return _winners([variable for step in steps for variable in self._for_step.get(step, ())], scope)

    def _of_target(self, scope: Scope) -> Layer:
        tags = scope.get(Dimension.TARGET_TAG, frozenset[str]())
        targeted = scope.get(Dimension.TARGETED_TAG, frozenset[str]()) & tags
        on_target = _key(scope, (Dimension.TARGET, Dimension.TARGET_TAG, *_FOR_ALL))
        key = (*on_target, targeted)
        if key not in self._by_target:
            if on_target not in self._on_target:
                self._on_target[on_target] = self._fitting(scope)
            self._by_target[key] = self._on_target[on_target].holding(scope)
        return self._by_target[key]

    def _fitting(self, scope: Scope) -> _OnTarget:
        found: dict[str, dict[str, Variable]] = {}
        for dimension in _FOR_TARGETS:
            for entry in scope.get(dimension, ()):
                for variable in self._for_target.get((dimension, entry), ()):
                    if applies(variable, scope):
                        found.setdefault(variable.name.lower(), {})[variable.id] = variable
        return _OnTarget({key: tuple(group.values()) for key, group in found.items()})

    def _of_all(self, scope: Scope) -> Layer:
        key = _key(scope, _FOR_ALL)
        if key not in self._base:
            self._base[key] = _winners(self._for_all, scope)
        return self._base[key]


class _OnTarget:
    """Those that apply on a target, by name. Which tags a step targets decides only where there are several."""

    def __init__(self, groups: Mapping[str, tuple[Variable, ...]]) -> None:
        self._alone = {key: group[0] for key, group in groups.items() if len(group) == 1}
        self._several = {key: group for key, group in groups.items() if len(group) > 1}

    def holding(self, scope: Scope) -> Layer:
        best = {key: min(group, key=lambda one: order_at(one, scope)) for key, group in self._several.items()}
        return {**self._alone, **best}


def _key(scope: Scope, dimensions: tuple[Dimension, ...]) -> _Key:
    """What of the place a layer depends on."""
    return tuple(scope.get(dimension, _NONE) for dimension in dimensions)


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
