"""A process resolved for one deployment: who runs what, what is left out and why, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fairlead.domain.environment import Environment
from fairlead.domain.errors import FairleadError
from fairlead.domain.ids import EnvironmentId, TargetId, TenantId
from fairlead.domain.process import (
    NO_CHOICE,
    Action,
    NoTarget,
    PackageRedeployment,
    Process,
    ProcessChoice,
    ProcessStep,
    RunCondition,
    RunLocation,
)
from fairlead.domain.system_variables import SystemVariables
from fairlead.domain.target import Target, TargetKind
from fairlead.domain.tenant import Tenant
from fairlead.domain.variable import Dimension, Variable
from fairlead.domain.variable_table import VariableTable
from fairlead.steps.process_resolved import ResolvedProcess
from fairlead.usecases.process_resolving import resolve_process
from fairlead.usecases.process_surroundings import Surroundings

TEST, OTHER = EnvironmentId("env-test"), EnvironmentId("env-other")
AT = datetime(2026, 1, 1, tzinfo=UTC)


def target(name: str, *tags: str, environment: EnvironmentId = TEST, **more: Any) -> Target:
    return Target(TargetId(f"tgt-{name}"), name, TargetKind.LOCAL, AT, (environment,), tags, **more)


TARGETS = (
    target("Web 2", "web"),
    target("web 1", "Web", "big"),
    target("db", "db"),
    target("off", "web", is_enabled=False),
    target("elsewhere", "web", environment=OTHER),
)
ENVIRONMENT = Environment(TEST, "Test", 0)
SYSTEM = SystemVariables({"Environment.Name": "Test", "Release.Notes": "theirs"})


def action(name: str = "Copy", **more: Any) -> Action:
    return Action(name, "script", **{"runs_on": RunLocation.TARGETS, **more})


def step(*actions: Action, name: str = "", **more: Any) -> ProcessStep:
    given = {"target_tags": ("web",), **more}
    return ProcessStep(name or actions[0].name, actions, **given)


def resolved(
    *steps: ProcessStep, choice: ProcessChoice = NO_CHOICE, variables: tuple[Variable, ...] = (), **more: Any
) -> ResolvedProcess:
    process = Process(
        steps, **{key: more.pop(key) for key in ("no_target", "is_guided", "package_redeployment") if key in more}
    )
    scope = {Dimension.ENVIRONMENT: frozenset({str(TEST)})}
    table = VariableTable(variables)
    environment = replace(ENVIRONMENT, is_guided=more.pop("environment_is_guided", False))
    return resolve_process(Surroundings(process, choice, environment, "Default", SYSTEM, TARGETS, table, scope, **more))


def names(process: ResolvedProcess, at: int = 0) -> list[str]:
    return [place.target.name if place.target else "" for place in process.steps[at].places]


@pytest.mark.parametrize(
    ("environment", "process", "deployment", "is_guided"),
    [
        (False, None, None, False),
        (True, None, None, True),
        (True, False, None, False),
        (False, True, None, True),
        (True, False, True, True),
        (True, True, False, False),
        (True, None, False, False),
    ],
)
def test_a_failure_is_guided_as_the_deployment_says_else_the_process_else_the_environment(
    environment: bool, process: bool | None, deployment: bool | None, is_guided: bool
) -> None:
    choice = ProcessChoice(is_guided=deployment)
    found = resolved(step(action()), choice=choice, is_guided=process, environment_is_guided=environment)
    assert found.is_guided is is_guided


def code_of(*steps: ProcessStep, **more: Any) -> str:
    with pytest.raises(FairleadError) as caught:
        resolved(*steps, **more)
    return caught.value.code


def test_a_step_runs_on_enabled_targets_of_the_environment_with_one_of_its_tags_by_name() -> None:
    assert names(resolved(step(action()))) == ["web 1", "Web 2"]
    assert names(resolved(step(action(), target_tags=("big", "DB")))) == ["db", "web 1"]
    assert names(resolved(step(action(runs_on=RunLocation.SERVER), target_tags=()))) == [""]


def test_a_step_that_no_target_matches_is_refused_or_left_out_as_the_process_says() -> None:
    nobody = step(action(), target_tags=("mainframe",))
    assert code_of(nobody) == "process.no_target"
    assert resolved(nobody, no_target=NoTarget.SKIP).steps[0].skipped == "no target in Test has the tag mainframe"


def test_a_step_that_is_left_out_anyway_needs_no_target() -> None:
    nobody = step(action(environments=("Production",)), target_tags=("mainframe",))
    assert resolved(nobody).steps[0].skipped == "it is only for Production"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"environments": ("Production", "Stage")}, "it is only for Production, Stage"),
        ({"environments": ("test",)}, ""),
        ({"excluded_environments": ("TEST",)}, "it is not for Test"),
        ({"excluded_environments": ("Production",)}, ""),
        ({"channels": ("Hotfix",)}, "it is only for the channel Hotfix"),
        ({"channels": ("default",)}, ""),
        ({"is_disabled": True}, "it is disabled"),
        ({"tenant_tags": ("Region/EU", "Region/US")}, ""),
        ({"tenant_tags": ("Region/US",)}, "it is only for tenants with Region/US"),
        ({"tenant_tags": ("Region/EU", "Size/Big")}, "it is only for tenants with Region/EU, Size/Big"),
    ],
)
def test_what_is_left_out_says_why(more: dict[str, Any], reason: str) -> None:
    found = resolved(step(action(**more)), tenant=Tenant(TenantId("ten-1"), "Acme", tags=("region/eu",)))
    assert found.steps[0].skipped == reason


def test_one_action_of_a_step_may_be_left_out_alone() -> None:
    found = resolved(step(action("Copy"), action("Check", is_disabled=True)))
    assert [one.skipped for one in found.steps[0].places[0].actions] == ["", "it is disabled"]


def test_steps_and_actions_are_skipped_by_name_but_not_required_ones() -> None:
    two = (step(action("Copy"), action("Check"), name="Roll out"), step(action("Tell")))
    skipped = [one.skipped for one in resolved(*two, choice=ProcessChoice(skip=("roll OUT",))).steps]
    assert skipped == ["somebody chose to skip it", ""]
    alone = resolved(*two, choice=ProcessChoice(skip=("Check",))).steps[0]
    assert [one.skipped for one in alone.places[0].actions] == ["", "somebody chose to skip it"]
    with pytest.raises(FairleadError) as unknown:
        resolved(*two, choice=ProcessChoice(skip=("Nothing",)))
    assert (unknown.value.code, unknown.value.hint) == ("process.step_unknown", "there are Roll out, Copy, Check, Tell")
    required = step(action("Copy"), action("Check", is_required=True), name="Roll out")
    assert code_of(required, choice=ProcessChoice(skip=("Roll out",))) == "process.skip_required"
    assert not resolved(required, choice=ProcessChoice(skip=("Copy",))).steps[0].skipped


def test_targets_are_chosen_or_left_out_by_name_or_id() -> None:
    only, without = ProcessChoice(only_targets=("WEB 1",)), ProcessChoice(without_targets=("tgt-web 1",))
    assert names(resolved(step(action()), choice=only)) == ["web 1"]
    assert names(resolved(step(action()), choice=without)) == ["Web 2"]
    both = ProcessChoice(only_targets=("db",))
    found = resolved(step(action()), step(action("Db"), target_tags=("db",)), choice=both)
    assert [one.skipped for one in found.steps] == ["all of its targets are left out of this deployment", ""]


EITHER = "name either those that it runs on, or those that it does not"


@pytest.mark.parametrize(
    ("choice", "code", "hint"),
    [
        (ProcessChoice(only_targets=("db",)), "process.target_unknown", "there are web 1, Web 2"),
        (ProcessChoice(without_targets=("elsewhere",)), "process.target_unknown", "there are web 1, Web 2"),
        (ProcessChoice(only_targets=("web 1",), without_targets=("Web 2",)), "process.target_choice", EITHER),
    ],
)
def test_a_choice_that_cannot_be_is_refused(choice: ProcessChoice, code: str, hint: str) -> None:
    with pytest.raises(FairleadError) as refused:
        resolved(step(action()), choice=choice)
    assert (refused.value.code, refused.value.hint) == (code, hint)


def test_a_window_holds_and_a_higher_parallelism_beside_it_is_warned_of() -> None:
    stated = Variable("v", "Octopus.Action.MaxParallelism", "20")
    assert resolved(step(action())).steps[0].at_once == 10
    assert resolved(step(action()), variables=(stated,)).steps[0].at_once == 20
    found = resolved(step(action(), window=2), variables=(stated,))
    assert found.steps[0].at_once == 2
    assert found.warnings == ("step Copy: its window of 2 holds, the parallelism of 20 is ignored",)
    assert resolved(step(action(), window=2)).warnings == ()


def test_variables_hold_for_the_step_and_the_target_and_the_products_own_stand_behind_them() -> None:
    on_step = {Dimension.STEP: frozenset({"copy"})}
    on_target = {Dimension.TARGET: frozenset({"tgt-web 1"})}
    variables = (
        Variable("1", "Port", "80"),
        Variable("2", "Port", "81", scope=on_step),
        Variable("3", "Port", "82", scope={**on_step, **on_target}),
        Variable("4", "Octopus.Release.Notes", "mine"),
    )
    places = resolved(step(action()), step(action("Other")), variables=variables).steps[0].places
    held = [place.actions[0].resolved.variables for place in places]
    assert [one["port"] for one in held] == ["82", "81"]
    assert [one["octopus.machine.name"] for one in held] == ["web 1", "Web 2"]
    wanted = ("Octopus.Release.Notes", "Fairlead.Environment.Name", "Octopus.Action.Name", "Octopus.Machine.Roles")
    assert [held[0][name] for name in wanted] == ["mine", "Test", "Copy", "Web,big"]


def test_a_condition_carries_the_variables_that_it_needs_and_no_others() -> None:
    asked = {"condition": RunCondition.VARIABLE, "expression": "#{Go}"}
    found = resolved(
        step(action(**asked), **asked), variables=(Variable("1", "Go", "yes"), Variable("2", "Other", "x"))
    )
    assert found.steps[0].when.variables == {"go": "yes"}
    assert found.steps[0].places[0].actions[0].when.variables == {"go": "yes"}


def test_a_worker_is_the_first_of_its_pool_and_the_server_where_none_is_named() -> None:
    on_worker = action(runs_on=RunLocation.WORKER)
    pooled = resolved(step(replace(on_worker, worker_pool="big"), target_tags=()))
    worker = pooled.steps[0].places[0].actions[0].resolved.worker
    assert worker is not None and worker.name == "web 1"
    assert resolved(step(on_worker, target_tags=())).steps[0].places[0].actions[0].resolved.worker is None
    assert code_of(step(replace(on_worker, worker_pool="none"), target_tags=())) == "process.no_worker"


def test_keys_of_actions_are_their_names_and_their_targets() -> None:
    keys = [place.actions[0].resolved.key for place in resolved(step(action())).steps[0].places]
    assert keys == ["[Copy][web 1]", "[Copy][Web 2]"]


@pytest.mark.parametrize(
    ("said", "chosen", "reuses"), [("always", False, False), ("skip", False, True), ("skip", True, False)]
)
def test_a_package_is_used_again_where_the_process_says_so_and_nobody_chose_otherwise(
    said: str, chosen: bool, reuses: bool
) -> None:
    made = resolved(
        step(action()),
        package_redeployment=PackageRedeployment(said),
        choice=ProcessChoice(redeploys_packages=chosen),
    )
    assert [one.resolved.reuses_package for place in made.steps[0].places for one in place.actions] == [reuses, reuses]


@pytest.mark.parametrize(
    ("value", "held", "warned"),
    [
        ("3", 3, ""),
        ("#{Few}", 2, ""),
        ("1000", 200, ""),
        ("0", 1, ""),
        ("many", 10, "Octopus.Action.MaxParallelism is no number, so its own parallelism of 10 holds"),
        ("#{Nowhere}", 10, "Octopus.Action.MaxParallelism cannot be read"),
    ],
)
def test_a_variable_says_how_many_targets_and_steps_of_a_group_are_in_hand_at_once(
    value: str, held: int, warned: str
) -> None:
    stated = (Variable("v", "Octopus.Action.MaxParallelism", value), Variable("w", "Few", "2"))
    found = resolved(step(action()), variables=stated)
    assert (found.steps[0].at_once, found.steps[0].parallelism) == (held, held)
    assert bool(found.warnings) == bool(warned) and warned in "".join(found.warnings)


def test_it_may_be_for_one_step_and_by_our_own_name() -> None:
    on_step = {Dimension.STEP: frozenset({"copy"})}
    stated = (Variable("v", "Fairlead.Action.MaxParallelism", "4", scope=on_step),)
    found = resolved(step(action()), step(action("Other")), variables=stated)
    assert [one.at_once for one in found.steps] == [4, 10]
