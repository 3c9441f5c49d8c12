"""Who may do what: roles, actors, and what an administrator allowed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from fairlead.domain.actor import SYSTEM, Actor, permissions_of
from fairlead.domain.errors import NotAllowed
from fairlead.domain.ids import ActorId, EnvironmentId, ProjectId
from fairlead.domain.permission import ROLES, Permission, RoleName
from fairlead.domain.policy import Allowance, allowance_for, refused
from fairlead.domain.service import Harm

AT = datetime(2026, 1, 1, tzinfo=UTC)
PRIVILEGED = Harm("privileged", "web", "compose.yaml:3")
BIND = Harm("bind:/srv", "web", "compose.yaml:5")


def test_each_role_holds_what_the_one_before_it_holds() -> None:
    held = [ROLES[role] for role in RoleName]
    assert all(less < more for less, more in pairwise(held))
    assert permissions_of(RoleName.ADMINISTRATOR) == frozenset(Permission)


def test_what_lacks_is_named() -> None:
    viewer = Actor(ActorId("u"), "ann", "user", permissions_of(RoleName.VIEWER))
    viewer.require(Permission.VIEW)
    with pytest.raises(NotAllowed, match=r"ann lacks the permission policy\.edit"):
        viewer.require(Permission.POLICY_EDIT)


def test_fairlead_itself_may_everything() -> None:
    for permission in Permission:
        SYSTEM.require(permission)
    assert SYSTEM.permissions == frozenset(Permission) and not SYSTEM.grants


def allowance(id: str, harm: str, environment: str | None, days: int = 0) -> Allowance:
    where = EnvironmentId(environment) if environment else None
    return Allowance(id, ProjectId("p"), harm, "root", AT + timedelta(days=days), where)


def test_a_harm_is_refused_until_it_is_allowed_there_or_everywhere() -> None:
    here, there = EnvironmentId("test"), EnvironmentId("prod")
    allowed = [allowance("1", "privileged", "test"), allowance("2", "bind:/srv", None)]
    assert refused([PRIVILEGED, BIND], allowed, here) == ()
    assert refused([PRIVILEGED, BIND], allowed, there) == (PRIVILEGED,)
    assert refused([PRIVILEGED], [], here) == (PRIVILEGED,)


def test_the_oldest_allowance_answers_for_it() -> None:
    allowed = [allowance("1", "privileged", None, 2), allowance("2", "privileged", None, 1)]
    found = allowance_for(PRIVILEGED, allowed, EnvironmentId("x"))
    assert found is not None
    assert found.id == "2"
