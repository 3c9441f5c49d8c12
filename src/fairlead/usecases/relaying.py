"""Telling subscribers what the audit has for them: in its order, at least once, and no faster than they take it.

A subscription's position moves with what was acknowledged, so that a restart repeats one event at most. One that does
not answer is tried again with longer pauses, one event at a time, whatever has piled up behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.errors import FairleadError, Refused, Unreachable
from fairlead.domain.event import Event
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission
from fairlead.domain.subscription import Ids, Progress, Subscription, is_mail_address, may_view, place_of
from fairlead.domain.subscription_told import MOST_IN_A_DIGEST, Batch, digest, payload
from fairlead.domain.zones import zone_named
from fairlead.ports.notifier import Mail, Notice, Notifier, Webhook
from fairlead.store import environments, events, projects, subscriptions, teams, tenants
from fairlead.store.database import Connection
from fairlead.usecases import access
from fairlead.usecases import subscriptions as owned
from fairlead.usecases.context import Context

PASSED_OVER = "subscription.passed_over"
TESTED = "subscription.tested"
NO_ADDRESS = "no member of the team has a mail address"
AT_ONCE = 4
"""Subscribers that are told at a time: one that hangs does not hold up the others."""
LOOK_AGAIN_S = 2.0
"""How soon it is looked who else is to be told, while somebody takes their time."""
MOST_OF_A_BATCH = 50
MOST_LOOKED_AT = 2000
"""Events that a webhook looks at in a round: one for which there is hardly anything does not hold up the others."""
BATCH_S = 45.0
DELIVERY_TIMEOUT_S = 30.0
CLAIMED = timedelta(seconds=120)
"""How long nobody else takes a batch: longer than `BATCH_S` and a delivery."""
LONGEST_PAUSE = timedelta(minutes=10)
MOST_TRIES = 12
"""How often an event is tried that its receiver answers with a no; who is not there is tried for `LONGEST_WAIT`."""
LONGEST_WAIT = timedelta(days=7)
LONGEST_ERROR = 500
MOST_MEMBERS = 100


@dataclass(frozen=True, slots=True)
class Taken:
    """What one subscriber is told in this round: the `events`, of `total`; behind them all up to number `until` was
    looked at. `too_old` were passed over. `why_none` says why nothing can be told."""

    subscription: Subscription
    progress: Progress
    events: tuple[Event, ...]
    total: int
    until: int
    addresses: tuple[str, ...] = ()
    too_old: int = 0
    why_none: str = ""


async def tell_due(context: Context, notifier: Notifier) -> int:
    """Every subscriber for whom there is something, and whose time has come, is told; how many were looked at. What
    goes wrong with the books at one is raised when all had their turn."""
    places = asyncio.Semaphore(AT_ONCE)
    wrong: list[FairleadError] = []
    begun: dict[str, asyncio.Task[None]] = {}
    looked_at = 0

    async def one(progress: Progress) -> None:
        async with places:
            try:
                await _tell(context, notifier, progress)
            except FairleadError as error:
                wrong.append(error)

    async with asyncio.TaskGroup() as group:
        while True:
            due = await context.database.read(lambda connection: subscriptions.due(connection, context.clock.now()))
            new = [progress for progress in due if progress.id not in begun]
            begun |= {progress.id: group.create_task(one(progress)) for progress in new}
            looked_at += len(new)
            if not begun:
                break
            _, slow = await asyncio.wait(begun.values(), timeout=None if wrong else LOOK_AGAIN_S)
            if not slow:
                break
            begun = {id: task for id, task in begun.items() if task in slow}
    if wrong:
        raise wrong[0]
    return looked_at


async def send_test(context: Context, actor: Actor, notifier: Notifier, name: str) -> tuple[str, ...]:
    """An event that is in no audit (number 0) is told as the subscription's are, whatever it asks for and whether it is
    enabled or not; where it was taken. Refused `subscription.nobody` where nobody would be told; else what the notifier
    says. It is no further by this, and the audit has what came of it."""
    actor.require(Permission.SUBSCRIPTION_EDIT)
    held, to, where = await context.database.run(lambda: _tried(context, actor, name))
    now = context.clock.now()
    words = f"a test of the subscription {held.name}"
    event = Event(context.ids.new("ev"), now, actor.name, TESTED, words, held.id, via=actor.via, address=actor.address)
    if isinstance(to, Webhook):
        url, batch = context.installation.url, Batch(context.ids.new("bat"), now, 1)
        notice = Notice(TESTED, words, "", payload=payload(held, event, batch, 1, url=url, at=now))
    else:
        notice = _mail_of(context, held, (event,), 1)
    error = await _deliver(notifier, notice, to, f"{held.id}/{event.id}")
    said = f"did not take it: {_said_of(error)}" if error is not None else "took it"
    what = f"tried the subscription {held.name}: {', '.join(where)} {said}"[:1000]
    await context.database.write(lambda connection: context.note(connection, actor, TESTED, what, thing=held.id))
    if isinstance(error, TimeoutError):
        raise Unreachable("notification.failed", f"{', '.join(where)}: {_said_of(error)}", thing=held.name) from error
    if error is not None:  # whose hint is for what is told in earnest: nothing is tried again here
        raise type(error)(error.code, error.message, thing=error.thing) from error
    return where


def _tried(context: Context, actor: Actor, name: str) -> tuple[Subscription, Webhook | Mail, tuple[str, ...]]:
    """The subscription, to whom it is told, and where that is."""
    held = owned.get(context, actor, name).subscription
    with context.database.reading() as connection:
        _, why_none = _eyes(connection, held)
        addresses = _mail_addresses(connection, held)
    if held.kind == "mail" and not addresses:
        why_none = why_none or NO_ADDRESS
    if why_none:
        raise Refused("subscription.nobody", f"nobody is told: {why_none}", thing=held.name)
    places = tuple(place_of(address) for address in (held.addresses or addresses))
    return held, Mail(addresses) if held.kind == "mail" else _webhook(context, held), places


async def _tell(context: Context, notifier: Notifier, due: Progress) -> None:
    taken = await _take(context, due)
    if taken is None:
        return
    if taken.why_none or not taken.events:
        await _moved(context, taken, taken.progress, error=taken.why_none)
    elif taken.subscription.kind == "mail":
        await _tell_digest(context, notifier, taken)
    else:
        await _tell_each(context, notifier, taken)


async def _tell_each(context: Context, notifier: Notifier, taken: Taken) -> None:
    subscription, progress = taken.subscription, taken.progress
    batch = Batch(context.ids.new("bat"), context.clock.now(), taken.total)
    try:
        to = await context.database.run(lambda: _webhook(context, subscription))
    except FairleadError as unknown:
        await _not_told(context, taken, progress, unknown, None)
        return
    ends_at = asyncio.get_running_loop().time() + BATCH_S
    for number, event in enumerate(taken.events, 1):
        url, now = context.installation.url, context.clock.now()
        body = payload(subscription, event, batch, number, url=url, at=now)
        notice = Notice(event.kind, event.message, "", payload=body)
        error = await _deliver(notifier, notice, to, f"{subscription.id}/{event.sequence}")
        if error is not None:
            await _not_told(context, taken, progress, error, event)
            return
        told = replace(progress, position=event.sequence, tries=0, told=progress.told + 1, told_at=now, error="")
        if not await _move(context, progress, told):
            return  # it was changed, disabled or removed meanwhile: what it wants now is looked at in the next round
        progress = told
        if asyncio.get_running_loop().time() > ends_at:
            await _move(context, progress, replace(progress, next_at=now))
            return
    await _moved(context, taken, progress)


async def _tell_digest(context: Context, notifier: Notifier, taken: Taken) -> None:
    subscription, progress = taken.subscription, taken.progress
    notice = _mail_of(context, subscription, taken.events, taken.total)
    error = await _deliver(notifier, notice, Mail(taken.addresses), f"{subscription.id}/{progress.position}")
    if error is not None:
        await _not_told(context, taken, progress, error, None)
        return
    now = context.clock.now()
    await _moved(context, taken, progress, replace(progress, told=progress.told + taken.total, told_at=now, tries=0))


def _webhook(context: Context, subscription: Subscription) -> Webhook:
    """Where each event is posted, with what signs it and what else is sent with it."""
    [address] = subscription.addresses
    told = f"what the subscription {subscription.name} tells {place_of(address)}"
    secret = context.use(subscription.secret, f"sign {told}", thing=subscription.id)
    ids = subscription.headers
    values = context.use_all(ids.values(), f"send headers with {told}", thing=subscription.id)
    return Webhook(address, secret, {name: values[id] for name, id in ids.items()})


def _mail_of(context: Context, subscription: Subscription, found: Sequence[Event], total: int) -> Notice:
    told = digest(subscription, found, total, zone_named(subscription.zone))
    return Notice("subscription.digest", told.subject, told.body, f"{context.installation.url}/events")


async def _deliver(
    notifier: Notifier, notice: Notice, to: Webhook | Mail, key: str
) -> FairleadError | TimeoutError | None:
    try:
        async with asyncio.timeout(DELIVERY_TIMEOUT_S):
            await notifier.deliver(notice, to, key=key)
    except (FairleadError, TimeoutError) as error:
        return error
    return None


async def _moved(
    context: Context, taken: Taken, progress: Progress, new: Progress | None = None, *, error: str = ""
) -> None:
    """All of the batch is told, or nothing of it was for them: it goes on behind it."""
    next_at = taken.subscription.next_after(context.clock.now())
    passed_over = progress.passed_over + taken.too_old
    moved = replace(
        new or progress, position=taken.until, next_at=next_at, tries=0, error=error, passed_over=passed_over
    )
    await _move(context, progress, moved, too_old=taken)


async def _move(context: Context, old: Progress, new: Progress, *, too_old: Taken | None = None) -> bool:
    def work(connection: Connection) -> bool:
        is_moved = subscriptions.move(connection, old, new)
        if is_moved and too_old is not None and too_old.too_old:
            why = f"nobody took them for {LONGEST_WAIT.days} days"
            _note_passed_over(context, connection, too_old.subscription, too_old.too_old, why)
        return is_moved

    return await context.database.write(work)


async def _not_told(
    context: Context, taken: Taken, progress: Progress, error: FairleadError | TimeoutError, event: Event | None
) -> None:
    """Tried again later. An event that its receiver refuses again and again is passed over, so that what comes behind
    it is told."""
    now, tries = context.clock.now(), progress.tries + 1
    said = _said_of(error)
    is_away = isinstance(error, Unreachable | TimeoutError)
    pause = min(LONGEST_PAUSE, timedelta(seconds=10 * 2 ** min(tries, 10)))
    later = replace(progress, tries=tries, error=said, failed_at=now, next_at=now + pause)
    is_passed_over = event is not None and not is_away and tries >= MOST_TRIES
    if is_passed_over and event is not None:
        later = replace(later, position=event.sequence, tries=0, passed_over=progress.passed_over + 1)
    elif event is None and tries >= MOST_TRIES:
        later = replace(later, next_at=max(later.next_at, taken.subscription.next_after(now)))

    def work(connection: Connection) -> None:
        if subscriptions.move(connection, progress, later) and is_passed_over:
            _note_passed_over(context, connection, taken.subscription, 1, f"refused {MOST_TRIES} times: {said}")

    await context.database.write(work)


def _said_of(error: FairleadError | TimeoutError) -> str:
    return (str(error) or f"no answer within {DELIVERY_TIMEOUT_S:g} s")[:LONGEST_ERROR]


def _note_passed_over(
    context: Context, connection: Connection, subscription: Subscription, count: int, why: str
) -> None:
    what = f"{count} event{'' if count == 1 else 's'}"
    words = f"{what} not told by the subscription {subscription.name}: {why}"[:1000]
    context.note(connection, SYSTEM, PASSED_OVER, words, thing=subscription.id)


async def _take(context: Context, due: Progress) -> Taken | None:
    """What is to be told, if it is still due: nobody else takes it until `CLAIMED` is over. It is looked for without
    holding up who writes."""
    claimed = replace(due, next_at=context.clock.now() + CLAIMED)
    if not await _move(context, due, claimed):
        return None
    return await context.database.read(lambda connection: _looked_for(context, connection, claimed))


def _looked_for(context: Context, connection: Connection, progress: Progress) -> Taken | None:
    subscription = subscriptions.find(connection, progress.id)
    if subscription is None:
        return None
    until = events.written(connection)
    eyes, why_none = _eyes(connection, subscription)
    addresses = _mail_addresses(connection, subscription)
    if subscription.kind == "mail" and not addresses and not why_none:
        why_none = NO_ADDRESS
    if why_none:
        return Taken(subscription, progress, (), 0, until, why_none=f"nobody is told: {why_none}")
    ids = _ids(connection, subscription, eyes)

    def is_told(event: Event) -> bool:
        """It is not told of what it did not tell: that would never end where its receiver refuses all."""
        if event.kind == PASSED_OVER and event.thing == subscription.id:
            return False
        return subscription.wants(event, ids) and all(may_view(one, event, ids) for one in eyes)

    ahead = events.between(connection, progress.position, until)
    if subscription.kind == "webhook":
        return _for_webhook(context, subscription, progress, ahead, is_told)
    wanted = (event for event in ahead if is_told(event))
    first = tuple(islice(wanted, MOST_IN_A_DIGEST))
    return Taken(subscription, progress, first, len(first) + sum(1 for _ in wanted), until, addresses)


def _for_webhook(
    context: Context,
    subscription: Subscription,
    progress: Progress,
    ahead: Iterator[Event],
    is_told: Callable[[Event], bool],
) -> Taken:
    oldest, until = context.clock.now() - LONGEST_WAIT, progress.position
    wanted: list[Event] = []
    too_old = 0
    for event in islice(ahead, MOST_LOOKED_AT):
        until = event.sequence
        if is_told(event):
            if event.at < oldest:
                too_old += 1
            else:
                wanted.append(event)
        if len(wanted) == MOST_OF_A_BATCH:
            break
    return Taken(subscription, progress, tuple(wanted), len(wanted), until, too_old=too_old)


def _eyes(connection: Connection, subscription: Subscription) -> tuple[tuple[Actor, ...], str]:
    """Who all have to be allowed to view an event, or why nobody is."""
    owner = access.actor_named(connection, subscription.owner, via="subscription")
    if owner is None or not owner.may(Permission.SUBSCRIPTION_EDIT):
        return (), f"its owner {subscription.owner} may have no subscription any more"
    if subscription.team is None:
        return (owner,), ""
    grants = teams.scope_of(connection, subscription.team)
    if grants is None:
        return (), "its team is gone"
    team = Actor(ActorId(subscription.team), "team", "user", frozenset(), via="subscription", grants=grants)
    return (owner, team), ""


def _mail_addresses(connection: Connection, subscription: Subscription) -> tuple[str, ...]:
    if subscription.addresses or subscription.team is None:
        return subscription.addresses
    known = teams.addresses_of(connection, subscription.team)
    return tuple(one for one in known if is_mail_address(one))[:MOST_MEMBERS]


def _ids(connection: Connection, subscription: Subscription, eyes: tuple[Actor, ...]) -> Ids:
    """Nothing is looked up for one that has no filter and may view all."""
    is_narrowed = any(one.reach(Permission.VIEW) is not None for one in eyes)
    if not (is_narrowed or subscription.projects or subscription.environments or subscription.tenants):
        return Ids()
    return Ids(
        {name: id for id, name in projects.names(connection).items()},
        {one.name: one.id for one in environments.all_of(connection)},
        {name: id for id, name in tenants.names(connection).items()},
    )
