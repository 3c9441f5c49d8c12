"""How doors are put together: every route stands in the application itself, and is small until it is used.

A router that FastAPI *includes* is made a second time for each application, at its first request: with some 350 routes
that is a second of its start, and nine megabytes that stay. And FastAPI compiles a validator for each parameter, body
and answer as it meets them: nine hundred, half a second, seven megabytes, most of them never used by a server in its
life. `_LazyField` compiles at the first use.
"""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi._compat import v2
from pydantic.warnings import UnsupportedFieldAttributeWarning

if TYPE_CHECKING:
    from pydantic import TypeAdapter

API = "/api/v1"


class _LazyField(v2.ModelField):
    """A private class of FastAPI's, whose `__post_init__` sets `_type_adapter`: here when it is first asked for."""

    def __post_init__(self) -> None:
        pass

    @cached_property
    def _type_adapter(self) -> TypeAdapter[Any]:  # type: ignore[override]
        super().__post_init__()
        made: TypeAdapter[Any] = self.__dict__["_type_adapter"]
        if not made.pydantic_complete:  # of a body, whose class is not compiled before it is used either
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)  # as FastAPI does
                made.rebuild()
        return made


v2.ModelField = _LazyField  # type: ignore[misc]


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
