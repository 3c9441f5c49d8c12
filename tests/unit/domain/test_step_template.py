"""Step templates: their parameters, how actions use a version, and what going to another one means."""

import pytest

from fairlead.domain.errors import Invalid
from fairlead.domain.step_template import (
    Parameter,
    ParameterType,
    TemplateContent,
    UsedTemplate,
    check,
    move,
    require_ascending,
    used,
)

DATABASE = Parameter("Database", help="which one")
FORMAT = Parameter("Format", type=ParameterType.SELECT, default="plain", options=("plain", "custom"))
PASSWORD = Parameter("Password", type=ParameterType.SECRET)
ONE = TemplateContent("script", {"script": "dump #{Database}"}, (DATABASE, FORMAT, PASSWORD))


def code_of(*parameters: Parameter) -> str:
    with pytest.raises(Invalid) as caught:
        check(TemplateContent("script", {}, parameters))
    return caught.value.code


@pytest.mark.parametrize(
    "wrong",
    [
        (Parameter("a b }"),),
        (Parameter("Octopus.Release.Number"),),
        (Parameter("A"), Parameter("a")),
        (Parameter("A", type=ParameterType.SELECT),),
        (Parameter("A", options=("x",)),),
        (Parameter("A", type=ParameterType.SELECT, options=("x",), default="y"),),
        (Parameter("A", type=ParameterType.CHECKBOX, default="yes"),),
        (Parameter("A", type=ParameterType.SECRET, default="in clear"),),
        (Parameter("A", default="two\nlines"),),
    ],
)
def test_a_parameter_that_breaks_a_rule_is_refused(wrong: tuple[Parameter, ...]) -> None:
    assert code_of(*wrong) == "step_template.parameter"


def test_values_of_any_case_and_defaults_are_what_an_action_uses() -> None:
    found = used("Dump", 3, check(ONE), {"database": "books", "Password": "#{Db.Password}"}, action="Back up")
    assert found.values == {"Database": "books", "Password": "#{Db.Password}", "Format": "plain"}
    assert (found.parameters, found.defaults) == (
        {"Database": "books", "Password": "#{Db.Password}"},
        {"Format": "plain"},
    )
    assert found.secrets == ("Password",)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Database": "a", "Password": "#{P}", "Other": "x"}, "step_template.parameter_unknown"),
        ({"Password": "#{P}"}, "step_template.value_missing"),
        ({"Database": "a", "Password": "in clear"}, "step_template.value"),
        ({"Database": "a", "Password": "#{P}", "Format": "tar"}, "step_template.value"),
    ],
)
def test_values_that_do_not_fit_are_refused(given: dict[str, str], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        used("Dump", 3, ONE, given, action="Back up")
    assert caught.value.code == code
    assert "in clear" not in str(caught.value)


def test_a_move_keeps_what_fits_and_says_what_does_not() -> None:
    held = UsedTemplate("Dump", 1, {"Database": "books", "Format": "custom", "Password": "#{P}"})
    host, other = Parameter("Host"), Parameter("format", type=ParameterType.SELECT, options=("plain", "tar"))
    two = TemplateContent("script", {"script": "dump -h #{Host} #{Database}"}, (DATABASE, host, other))
    found = move(held, ONE, two, 2, {})
    assert found.used == UsedTemplate("Dump", 2, {"Database": "books", "format": "custom"})
    assert (found.dropped, found.missing) == (("Password",), ("Host",))
    assert [one.partition(":")[0] for one in found.wrong] == ["format"]
    assert any(one.startswith("script: was") for one in found.differences)
    assert {"parameter Host is new", "parameter Password is gone"} <= set(found.differences)
    better = move(held, ONE, two, 2, {"host": "db", "format": "tar"})
    assert (better.missing, better.wrong, better.used.parameters["Host"]) == ((), (), "db")


@pytest.mark.parametrize("numbers", [[], [0], [2, 1], [1, 1]])
def test_versions_are_given_in_order(numbers: list[int]) -> None:
    with pytest.raises(Invalid):
        require_ascending(numbers)
