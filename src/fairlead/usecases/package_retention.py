"""Which packages and build information retention lets go, and why each other stays."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.domain.unused import Verdict, judged
from fairlead.store import unused
from fairlead.store.database import Connection
from fairlead.usecases.context import Context


def preview(context: Context, actor: Actor) -> Sequence[Verdict]:
    """What a retention task would do now to packages of the feed and to what builds told. Nothing goes."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return judge(context, connection)


def judge(context: Context, connection: Connection) -> Sequence[Verdict]:
    """The verdict on each, by name, the newest first."""
    days, now = context.installation.keep_packages_days, context.clock.now()
    return list(judged(unused.stored(connection), unused.needs(connection), keep_days=days, now=now))
