"""What every Notifier keeps to, whatever the place: subclass it and give the fixture `given`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pytest

from fairlead.domain.errors import Failed, FairleadError, Unreachable
from fairlead.ports.notifier import CommitStatus, Mail, Notice, Notifier, Webhook

NOTICE = Notice(
    event="deployment.failed",
    subject="books 1.4.0 failed in Production",
    body="the tests said no",
    link="http://127.0.0.1:8600/tasks/t-1",
    facts={"project": "books"},
)


@dataclass(frozen=True, slots=True)
class Received:
    """What the other side got: an id that tells doubles apart ("" where the place has none), and all the text of it."""

    id: str
    text: str


class GivenNotifier(Protocol):
    """A notifier, a place, and a look at what arrived there. `secret` is what no error may hold."""

    notifier: Notifier
    place: Mail | Webhook | CommitStatus
    secret: str

    def received(self) -> Sequence[Received]:
        """All that arrived, in order."""
        ...

    def refuse(self) -> None:
        """From now on the other side answers, and says no."""
        ...

    def vanish(self) -> None:
        """From now on nobody answers."""
        ...


class NotifierContract:
    """The rules of `ports.notifier.Notifier`."""

    @pytest.fixture
    def given(self) -> GivenNotifier:
        """The notifier under test; each subclass says which."""
        raise AssertionError("a subclass gives the notifier")

    async def test_a_delivered_notice_has_arrived(self, given: GivenNotifier) -> None:
        await given.notifier.deliver(NOTICE, given.place, key="k-1")
        (received,) = given.received()
        assert NOTICE.body in received.text and NOTICE.link in received.text

    async def test_a_repeat_is_told_as_one(self, given: GivenNotifier) -> None:
        for key in ("k-1", "k-1", "k-2"):
            await given.notifier.deliver(NOTICE, given.place, key=key)
        first, again, other = (received.id for received in given.received())
        assert first == again
        if first:
            assert other != first

    async def test_a_no_is_a_failure(self, given: GivenNotifier) -> None:
        given.refuse()
        with pytest.raises(Failed) as error:
            await given.notifier.deliver(NOTICE, given.place, key="k-1")
        assert error.value.code == "notification.failed"

    async def test_nobody_there_is_unreachable(self, given: GivenNotifier) -> None:
        given.vanish()
        with pytest.raises(Unreachable) as error:
            await given.notifier.deliver(NOTICE, given.place, key="k-1")
        assert error.value.code == "notification.failed"

    async def test_no_error_holds_the_secret(self, given: GivenNotifier) -> None:
        for make_it_fail in (given.refuse, given.vanish):
            make_it_fail()
            with pytest.raises(FairleadError) as error:
                await given.notifier.deliver(NOTICE, given.place, key="k-1")
            assert given.secret not in f"{error.value} {error.value.thing} {error.value.hint}"

    async def test_line_breaks_in_a_subject_add_nothing(self, given: GivenNotifier) -> None:
        sly = Notice("deployment.failed", "books\r\nBcc: all@example.com\r\n\r\nx", "the tests said no")
        await given.notifier.deliver(sly, given.place, key="k\r\nX-Sly: 1")
        (received,) = given.received()
        assert "\nBcc:" not in received.text and "\nX-Sly" not in received.text
