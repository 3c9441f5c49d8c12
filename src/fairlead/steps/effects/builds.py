"""image.build and image.pin: each service's image, built once for the same inputs, or named by digest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import Failed, FairleadError, NotAllowed, NotFound, Refused
from fairlead.domain.image import registry_of
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.service import Build
from fairlead.domain.text import reveal, secrets_in
from fairlead.formats.dockerfile import base_images
from fairlead.ports.container_engine import BuildRequest, Credentials, Image
from fairlead.ports.step import Tools
from fairlead.steps.build_inputs import context_of, dockerfile_text, inputs_hash
from fairlead.steps.effects.basis import Plain, read
from fairlead.steps.workspace import project_root

SOURCE_TAG = "src-"
PIN_TAG = "pin-"
REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Built:
    """One image to be built. `repository` is below the registry's address; the build's paths are below `folder`."""

    name: str
    build: Build
    repository: str
    workspace: str
    folder: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    logins: tuple[RegistryLogin, ...] = ()


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the build is made from, as found in the workspace."""

    context: Path
    dockerfile: str
    tag: str


class BuildImage(Plain):
    """Builds an image, tagged by the hash of its inputs. Where the registry has that tag, it was built before.

    Output: ``image`` (what a container of this host can be made from), ``tag``, and ``reference`` by digest where it
    was built before. Images and caches are no state: nothing is taken back.
    """

    kind = "image.build"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether the same inputs were built before, by this run or an earlier one."""
        wanted = read(Built, effect)
        try:
            inputs = await _inputs(wanted, tools)
        except FairleadError:
            return NotYet()  # told by `do`, in words
        digest = await tools.registry.digest(wanted.repository, inputs.tag)
        tag = f"{tools.registry.address}/{wanted.repository}:{inputs.tag}"
        if digest is not None:
            reference = f"{tools.registry.address}/{wanted.repository}@{digest}"
            tools.say(f"{wanted.name} was built before from the same inputs: {digest}")
            return Done({"image": reference, "reference": reference, "tag": tag}, was_already_so=True)
        image = await tools.container_engine.image(tag)
        if image is None:
            return NotYet()
        tools.say(f"{wanted.name} was built before from the same inputs, and not pushed yet")
        return Done({"image": image.id, "reference": "", "tag": tag}, was_already_so=True)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Builds; the engine's output goes into the task's log."""
        wanted = read(Built, effect)
        began = tools.clock.monotonic_s()
        try:
            inputs = await _inputs(wanted, tools)
            tag = f"{tools.registry.address}/{wanted.repository}:{inputs.tag}"
            tools.say(f"building {wanted.name} from {wanted.build.context}/{inputs.dockerfile}")
            request = await _request(wanted, inputs, tag, tools)
            image = await tools.container_engine.build(request, lambda line: tools.say(line))
        except Refused as error:
            message = f"the image of {wanted.name} cannot be built: {error.message}"
            return SaidNo(error.code, message, hint=error.hint)
        except Failed as error:
            if error.code != "image.build":
                raise
            return await _not_built(wanted.name, error, tools)
        took_s = tools.clock.monotonic_s() - began
        tools.say(f"built {wanted.name} in {took_s:.1f} s ({image.size_bytes / 1024**2:,.0f} MiB)")
        return Done({"image": image.id, "reference": "", "tag": tag, "took_s": round(took_s, 3)})


async def _not_built(name: str, error: Failed, tools: Tools) -> SaidNo:
    """A build may have shown what it was given: the log is masked by itself, reason and evidence are here."""
    first, *rest = await tools.secrets.masked(tools.task, error.message.splitlines() or [""])
    last = next((line for line in reversed(rest) if line.strip()), "")
    said = f"{first}: {last}" if last and last not in first else first
    return SaidNo(
        "image.build",
        f"the image of {name} could not be built: {said[:REASON_LENGTH]}",
        hint=error.hint or "the build's last lines say why; the whole output is in this task's log",
        evidence=tuple(rest),
    )


async def _inputs(wanted: Built, tools: Tools) -> Inputs:
    root = await asyncio.to_thread(project_root, wanted.workspace, wanted.folder)
    context, dockerfile = await asyncio.to_thread(context_of, root, wanted.build)
    text = await asyncio.to_thread(dockerfile_text, root, wanted.build)
    bases = {}
    for name in base_images(text, wanted.build.arguments):
        bases[name] = await _base(name, wanted, tools)
    hashed = await asyncio.to_thread(inputs_hash, context, dockerfile, wanted.build, bases)
    return Inputs(context, dockerfile, SOURCE_TAG + hashed)


async def _base(name: str, wanted: Built, tools: Tools) -> str:
    """What the base image is now: its id on this host, fetched where it is not there."""
    if "$" in name:
        return name
    found = await tools.container_engine.image(name)
    if found is None:
        found = await fetch(name, wanted.logins, tools, what=f"the base image {name} of {wanted.name}")
    return found.id


async def fetch(reference: str, logins: tuple[RegistryLogin, ...], tools: Tools, *, what: str) -> Image:
    """Pulled with what opens its registry; a no says what it was for. `Unreachable` passes: that may be tried again."""
    credentials = None
    if reference.startswith(f"{tools.registry.address}/"):
        credentials = tools.registry.credentials()
    for login in logins:
        if registry_of(reference) == login.registry:
            credentials = (await _opened((login,), tools))[login.registry]
    tools.say(f"fetching {what}")
    try:
        return await tools.container_engine.pull(reference, credentials, lambda line: tools.say(line, level="debug"))
    except (Failed, NotAllowed, NotFound) as error:
        raise Failed(
            "image.build",
            f"{what} cannot be fetched: {error.message}",
            thing=reference,
            hint="check its name; a private registry's credentials are given by: fairlead registries set REGISTRY",
        ) from error


async def _opened(logins: tuple[RegistryLogin, ...], tools: Tools) -> dict[str, Credentials]:
    values = await tools.secrets.values(tools.task, [login.password.id for login in logins]) if logins else {}
    return {login.registry: Credentials(login.user, values[login.password.id]) for login in logins}


async def _request(wanted: Built, inputs: Inputs, tag: str, tools: Tools) -> BuildRequest:
    secrets = wanted.build.secrets
    ids = {reference.id for reference in secrets_in(*secrets.values())}
    values = await tools.secrets.values(tools.task, ids) if ids else {}
    return BuildRequest(
        context=str(inputs.context),
        dockerfile=inputs.dockerfile,
        tags=(tag,),
        target=wanted.build.target,
        arguments=wanted.build.arguments,
        labels={**wanted.build.labels, **wanted.labels},
        secrets={name: reveal(text, values) for name, text in secrets.items()},
        credentials=await _opened(wanted.logins, tools),
    )


@dataclass(frozen=True, slots=True)
class Pinned:
    """An image that is named, not built. `repository` is where a copy goes that has no digest anywhere yet."""

    name: str
    image: str
    repository: str
    logins: tuple[RegistryLogin, ...] = ()


class PinImage(Plain):
    """Names an image by digest, so that the release deploys just this one everywhere.

    An image that exists on this host alone (no registry gave it a digest) is pushed to the project's registry.
    Output: ``image`` and ``reference``, both by digest.
    """

    kind = "image.pin"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Finds or fetches it, and takes its digest."""
        wanted = read(Pinned, effect)
        try:
            found = await tools.container_engine.image(wanted.image)
            if found is None:
                found = await fetch(wanted.image, wanted.logins, tools, what=f"the image {wanted.image}")
        except Failed as error:
            return SaidNo("image.unknown", error.message, hint=error.hint)
        reference = _digest_reference(wanted.image, found) or await _pushed(wanted, found, tools)
        tools.say(f"{wanted.name} is {reference}")
        output: dict[str, Json] = {"image": reference, "reference": reference}
        return Done(output)


def _digest_reference(name: str, image: Image) -> str:
    """The digest under the name's own repository; "" where the image has none there."""
    if "@sha256:" in name:
        return name
    head, slash, last = name.rpartition("/")
    repository = f"{head}{slash}{last.partition(':')[0]}"
    return next((known for known in image.digests if known.partition("@")[0] == repository), "")


async def _pushed(wanted: Pinned, image: Image, tools: Tools) -> str:
    """A copy in our registry, tagged by the image's id, pushed once."""
    label = PIN_TAG + image.id.removeprefix("sha256:")[:32]
    digest = await tools.registry.digest(wanted.repository, label)
    if digest is None:
        tag = f"{tools.registry.address}/{wanted.repository}:{label}"
        await tools.container_engine.tag(image.id, tag)
        credentials = tools.registry.credentials()
        async with tools.registry.pushing():
            digest = await tools.container_engine.push(tag, credentials, lambda line: tools.say(line, level="debug"))
    return f"{tools.registry.address}/{wanted.repository}@{digest}"
