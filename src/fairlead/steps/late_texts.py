"""Texts of actions that may name what becomes known only on the way: outputs of earlier steps, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain.known_variables import needed_by
from fairlead.domain.output_variables import becomes_known
from fairlead.domain.process import ResolvedAction
from fairlead.domain.substitution import substitute
from fairlead.domain.text import Text
from fairlead.formats.configuration import FAILS


def late(resolved: ResolvedAction, texts: Mapping[str, str]) -> dict[str, Text]:
    """The variables that the texts need, by name, for an effect that fills them in when it begins
    (`filled_in.known_at`). `texts` are by the names of their properties: Invalid `variable.unknown` names the one that
    needs what nobody will give. What says that a text without a value fails goes with them."""

    def value_of(name: str) -> Text | None:
        found = resolved.variables.get(name)
        return "" if found is None and becomes_known(name) else found

    needed: dict[str, Text] = {}
    for property, text in texts.items():
        substitute(text, value_of, where=f"{property} of {resolved.action.name}", names=resolved.variables)
        needed |= needed_by(text, resolved.variables)
    return needed | {name: found for name in FAILS if (found := resolved.variables.get(name)) is not None}
