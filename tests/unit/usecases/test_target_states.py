"""What health checks of deployments find is kept with the target."""

from __future__ import annotations

from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.health import HealthState
from fairlead.domain.ids import TargetId, TaskId
from fairlead.domain.target import TargetHealth
from fairlead.store import target_health
from fairlead.usecases import target_states, targets

TASK = TaskId("tsk-1")


def health(house: House, target: TargetId) -> TargetHealth | None:
    with house.database.reading() as connection:
        return target_health.of(connection, [target]).get(target)


def test_the_last_look_holds_and_since_when_it_is_so(house: House) -> None:
    id = targets.add(house.context, ADMIN, "web-1", only_in=["Test"]).target.id
    assert health(house, id) is None
    target_states.found(house.context, TASK, id, HealthState.UNHEALTHY, "no disk")
    first = health(house, id)
    assert first is not None and (first.is_available, first.reason) == (False, "unhealthy: no disk")
    house.clock.advance(60)
    target_states.found(house.context, TASK, id, HealthState.UNAVAILABLE, "silent")
    second = health(house, id)
    assert second is not None and (second.since, second.reason) == (first.since, "unavailable: silent")
    house.clock.advance(60)
    target_states.found(house.context, TASK, id, HealthState.HAS_WARNINGS, "80 % full")
    third = health(house, id)
    assert third is not None and third.is_available and third.since == third.at > second.at
    assert third.reason == "has-warnings: 80 % full"


def test_those_that_a_check_found_not_well_are_told_and_silent_ones_are_not(house: House) -> None:
    ids = [targets.add(house.context, ADMIN, name, only_in=["Test"]).target.id for name in ("w-1", "w-2", "w-3")]
    target_states.found(house.context, TASK, ids[0], HealthState.UNHEALTHY, "no disk")
    target_states.found(house.context, TASK, ids[1], HealthState.UNAVAILABLE, "silent")
    target_states.found(house.context, TASK, ids[2], HealthState.HAS_WARNINGS, "80 % full")
    assert target_states.unhealthy(house.context, ids) == {ids[0]: "unhealthy: no disk"}
    assert target_states.unhealthy(house.context, ids[1:]) == {}


def test_a_target_that_is_gone_is_passed_over(house: House) -> None:
    target_states.found(house.context, TASK, "tgt-none", HealthState.HEALTHY, "")
    assert health(house, TargetId("tgt-none")) is None
