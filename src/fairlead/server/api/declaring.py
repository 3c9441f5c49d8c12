"""What the doors that add projects have in common: keys for their repositories, and the first look at these."""

from __future__ import annotations

from fairlead.domain.actor import Actor
from fairlead.server.life import Life
from fairlead.usecases import declarations
from fairlead.usecases.declarations import Planned, Wish
from fairlead.usecases.projects import KeyPair


def deploy_key(life: Life, name: str) -> KeyPair:
    """A new one, called so where it is pasted."""
    made = life.server.source.deploy_key(name)
    return KeyPair(made.private, made.public)


def apply(life: Life, actor: Actor, wish: Wish, *, plan_hash: str | None) -> Planned:
    """As `declarations.apply`; repositories that it added are looked at soon."""
    done = declarations.apply(
        life.server.context, actor, wish, plan_hash=plan_hash, make_key=lambda name: deploy_key(life, name)
    )
    for project in declarations.added_projects(done):
        life.look_soon(project, "person")
    return done
