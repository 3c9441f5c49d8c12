"""step-container.run and .retire: a container that a step of a process leaves running, and the one that it replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import Failed
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.naming import PlaceNames
from fairlead.domain.output_variables import effect_output, of_effects, seen_from
from fairlead.domain.plan import Effect
from fairlead.domain.service import Mount, PublishedPort, Volume
from fairlead.domain.step_image import is_by_digest
from fairlead.domain.template.variables import Variables
from fairlead.domain.text import secrets_in
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import (
    LABEL_INSTANCE,
    LABEL_KEY,
    LABEL_KIND,
    LABEL_RUNBOOK,
    LABEL_STEP,
    LABEL_TARGET,
    LABEL_TASK,
    LABEL_TENANT,
    Attachment,
    Container,
    ContainerSpec,
    labels_of,
)
from fairlead.ports.step import Tools
from fairlead.steps.blueprint import (
    DEFAULT_LOG_DRIVER,
    DEFAULT_LOG_OPTIONS,
    KIND_STEP_CONTAINER,
    KIND_VOLUME,
    InstanceFacts,
    facts_label,
)
from fairlead.steps.effects.basis import Plain, all_of, read
from fairlead.steps.effects.builds import fetch
from fairlead.steps.effects.container_actions import ActionAbout
from fairlead.steps.effects.images import near
from fairlead.steps.effects.on_host import at_host, still_at_host
from fairlead.steps.effects.started_anew import RUNS, start_anew
from fairlead.steps.filled_in import filled, known_at, unresolved
from fairlead.steps.inspected import as_output
from fairlead.steps.output import keep_output, last_lines
from fairlead.steps.words import ended_with

NOBODY = "/"
"""In a label, where there is no runbook, or no target: no name has a slash."""
POLL_S = 0.1
BY_DIGEST = "name it by NAME@sha256:…, or write its name and tag without a variable: the release keeps the digest"
RUN_AGAIN = "run the step again"
"""What brings back what it left and somebody removed."""


@dataclass(frozen=True, slots=True)
class StepIdentity:
    """A step at a place, on a target ("": none), of a runbook ("": of deployments): what it leaves is found by it."""

    place: Place
    action: str
    runbook: str
    target: str

    @property
    def labels(self) -> dict[str, str]:
        """What every container of it carries."""
        return {
            **labels_of(self.place),
            LABEL_KIND: KIND_STEP_CONTAINER,
            LABEL_STEP: self.action,
            LABEL_RUNBOOK: self.runbook or NOBODY,
            LABEL_TARGET: self.target or NOBODY,
        }


@dataclass(frozen=True, slots=True)
class StepContainer:
    """The container as it is to be. `host` is the target's id, "" beside the server. `image` is by digest, or what
    variables make one of; command, entrypoint and environment are as they were written. Networks and volumes are by
    their names in the engine. It has to run for `stays_s` after its start."""

    about: ActionAbout
    identity: StepIdentity
    host: str
    image: str
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    network_mode: str = ""
    aliases: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    ports: tuple[PublishedPort, ...] = ()
    restart: str = "no"
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    grace_s: float = 10.0
    stays_s: float = 1.0


class RunStepContainer:
    """Makes the container, stops the one that the step made before, starts the new one and watches it for a moment.

    Undone, it is removed, and what ran before runs again. Output: the variable ``Docker.Inspect``, which tells what the
    engine does, a mark in the place of each secret.
    """

    kind = "step-container.run"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Asking costs as much as doing."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Asked again, the container that is there is adopted, and not started again where it ended."""
        wanted = read(StepContainer, effect)
        tools = await at_host(wanted.host, tools)
        about = wanted.about
        known = await known_at(about.variables, about.target, tools, with_secrets=False)
        clear = await known_at(about.variables, about.target, tools)
        in_the_open = unresolved(known, wanted.image, wanted.user, *wanted.command, *wanted.entrypoint)
        if (lacking := in_the_open or unresolved(clear, *wanted.environment.values())) is not None:
            return lacking
        image = filled(known, wanted.image)
        no = await _have_image(image, wanted, tools) or await _lacks_network(wanted, tools)
        if no is not None:
            return no
        spec = await _spec(wanted, image, known, clear, effect, tools)
        container = await tools.container_engine.ensure_container(spec)
        if container.state == "created":
            await _stop_earlier(wanted, effect, tools)
            container = await tools.container_engine.start(spec.name)
            tools.say(f"started {spec.name} of {image}")
        no = await _ended_early(wanted, container, tools)
        if no is not None:
            return no
        hidden = {name for name, text in wanted.environment.items() if filled(known, text) != filled(clear, text)}
        told = await as_output(await tools.container_engine.inspected(spec.name) or {}, hidden, tools)
        outputs = effect_output(about.action, about.target, {"Docker.Inspect": told})
        return Done({**outputs, "container": container.id})

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """It is gone, its output kept; what was stopped for it runs again. A host that is no target any more is not
        asked."""
        wanted = read(StepContainer, effect)
        there = await still_at_host(wanted.host, wanted.about.target, tools, left="what runs there")
        if there is None:
            return
        tools = there
        name = _name(wanted, effect, tools)
        container = await tools.container_engine.container(name)
        if container is not None and container.labels.get(LABEL_KEY) == _key(effect, tools):
            await end_container(container, wanted.grace_s, tools)
        noted = await tools.records.fact(tools.task, _replaced(effect))
        if isinstance(noted, list):
            await start_anew({str(one): wanted.grace_s for one in noted}, effect, tools, remedy=RUN_AGAIN)
        await tools.records.note(tools.task, _replaced(effect), None)


@dataclass(frozen=True, slots=True)
class Replaced:
    """What stands for the step beside what the effect `made` ran."""

    identity: StepIdentity
    host: str
    made: str
    grace_s: float


class RetireStepContainers(Plain):
    """Once the deployment, or run, went well: containers that the step left before are removed, their output kept.
    Output: ``removed``, their names."""

    kind = "step-container.retire"

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Removes them; where the step was not run, or all was taken back, nothing."""
        wanted = read(Replaced, effect)
        if not went_well(tools) or wanted.made not in tools.outputs:
            return Done({"removed": []})
        tools = await at_host(wanted.host, tools)
        present = f"{tools.task}/{wanted.made}"
        found = await tools.container_engine.containers(wanted.identity.labels)
        leaving = [one for one in found if one.labels.get(LABEL_KEY) != present]
        await all_of(end_container(one, wanted.grace_s, tools) for one in leaving)
        return Done({"removed": [one.name for one in leaving]})


def went_well(tools: Tools) -> bool:
    """Whether the task did; if not, what it would remove stays, which is said."""
    is_well = tools.outputs.get("task", {}).get("state") == "succeeded"
    if not is_well:
        tools.say("nothing is removed, for it did not end well")
    return is_well


def _key(effect: Effect, tools: Tools) -> str:
    return f"{tools.task}/{effect.key}"


def _replaced(effect: Effect) -> str:
    return f"replaced:{effect.key}"


def _name(wanted: StepContainer, effect: Effect, tools: Tools) -> str:
    place = wanted.identity.place
    names = PlaceNames(place.project, place.environment, place.tenant)
    return names.step_container(wanted.about.action, _key(effect, tools))


async def _have_image(image: str, wanted: StepContainer, tools: Tools) -> SaidNo | None:
    if not is_by_digest(image):
        return SaidNo(
            "image.not_by_digest",
            f"{wanted.about.action} is to run {image[:200]!r}, which is not an image by digest",
            hint=BY_DIGEST,
        )
    if await tools.container_engine.image(image) is not None:
        return None
    try:
        await fetch(image, wanted.about.logins, tools, what=f"the image of {wanted.about.action}")
    except Failed as error:
        return SaidNo("container.image", error.message, hint=near(image, wanted.host) or error.hint)
    return None


async def _lacks_network(wanted: StepContainer, tools: Tools) -> SaidNo | None:
    if not wanted.networks:
        return None
    there = {one.name for one in await tools.container_engine.networks(labels_of(wanted.identity.place))}
    lacking = next((name for name in wanted.networks if name not in there), "")
    if not lacking:
        return None
    where = f" on {wanted.about.target}" if wanted.about.target else ""
    return SaidNo(
        "container.network",
        f"{wanted.about.action} is to join the network {lacking}, which is not there{where}",
        hint="let a create-network step come before it; that of the environment is made by deploy-services",
    )


async def _spec(
    wanted: StepContainer, image: str, known: Variables, clear: Variables, effect: Effect, tools: Tools
) -> ContainerSpec:
    place = wanted.identity.place
    tenant = {LABEL_TENANT: place.tenant} if place.tenant else {}
    volumes = {**labels_of(place), **tenant, LABEL_KIND: KIND_VOLUME}
    for mount in wanted.mounts:
        if isinstance(mount, Volume) and mount.name:
            await tools.container_engine.ensure_volume(mount.name, {**volumes, LABEL_KEY: f"{mount.name}/volume"})
    environment = {name: filled(clear, text) for name, text in wanted.environment.items()}
    facts = InstanceFacts(1, grace_s=wanted.grace_s, secrets=await _given(wanted, environment, tools))
    return ContainerSpec(
        name=_name(wanted, effect, tools),
        image=image,
        labels={
            **wanted.identity.labels,
            **tenant,
            LABEL_KEY: _key(effect, tools),
            LABEL_TASK: tools.task,
            LABEL_INSTANCE: facts_label(facts),
        },
        command=tuple(filled(known, word) for word in wanted.command) or None,
        entrypoint=tuple(filled(known, word) for word in wanted.entrypoint) or None,
        environment=environment,
        networks=tuple(Attachment(name, wanted.aliases) for name in wanted.networks),
        network_mode=wanted.network_mode,
        mounts=wanted.mounts,
        ports=wanted.ports,
        restart=wanted.restart,
        extra_hosts={name: filled(known, address) for name, address in wanted.extra_hosts.items()},
        stop_grace_s=wanted.grace_s,
        user=filled(known, wanted.user),
        log_driver=DEFAULT_LOG_DRIVER,
        log_options=DEFAULT_LOG_OPTIONS,
    )


async def _given(wanted: StepContainer, environment: Mapping[str, str], tools: Tools) -> tuple[SecretVersionId, ...]:
    """The secrets that stand in its environment: its output is masked by them, long after."""
    texts = {**wanted.about.variables, **seen_from(wanted.about.target, of_effects(tools.outputs))}
    ids = dict.fromkeys(reference.id for reference in secrets_in(*texts.values()))
    values = await tools.secrets.values(tools.task, ids) if ids else {}
    return tuple(id for id in ids if values[id] and any(values[id] in text for text in environment.values()))


async def _stop_earlier(wanted: StepContainer, effect: Effect, tools: Tools) -> None:
    """Those of the step that run are stopped; noted before, so that they can be brought back."""
    noted = await tools.records.fact(tools.task, _replaced(effect))
    if not isinstance(noted, list):
        found = await tools.container_engine.containers(wanted.identity.labels)
        noted = [one.name for one in found if one.state in RUNS and one.labels.get(LABEL_KEY) != _key(effect, tools)]
        await tools.records.note(tools.task, _replaced(effect), noted)
    for name in cast("Sequence[str]", noted):
        await tools.container_engine.stop(name, grace_s=wanted.grace_s)
        tools.say(f"stopped {name}, which it replaces")


async def _ended_early(wanted: StepContainer, container: Container, tools: Tools) -> SaidNo | None:
    """Why it does not count as running; None where it still does after its time, or came to a good end that was to be
    expected."""
    until = tools.clock.monotonic_s() + wanted.stays_s
    restarts = container.restart_count
    while container.state == "running" and container.restart_count == restarts and tools.clock.monotonic_s() < until:
        await tools.clock.sleep(POLL_S)
        container = await tools.container_engine.container(container.name) or replace(container, state="dead")
    if container.state == "running" and container.restart_count == restarts:
        return None
    if container.state == "exited" and container.exit_code == 0 and wanted.restart == "no":
        tools.say(f"{container.name} ran to its end, and ended well")
        return None
    lines = await last_lines(container.name, tools)
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    how = ended_with(container.exit_code) if container.state in ("exited", "dead") else "ended and was restarted"
    return SaidNo(
        "container.ended",
        f"the container of {wanted.about.action} {how}" + (f": {last[:200]}" if last else ""),
        hint="its last lines say why; what is to run to its end has restart: no",
        evidence=lines,
    )


async def end_container(container: Container, grace_s: float, tools: Tools) -> None:
    await tools.container_engine.stop(container.name, grace_s=grace_s)
    await keep_output(container.name, tools)
    await tools.container_engine.remove(container.name)
    tools.say(f"removed {container.name}")
