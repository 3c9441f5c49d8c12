"""How doors are put together: every route stands in the application itself.

A router that FastAPI *includes* is made a second time for each application, at its first request: with some 350 routes
that is a second of its start, and nine megabytes that stay.
"""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

API = "/api/v1"


def api_router(tag: str, prefix: str = "") -> APIRouter:
    """A part of the API, below `API` and `prefix`, told in the OpenAPI document under the tag."""
    return APIRouter(prefix=API + prefix, tags=[tag])


def page_router(prefix: str = "") -> APIRouter:
    """A part of the pages, which the OpenAPI document does not tell of."""
    return APIRouter(prefix=prefix, include_in_schema=False)


def add_routes(app: FastAPI, *routers: APIRouter) -> None:
    """The routes as they were made, in their order."""
    for router in routers:
        app.router.routes.extend(router.routes)
