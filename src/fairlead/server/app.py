"""The web application: the API, webhooks, health and pages, behind one guard."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI

from fairlead import __version__
from fairlead.server import health, hooks, openapi, problems
from fairlead.server.api import (
    accounts,
    audit,
    build_information,
    channels,
    commands,
    declarations,
    deployments,
    federated_credentials,
    gates,
    groups,
    identities,
    identity_providers,
    insights,
    installation,
    interruptions,
    library_sets,
    lifecycles,
    packages,
    processes,
    projects,
    registries,
    release_settings,
    releases,
    runbooks,
    status,
    step_templates,
    subscriptions,
    targets,
    tasks,
    teams,
    tenant_values,
    tenants,
    triggers,
    variables,
    why,
)
from fairlead.server.guard import Guard
from fairlead.server.idempotency import Idempotency
from fairlead.server.life import Life
from fairlead.server.routing import API, add_routes
from fairlead.server.web import pages

ROUTERS = (
    accounts.router,
    teams.router,
    identity_providers.router,
    identities.router,
    federated_credentials.router,
    audit.router,
    installation.router,
    lifecycles.router,
    groups.router,
    projects.router,
    variables.router,
    library_sets.router,
    processes.router,
    registries.router,
    targets.router,
    releases.router,
    release_settings.router,
    build_information.router,
    packages.router,
    channels.router,
    deployments.router,
    insights.router,
    interruptions.router,
    gates.router,
    runbooks.router,
    step_templates.router,
    subscriptions.router,
    tasks.router,
    tenants.router,
    tenant_values.router,
    triggers.router,
    status.router,
    why.router,
    commands.router,
    declarations.router,
)
DESCRIPTION = "Everything that the pages and the command line do. Errors are problem+json (RFC 9457) with stable codes."


def routes_only() -> FastAPI:
    """The application without a server behind it: what the reference is generated from."""
    app = FastAPI(
        title="Fairlead",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    add_routes(app, *ROUTERS, hooks.router, health.router)
    openapi.install(app)
    return app


@cache
def described() -> dict[str, Any]:
    """The OpenAPI document of `routes_only`, made once in a process: half a second of work. Not to be changed."""
    return openapi.document(routes_only())


def create(life: Life) -> FastAPI:
    """The application of a server that lives."""
    app = routes_only()
    app.state.life = life
    pages.install(app)
    context, settings = life.server.context, life.server.settings
    app.add_middleware(Idempotency, context=context)
    app.add_middleware(
        Guard,
        max_body_bytes=settings.max_body_bytes,
        larger={f"{API}/packages": settings.max_package_bytes},
        new_id=lambda: context.ids.new("req"),
    )
    return app
