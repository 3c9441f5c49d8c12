"""What the doors that add projects have in common: keys for their repositories, and the first look at these."""

from __future__ import annotations

from collections.abc import Callable

from fairlead.server.life import Life
from fairlead.usecases.declarations import Planned, added_projects
from fairlead.usecases.projects import KeyPair


def key_maker(life: Life) -> Callable[[str], KeyPair]:
    """What makes a deploy key that is called so where it is pasted."""

    def make(name: str) -> KeyPair:
        made = life.server.source.deploy_key(name)
        return KeyPair(made.private, made.public)

    return make


def look_at_added(life: Life, done: Planned) -> None:
    """Repositories that files added are looked at soon."""
    for project in added_projects(done):
        life.look_soon(project, "person")
