"""What a new installation begins with: its environments, a lifecycle, and an administrator."""

from __future__ import annotations

from fairlead.domain.environment import FIRST_NAMES, Environment
from fairlead.domain.ids import EnvironmentId, LifecycleId
from fairlead.domain.lifecycle import DEFAULT_NAME, Lifecycle
from fairlead.store import environments, lifecycles
from fairlead.usecases import access
from fairlead.usecases.access import FirstAdministrator
from fairlead.usecases.context import Context


def prepare(
    context: Context, *, name: str, email: str = "", password: str = "", api_key: str = ""
) -> FirstAdministrator:
    """At a first start all of it is made; at a later one only a given API key is made to work."""
    with context.database.transaction() as connection:
        if not lifecycles.all_of(connection):
            lifecycles.insert(connection, Lifecycle(LifecycleId(context.ids.new("lfc")), DEFAULT_NAME))
            for order, first in enumerate(FIRST_NAMES, start=1):
                id, is_last = EnvironmentId(context.ids.new("env")), order == len(FIRST_NAMES)
                environments.insert(connection, Environment(id, first, order, asks_approval=is_last))
    return access.set_up(context, name=name, email=email, password=password, api_key=api_key)
