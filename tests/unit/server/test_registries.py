"""Which registry a name leads to, and that what it is signed in to with is told of."""

from __future__ import annotations

import pytest
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.ports.container_engine import Credentials
from fairlead.ports.registry import Registry
from fairlead.server.registries import BookedRegistries
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_registry import FakeRegistry
from fairlead.usecases import audit, registries


class Reached:
    """Makes registries, and keeps what they were made of."""

    def __init__(self) -> None:
        self.made: list[tuple[str, Credentials | None]] = []
        self.own = FakeRegistry(ContainerWorld(FakeClock()), address="127.0.0.1:8602")

    def __call__(self, url: str, login: Credentials | None) -> Registry:
        self.made.append((url, login))
        return self.own


@pytest.fixture
def reached() -> Reached:
    return Reached()


@pytest.fixture
def booked(house: House, reached: Reached) -> BookedRegistries:
    context = house.context
    return BookedRegistries(context.database, context.secrets, reached.own, reached)


def test_that_a_password_signed_in_is_kept_once_for_each_version(
    house: House, booked: BookedRegistries, reached: Reached
) -> None:
    audit.hear_of_secrets(house.context)
    for word in ("word-1", "word-2"):
        registries.put(house.context, ADMINISTRATOR, "mirror.test", "robot", word)
        for _ in range(2):
            booked.of("mirror.test")
    words = ("word-1", "word-1", "word-2", "word-2")
    assert reached.made == [("https://mirror.test", Credentials("robot", word)) for word in words]
    used = audit.page(house.context, ADMINISTRATOR, audit.Wanted(kind="secret.used")).items
    assert [(one.thing, one.message) for one in used] == [
        ("mirror.test", "used to sign in to the registry mirror.test as robot: registry mirror.test")
    ] * 2
    assert "word-" not in str(used)


def test_one_without_a_login_and_our_own_use_no_secret(
    house: House, booked: BookedRegistries, reached: Reached
) -> None:
    audit.hear_of_secrets(house.context)
    assert booked.of("127.0.0.1:8602") is reached.own
    booked.of("open.test")
    booked.of("docker.io")
    assert reached.made == [("https://open.test", None), ("https://registry-1.docker.io", None)]
    assert audit.page(house.context, ADMINISTRATOR, audit.Wanted(kind="secret.used")).items == ()
