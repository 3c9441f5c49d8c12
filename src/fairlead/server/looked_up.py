"""Asking a repository which commit a script is of, and a registry for a digest, from a thread that waits for it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from fairlead.domain.errors import NotFound
from fairlead.domain.image import registry_of, repository_of, version_of
from fairlead.domain.looked_up import ScriptSource, StepImage
from fairlead.ports.registry import Registries, Registry
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


class LookedUpImages:
    """What `usecases.context.Context.look_up_image` is in earnest, asked as `LookedUp` asks."""

    def __init__(self, registries: Registries) -> None:
        self._registries = registries

    def __call__(self, wanted: StepImage) -> str:
        """Name and tag, with the digest that the registry has for it. NotFound `image.unknown`, and what the registry
        answers."""
        registry = self._registries.of(registry_of(wanted.tagged))
        with ThreadPoolExecutor(1) as alone:
            digest = alone.submit(asyncio.run, _digest(registry, wanted)).result()
        if digest is None:
            raise NotFound(
                "image.unknown",
                f"{registry.address} has no image {wanted.tagged}",
                thing=str(wanted),
                hint="look at its name and tag; a private registry's login: fairlead registries set REGISTRY",
            )
        return f"{wanted.tagged}@{digest}"


async def _digest(registry: Registry, wanted: StepImage) -> str | None:
    return await registry.digest(repository_of(wanted.tagged), version_of(wanted.tagged))
