"""Run conditions: by the error state, or by an expression alone."""

import pytest

from fairlead.domain.condition import Condition, condition_of, why_not
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import ProjectId, SecretVersionId
from fairlead.domain.known_variables import Known
from fairlead.domain.process import RunCondition
from fairlead.domain.text import SecretRef, Text
from fairlead.domain.variable import Variable
from fairlead.domain.variable_table import VariableTable

UNLESS_ERROR = "#{unless Octopus.Deployment.Error}true#{/unless}"


def runs(condition: Condition, *, error: str = "", **known: Text) -> bool:
    held = {name.replace("_", ".").lower(): value for name, value in known.items()}
    return not why_not(condition, error, held)


@pytest.mark.parametrize(
    ("on", "before", "after"),
    [(RunCondition.SUCCESS, True, False), (RunCondition.FAILURE, False, True), (RunCondition.ALWAYS, True, True)],
)
def test_the_error_state_decides(on: RunCondition, before: bool, after: bool) -> None:
    assert runs(Condition(on)) is before
    assert runs(Condition(on), error="it broke") is after


def of(expression: str, **variables: Text) -> Condition:
    return condition_of(RunCondition.VARIABLE, expression, Known(variables))


def test_a_variable_condition_runs_whatever_failed_unless_it_asks() -> None:
    assert runs(of("true"), error="it broke")
    assert runs(of(UNLESS_ERROR))
    assert not runs(of(UNLESS_ERROR), error="it broke", Octopus_Deployment_Error="it broke")


@pytest.mark.parametrize("falsy", ["", "0", "False", " no ", "#{Nowhere}", "#{if Nowhere}true#{/if}"])
def test_what_is_falsy_or_undefined_does_not_run(falsy: str) -> None:
    assert not runs(of(falsy))


def test_values_known_beforehand_are_kept_with_those_inside_them_and_no_others() -> None:
    condition = of("#{Deploy}", deploy="#{Really}", Really="yes", Other="big")
    assert condition.variables == {"deploy": "#{Really}", "really": "yes"}
    assert runs(condition)


def test_what_became_known_on_the_way_comes_before_what_was_known() -> None:
    assert not runs(of("#{Go}", Go="yes"), Go="no")


def test_a_secret_is_not_looked_into() -> None:
    with pytest.raises(Invalid) as caught:
        runs(of("#{Password}", Password=SecretRef(SecretVersionId("s"), "Password")))
    assert caught.value.code == "variable.secret"
    with pytest.raises(Invalid):
        runs(of('#{if Password == "x"}true#{/if}', Password=SecretRef(SecretVersionId("s"), "Password")))


def test_an_expression_goes_over_a_collection_and_sees_its_indexes_as_they_are_written() -> None:
    hosts: dict[str, Text] = {"Host[Web].Port": "80", "Host[Db].Port": "#{Port}", "port": "5432"}
    holding = VariableTable(
        Variable(f"{number:04d}", name, str(value), project=ProjectId("p"))
        for number, (name, value) in enumerate(hosts.items())
    ).at({})
    needs = '#{each h in Host}#{if h.Port == "5432"}#{if h == "Db"}true#{/if}#{/if}#{/each}'
    condition = condition_of(RunCondition.VARIABLE, needs, Known(holding))
    assert set(condition.variables) == {"Host[Web].Port", "Host[Db].Port", "port"}
    assert runs(condition)
