"""image.push: a built image is in the registry, tagged by its inputs and by the version; its digest is taken."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.plan import Effect
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import Plain, read


@dataclass(frozen=True, slots=True)
class Pushed:
    """Which build's image goes where. `built` is the effect key of the build, `version` the tag for people."""

    name: str
    repository: str
    built: str
    version: str


class PushImage(Plain):
    """Pushes. Output: ``reference`` by digest, what the release names."""

    kind = "image.push"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether both tags name one manifest."""
        wanted = read(Pushed, effect)
        source_tag = str(tools.outputs[wanted.built]["tag"]).rpartition(":")[2]
        digest = await tools.registry.digest(wanted.repository, source_tag)
        if digest is None or digest != await tools.registry.digest(wanted.repository, wanted.version):
            return NotYet()
        return Done({"reference": f"{tools.registry.address}/{wanted.repository}@{digest}"}, was_already_so=True)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Pushes under both tags; the tag of the version is a throw-away one on this host."""
        wanted = read(Pushed, effect)
        built = tools.outputs[wanted.built]
        version_tag = f"{tools.registry.address}/{wanted.repository}:{wanted.version}"
        image = str(built["image"])
        if built["reference"]:
            await tools.container_engine.pull(image, tools.registry.credentials(), lambda line: None)
        await tools.container_engine.tag(image, version_tag)
        tags = [version_tag] if built["reference"] else [version_tag, str(built["tag"])]
        try:
            async with tools.registry.pushing():
                digests = [await self._push(tag, tools) for tag in tags]
        finally:
            await tools.container_engine.remove_image(version_tag)
        digest = digests[0]
        if len(set(digests)) > 1:
            return SaidNo("registry.digest", f"{wanted.name} was pushed as {' and as '.join(digests)}")
        reference = f"{tools.registry.address}/{wanted.repository}@{digest}"
        tools.say(f"pushed {wanted.name} as {version_tag}, {digest}")
        return Done({"reference": reference})

    async def _push(self, tag: str, tools: Tools) -> str:
        credentials = tools.registry.credentials()
        return await tools.container_engine.push(tag, credentials, lambda line: tools.say(line, level="debug"))
