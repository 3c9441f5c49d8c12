"""image.acquire: an image on the target by digest, so that starting it needs no registry."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.effect import Done, Looked, NotYet, Outcome
from fairlead.domain.errors import FairleadError
from fairlead.domain.plan import Effect
from fairlead.domain.registry_login import RegistryLogin
from fairlead.ports.container_engine import Credentials, Image
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import Plain, read
from fairlead.steps.effects.on_host import at_host

LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class Acquired:
    """The reference by digest, and what opens its registry where that is not Fairlead's own. `host` is the id of the
    target that is to have it; "": this machine."""

    reference: str
    login: RegistryLogin | None = None
    host: str = ""


class AcquireImage(Plain):
    """Pulls an image by digest; missing layers only. Images are no state: nothing is taken back."""

    kind = "image.acquire"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether the target has it."""
        wanted = read(Acquired, effect)
        image = await (await at_host(wanted.host, tools)).container_engine.image(wanted.reference)
        return NotYet() if image is None else Done(_facts(image), was_already_so=True)

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Pulls it."""
        wanted = read(Acquired, effect)
        credentials = await _credentials(wanted, tools)
        tools = await at_host(wanted.host, tools)
        try:
            image = await tools.container_engine.pull(
                wanted.reference, credentials, lambda line: tools.say(line, level="debug")
            )
        except FairleadError as error:
            hint = near(wanted.reference, wanted.host) or _moved(wanted, tools.registry.address)
            if hint := hint or _lost(wanted, error.code, tools.registry.address):
                error.hint = hint
            raise
        tools.say(f"has {wanted.reference} ({image.size_bytes / 1024**2:,.0f} MiB)")
        return Done(_facts(image))


def near(reference: str, host: str) -> str:
    """What to do where another host is to fetch it from a registry that only this machine reaches; "" elsewhere."""
    if not host or reference.partition("/")[0].partition(":")[0] not in LOOPBACK:
        return ""
    return "that registry is on the server itself, where other hosts do not reach it: name one that both reach"


def _facts(image: Image) -> dict[str, int | str | bool]:
    return {"id": image.id, "size_bytes": image.size_bytes, "has_healthcheck": image.has_healthcheck}


def _moved(wanted: Acquired, ours: str) -> str:
    """What to do where the image was pushed to a registry of ours that is at another address now; "" elsewhere."""
    host, _, port = wanted.reference.partition("/")[0].rpartition(":")
    if host not in LOOPBACK or wanted.login is not None or wanted.reference.startswith(f"{ours}/"):
        return ""
    return (
        f"the release names its images at {host}:{port}, and Fairlead's registry is at {ours} now: set registry_port "
        f"back to {port}, or build its commit again: fairlead runs start --commit COMMIT"
    )


def _lost(wanted: Acquired, code: str, ours: str) -> str:
    """What to do where our registry does not have what was pushed to it; "" elsewhere."""
    if code != "image.unknown" or not wanted.reference.startswith(f"{ours}/"):
        return ""
    return (
        "Fairlead's registry has lost it: put registry/ of the data directory back from a copy, or build the release's "
        "commit again: fairlead runs start --commit COMMIT"
    )


async def _credentials(wanted: Acquired, tools: Tools) -> Credentials | None:
    if wanted.reference.startswith(f"{tools.registry.address}/"):
        return tools.registry.credentials()
    if wanted.login is None:
        return None
    values = await tools.secrets.values(tools.task, [wanted.login.password.id])
    return Credentials(wanted.login.user, values[wanted.login.password.id])
