"""Whether a step or an action runs: by what failed before it, or by an expression (Octopus's run conditions).

*Success*, *failure* and *always* go by the error state; a *variable* condition goes by its expression alone, which may
ask for it: ``#{unless Octopus.Deployment.Error}true#{/unless}`` (Octopus docs, projects/steps/conditions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.domain.errors import Invalid
from fairlead.domain.known_variables import needed_by
from fairlead.domain.process import RunCondition
from fairlead.domain.substitution import substitute
from fairlead.domain.template.evaluation import is_truthy
from fairlead.domain.text import Text

DEPLOYMENT_ERROR = "Deployment.Error"
"""The variable, under ``Octopus.`` and ``Fairlead.``, that says what failed first in the deployment."""


@dataclass(frozen=True, slots=True)
class Condition:
    """When something runs. `variables` are those that the expression needs, as far as they are known beforehand."""

    on: RunCondition = RunCondition.SUCCESS
    expression: str = ""
    variables: Mapping[str, Text] = field(default_factory=dict)


SUCCESS = Condition()


def condition_of(on: RunCondition, expression: str, variables: Mapping[str, Text]) -> Condition:
    """The condition with those of the variables that it needs, those inside their values too. `variables` finds names
    in any case (`known_variables.Known`)."""
    if on is not RunCondition.VARIABLE:
        return Condition(on)
    return Condition(on, expression, needed_by(expression, variables))


def when_told(condition: Condition | None) -> str:
    """When it runs, as a plan says it; "" where that is as everybody expects: nothing before it failed."""
    match condition.on if condition else RunCondition.SUCCESS:
        case RunCondition.FAILURE:
            return "only if something before it failed"
        case RunCondition.ALWAYS:
            return "whatever failed before it"
        case RunCondition.VARIABLE if condition:
            return f"only if this is true: {condition.expression[:200]}"
        case _:
            return ""


def why_not(condition: Condition, error: str, known: Mapping[str, Text]) -> str:
    """Why it does not run, "" where it does. `error` says what failed before it, "" where nothing did; `known` is
    what became known on the way (outputs of earlier steps, the deployment's error), by names in lower case.

    `Invalid` `variable.secret` where the expression would look into a secret, `variable.circular` for a circle.
    """
    match condition.on:
        case RunCondition.SUCCESS:
            return "something before it failed" if error else ""
        case RunCondition.FAILURE:
            return "" if error else "nothing before it failed"
        case RunCondition.ALWAYS:
            return ""
        case RunCondition.VARIABLE:
            return "" if _is_true(condition, known) else f"its condition is not true: {condition.expression[:200]}"


def _is_true(condition: Condition, known: Mapping[str, Text]) -> bool:
    by_key = {name.lower(): text for name, text in condition.variables.items()}

    def value_of(name: str) -> Text | None:
        found = known.get(name.lower())
        return by_key.get(name.lower()) if found is None else found

    try:
        found = substitute(
            condition.expression, value_of, where="its condition", names={**condition.variables, **known}
        )
    except Invalid as invalid:
        if invalid.code == "variable.unknown":
            return False  # what is not defined is false
        raise
    if not isinstance(found, str):
        raise Invalid("variable.secret", "the condition would look into the value of a secret", thing="its condition")
    return is_truthy(found)
