"""Where users reach a service: its routes for one environment."""

from __future__ import annotations

import re

from fairlead.domain.names import HOST, URL_PATH
from fairlead.domain.naming import tenant_slug
from fairlead.domain.service import Role, Route
from fairlead.formats.compilation import Compilation
from fairlead.formats.findings import shown
from fairlead.formats.node import Path, Scalar, node_at
from fairlead.formats.service_model import RouteModel, ServiceModel


def routes_of(at: Compilation, name: str, model: ServiceModel) -> tuple[Route, ...]:
    """The service's routes; a routed service that states none has the default one."""
    stated: list[tuple[Path, RouteModel]] = []
    if model.route is not None:
        stated.append((("services", name, "route"), model.route))
    stated += [(("services", name, "routes", index), route) for index, route in enumerate(model.routes)]
    if not stated and at.roles[name] is Role.ROUTED:
        stated.append((("services", name), RouteModel()))
    if stated and at.roles[name] not in (Role.ROUTED, Role.RECREATE):
        at.problem(
            stated[0][0], f"a route to a service that is {at.roles[name].value}", "a swapped service, or recreate"
        )
        return ()
    return tuple(_route(at, name, path, route) for path, route in stated)


def check_routes(at: Compilation, routes: list[tuple[str, Route]]) -> None:
    """No two routes of the project are the same."""
    seen: dict[tuple[str, str], str] = {}
    for name, route in routes:
        key = (route.host, route.path)
        if key in seen:
            at.problem(
                ("services", name, "route"), f"the route {route.host}{route.path} of {seen[key]} again", "another"
            )
        seen.setdefault(key, name)


def _route(at: Compilation, name: str, path: Path, route: RouteModel) -> Route:
    url_path = at.clear((*path, "path"), route.path, "/")
    if not URL_PATH.fullmatch(url_path) or ".." in url_path:
        if at.variables.is_known or "#{" not in url_path:
            at.problem((*path, "path"), shown(url_path), "a path (/, /shop)")
        url_path = "/"
    if route.redirect and not route.tls:
        at.problem((*path, "redirect"), "a redirect to https without tls", "tls: true")
    redirect = route.tls if route.redirect is None else route.redirect
    return Route(_host(at, name, path, route), url_path, route.tls, redirect)


def _host(at: Compilation, name: str, path: Path, route: RouteModel) -> str:
    host = at.clear((*path, "host"), route.host).lower().rstrip(".")
    if not host:  # made of names that are judged where they stand
        whose = f"{tenant_slug(at.tenant)}." if at.tenant else ""
        return f"{_label(name)}.{at.model.project}.{whose}{at.slug}.{at.domain}".lower()
    whole = host if at.is_last or _is_meant_for_this(at, path) else f"{at.slug}.{host}"
    if not HOST.fullmatch(whole):
        wrong = whole if HOST.fullmatch(host) else host  # as it was written, in whichever environment it is wrong
        at.problem((*path, "host"), shown(wrong), "a host (www.example.com), without scheme or port")
    return whole


def _label(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "service"


def _is_meant_for_this(at: Compilation, path: Path) -> bool:
    """Whether the host was stated for this environment alone: in its override, or by a variable."""
    override = at.sources.override(at.environment)
    for place in ((*path, "host"), path if path[-1] == "route" else path[:-1]):
        node = node_at(override, place)
        if isinstance(node, Scalar) or (node is not None and place[-1] == "routes"):
            return True
    written = node_at(at.written, (*path, "host")) or node_at(at.written, path)
    return isinstance(written, Scalar) and isinstance(written.text, str) and "#{" in written.text
