"""Who is there: the first start, signing in, keys, sessions, and what is never kept in clear."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tests.unit.usecases.house import ADMIN, PASSWORD, House

from fairlead.domain.actor import Actor, permissions_of
from fairlead.domain.errors import Invalid, NotAuthenticated, NotFound, RateLimited
from fairlead.domain.permission import RoleName
from fairlead.store import events, passwords, users
from fairlead.usecases import access, first_start
from fairlead.usecases import users as people


def actor_of(house: House, name: str = "admin") -> Actor:
    with house.database.reading() as connection:
        user = users.by_name(connection, name)
    return Actor(user.id, user.name, "user", permissions_of(user.role))


def test_a_first_start_makes_an_administrator_environments_and_a_lifecycle_once(tmp_path: Path) -> None:
    house = House(tmp_path)
    before = house.rows()
    assert (before["users"], before["environments"], before["lifecycles"]) == (1, 2, 1)
    again = first_start.prepare(house.context, name="admin")
    assert again.password == ""
    assert house.rows() == before
    house.close()


def test_without_a_password_a_one_time_password_is_made_and_must_be_changed(house: House) -> None:
    made = access.reset_administrator(house.context, "ada")
    signed = access.sign_in(house.context, "ada", made.password, address="10.0.0.1")
    assert signed.user.must_change_password
    access.change_password(house.context, actor_of(house, "ada"), made.password, "another long one")
    assert not access.sign_in(house.context, "ada", "another long one", address="").user.must_change_password
    with pytest.raises(NotAuthenticated):
        access.sign_in(house.context, "ada", made.password, address="")


def test_a_given_api_key_works_from_the_start_and_is_given_once(house: House) -> None:
    for _ in range(2):
        access.set_up(house.context, name="admin", api_key="flk_from-the-environment")
    assert house.rows()["api_keys"] == 1
    assert access.by_key(house.context, "flk_from-the-environment", address="") is not None


def test_a_wrong_name_and_a_wrong_password_are_told_in_the_same_words(house: House) -> None:
    said = []
    for name, password in (("admin", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(NotAuthenticated) as raised:
            access.sign_in(house.context, name, password, address="10.0.0.1")
        said.append((raised.value.code, raised.value.message, raised.value.hint))
    assert said[0] == said[1]
    assert said[0][0] == "auth.wrong"


def test_tries_are_slowed_for_a_user_from_anywhere_and_end_with_the_window(house: House) -> None:
    for number in range(access.TRIES):
        with pytest.raises(NotAuthenticated):
            access.sign_in(house.context, "admin", "wrong", address=f"10.0.0.{number}")
    with pytest.raises(RateLimited) as raised:
        access.sign_in(house.context, "admin", PASSWORD, address="10.0.0.99")
    assert raised.value.code == "auth.throttled"
    house.clock.advance(access.WINDOW.total_seconds() + 1)
    assert access.sign_in(house.context, "admin", PASSWORD, address="10.0.0.99")


def test_a_refused_log_in_stands_in_the_audit_with_its_address_and_no_name_that_nobody_has(house: House) -> None:
    for name in ("admin", "hunter2-typed-in-the-wrong-field"):
        with pytest.raises(NotAuthenticated):
            access.sign_in_for_key(house.context, name, "wrong", label="cli", address="10.0.0.7")
    with house.database.reading() as connection:
        told = events.page(connection, *events.fitting(kind="user.sign_in_refused")).items
    assert [one.message for one in told] == [
        "refused a log-in of somebody who is not known",
        "refused a log-in of admin",
    ]
    assert {(one.address, one.via) for one in told} == {("10.0.0.7", "password")}


def test_tries_are_slowed_for_an_address_whatever_the_names(house: House) -> None:
    for number in range(4 * access.TRIES):
        with pytest.raises(NotAuthenticated):
            access.sign_in(house.context, f"guess-{number}", "wrong", address="10.0.0.1")
    with pytest.raises(RateLimited):
        access.sign_in(house.context, "admin", PASSWORD, address="10.0.0.1")
    assert access.sign_in(house.context, "admin", PASSWORD, address="10.0.0.2")


def test_resetting_an_administrator_ends_sessions_and_the_waiting(house: House) -> None:
    signed = access.sign_in(house.context, "admin", PASSWORD, address="")
    for _ in range(access.TRIES):
        with pytest.raises(NotAuthenticated):
            access.sign_in(house.context, "admin", "wrong", address="")
    house.clock.advance(1)
    made = access.reset_administrator(house.context, "admin")
    assert access.by_cookie(house.context, signed.cookie, address="") is None
    assert access.sign_in(house.context, "admin", made.password, address="")


def test_a_key_says_who_asks_until_it_is_revoked(house: House) -> None:
    made = access.make_key(house.context, actor_of(house), "ci")
    who = access.by_key(house.context, made.text, address="10.0.0.1")
    assert who is not None and (who.name, who.kind, who.address) == ("admin", "key", "10.0.0.1")
    assert [key.name for key in access.keys_of(house.context, who)] == ["ci"]
    access.revoke_key(house.context, who, made.key.id)
    assert access.by_key(house.context, made.text, address="") is None
    assert access.keys_of(house.context, who) == ()


def test_a_key_ends_with_its_days(house: House) -> None:
    made = access.make_key(house.context, actor_of(house), "ci", days=1)
    house.clock.advance(timedelta(hours=23).total_seconds())
    assert access.by_key(house.context, made.text, address="") is not None
    house.clock.advance(timedelta(hours=1).total_seconds())
    assert access.by_key(house.context, made.text, address="") is None


def test_the_key_of_somebody_else_is_not_there_for_others(house: House) -> None:
    made = access.make_key(house.context, actor_of(house), "ci")
    access.add_user(house.context, ADMIN, "vera")
    with pytest.raises(NotFound):
        access.revoke_key(house.context, actor_of(house, "vera"), made.key.id)
    assert access.by_key(house.context, made.text, address="") is not None


def test_a_session_ends_after_its_hours_and_when_signing_out(house: House) -> None:
    first = access.sign_in(house.context, "admin", PASSWORD, address="")
    second = access.sign_in(house.context, "admin", PASSWORD, address="")
    access.sign_out(house.context, first.session)
    assert access.by_cookie(house.context, first.cookie, address="") is None
    house.clock.advance(house.context.installation.session_hours * 3600)
    assert access.by_cookie(house.context, second.cookie, address="") is None


def test_guessing_the_old_password_of_a_session_is_slowed_too(house: House) -> None:
    actor = actor_of(house)
    for _ in range(access.TRIES):
        with pytest.raises(NotAuthenticated):
            access.change_password(house.context, actor, "a guess", "quite another one")
    with pytest.raises(RateLimited):
        access.change_password(house.context, actor, PASSWORD, "quite another one")
    with pytest.raises(RateLimited):
        access.sign_in(house.context, "admin", PASSWORD, address="10.0.0.1")
    with house.database.reading() as connection:
        told = events.page(connection, *events.fitting(kind="user.sign_in_refused")).items
    assert told[0].message == "refused to change the password of admin"


def test_who_has_no_password_is_told_so(house: House) -> None:
    people.add_service_account(house.context, ADMIN, "robot")
    with pytest.raises(NotAuthenticated) as raised:
        access.change_password(house.context, actor_of(house, "robot"), "", "quite another one")
    assert "no password" in raised.value.message


def test_a_hash_of_weaker_parameters_is_made_anew_when_its_password_is_proved(house: House) -> None:
    weak = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    with house.database.transaction() as connection:
        connection.execute(users.users.update().values(password=weak))
    with pytest.raises(NotAuthenticated):
        access.sign_in(house.context, "admin", "wrong", address="")
    assert held(house) == weak
    access.sign_in(house.context, "admin", PASSWORD, address="")
    strong = held(house)
    assert strong != weak and passwords.is_password(PASSWORD, strong) and not passwords.is_weak(strong)
    access.sign_in(house.context, "admin", PASSWORD, address="")
    assert held(house) == strong, "once"


def held(house: House) -> str:
    with house.database.reading() as connection:
        return users.by_name(connection, "admin").password


def test_a_throttled_address_is_not_told_of_what_does_not_help_it(house: House) -> None:
    for number in range(4 * access.TRIES):
        with pytest.raises(NotAuthenticated):
            access.sign_in(house.context, f"guess-{number}", "wrong", address="10.0.0.1")
    access.reset_administrator(house.context, "admin")
    with pytest.raises(RateLimited) as raised:
        access.sign_in(house.context, "admin", PASSWORD, address="10.0.0.1")
    assert "reset-admin" not in raised.value.hint and "this address" in raised.value.message


def test_a_new_password_ends_the_sessions_of_its_user(house: House) -> None:
    signed = access.sign_in(house.context, "admin", PASSWORD, address="")
    access.change_password(house.context, actor_of(house), PASSWORD, "quite another one")
    assert access.by_cookie(house.context, signed.cookie, address="") is None


@pytest.mark.parametrize("new", ["", "short", "123456789"])
def test_a_short_password_is_refused(house: House, new: str) -> None:
    with pytest.raises(Invalid):
        access.change_password(house.context, actor_of(house), PASSWORD, new)


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "../a", "Ada", "a;b", "-a", "a" * 65, "fairlead"])
def test_a_user_has_a_name_that_is_safe_everywhere(house: House, name: str) -> None:
    with pytest.raises(Invalid) as raised:
        access.add_user(house.context, ADMIN, name)
    assert raised.value.code == "input.name"


@pytest.mark.parametrize(("email", "role"), [("no address", "viewer"), ("a@b\nBcc: c@d", "viewer"), ("", "root")])
def test_a_user_has_a_mail_address_and_a_role_that_are_known(house: House, email: str, role: str) -> None:
    with pytest.raises(Invalid):
        access.add_user(house.context, ADMIN, "ada", email=email, role=role)


def test_neither_passwords_nor_keys_nor_cookies_are_on_the_disk(house: House, tmp_path: Path) -> None:
    key = access.make_key(house.context, actor_of(house), "ci").text
    cookie = access.sign_in(house.context, "admin", PASSWORD, address="").cookie
    one_time = access.add_user(house.context, ADMIN, "vera", role=RoleName.VIEWER)[1]
    with sqlite3.connect(tmp_path / "fairlead.db") as connection:
        dumped = "\n".join(connection.iterdump())
    connection.close()
    for secret in (PASSWORD, key, cookie, one_time):
        assert secret not in dumped
