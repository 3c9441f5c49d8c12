"""Processes: what one may say, and the code of each rule that it may break."""

from dataclasses import replace

import pytest

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.known_variables import Known
from fairlead.domain.process import (
    MOST_ACTIONS,
    MOST_STEPS,
    Action,
    ActionTarget,
    Process,
    ProcessStep,
    ResolvedAction,
    RunCondition,
    RunLocation,
    StartTrigger,
)
from fairlead.domain.process_rules import checked
from fairlead.domain.record import from_data, to_data
from fairlead.domain.text import Mixed, SecretRef

KINDS = ("script", "deploy-services", "manual-intervention")
ACTION = Action("Back up", "script", {"body": "pg_dump"})
STEP = ProcessStep("Back up", (ACTION,))
ON_TARGETS = ProcessStep(
    "Roll out", (Action("Copy", "script", runs_on=RunLocation.TARGETS),), target_tags=("web",), window=2
)


def code_of(*steps: ProcessStep) -> str:
    with pytest.raises(Invalid) as caught:
        checked(Process(steps), KINDS)
    return caught.value.code


def with_action(**changes: object) -> ProcessStep:
    return replace(STEP, actions=(replace(ACTION, **changes),))  # type: ignore[arg-type]


def test_a_process_that_keeps_the_rules_is_taken_as_it_is() -> None:
    process = Process((STEP, replace(ON_TARGETS, start=StartTrigger.WITH_PREVIOUS)))
    assert checked(process, KINDS) is process


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (replace(STEP, name=" Back up"), "process.name"),
        (replace(STEP, name=""), "process.name"),
        (replace(STEP, name="a[0]"), "process.name"),
        (replace(STEP, name="x" * 101), "process.name"),
        (with_action(name="two\nlines"), "process.name"),
        (replace(STEP, actions=()), "process.empty_step"),
        (replace(STEP, actions=(ACTION,) * (MOST_ACTIONS + 1)), "process.name_twice"),
        (with_action(kind="fax"), "process.kind"),
        (replace(STEP, condition=RunCondition.VARIABLE), "process.condition"),
        (replace(STEP, expression="#{If}"), "process.condition"),
        (with_action(condition=RunCondition.VARIABLE, expression=" "), "process.condition"),
        (replace(STEP, window=2), "process.window"),
        (replace(ON_TARGETS, window=-1), "process.window"),
        (replace(STEP, parallelism=0), "process.parallelism"),
        (replace(STEP, parallelism=201), "process.parallelism"),
        (replace(STEP, target_tags=("web",)), "process.place"),
        (replace(ON_TARGETS, target_tags=(), window=0), "process.place"),
        (with_action(environments=("Test",), excluded_environments=("test",)), "process.environments"),
        (with_action(is_required=True, is_disabled=True), "process.required"),
        (with_action(retries=4), "process.retries"),
        (with_action(retries=-1), "process.retries"),
        (with_action(kind="manual-intervention", retries=1), "process.retries"),
        (with_action(timeout_s=-1.0), "process.timeout"),
        (with_action(timeout_s=1e9), "process.timeout"),
        (with_action(kind="deploy-services", timeout_s=60.0), "process.timeout"),
        (with_action(kind="deploy-services", condition=RunCondition.ALWAYS), "process.services_condition"),
        (replace(with_action(kind="deploy-services"), condition=RunCondition.ALWAYS), "process.services_condition"),
    ],
)
def test_each_broken_rule_has_a_code_of_its_own(broken: ProcessStep, code: str) -> None:
    assert code_of(broken) == code


def test_names_differ_by_more_than_case() -> None:
    assert code_of(STEP, replace(STEP, name="BACK UP", actions=(replace(ACTION, name="x"),))) == "process.name_twice"
    assert code_of(STEP, replace(STEP, name="Other")) == "process.name_twice"


def test_services_are_deployed_once_at_most() -> None:
    one, two = (with_action(name=name, kind="deploy-services") for name in ("A", "B"))
    assert code_of(replace(one, name="A"), replace(two, name="B")) == "process.services_twice"


def test_a_process_has_a_length_that_people_read() -> None:
    many = [replace(STEP, name=f"s{n}", actions=(replace(ACTION, name=f"s{n}"),)) for n in range(MOST_STEPS + 1)]
    assert code_of(*many) == "process.too_long"
    actions = tuple(replace(ACTION, name=f"a{n}") for n in range(MOST_ACTIONS + 1))
    assert code_of(replace(STEP, actions=actions)) == "process.too_long"


def test_a_process_is_kept_as_data_and_read_back() -> None:
    process = Process((STEP, ON_TARGETS), is_guided=True)
    assert from_data(Process, to_data(process)) == process
    assert from_data(Process, to_data(process)).hash == process.hash
    assert replace(process, is_guided=False).hash != process.hash


def test_a_window_holds_whatever_parallelism_allows() -> None:
    assert replace(ON_TARGETS, window=2, parallelism=10).at_once == 2
    assert replace(ON_TARGETS, window=0, parallelism=3).at_once == 3


def test_a_text_of_an_action_has_its_variables_put_in_and_secrets_as_references() -> None:
    secret = SecretRef(SecretVersionId("s1"), "Db.Password")
    action = replace(ACTION, properties={"body": "connect #{db.HOST} with #{Db.Password}"})
    variables = Known({"Db.Host": "db1", "Db.Password": secret})
    on_target = replace(action, runs_on=RunLocation.TARGETS)
    resolved = ResolvedAction(on_target, "Back up", "k", ActionTarget("t1", "web-1"), variables=variables)
    assert resolved.text("body") == Mixed(("connect db1 with ", secret))
    assert resolved.text("other", "none") == "none"
    assert resolved.place == "web-1"
    assert replace(resolved, action=action).place == "local"
    assert replace(resolved, action=action, worker=ActionTarget("t2", "big")).place == "big"


def test_a_text_that_names_an_unknown_variable_says_where() -> None:
    resolved = ResolvedAction(replace(ACTION, properties={"body": "#{Nowhere}"}), "Back up", "k")
    with pytest.raises(Invalid, match="body of Back up"):
        resolved.text("body")
