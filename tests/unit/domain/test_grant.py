"""Where a scoped role applies, and where it does not."""

import pytest

from fairlead.domain.actor import Actor, permissions_of
from fairlead.domain.errors import NotAllowed
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import RESTRICTABLE, Permission, RoleName

EVERYTHING = frozenset(Permission)
BOOKS, TEST, ACME = frozenset({"books"}), frozenset({"test"}), frozenset({"acme"})


def actor(*grants: Grant) -> Actor:
    return Actor(ActorId("u"), "ann", "user", frozenset(), grants=grants)


def test_every_permission_says_how_it_can_be_restricted() -> None:
    assert set(RESTRICTABLE) == EVERYTHING


def test_a_scoped_permission_applies_if_every_restriction_matches() -> None:
    ann = actor(Grant(EVERYTHING, projects=BOOKS, environments=TEST))
    deploy = Permission.DEPLOYMENT_CREATE
    assert ann.may(deploy, project="books", environment="test")
    assert ann.may(deploy, project="books", environment="test", tenant="acme")
    assert not ann.may(deploy, project="books", environment="production")
    assert not ann.may(deploy, project="shop", environment="test")


def test_what_belongs_to_nothing_in_particular_needs_a_role_without_that_restriction() -> None:
    ann = actor(Grant(EVERYTHING, tenants=ACME))
    assert ann.may(Permission.DEPLOYMENT_CREATE, project="books", environment="test", tenant="acme")
    assert not ann.may(Permission.DEPLOYMENT_CREATE, project="books", environment="test")
    assert not ann.may(Permission.DEPLOYMENT_CREATE)
    assert ann.may_somewhere(Permission.DEPLOYMENT_CREATE, project="books")


def test_a_restriction_that_a_permission_does_not_know_is_not_looked_at() -> None:
    ann = actor(Grant(EVERYTHING, projects=BOOKS, environments=TEST))
    assert ann.may(Permission.RELEASE_CREATE, project="books")
    assert not ann.may(Permission.RELEASE_CREATE, project="shop")


def test_a_scope_gives_nothing_that_it_cannot_restrict() -> None:
    ann = actor(Grant(EVERYTHING, environments=TEST))
    assert not ann.may_somewhere(Permission.RELEASE_CREATE, project="books")
    everywhere = [one for one in Permission if not RESTRICTABLE[one]]
    assert Permission.USER_EDIT in everywhere
    scoped = actor(Grant(EVERYTHING, projects=BOOKS), Grant(EVERYTHING, tenants=ACME), Grant(EVERYTHING, None, TEST))
    assert [one for one in everywhere if scoped.may_somewhere(one)] == []


def test_grants_add_up_but_do_not_mix() -> None:
    ann = actor(Grant(EVERYTHING, BOOKS, TEST), Grant(EVERYTHING, frozenset({"shop"}), frozenset({"production"})))
    places = [(p, e) for p in ("books", "shop") for e in ("test", "production")]
    held = [place for place in places if ann.may(Permission.EXEC, project=place[0], environment=place[1])]
    assert held == [("books", "test"), ("shop", "production")]


def test_a_group_without_projects_gives_nothing() -> None:
    ann = actor(Grant(EVERYTHING, projects=frozenset()))
    assert not any(ann.may_somewhere(one) or ann.may(one) for one in Permission)


def test_a_grant_without_scope_is_as_good_as_a_role() -> None:
    ann = actor(Grant(permissions_of(RoleName.DEPLOYER)))
    assert {one for one in Permission if ann.may(one)} == permissions_of(RoleName.DEPLOYER)


def test_what_lacks_here_says_so() -> None:
    ann = actor(Grant(EVERYTHING, projects=BOOKS))
    ann.require_somewhere(Permission.RELEASE_CREATE)
    with pytest.raises(NotAllowed, match=r"lacks the permission release\.create here"):
        ann.require(Permission.RELEASE_CREATE, project="shop")
    with pytest.raises(NotAllowed, match=r"lacks the permission user\.edit \(") as raised:
        ann.require_somewhere(Permission.USER_EDIT)
    assert raised.value.code == "permission.denied"
