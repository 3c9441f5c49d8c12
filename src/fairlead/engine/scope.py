"""What can stop a part of a plan from outside: a cancel, an enclosing timeout, a sibling that failed."""

from __future__ import annotations

import asyncio

CANCELLED = 0
"""The depth of the outermost scope: what stopped there was cancelled."""


class Scope:
    """A part of a plan that can be stopped as a whole.

    `stop` interrupts what runs inside; `stopped_by` is then the depth of the scope that was stopped, so that a retry
    knows whether the stop was meant for it or for something inside it. `halt` only keeps new effects from starting;
    `shut` keeps only those scopes inside from starting in which nothing has begun.
    """

    def __init__(self, parent: Scope | None = None, *, depth: int = CANCELLED) -> None:
        self.depth = depth
        self.stopped_by: int | None = parent.stopped_by if parent else None
        self.stopping = asyncio.Event()
        self._parent = parent
        self._inner: list[Scope] = []
        self._halted = False
        self._shut = False
        self._begun = False
        if self.stopped_by is not None:
            self.stopping.set()
        if parent:
            parent._inner.append(self)

    def deeper(self) -> Scope:
        """A scope inside this one that can be stopped by itself."""
        return Scope(self, depth=self.depth + 1)

    def group(self) -> Scope:
        """A scope inside this one that can be halted by itself."""
        return Scope(self, depth=self.depth)

    def leave(self) -> None:
        """Nothing runs in it any more."""
        if self._parent:
            self._parent._inner.remove(self)

    def stop(self, by: int | None = None) -> None:
        """Interrupt what runs inside; the first stop counts."""
        if self.stopped_by is None:
            self.stopped_by = self.depth if by is None else by
            self.stopping.set()
        for inner in self._inner:
            inner.stop(self.stopped_by)

    def halt(self) -> None:
        """No effect inside starts any more."""
        self._halted = True

    def shut(self) -> None:
        """No scope inside begins any more; those that have go on."""
        self._shut = True

    def begin(self) -> None:
        """Something has begun in it, and so in those around it."""
        at: Scope | None = self
        while at is not None and not at._begun:
            at._begun = True
            at = at._parent

    @property
    def is_halted(self) -> bool:
        """Whether nothing may start here any more: it was halted, or one around it was, or was shut before it began."""
        if self._halted or self._parent is None:
            return self._halted
        return (self._parent._shut and not self._begun) or self._parent.is_halted
