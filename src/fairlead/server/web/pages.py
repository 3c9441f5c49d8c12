"""Puts the pages into the application: their routes, the static files, and errors as pages where a person reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from fairlead.domain.errors import FairleadError
from fairlead.server import problems, refusals
from fairlead.server.routing import add_routes
from fairlead.server.web import (
    approvals,
    assets,
    channels,
    dashboard,
    deploying,
    environments,
    events,
    failures,
    federated_credentials,
    files,
    gates,
    groups,
    identities,
    identity_providers,
    insights,
    interruptions,
    keys,
    library_sets,
    lifecycles,
    packages,
    places,
    processes,
    projects,
    releases,
    retention,
    roles,
    runbooks,
    sessions,
    setup,
    single_sign_on,
    step_templates,
    subscriptions,
    targets,
    tasks,
    teams,
    tenant_values,
    tenants,
    triggers,
    users,
    variables,
    why,
)
from fairlead.server.web.visit import PasswordNeeded

log = structlog.get_logger("fairlead.web")

ROUTERS = (
    sessions.router,
    single_sign_on.router,
    identity_providers.router,
    identities.router,
    federated_credentials.router,
    dashboard.router,
    projects.router,
    variables.router,
    library_sets.router,
    processes.router,
    deploying.router,
    releases.router,
    channels.router,
    packages.router,
    places.router,
    tasks.router,
    approvals.router,
    interruptions.router,
    events.router,
    targets.router,
    setup.router,
    files.router,
    gates.router,
    runbooks.router,
    step_templates.router,
    subscriptions.router,
    tenants.router,
    tenant_values.router,
    triggers.router,
    retention.router,
    lifecycles.router,
    environments.router,
    roles.router,
    teams.router,
    users.router,
    keys.router,
    groups.router,
    insights.router,
    why.router,
)
FOR_PROGRAMS = ("/api/", "/hooks/", "/healthz", "/readyz", "/metrics")


def install(app: FastAPI) -> None:
    """All pages; programs go on to get problem+json."""
    add_routes(app, *ROUTERS)
    app.add_api_route(assets.PREFIX + "/{stamp}/{name:path}", _static, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/favicon.ico", _favicon, methods=["GET"], include_in_schema=False)
    app.add_exception_handler(FairleadError, _either(problems.on_error, failures.on_error))
    app.add_exception_handler(RequestValidationError, _either(problems.on_invalid, failures.on_invalid))
    app.add_exception_handler(HTTPException, _either(problems.on_http, failures.on_http))
    app.add_exception_handler(Exception, _either(problems.on_bug, failures.on_bug))
    app.add_exception_handler(PasswordNeeded, failures.on_password_needed)


def _static(request: Request, stamp: str, name: str) -> Response:
    return assets.serve(request, stamp, name)


def _favicon(request: Request) -> Response:
    return assets.serve(request, "", "favicon.svg")


Answer = Callable[[Request, Exception], Awaitable[Response]]


def _either(program: Answer, person: Answer) -> Answer:
    async def answer(request: Request, error: Exception) -> Response:
        is_program = request.url.path.startswith(FOR_PROGRAMS)
        if isinstance(error, FairleadError):
            await refusals.note(request, error)
        return await (program if is_program else person)(request, error)

    return answer
