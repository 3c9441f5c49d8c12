"""Looking up which commit a script from another repository comes from, and that it has the file."""

from __future__ import annotations

import asyncio

from fairlead.domain.errors import NotFound, TimedOut
from fairlead.domain.looked_up import ScriptSource
from fairlead.ports.source import Repository, Source

LOOK_TIMEOUT_S = 120.0
"""To ask which commit is meant, and to fetch it."""


async def commit_of(source: Source, repository: Repository, wanted: ScriptSource) -> str:
    """The commit's whole id. NotFound `source.ref`, `source.file`, TimedOut `source.unreachable`, and what the source
    raises."""
    try:
        async with asyncio.timeout(LOOK_TIMEOUT_S):
            commit = await source.commit_of(repository, wanted.ref)
            files = await source.files(repository, commit) if wanted.is_file_known else {wanted.file: 0}
    except TimeoutError as error:
        raise TimedOut(
            "source.unreachable",
            f"{wanted.url} did not answer within {LOOK_TIMEOUT_S:g} s",
            thing=wanted.url,
            hint="check whether the repository's server is overloaded, then make the release again",
        ) from error
    if wanted.file not in files:
        raise NotFound(
            "source.file",
            f"{wanted.file[:200]} is not in {wanted.url} at {wanted.ref} ({commit[:12]})",
            thing=wanted.file[:200],
            hint="push it there, or name another file or ref in the process",
        )
    return commit
