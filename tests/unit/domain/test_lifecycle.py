"""Lifecycles: where a release may go, and what happens by itself."""

from dataclasses import replace

import pytest

from fairlead.domain.environment import Environment
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import EnvironmentId, LifecycleId
from fairlead.domain.lifecycle import (
    Lifecycle,
    Phase,
    begun_by_itself,
    check_phases,
    held_back,
    may_deploy,
    next_environments,
    phase_of,
    resolved,
)

TEST, STAGE, EAST, WEST = (EnvironmentId(name) for name in ("test", "stage", "east", "west"))
LIFECYCLE = Lifecycle(
    LifecycleId("l"),
    "Default",
    (
        Phase("Test", (TEST,), automatic=True),
        Phase("Stage", (STAGE,), is_optional=True, automatic=True),
        Phase("Production", (EAST, WEST), needs_approval=True, minimum=1),
        Phase("Archive", (EnvironmentId("archive"),)),
    ),
)


def environments(*names: str) -> list[Environment]:
    """Those with a question mark ask for approval."""
    return [
        Environment(EnvironmentId(name.lower().strip("?")), name.strip("?"), order, asks_approval="?" in name)
        for order, name in enumerate(names)
    ]


def test_without_phases_each_environment_is_one_the_first_automatic_and_those_ask_that_ask() -> None:
    phases = resolved(Lifecycle(LifecycleId("l"), "Default"), environments("Test", "Stage", "Production?")).phases
    assert [(phase.name, phase.automatic, phase.needs_approval) for phase in phases] == [
        ("Test", True, False),
        ("Stage", False, False),
        ("Production", False, True),
    ]


def test_an_approval_expires_as_its_environment_says_or_its_phase() -> None:
    known = [replace(one, approval_expires_s=3600) for one in environments("Test?", "Stage", "Production?")]
    phases = resolved(Lifecycle(LifecycleId("l"), "Default"), known).phases
    assert [phase.approval_expires_s for phase in phases] == [0, 0, 3600], "where nobody is asked nothing expires"
    stated = (Phase("Live", (EAST,), needs_approval=True, approval_expires_s=60),)
    assert resolved(Lifecycle(LifecycleId("l"), "L", stated), known).phases == stated


@pytest.mark.parametrize("expires_s", [-1, 365 * 86_400 + 1])
def test_an_approval_expires_within_a_year_and_only_where_one_is_asked_for(expires_s: int) -> None:
    for phase in (
        Phase("Live", (EAST,), needs_approval=True, approval_expires_s=expires_s),
        Phase("Live", (EAST,), approval_expires_s=60),
    ):
        with pytest.raises(Invalid) as refused:
            check_phases([phase], {})
        assert refused.value.code == "lifecycle.phases" and "Live" in refused.value.message


def test_the_only_environment_is_automatic_and_asks_nobody() -> None:
    [phase] = resolved(Lifecycle(LifecycleId("l"), "Default"), environments("Production?")).phases
    assert (phase.automatic, phase.needs_approval) == (True, False)


def test_stated_phases_stay_as_they_are() -> None:
    assert resolved(LIFECYCLE, environments("Test")) == LIFECYCLE


def test_a_phase_without_environments_has_all_that_no_earlier_one_names() -> None:
    line = Lifecycle(LifecycleId("l"), "L", (Phase("Test", (TEST,)), Phase("Rest", (), minimum=5), Phase("None", ())))
    phases = resolved(line, environments("Test", "East", "West")).phases
    assert [(phase.environments, phase.minimum) for phase in phases] == [((TEST,), 0), ((EAST, WEST), 2), ((), 0)]


def test_phases_that_contradict_themselves_are_refused_by_name() -> None:
    for phases in (
        (Phase("A", (TEST,)), Phase("a", (EAST,))),
        (Phase("A", (TEST,)), Phase("B", (TEST,))),
        (Phase(" ", (TEST,)),),
        (Phase("A", (TEST,), is_optional=True, automatic=True),),
    ):
        with pytest.raises(Invalid) as refused:
            check_phases(phases, {TEST: "Test"})
        assert refused.value.code == "lifecycle.phases" and refused.value.thing
    with pytest.raises(Invalid):
        Phase("A", (TEST,), minimum=2)


def test_a_new_release_may_go_to_the_first_phase_only() -> None:
    assert next_environments(LIFECYCLE, ()) == (TEST,)
    assert may_deploy(LIFECYCLE, (), TEST) is None
    reason = may_deploy(LIFECYCLE, (), EAST)
    assert reason is not None
    assert "Production" in reason
    assert "Test" in reason
    assert "0 of 1" in reason


def test_an_optional_phase_neither_holds_up_nor_begins_by_itself() -> None:
    assert next_environments(LIFECYCLE, {TEST}) == (STAGE, EAST, WEST)
    assert begun_by_itself(LIFECYCLE, {TEST}) == (EAST, WEST)


def test_a_phase_is_passed_with_its_minimum() -> None:
    assert next_environments(LIFECYCLE, {TEST, EAST}) == (STAGE, WEST, EnvironmentId("archive"))
    assert may_deploy(LIFECYCLE, {TEST, EAST}, EnvironmentId("archive")) is None


def test_what_was_reached_may_be_reached_again_whatever_the_phases_say() -> None:
    assert may_deploy(LIFECYCLE, {WEST}, WEST) is None


def test_an_environment_that_the_lifecycle_does_not_know_is_closed() -> None:
    assert phase_of(LIFECYCLE, EnvironmentId("moon")) is None
    reason = may_deploy(LIFECYCLE, {TEST}, EnvironmentId("moon"))
    assert reason is not None
    assert "Default" in reason


def test_a_defect_holds_back_where_the_release_was_never_live() -> None:
    assert held_back(LIFECYCLE, (), TEST) is None
    reason = held_back(LIFECYCLE, (TEST,), EAST)
    assert reason is not None and "Production" in reason
    assert held_back(LIFECYCLE, (TEST, WEST), EAST) is None
    assert held_back(LIFECYCLE, (TEST,), STAGE) is not None
