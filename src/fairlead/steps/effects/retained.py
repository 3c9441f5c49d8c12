"""images.retain and registry.collect: images that no release names go, from the registry and from this host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.domain.effect import Done, Outcome
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
    """Deletes manifests in the registry, then names of images on this host. In use is left. Asked again, it goes on."""

    kind = "images.retain"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Deletes; the report is the output and the fact ``retention``."""
        wanted = read(Retained, effect)
        manifests = await _retain_manifests(wanted, tools)
        images = await _retain_images(wanted, tools)
        report: dict[str, Json] = {"manifests": list(manifests), "images": list(images), "kept": len(wanted.keep)}
        tools.say(f"deleted {len(manifests)} manifests and {len(images)} names of images on this host")
        await tools.records.note(tools.task, FACT, report)
        return Done({"manifests": len(manifests), "images": len(images)})


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


async def _retain_manifests(wanted: Retained, tools: Tools) -> tuple[str, ...]:
    deleted = []
    for repository in await tools.registry.repositories():
        if not _may_go(repository.partition("/")[0], wanted):
            continue
        for digest, tags in (await _manifests(repository, tools)).items():
            reference = f"{tools.registry.address}/{repository}@{digest}"
            if reference not in wanted.keep and any(tag.startswith(OUR_TAGS) for tag in tags):
                await tools.registry.delete(repository, digest)
                tools.say(f"deleted {reference} ({', '.join(sorted(tags))})")
                deleted.append(reference)
    return tuple(deleted)


async def _manifests(repository: str, tools: Tools) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tag in await tools.registry.tags(repository):
        digest = await tools.registry.digest(repository, tag)
        if digest is not None:
            found.setdefault(digest, []).append(tag)
    return found


async def _retain_images(wanted: Retained, tools: Tools) -> tuple[str, ...]:
    labels = {LABEL_PROJECT: "", **({LABEL_INSTALLATION: wanted.installation} if wanted.installation else {})}
    removed = []
    for image in await tools.container_engine.images(labels):
        if not _may_go(image.labels.get(LABEL_PROJECT, ""), wanted) or any(one in wanted.keep for one in image.digests):
            continue
        for name in _our_names(image, tools.registry.address):
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
