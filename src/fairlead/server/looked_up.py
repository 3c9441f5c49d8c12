"""Asking a repository which commit a script is of, from a thread that waits for the answer."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from fairlead.domain.script_source import ScriptSource
from fairlead.ports.source import Repository, Source
from fairlead.steps.script_source import commit_of


class LookedUp:
    """What `usecases.context.Context.look_up` is in earnest. Each question has a loop of its own, in a thread of its
    own: whoever asks may be in one that has a loop."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __call__(self, repository: Repository, wanted: ScriptSource) -> str:
        """As `steps.script_source.commit_of`."""
        with ThreadPoolExecutor(1) as alone:
            return alone.submit(asyncio.run, commit_of(self._source, repository, wanted)).result()
