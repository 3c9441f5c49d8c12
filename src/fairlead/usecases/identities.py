"""As whom identity providers know a user: looked at, linked and unlinked by hand."""

from __future__ import annotations

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, Invalid, NotFound, Refused
from fairlead.domain.id_token import LONGEST_SUBJECT
from fairlead.domain.identity_provider import Identity, issuer_address
from fairlead.domain.permission import Permission
from fairlead.store import identity_providers as rows
from fairlead.store import users
from fairlead.usecases.context import Context
from fairlead.usecases.roles import require_all_of


def of_user(context: Context, actor: Actor, name: str) -> tuple[Identity, ...]:
    """In the order of their making."""
    actor.require(Permission.USER_EDIT)
    with context.database.reading() as connection:
        return rows.identities_of(connection, users.by_name(connection, name).id)


def link(context: Context, actor: Actor, name: str, issuer: str, subject: str) -> Identity:
    """Whom the issuer knows by that subject is this user from now on. Conflict `identity.taken` where they are another
    already; nobody opens the account of somebody who may more than they may."""
    actor.require(Permission.USER_EDIT)
    if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise Invalid("input.invalid", f"a subject has 1 to {LONGEST_SUBJECT} letters, in one line", thing="subject")
    with context.database.transaction() as connection:
        user = users.by_name(connection, name)
        if user.is_service:
            raise Refused("user.service", f"{name} is a service account", thing=name, hint="name a person")
        require_all_of(connection, actor, user)
        known = rows.identity_of(connection, issuer_address(issuer), subject)
        if known is not None:
            whose = users.get(connection, known.user).name
            raise Conflict("identity.taken", f"whom {issuer} knows by that subject is {whose} already", thing=whose)
        at = context.clock.now()
        made = Identity(context.ids.new("idn"), user.id, issuer_address(issuer), subject, at)
        rows.insert_identity(connection, made)
        what = f"linked {name} to a subject of {issuer}"
        context.note(connection, actor, "user.linked", what, thing=user.id, after=made)
    return made


def unlink(context: Context, actor: Actor, name: str, id: str) -> None:
    """That subject is this user no more; their sessions end."""
    actor.require(Permission.USER_EDIT)
    with context.database.transaction() as connection:
        user = users.by_name(connection, name)
        held = rows.find_identity(connection, id)
        if held is None or held.user != user.id:
            raise NotFound("identity.nobody", f"{name} has no identity {id[:40]!r}", thing=id[:40])
        rows.delete_identity(connection, held.id)
        users.end_sessions(connection, user=user.id)
        what = f"unlinked {name} from a subject of {held.issuer}"
        context.note(connection, actor, "user.unlinked", what, thing=user.id, before=held)
