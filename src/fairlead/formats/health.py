"""How it is known that an instance of a service is ready."""

from __future__ import annotations

from dataclasses import replace

from fairlead.domain.names import URL_PATH
from fairlead.domain.service import ExecProbe, Health, HttpProbe, ImageProbe, Probe, RunningProbe, TcpProbe
from fairlead.formats.compilation import Compilation
from fairlead.formats.findings import shown
from fairlead.formats.node import Path
from fairlead.formats.service_model import HealthModel, ServiceModel

EXEC_TIMEOUT_S = 10.0
"""A command starts a child in the container: slower than a request."""

DEFAULT_RETRIES = 3


def health_of(at: Compilation, name: str, model: ServiceModel, port: int) -> Health:
    """Fairlead's own `health` first, then Compose's `healthcheck`, then the port, then that it keeps running."""
    path: Path = ("services", name, "health")
    if model.health is not None:
        return _own(at, path, model.health, port, model)
    return _from_compose(model, port)


def _own(at: Compilation, path: Path, health: HealthModel, port: int, model: ServiceModel) -> Health:
    stated = [key for key in ("http", "tcp", "exec", "image") if getattr(health, key)]
    if len(stated) > 1:
        at.problem(path, " and ".join(stated), "one of http, tcp, exec, image")
    if ("http" in stated or "tcp" in stated) and not port:
        at.problem(path, f"{stated[0]} for a service whose port is not known", "port: with the container's port")
    probe = _probe(at, path, health)
    found = _from_compose(model, port) if probe is None else Health(probe)
    if isinstance(probe, ExecProbe):
        found = replace(found, timeout_s=EXEC_TIMEOUT_S)
    return replace(
        found,
        interval_s=found.interval_s if health.interval is None else health.interval,
        timeout_s=found.timeout_s if health.timeout is None else health.timeout,
        healthy=found.healthy if health.healthy is None else health.healthy,
        within_s=found.within_s if health.within is None else health.within,
    )


def _probe(at: Compilation, path: Path, health: HealthModel) -> Probe | None:
    """The one that is stated, if any."""
    if health.http:
        if not _is_request_path(health.http):
            at.problem((*path, "http"), shown(health.http), "a path (/healthz)")
        return HttpProbe(health.http)
    if health.exec:
        return ExecProbe(health.exec)
    if health.image:
        return ImageProbe()
    return TcpProbe() if health.tcp else None


def _from_compose(model: ServiceModel, port: int) -> Health:
    check = model.healthcheck
    default = Health(TcpProbe() if port else RunningProbe())
    if check is None or check.disable or not check.test:
        return default
    interval = check.interval or 30.0
    patience = (check.start_period or 0.0) + interval * (check.retries or DEFAULT_RETRIES)
    return Health(
        ExecProbe(check.test),
        interval_s=interval,
        timeout_s=check.timeout or EXEC_TIMEOUT_S,
        within_s=max(default.within_s, patience),
    )


def _is_request_path(path: str) -> bool:
    """A path, with a query if need be; nothing that could end the request's first line."""
    bare, _, query = path.partition("?")
    return bool(URL_PATH.fullmatch(bare)) and all(33 <= ord(letter) < 127 and letter != "#" for letter in query)
