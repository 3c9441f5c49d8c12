"""Variables of several sources laid over one another, found by names of any case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fairlead.domain.expressions import asked_in
from fairlead.domain.substitution import names_below
from fairlead.domain.text import Text, parts_of


class Known(Mapping[str, Text]):
    """Values by name, whatever its case; of several layers the first that has the name. A layer that is no `dict` finds
    names of any case by itself (`variable_table.Holding`, `system_variables.SystemVariables`)."""

    __slots__ = ("_layers",)

    def __init__(self, *layers: Mapping[str, Text]) -> None:
        self._layers = tuple(_by_key(layer) if isinstance(layer, dict) else layer for layer in layers)

    def __getitem__(self, name: str) -> Text:
        key = name.lower()
        for layer in self._layers:
            found = layer.get(key)
            if found is not None:
                return found
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        seen: set[str] = set()
        for layer in self._layers:
            for name in layer:
                if name.lower() not in seen:
                    seen.add(name.lower())
                    yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _by_key(layer: Mapping[str, Text]) -> dict[str, Text]:
    return {name.lower(): text for name, text in layer.items()}


def needed_by(text: Text, variables: Mapping[str, Text]) -> dict[str, Text]:
    """Those of the variables that the text needs, those inside their values too: by their names in lower case, but for
    members of a collection that it goes over, whose indexes it may show."""
    needed: dict[str, Text] = {}
    spelt: dict[str, str] = {}
    wanted = _asked_in(text, variables, spelt)
    while wanted:
        name = wanted.pop().lower()
        found = variables.get(name)
        if found is not None and name not in needed:
            needed[name] = found
            wanted += _asked_in(found, variables, spelt)
    return dict(sorted((spelt.get(name, name), found) for name, found in needed.items()))


def _asked_in(text: Text, variables: Mapping[str, Text], spelt: dict[str, str]) -> list[str]:
    """The names that the text asks for; `spelt` takes up how those of collections are written."""

    def below(beginning: str) -> list[str]:
        found = list(names_below(beginning, variables))
        spelt.update((name.lower(), name) for name in found)
        return found

    texts = (part for part in parts_of(text) if isinstance(part, str) and "#{" in part)
    return [name for part in texts for name in asked_in(part, below)]
