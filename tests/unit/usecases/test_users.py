"""Changing who may come in; service accounts; keys that end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.usecases.house import ADMIN, PASSWORD, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, Invalid, NotAllowed, NotAuthenticated, Refused
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission, RoleName
from fairlead.store import users as rows
from fairlead.usecases import access, housekeeping, notifications, teams, telling, users
from fairlead.usecases.teams import HeldRole


def administrator(house: House) -> Actor:
    """As the books have them."""
    with house.database.reading() as connection:
        return replace(ADMIN, id=rows.by_name(connection, "admin").id)


def test_who_is_disabled_comes_in_by_no_door_at_once(house: House) -> None:
    _, password = access.add_user(house.context, ADMIN, "ann", role="maintainer")
    signed = access.sign_in(house.context, "ann", password, address="")
    key = access.sign_in_for_key(house.context, "ann", password, label="cli", address="")
    users.change(house.context, ADMIN, "ann", is_enabled=False)
    assert access.by_cookie(house.context, signed.cookie, address="") is None
    assert access.by_key(house.context, key.text, address="") is None
    with pytest.raises(NotAuthenticated):
        access.sign_in(house.context, "ann", password, address="")
    [change] = house.audit("user.changed")[0].difference
    assert (change.path, change.old, change.new) == ("is_enabled", "true", "false")


def test_the_last_administrator_stays(house: House) -> None:
    users.add_service_account(house.context, ADMIN, "robot", role="administrator")
    for given in ({"role": "viewer"}, {"is_enabled": False}):
        with pytest.raises(Conflict) as raised:
            users.change(house.context, ADMIN, "admin", **given)  # type: ignore[arg-type]
        assert raised.value.code == "user.last_administrator"
    access.add_user(house.context, ADMIN, "ann", role="administrator")
    assert users.change(house.context, ADMIN, "admin", role="viewer").role is RoleName.VIEWER


def test_a_user_is_changed_only_as_they_were_read(house: House) -> None:
    made, _ = access.add_user(house.context, ADMIN, "ann")
    users.change(house.context, ADMIN, "ann", email="ann@example.com", revision=made.revision)
    with pytest.raises(Conflict) as raised:
        users.change(house.context, ADMIN, "ann", email="bob@example.com", revision=made.revision)
    assert raised.value.code == "edit.conflict"


def test_a_service_account_has_keys_and_no_password(house: House) -> None:
    users.add_service_account(house.context, ADMIN, "robot", role="deployer")
    made = users.add_service_key(house.context, ADMIN, "robot", "deploys from CI", days=30)
    robot = access.by_key(house.context, made.text, address="")
    assert robot is not None
    assert (robot.name, robot.kind) == ("robot", "key")
    for password in ("", "robot", PASSWORD):
        with pytest.raises(NotAuthenticated):
            access.sign_in(house.context, "robot", password, address="")
    with pytest.raises(Refused) as raised:
        access.reset_administrator(house.context, "robot")
    assert raised.value.code == "user.service"
    assert [one.name for one in users.service_keys(house.context, ADMIN, "robot")] == ["deploys from CI"]
    with pytest.raises(Invalid) as invalid:
        users.add_service_key(house.context, ADMIN, "admin", "of a person")
    assert invalid.value.code == "user.person"


def test_a_key_is_never_more_than_its_owner(house: House) -> None:
    _, password = access.add_user(house.context, ADMIN, "ann", role="maintainer")
    key = access.sign_in_for_key(house.context, "ann", password, label="cli", address="").text
    users.change(house.context, ADMIN, "ann", role="viewer")
    ann = access.by_key(house.context, key, address="")
    assert ann is not None
    assert {one.value for one in ann.permissions} == {"view"}


def test_the_end_of_a_key_is_told_before_it_and_at_it_once_each(house: House) -> None:
    access.make_key(house.context, administrator(house), "nightly", days=30)
    access.make_key(house.context, administrator(house), "for ever")
    told = []
    for _ in range(31):
        housekeeping.tell_of_expiring_keys(house.context)
        assert housekeeping.tell_of_expiring_keys(house.context) == 0
        told.append((len(house.audit("key.expiring")), len(house.audit("key.expired"))))
        house.clock.advance(timedelta(days=1).total_seconds())
    assert told.index((1, 0)) == 10
    assert told.index((2, 0)) == 20
    assert told.index((2, 1)) == 30
    assert "'nightly' of admin has expired" in house.audit("key.expired")[0].message


def test_the_end_of_a_key_is_notified_once_at_each_stage_without_the_key(house: House) -> None:
    users.add_service_account(house.context, ADMIN, "robot")
    made = users.add_service_key(house.context, ADMIN, "robot", "deploys from CI", days=30)
    notifications.add(house.context, ADMIN, "https://chat.example.com/hook")
    notifications.add(house.context, ADMIN, "https://chat.example.com/other", events=("deployment.failed",))
    for _ in range(34):
        housekeeping.tell_of_expiring_keys(house.context)
        house.clock.advance(timedelta(days=1).total_seconds())
    told = telling.due(house.context)
    assert [one.event for one in told] == ["key.expiring", "key.expiring", "key.expired"]
    assert "the API key 'deploys from CI' of robot ends in 20 days" in told[0].subject
    assert (
        "fairlead service-accounts key robot" in told[0].body and f"fairlead keys remove {made.key.id}" in told[0].body
    )
    assert told[0].facts["user"] == "robot"
    for one in told:
        assert made.text not in repr(one) and made.key.hash not in repr(one) and made.key.prefix not in repr(one)


def test_the_end_of_a_key_that_opens_nothing_is_told_to_nobody(house: House) -> None:
    users.add_service_account(house.context, ADMIN, "robot")
    removed = users.add_service_key(house.context, ADMIN, "robot", "old", days=15).key
    access.revoke_key(house.context, ADMIN, removed.id)
    users.add_service_key(house.context, ADMIN, "robot", "ci", days=15)
    users.change(house.context, ADMIN, "robot", is_enabled=False)
    assert housekeeping.tell_of_expiring_keys(house.context) == 0
    users.change(house.context, ADMIN, "robot", is_enabled=True)
    assert housekeeping.tell_of_expiring_keys(house.context) == 1


def test_a_key_that_was_not_looked_at_for_long_is_told_of_once(house: House) -> None:
    access.make_key(house.context, administrator(house), "nightly", days=30)
    house.clock.advance(timedelta(days=40).total_seconds())
    assert housekeeping.tell_of_expiring_keys(house.context) == 1
    assert housekeeping.tell_of_expiring_keys(house.context) == 0
    assert (house.audit("key.expiring"), len(house.audit("key.expired"))) == ([], 1)


def test_nobody_gives_an_address_to_who_may_more_than_they_may(house: House) -> None:
    """Whoever proves a user's address to an identity provider may be that user."""
    clerk = Actor(ActorId("usr-c"), "clerk", "user", frozenset({Permission.USER_EDIT}))
    access.add_user(house.context, ADMIN, "boss", email="boss@example.com", role="administrator")
    with pytest.raises(NotAllowed):
        users.change(house.context, clerk, "boss", email="clerk@example.com")
    access.add_user(house.context, ADMIN, "ann", role="none")
    assert users.change(house.context, clerk, "ann", email="ann@example.com").email == "ann@example.com"
    teams.add(house.context, ADMIN, "Shop", members=["ann"], held=[HeldRole("Project deployer")])
    with pytest.raises(NotAllowed):
        users.change(house.context, clerk, "ann", email="clerk@example.com")
    kept = users.change(house.context, clerk, "ann", email="ann@example.com", is_enabled=False)
    assert not kept.is_enabled, "the same address gives nothing"
