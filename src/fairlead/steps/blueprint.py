"""A container as a plan holds it: all that is known, secrets as references; made into a spec inside the effect."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fairlead.domain.ids import SecretVersionId
from fairlead.domain.record import canonical, fingerprint, from_data, to_data
from fairlead.domain.service import File, Mount, Role, Service, Volume
from fairlead.domain.text import Text, reveal, secrets_in
from fairlead.formats.filled_files import filled
from fairlead.ports.container_engine import (
    LABEL_COLOUR,
    LABEL_CONFIGURATION,
    LABEL_DEPLOYMENT,
    LABEL_INSTANCE,
    LABEL_KEY,
    LABEL_KIND,
    LABEL_RELEASE,
    LABEL_ROLE,
    LABEL_SERVICE,
    LABEL_TENANT,
    LABEL_VERSION,
    Attachment,
    ContainerSpec,
    FileContent,
    labels_of,
)
from fairlead.ports.step import Tools
from fairlead.steps.resolved import ResolvedDeployment

OUR_LABELS = "io.fairlead."
DEFAULT_LOG_DRIVER = "json-file"
DEFAULT_LOG_OPTIONS: Mapping[str, str] = {"max-size": "10m", "max-file": "3"}
"""Thirty megabytes an instance: a service that chatters must not fill the host's disk."""

KIND_INSTANCE = "instance"
KIND_ACCESSORY = "accessory"
KIND_ONE_OFF = "one-off"
KIND_NETWORK = "network"
KIND_SLOT_NETWORK = "slot-network"
KIND_VOLUME = "volume"
KIND_STEP_CONTAINER = "step-container"
KIND_STEP_NETWORK = "step-network"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One container to be made. What is given here replaces or adds to what the service says."""

    name: str
    image: str
    service: Service
    labels: Mapping[str, str]
    networks: tuple[Attachment, ...] = ()
    network_mode: str = ""
    environment: Mapping[str, Text] = field(default_factory=dict)
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    hostname: str = ""

    @property
    def key(self) -> str:
        """The label that the container is adopted by."""
        return self.labels[LABEL_KEY]


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """What an instance's label tells whoever has to retire it: see `resolved.StandingInstance`.

    `secrets` are the versions that it was given, so that its output can be masked long after.
    """

    replica: int
    address: str = ""
    port: int = 0
    layer: int = 0
    grace_s: float = 10.0
    drain_s: float = 60.0
    secrets: tuple[SecretVersionId, ...] = ()


def facts_label(facts: InstanceFacts) -> str:
    """The facts as one label."""
    return canonical(to_data(facts))


def configuration_hash(service: Service, image: str) -> str:
    """What tells whether an accessory's definition changed: the definition with its image, secrets by version."""
    return fingerprint([to_data(replace(service, depends_on=())), image])


def place_labels(resolved: ResolvedDeployment, *, key: str, kind: str) -> dict[str, str]:
    """The labels of what belongs to a place, and which deployment made it."""
    tenant = resolved.place.tenant
    return {
        LABEL_KEY: key,
        LABEL_KIND: kind,
        **labels_of(resolved.place),
        **({LABEL_TENANT: tenant} if tenant else {}),
        LABEL_DEPLOYMENT: resolved.deployment,
    }


def container_labels(resolved: ResolvedDeployment, service: Service, *, key: str, kind: str) -> dict[str, str]:
    """The labels of a container of the service: the user's own, then ours."""
    own = {name: text for name, text in service.labels.items() if not name.startswith(OUR_LABELS)}
    return {
        **own,
        **place_labels(resolved, key=key, kind=kind),
        LABEL_RELEASE: resolved.release,
        LABEL_VERSION: resolved.version,
        LABEL_SERVICE: service.name,
        LABEL_ROLE: service.role.value,
    }


def instance_labels(resolved: ResolvedDeployment, service: Service, key: str, facts: InstanceFacts) -> dict[str, str]:
    """The labels of an instance in the slot."""
    return {
        **container_labels(resolved, service, key=key, kind=KIND_INSTANCE),
        LABEL_COLOUR: resolved.colour.value,
        LABEL_INSTANCE: facts_label(facts),
    }


def accessory_labels(
    resolved: ResolvedDeployment, service: Service, key: str, image: str, *, layer: int
) -> dict[str, str]:
    """The labels of an accessory; `layer` is its place in the order of starting."""
    given = secret_versions(service)
    facts = InstanceFacts(1, port=service.port, layer=layer, grace_s=service.stop_grace_s, secrets=given)
    return {
        **container_labels(resolved, service, key=key, kind=KIND_ACCESSORY),
        LABEL_CONFIGURATION: configuration_hash(service, image),
        LABEL_INSTANCE: facts_label(facts),
    }


def read_facts(label: str) -> InstanceFacts:
    """The facts back from the label; a container that lost them gets the defaults."""
    try:
        return from_data(InstanceFacts, json.loads(label))
    except (ValueError, TypeError, KeyError):
        return InstanceFacts(replica=1)


def with_world_names(service: Service, volume_names: Mapping[str, str]) -> Service:
    """The service with its named volumes called as they are called in the engine."""
    return replace(service, mounts=tuple(_world_mount(mount, volume_names) for mount in service.mounts))


def _world_mount(mount: Mount, volume_names: Mapping[str, str]) -> Mount:
    if isinstance(mount, Volume):
        return replace(mount, name=volume_names.get(mount.name, mount.name))
    return mount


def once(service: Service) -> Service:
    """The service as a container that runs to its end: no restart, no published port, no place in a route."""
    return replace(service, restart="no", ports=(), routes=(), role=Role.ONE_SHOT, replicas=1)


def secret_versions(service: Service) -> tuple[SecretVersionId, ...]:
    """The secret versions that its containers are given, each once."""
    filled = (text for file in service.files if file.filling for text in file.filling.values.values())
    texts = (*service.environment.values(), *(file.content for file in service.files), *filled)
    return tuple(dict.fromkeys(reference.id for reference in secrets_in(*texts)))


async def assemble(blueprint: Blueprint, tools: Tools) -> ContainerSpec:
    """The spec in clear: secrets and blobs fetched now, kept by nobody."""
    service = blueprint.service
    environment = {**service.environment, **blueprint.environment}
    wanted = secret_versions(replace(service, environment=environment))
    values = await tools.secrets.values(tools.task, wanted) if wanted else {}
    network_mode = blueprint.network_mode or service.network_mode
    bounded_log = not service.log_driver and not service.log_options
    return ContainerSpec(
        name=blueprint.name,
        image=blueprint.image,
        labels=blueprint.labels,
        command=service.command,
        entrypoint=service.entrypoint,
        environment={name: reveal(text, values) for name, text in environment.items()},
        networks=() if network_mode else blueprint.networks,
        network_mode=network_mode,
        mounts=service.mounts,
        files=tuple([await _file(file, values, tools) for file in service.files]),
        restart=service.restart,
        stop_grace_s=service.stop_grace_s,
        stop_signal=service.stop_signal,
        user=service.user,
        working_dir=service.working_dir,
        hostname="" if network_mode else blueprint.hostname,
        init=service.init,
        read_only=service.read_only,
        tty=service.tty,
        privileged=service.privileged,
        pid_mode=service.pid_mode,
        ipc_mode=service.ipc_mode,
        cap_add=service.cap_add,
        cap_drop=service.cap_drop,
        security_opt=service.security_opt,
        devices=service.devices,
        extra_hosts={**service.extra_hosts, **blueprint.extra_hosts},
        sysctls=service.sysctls,
        log_driver=DEFAULT_LOG_DRIVER if bounded_log else service.log_driver,
        log_options=DEFAULT_LOG_OPTIONS if bounded_log else service.log_options,
        limits=service.limits,
        ports=service.ports,
    )


async def _file(file: File, values: Mapping[SecretVersionId, str], tools: Tools) -> FileContent:
    content = await tools.artifacts.blob(file.blob) if file.blob else reveal(file.content, values).encode()
    if file.filling is not None:
        known = {name: reveal(text, values) for name, text in file.filling.values.items()}
        content, warnings = await asyncio.to_thread(filled, file, content, known)
        for warning in warnings:
            tools.say(warning, "warning")
    return FileContent(path=file.path, content=content, mode=file.mode, uid=file.uid, gid=file.gid)
