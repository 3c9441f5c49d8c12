"""The Docker engine (dockerd 20.10 or newer) through its API, as a `ContainerEngine`."""

from fairlead.adapters.engines.docker.engine import DockerEngine

__all__ = ["DockerEngine"]
