"""A step template: an action that processes share, with parameters; each save of it is a version that never changes.

An action that uses one names it, a version and the values of its parameters (Octopus: "Custom step templates"). What
the version holds is copied into the process when that is saved, so that a release's snapshot needs nothing else; which
version it was stays known, so that its users can be taken to another one, up or down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import cast

from fairlead.domain.difference import differing
from fairlead.domain.errors import Invalid
from fairlead.domain.names import VARIABLE
from fairlead.domain.record import Json, to_data

MOST_PARAMETERS = 100
MOST_OPTIONS = 200
LONGEST_VALUE = 100_000
MOST_DIFFERENCES = 50
_BOOLEANS = ("True", "False")


class ParameterType(StrEnum):
    """How people give a value. A *secret* is given as the name of a secret variable in ``#{…}``, never in clear."""

    TEXT = "text"
    MULTI_LINE = "multi-line"
    CHECKBOX = "checkbox"
    SELECT = "select"
    SECRET = "secret"


@dataclass(frozen=True, slots=True)
class Parameter:
    """``#{name}`` in the template's properties is its value. `default` None: each user must give one. `options` are
    what can be chosen of the type *select*."""

    name: str
    label: str = ""
    help: str = ""
    type: ParameterType = ParameterType.TEXT
    default: str | None = None
    options: tuple[str, ...] = ()

    def objection(self, value: str) -> str:
        """Why it cannot have this value; "" where it can. A value with ``#{…}`` is known only where it is used."""
        if len(value) > LONGEST_VALUE:
            return f"it is over {LONGEST_VALUE:,} characters"
        if self.type is ParameterType.SECRET:
            is_named = not value or (value.startswith("#{") and value.endswith("}"))
            return "" if is_named else "it is a secret: give the name of a secret variable, #{Db.Password}"
        if "#{" in value:
            return ""
        if self.type is ParameterType.CHECKBOX and value not in ("", *_BOOLEANS):
            return f"it is {' or '.join(_BOOLEANS)}"
        if self.type is ParameterType.SELECT and value and value not in self.options:
            return f"it is one of {', '.join(self.options)[:300]}"
        if self.type is not ParameterType.MULTI_LINE and "\n" in value:
            return "it has one line"
        return ""


@dataclass(frozen=True, slots=True)
class TemplateContent:
    """What one version is: the kind of action, its properties, and its parameters in order."""

    kind: str
    properties: Mapping[str, Json] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """`name` is unique whatever its case; `latest` the number of its newest version."""

    id: str
    name: str
    created_at: datetime
    latest: int
    description: str = ""
    created_by: str = ""
    revision: int = 1


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    """A version, by number from 1."""

    id: str
    template: str
    number: int
    content: TemplateContent
    created_at: datetime
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class UsedTemplate:
    """What an action uses. `parameters` are the values that it gives; `defaults` and `secrets` come from the version:
    the values of the others, and the names of those that must be secret."""

    name: str
    version: int
    parameters: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, str]:
        """Every parameter's value, by name; texts that may hold ``#{…}``."""
        return {**self.defaults, **self.parameters}


@dataclass(frozen=True, slots=True)
class Move:
    """What going from one version to another means for an action. `dropped` are values that the new one has no
    parameter for, `missing` parameters that need a value, `wrong` sentences about values that cannot stay."""

    used: UsedTemplate
    differences: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


def check(content: TemplateContent) -> TemplateContent:
    """Itself; Invalid `step_template.parameter` naming the parameter that breaks a rule."""
    check_parameters(content.parameters)
    return content


def check_parameters(parameters: Sequence[Parameter], *, code: str = "step_template.parameter") -> None:
    """Invalid `code` naming the parameter that breaks a rule."""
    if len(parameters) > MOST_PARAMETERS:
        raise _no_parameter("", f"there are {MOST_PARAMETERS} parameters at most", code)
    seen: set[str] = set()
    for one in parameters:
        if not VARIABLE.fullmatch(one.name) or re.match(r"(?i)(octopus|fairlead)\.", one.name):
            message = f"{one.name[:80]!r} is not the name of a parameter: it is named as variables are, not Octopus.…"
            raise _no_parameter(one.name, message, code)
        if one.name.lower() in seen:
            raise _no_parameter(one.name, f"two parameters are called {one.name}", code)
        seen.add(one.name.lower())
        if (one.type is ParameterType.SELECT) != bool(one.options) or len(one.options) > MOST_OPTIONS:
            raise _no_parameter(one.name, f"{one.name}: options, up to {MOST_OPTIONS}, belong to the type select", code)
        why = one.objection(one.default) if one.default else ""
        if why:
            raise _no_parameter(one.name, f"the default of {one.name}: {why}", code)


def used(name: str, version: int, content: TemplateContent, given: Mapping[str, str], *, action: str) -> UsedTemplate:
    """The version as the action uses it. Invalid `step_template.parameter_unknown`, `step_template.value_missing` or
    `step_template.value`, naming action and parameter."""
    known = {one.name.lower(): one for one in content.parameters}
    for spelt in given:
        if spelt.lower() not in known:
            raise Invalid(
                "step_template.parameter_unknown",
                f"action {action} gives {spelt[:80]}, which {name} {version} does not have",
                thing=action,
                hint=f"its parameters: {', '.join(one.name for one in content.parameters) or 'none'}",
            )
    values = {known[spelt.lower()].name: value for spelt, value in given.items()}
    for one in content.parameters:
        value = values.get(one.name)
        if value is None and one.default is None:
            raise Invalid(
                "step_template.value_missing",
                f"action {action} gives no value for {one.name}, which {name} {version} needs",
                thing=action,
                hint=f"parameters: {{{one.name}: …}}" + (f" ({one.help[:120]})" if one.help else ""),
            )
        why = one.objection(value) if value is not None else ""
        if why:
            raise Invalid("step_template.value", f"{one.name} of action {action}: {why}", thing=action)
    defaults = {one.name: one.default or "" for one in content.parameters if one.name not in values}
    secrets = tuple(one.name for one in content.parameters if one.type is ParameterType.SECRET)
    return UsedTemplate(name, version, values, defaults, secrets)


def move(held: UsedTemplate, old: TemplateContent, new: TemplateContent, to: int, given: Mapping[str, str]) -> Move:
    """What it means to go from the version that is used to another. Values stay where the other has their parameter;
    `given` are values for parameters that it has, beside or instead of them."""
    known = {one.name.lower(): one for one in new.parameters}
    values = {known[name.lower()].name: value for name, value in held.parameters.items() if name.lower() in known}
    values |= {known[name.lower()].name: value for name, value in given.items() if name.lower() in known}
    missing = tuple(one.name for one in new.parameters if one.default is None and one.name not in values)
    objections = ((name, known[name.lower()].objection(value)) for name, value in values.items())
    return Move(
        UsedTemplate(held.name, to, values),
        tuple(list(_differences(old, new))[:MOST_DIFFERENCES]),
        tuple(name for name in held.parameters if name.lower() not in known),
        missing,
        tuple(f"{name}: {why}" for name, why in objections if why),
    )


def _differences(old: TemplateContent, new: TemplateContent) -> Iterator[str]:
    if old.kind != new.kind:
        yield f"kind: was {old.kind}, is {new.kind}"
    yield from differing(to_data(dict(old.properties)), to_data(dict(new.properties)))
    before, after = _named(old.parameters), _named(new.parameters)
    yield from (f"parameter {name} is new" for name in after if name not in before)
    yield from (f"parameter {name} is gone" for name in before if name not in after)
    for name in before:
        if name in after:
            yield from differing(before[name], after[name], f"parameter {name}")


def _named(parameters: Iterable[Parameter]) -> dict[str, Json]:
    return {
        one.name: {key: held for key, held in _plain(one).items() if key not in ("is", "name")} for one in parameters
    }


def _plain(one: Parameter) -> dict[str, Json]:
    return cast("dict[str, Json]", to_data(one))


def require_ascending(numbers: Sequence[int]) -> None:
    """Invalid `step_template.version` where versions are not given once each, in order."""
    if not numbers or any(number < 1 for number in numbers) or list(numbers) != sorted(set(numbers)):
        raise Invalid(
            "step_template.version",
            f"the versions are {', '.join(map(str, numbers)) or 'none'}",
            thing="versions",
            hint="give each once, in order, the first 1 or more",
        )


def _no_parameter(name: str, message: str, code: str) -> Invalid:
    return Invalid(code, message, thing=name[:80] or "parameters")
