"""Deployments that running tasks ask for, from the books: ports.children."""

from __future__ import annotations

from fairlead.domain.ids import TaskId
from fairlead.ports.children import Child, ChildWish
from fairlead.usecases import child_deployments
from fairlead.usecases.context import Context


class BookedChildren:
    """As ports.children.Children says."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def begin(self, parent: TaskId, key: str, wish: ChildWish) -> Child:
        """Found, or asked for."""
        return await self._context.database.run(lambda: child_deployments.begin(self._context, parent, key, wish))

    async def cancel(self, parent: TaskId, key: str) -> None:
        """Asked to stop."""
        await self._context.database.run(lambda: child_deployments.cancel(self._context, parent, key))
