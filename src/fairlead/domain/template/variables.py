"""A set of variables by name, and what a template makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from fairlead.domain.template.bindings import Binding, bind
from fairlead.domain.template.evaluation import Circular, Filter, Findings, Scope, evaluate, is_truthy
from fairlead.domain.template.filters import FIXED, filters
from fairlead.domain.template.filters.text import whole
from fairlead.domain.template.reading import Unreadable, read, read_leniently, read_path
from fairlead.domain.template.tree import paths_in, shown


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a template made. `text` is None where ``#{ | null}`` was asked for; `error` says what had no value."""

    text: str | None
    missing: tuple[str, ...] = ()
    unread: str = ""

    @property
    def error(self) -> str:
        """What had no value, or why the text is no template (`unread`); "" where neither."""
        if self.unread:
            return self.unread
        told = ", ".join(f"'{token}'" for token in self.missing)
        return f"The following tokens were unable to be evaluated: {told}" if told else ""


class Variables:
    """Variables by name, whatever its case; later ones take the place of earlier ones of the name.

    `evaluate` raises `Invalid` `variable.circular` where variables need each other, `TooLarge` beyond the bounds.
    """

    def __init__(
        self,
        values: Mapping[str, str | None],
        *,
        now: Callable[[], datetime] | None = None,
        more_filters: Mapping[str, Filter] | None = None,
    ) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, str | None] = {}
        for name, value in values.items():
            self._names.setdefault(name.casefold(), name)
            self._values[name.casefold()] = value
        self._filters = {**(filters(now) if now else FIXED), **(more_filters or {})}

    @property
    def names(self) -> tuple[str, ...]:
        """As they were first written."""
        return tuple(self._names.values())

    def raw(self, name: str) -> str | None:
        """The value as it was set, not evaluated."""
        return self._values.get(name.casefold())

    def get(self, name: str) -> Evaluated | None:
        """The value evaluated, without a text where it is none; None where there is no variable of the name."""
        if name.casefold() not in self._values:
            return None
        value = self.raw(name)
        return Evaluated(None) if value is None else self.evaluate(value)

    def evaluate(self, template: str, *, is_lenient: bool = False) -> Evaluated:
        """The template with its tokens replaced. One that cannot be read is the text it is, whole; with `is_lenient`
        what can be read of it is replaced all the same."""
        try:
            tokens = read_leniently(template) if is_lenient else read(template)
        except Unreadable as unreadable:
            return Evaluated(template, unread=f"The template cannot be read: {unreadable}")
        findings = Findings()
        try:
            text = evaluate(tokens, Scope(self._bound, self._filters), findings)
        except Circular as circular:
            raise circular.as_invalid() from circular
        return Evaluated(None if findings.is_null else text, tuple(findings.missing))

    def is_true(self, template: str) -> bool:
        """Whether the template makes something truthy of values that are all there."""
        found = self.evaluate(template)
        return not found.error and found.text is not None and is_truthy(found.text)

    def flag(self, name: str, default: bool = False) -> bool:
        """The variable as true or false; the default where it is neither."""
        found = self.get(name)
        return {"true": True, "false": False}.get((found.text or "").strip().lower() if found else "", default)

    def number(self, name: str) -> int | None:
        """The variable as a whole number; None where it is none."""
        found = self.get(name)
        return whole(found.text) if found and found.text else None

    def indexes(self, collection: str) -> tuple[str, ...]:
        """The indexes that variables have below that path, in the order of their making."""
        path = read_path(collection)
        at: Binding | None = self._bound
        for step in path.steps if path else ():
            at = (at.names.get(step.key) or at.indexes.get(step.key)) if at else None
        return tuple(one.index for one in at.indexes.values()) if at and path else ()

    def as_json(self) -> str:
        """All of them by name, as set, for a file that scripts read."""
        return json.dumps(self._by_name, indent=2, ensure_ascii=False)

    @property
    def _by_name(self) -> dict[str, str | None]:
        return {self._names[key]: value for key, value in self._values.items()}

    @cached_property
    def _bound(self) -> Binding:
        return bind(self._by_name)


def names_in(template: str) -> tuple[str, ...]:
    """The paths that a template asks for by name, each once; not those of a loop's items. One whose index is known only
    by its value is told up to that index: ``A[#{B}].C`` asks for ``A`` and ``B``."""
    paths = paths_in(read_leniently(template))
    return tuple(dict.fromkeys(shown(path.known_beginning) for path in paths))
