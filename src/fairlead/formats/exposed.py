"""The port of a service that only its Dockerfile tells: what EXPOSE says, where the file itself says nothing."""

from __future__ import annotations

from fairlead.formats.compilation import Compilation
from fairlead.formats.dockerfile import exposed_ports
from fairlead.formats.files import clean
from fairlead.formats.project_model import Resolved
from fairlead.formats.service_model import ServiceModel


def with_exposed_ports(at: Compilation) -> Resolved:
    """The project with the one port that a Dockerfile exposes as its service's `port`, for services that need one.

    A service needs one where it has a route or a probe of its port, or where it is all there is. Other services are
    left alone: a worker is often made from the same Dockerfile as the server, and listens on nothing. The Dockerfiles
    that were asked travel in the release, so that a deployment finds the same port.
    """
    services = dict(at.model.services)
    for name, model in at.services.items():
        if port := _port(at, name, model):
            services[name] = model.model_copy(update={"port": port})
    return at.model.model_copy(update={"services": services})


def _port(at: Compilation, name: str, model: ServiceModel) -> int:
    if model.build is None or model.port or model.ports or model.expose or not _needs_one(at, name, model):
        return 0
    path = ("services", name, "build", "context")
    context = clean(model.build.context or ".", at.directory(path))
    dockerfile = clean(model.build.dockerfile, context) if context is not None else None
    if dockerfile is None or dockerfile not in at.files:
        return 0
    at.dockerfiles.add(dockerfile)
    arguments = {key: held for key, held in model.build.args.items() if isinstance(held, str)}
    ports = exposed_ports(at.files[dockerfile].decode("utf-8", "replace"), arguments, model.build.target)
    return ports[0] if len(ports) == 1 else 0


def _needs_one(at: Compilation, name: str, model: ServiceModel) -> bool:
    if model.route is not None or model.routes:
        return True
    if model.health is not None and (model.health.http or model.health.tcp):
        return True
    is_all_there_is = not at.sources.uses_compose and len(at.model.services) == 1
    return is_all_there_is and "route" not in at.root.table("services").table(name).nodes
