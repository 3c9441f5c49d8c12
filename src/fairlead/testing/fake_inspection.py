"""What a fake engine tells in a real one's own words, as much of it as anybody asked for."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from fairlead.ports.container_engine import Container, ContainerSpec, NetworkSpec


def inspected(told: Container, spec: ContainerSpec) -> Mapping[str, object]:
    """Of a container."""
    return {
        "Id": told.id,
        "Name": f"/{told.name}",
        "Image": told.image_id,
        "State": {"Status": told.state, "Running": told.state == "running", "ExitCode": told.exit_code},
        "Config": {
            "Image": spec.image,
            "Env": [f"{name}={value}" for name, value in sorted(spec.environment.items())],
            "Cmd": list(spec.command or ()),
            "Labels": dict(told.labels),
        },
        "NetworkSettings": {"Networks": {name: {"IPAddress": found} for name, found in told.addresses.items()}},
    }


def inspected_network(id: str, spec: NetworkSpec) -> Mapping[str, object]:
    """Of a network."""
    pool = {"Subnet": spec.subnet, "Gateway": gateway_of(spec)}
    told = {"Id": id, "Name": spec.name, "Driver": spec.driver, "Labels": dict(spec.labels)}
    return {**told, "Options": dict(spec.options), "IPAM": {"Config": [pool]}}


def gateway_of(spec: NetworkSpec) -> str:
    """As it was said, else the subnet's first address."""
    return spec.gateway or str(next(ipaddress.ip_network(spec.subnet).hosts()))
