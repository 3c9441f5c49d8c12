"""Tenant variable templates: what each tenant is asked for, by a project or by a library set.

As in Octopus ("Tenant variables"): a project's template asks each connected tenant for a value in each environment in
which it is connected; one of a library set asks each tenant of a project that includes the set for one value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import LibrarySetId, ProjectId
from fairlead.domain.step_template import LONGEST_VALUE, Parameter, ParameterType, check_parameters


@dataclass(frozen=True, slots=True)
class TenantTemplate:
    """A template of a project or of a library set, whose one is None; `parameter` is what is asked for."""

    id: str
    parameter: Parameter
    project: ProjectId | None = None
    library_set: LibrarySetId | None = None

    @property
    def owner(self) -> str:
        """Whose it is, by id."""
        return str(self.project or self.library_set)

    @property
    def is_secret(self) -> bool:
        """Whether values of it are kept as secrets."""
        return self.parameter.type is ParameterType.SECRET


@dataclass(frozen=True, slots=True)
class TemplateList:
    """The templates of a project or library set, whose id this has, in order."""

    id: str
    templates: tuple[TenantTemplate, ...] = ()
    revision: int = 0

    def named(self, name: str) -> TenantTemplate | None:
        """The one of that name, whatever its case; None where there is none."""
        return next((one for one in self.templates if one.parameter.name.lower() == name.lower()), None)


def check_templates(parameters: Sequence[Parameter]) -> Sequence[Parameter]:
    """Themselves; Invalid `tenant.template` naming the one that breaks a rule."""
    check_parameters(parameters, code="tenant.template")
    return parameters


def check_value(parameter: Parameter, value: str) -> str:
    """Itself; Invalid `tenant.value`."""
    if parameter.type is ParameterType.SECRET:
        why = f"it is over {LONGEST_VALUE:,} characters" if len(value) > LONGEST_VALUE else ""
    else:
        why = parameter.objection(value)
    is_needed = parameter.default is None or parameter.type is ParameterType.SECRET
    if not why and is_needed and not value.strip():
        why = "it is not blank"
    if why:
        hint = parameter.help[:200] or "take the value away instead, where a default is meant to stand"
        raise Invalid("tenant.value", f"{parameter.name}: {why}", thing=parameter.name, hint=hint)
    return value
