"""Which packages and build information retention lets go, and why each other stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.domain.unused import Needs, Stored, Verdict, judged
from fairlead.store import unused
from fairlead.store.database import Connection
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is, and what keeps it, read in one transaction."""

    held: Sequence[Stored]
    needs: Needs


def preview(context: Context, actor: Actor) -> Sequence[Verdict]:
    """What a retention task would do now to packages of the feed and to what builds told. Nothing goes."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        stock = read(connection)
    return judge(context, stock)


def read(connection: Connection) -> Stock:
    """All of it."""
    return Stock(unused.stored(connection), unused.needs(connection))


def judge(context: Context, stock: Stock) -> Sequence[Verdict]:
    """The verdict on each, by name, the newest first; no transaction need be open."""
    days, now = context.installation.keep_packages_days, context.clock.now()
    return list(judged(stock.held, stock.needs, keep_days=days, now=now))
