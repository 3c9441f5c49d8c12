"""What every ContainerEngine keeps to: subclass it and give the fixture `given`."""

from __future__ import annotations

from fairlead.testing.contracts.engine_containers import ContainerContract
from fairlead.testing.contracts.engine_given import GivenEngine
from fairlead.testing.contracts.engine_images import ImageContract
from fairlead.testing.contracts.engine_networks import NetworkContract

__all__ = ["ContainerContract", "ContainerEngineContract", "GivenEngine", "ImageContract", "NetworkContract"]


class ContainerEngineContract(ContainerContract, NetworkContract, ImageContract):
    """All of it. Twice is once, gone is fine, nothing of others is touched, errors name the thing."""
