"""images.retain and registry.collect: images that no release names go, from the registry and from this host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairlead.domain.effect import Done, Outcome
from fairlead.domain.errors import FairleadError
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.ports.container_engine import LABEL_INSTALLATION, LABEL_PROJECT, Image
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import Plain, read
from fairlead.steps.effects.builds import PIN_TAG, SOURCE_TAG

OUR_TAGS = (SOURCE_TAG, PIN_TAG)
"""Every image that Fairlead pushes has a tag that begins so; a manifest without one is somebody else's."""

FACT = "retention"


@dataclass(frozen=True, slots=True)
class Retained:
    """What may go, and what stays. `keep` are references by digest that releases name (test images too), `projects`
    those of this installation; of the `busy` ones, which have a run under way, nothing goes: what a run has pushed and
    no release names yet looks like garbage."""

    projects: tuple[str, ...]
    keep: tuple[str, ...]
    busy: tuple[str, ...] = ()
    installation: str = ""


class RetainImages(Plain):
    """Deletes manifests in the registry, then names of images on this host. In use is left. Asked again, it goes on.

    What goes is recorded first, so that no release is deployed that lacks an image by then, whenever the server dies.
    """

    kind = "images.retain"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Deletes; the report is the output and the fact ``retention``."""
        wanted = read(Retained, effect)
        found, images = await _manifests(wanted, tools), await _images(wanted, tools)
        named = {one for image in images for one in image.digests if one.startswith(f"{tools.registry.address}/")}
        free = await tools.records.let_go({*(one.reference for one in found), *named})
        manifests = await _delete([one for one in found if one.reference in free], tools)
        names = await _remove(images, free, tools)
        tools.say(f"deleted {len(manifests)} manifests and {len(names)} names of images on this host")
        report: dict[str, Json] = {"manifests": list(manifests), "images": list(names), "kept": len(wanted.keep)}
        await tools.records.note(tools.task, FACT, report)
        return Done({"manifests": len(manifests), "images": len(names)})


class CollectGarbage(Plain):
    """Frees the layers that no manifest names, where the registry is Fairlead's own."""

    kind = "registry.collect"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Collects, waiting for pushes under way."""
        freed = await tools.registry.collect_garbage()
        tools.say(f"freed {freed / 1024**2:,.1f} MiB in the registry")
        facts = (await tools.records.facts(tools.task)).get(FACT)
        report: dict[str, Json] = dict(facts) if isinstance(facts, dict) else {}
        await tools.records.note(tools.task, FACT, {**report, "freed_bytes": freed})
        return Done({"freed_bytes": freed})


@dataclass(frozen=True, slots=True)
class _Manifest:
    """A manifest of ours in the registry that nothing kept names."""

    repository: str
    digest: str
    reference: str
    tags: tuple[str, ...]


async def _manifests(wanted: Retained, tools: Tools) -> list[_Manifest]:
    found = []
    for repository in await tools.registry.repositories():
        if not _may_go(repository.partition("/")[0], wanted):
            continue
        for digest, tags in (await _tagged(repository, tools)).items():
            reference = f"{tools.registry.address}/{repository}@{digest}"
            if reference not in wanted.keep and any(tag.startswith(OUR_TAGS) for tag in tags):
                found.append(_Manifest(repository, digest, reference, tuple(sorted(tags))))
    return found


async def _tagged(repository: str, tools: Tools) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tag in await tools.registry.tags(repository):
        digest = await tools.registry.digest(repository, tag)
        if digest is not None:
            found.setdefault(digest, []).append(tag)
    return found


async def _delete(found: Sequence[_Manifest], tools: Tools) -> tuple[str, ...]:
    """Deleted; what the registry does not let go is recorded as there again."""
    deleted: list[str] = []
    for one in found:
        try:
            await tools.registry.delete(one.repository, one.digest)
        except FairleadError:
            await tools.records.are_there([left.reference for left in found if left.reference not in deleted])
            raise
        tools.say(f"deleted {one.reference} ({', '.join(one.tags)})")
        deleted.append(one.reference)
    return tuple(deleted)


async def _images(wanted: Retained, tools: Tools) -> list[Image]:
    labels = {LABEL_PROJECT: "", **({LABEL_INSTALLATION: wanted.installation} if wanted.installation else {})}
    found = await tools.container_engine.images(labels)
    return [
        image
        for image in found
        if _may_go(image.labels.get(LABEL_PROJECT, ""), wanted) and not any(one in wanted.keep for one in image.digests)
    ]


async def _remove(images: Sequence[Image], free: frozenset[str], tools: Tools) -> tuple[str, ...]:
    """Names of images on this host, where all that the registry knows them by is free to go."""
    removed = []
    for image in images:
        names = _our_names(image, tools.registry.address)
        if any("@" in name and name not in free for name in names):
            continue
        for name in names:
            await tools.container_engine.remove_image(name)
            if await tools.container_engine.image(name) is None:
                removed.append(name)
    return tuple(removed)


def _our_names(image: Image, address: str) -> list[str]:
    tags = [tag.rpartition(":")[2] for tag in image.tags]
    if tags and not any(tag.startswith(OUR_TAGS) for tag in tags):
        return []
    return [name for name in (*image.tags, *image.digests) if name.startswith(f"{address}/")]


def _may_go(project: str, wanted: Retained) -> bool:
    return project in wanted.projects and project not in wanted.busy
