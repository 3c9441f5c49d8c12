"""What tenants give for templates, and the variables that come of it.

A value is a variable for its tenant (and environment), at the rank of those. A default stands where the tenant gives
none, at the same rank.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fairlead.domain.ids import EnvironmentId, SecretVersionId, TenantId
from fairlead.domain.tenant_template import TenantTemplate
from fairlead.domain.variable import Dimension, Scope, Variable, VariableChange

MOST_VALUES = 5_000
"""Of one tenant: they are read and changed together."""

TEMPLATE, VALUE = "tmt", "tmv"
"""How ids begin: of templates, whose defaults are variables under the template's id, and of values."""


@dataclass(frozen=True, slots=True)
class TenantValue:
    """What a tenant gives for the template of that name of the owner (a project or library set, by id); `environment`
    None: of a library set. `secret` stands for the value where it is one."""

    id: str
    owner: str
    name: str
    environment: EnvironmentId | None = None
    value: str = ""
    secret: SecretVersionId | None = None

    def is_for(self, template: TenantTemplate, environment: EnvironmentId | None) -> bool:
        """Whether it is what stands there."""
        where = environment if template.project else None
        key = (template.owner, template.parameter.name.lower(), where)
        return (self.owner, self.name.lower(), self.environment) == key


@dataclass(frozen=True, slots=True)
class TenantValues:
    """All that a tenant, whose id this has, gives."""

    id: TenantId
    values: tuple[TenantValue, ...] = ()
    revision: int = 0

    def of(self, template: TenantTemplate, environment: EnvironmentId | None) -> TenantValue | None:
        """What it gives for the template there; None: nothing, or something of another kind than is asked for now."""
        found = next((one for one in self.values if one.is_for(template, environment)), None)
        return None if found is None or (found.secret is not None) != template.is_secret else found


@dataclass(frozen=True, slots=True)
class Filled:
    """Variables with those of a tenant among them, and the templates for which it gives nothing."""

    variables: tuple[Variable, ...]
    given: tuple[Variable, ...] = ()
    missing: tuple[TenantTemplate, ...] = ()


def filled(
    frozen: Sequence[Variable],
    templates: Iterable[TenantTemplate],
    held: TenantValues,
    environment: EnvironmentId,
) -> Filled:
    """The variables with what the tenant gives in the environment, in the order of the templates."""
    given: list[Variable] = []
    missing: list[TenantTemplate] = []
    for template in templates:
        found = _variable(template, held, environment)
        if found is None:
            missing.append(template)
        else:
            given.append(found)
    return Filled((*frozen, *given), tuple(given), tuple(missing))


def _variable(template: TenantTemplate, held: TenantValues, environment: EnvironmentId) -> Variable | None:
    value, parameter = held.of(template, environment), template.parameter
    if value is None and parameter.default is None:
        return None
    scope: Scope = {Dimension.TENANT: frozenset({str(held.id)})}
    if template.project is not None:
        scope = {**scope, Dimension.ENVIRONMENT: frozenset({str(environment)})}
    made = Variable(
        template.id,
        parameter.name,
        parameter.default or "",
        scope=scope,
        project=template.project,
        library_set=template.library_set,
    )
    return made if value is None else replace(made, id=value.id, value=value.value, secret=value.secret)


def comes_from(variable: Variable) -> str:
    """VALUE where a tenant gave it, TEMPLATE where it is the default of one; "" where it is no template's."""
    return next((kind for kind in (VALUE, TEMPLATE) if variable.id.startswith(f"{kind}-")), "")


def template_changes(old: Iterable[TenantTemplate], new: Iterable[TenantTemplate]) -> tuple[VariableChange, ...]:
    """Templates that were added (`old` None), that ask for something else, and that were taken away (`new` None)."""
    before, after = ({(one.owner, one.parameter.name): _asked(one) for one in its} for its in (old, new))
    return tuple(
        VariableChange(key[1], "each tenant", before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    )


def _asked(template: TenantTemplate) -> str:
    one = template.parameter
    options = f" of {', '.join(one.options)}" if one.options else ""
    return f"a template ({one.type.value}{options}), " + ("needed" if one.default is None else f"else {one.default!r}")
