"""What insights are told from, on each kind of database."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.store.conftest import BOOKS, PRODUCTION, TEST, Shop

from fairlead.domain.deployment import DeploymentOutcome, DeploymentState
from fairlead.domain.ids import ChannelId, ReleaseId, TaskId, TenantId
from fairlead.domain.interruption import Choice, Interruption, InterruptionKind
from fairlead.store import insights, tasks
from fairlead.store.interruptions import interruptions
from fairlead.store.rows import to_row

ONE = ChannelId("cha-1")
ENDED, LIVE, FAILED = DeploymentState.ENDED, DeploymentOutcome.LIVE, DeploymentOutcome.FAILED
DAY = timedelta(days=1)


def done(
    shop: Shop,
    release: ReleaseId,
    days: int,
    outcome: DeploymentOutcome = LIVE,
    *,
    guided: bool = False,
    **more: object,
) -> None:
    """It ended so many days after the start."""
    task = shop.task()
    with shop.database.transaction() as connection:
        tasks.insert(connection, task)
    shop.deployment(release, state=ENDED, outcome=outcome, task=task.id, ended_at=shop.at + days * DAY, **more)
    if guided:
        asked = Interruption(
            f"int-{task.id}", TaskId(task.id), "k", InterruptionKind.GUIDED, "?", (Choice.FAIL,), shop.at
        )
        with shop.database.transaction() as connection:
            connection.execute(interruptions.insert().values(**to_row(asked)))


def test_completions_are_of_the_span_by_their_end_and_guided_or_marked_ones_no_success(shop: Shop) -> None:
    first, second = shop.release("1.0.0").id, shop.release("1.1.0").id
    done(shop, first, 1)
    done(shop, second, 5, guided=True)
    done(shop, second, 4, FAILED)
    done(shop, second, 6, environment=PRODUCTION, tenant=TenantId("ten-acme"))
    done(shop, second, 7, DeploymentOutcome.CANCELLED)
    done(shop, second, 8, marked_at=shop.at + 9 * DAY, marked_by="admin")
    shop.deployment(second)
    with shop.database.reading() as connection:
        found = insights.completions(connection, BOOKS, since=shop.at + 4 * DAY)
    assert [(one.spot, one.release, one.channel, one.at, one.is_success) for one in found] == [
        ((TEST, None), second, ONE, shop.at + 4 * DAY, False),
        ((TEST, None), second, ONE, shop.at + 5 * DAY, False),
        ((PRODUCTION, "ten-acme"), second, ONE, shop.at + 6 * DAY, True),
        ((TEST, None), second, ONE, shop.at + 8 * DAY, False),
    ]


def test_what_was_delivered_is_the_newest_success_of_each_place(shop: Shop) -> None:
    first, second, third = (shop.release(version).id for version in ("1.0.0", "1.1.0", "1.2.0"))
    done(shop, second, 1)
    done(shop, first, 2)
    done(shop, third, 2, guided=True)
    done(shop, third, 2, FAILED)
    done(shop, first, 2, environment=PRODUCTION)
    done(shop, third, 3)
    with shop.database.reading() as connection:
        before = insights.delivered(connection, BOOKS, before=shop.at + 3 * DAY)
        completed = insights.completions(connection, BOOKS, since=shop.at + 3 * DAY)
        made = insights.made(connection, BOOKS, completed, before)
        assert insights.made(connection, BOOKS, (), before) == ()
        assert [one.id for one in insights.made(connection, BOOKS, completed, {})] == [first, second, third]
    assert before == {((TEST, None), ONE): second, ((PRODUCTION, None), ONE): first}
    assert [one.id for one in made] == [third]
