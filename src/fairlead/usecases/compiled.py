"""Keeps the newest compiled project files: one is asked for when a deployment is asked for, and when it begins."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from fairlead.domain.service import Definition

KEPT = 8
"""Each is some kilobytes; between the asking and the beginning of one deployment few others are asked for."""


@dataclass(slots=True)
class Compiled:
    """Definitions by all that they are made of, the newest few. Used from any thread."""

    _kept: OrderedDict[Hashable, Definition] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, made_of: Hashable, compile: Callable[[], Definition]) -> Definition:
        """The one made of this; compiled where it is not kept. What `compile` raises is raised, and nothing kept."""
        with self._lock:
            if (kept := self._kept.get(made_of)) is not None:
                self._kept.move_to_end(made_of)
                return kept
        definition = compile()
        with self._lock:
            self._kept[made_of] = definition
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return definition
