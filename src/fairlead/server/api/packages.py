"""The built-in package feed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, BinaryIO

from fastapi import Query, Request, Response
from starlette.responses import StreamingResponse

from fairlead.domain.package import Package
from fairlead.server import openapi
from fairlead.server.api import answers, shapes
from fairlead.server.api.doors import After, Asking, Books, Limit
from fairlead.server.routing import api_router
from fairlead.store.incoming import Incoming
from fairlead.usecases import packages

PART_BYTES = 1024 * 1024
router = api_router("packages")


@router.get("/packages")
def list_packages(
    context: Books, actor: Asking, name: str = "", after: After = None, limit: Limit = 50
) -> answers.Page[answers.Package]:
    """The packages of the built-in feed, the newest first; of one id, or of all."""
    return shapes.page(packages.page(context, actor, name=name, after=after, limit=limit), _shape)


@router.put("/packages", openapi_extra=openapi.BYTES_BODY)
async def push_package(
    context: Books,
    request: Request,
    actor: Asking,
    file: Annotated[str, Query(max_length=300, description="the file's name: Web.1.2.3.zip")],
    id: Annotated[str, Query(max_length=100, description="where the file's name does not say it")] = "",
    version: Annotated[str, Query(max_length=128, description="where the file's name does not say it")] = "",
    on_existing: packages.OnExisting = "fail",
) -> answers.Package:
    """Add a package to the built-in feed. The request body is the package's bytes."""
    with packages.receive(context, actor) as arrived:
        await _received(request, arrived)

        def work() -> Package:
            return packages.push(context, actor, file, arrived, name=id, version=version, on_existing=on_existing)

        return _shape(await asyncio.to_thread(work))


@router.get("/packages/{package}/{version}")
def get_package(context: Books, actor: Asking, package: str, version: str) -> answers.Package:
    """One version of a package."""
    return _shape(packages.get(context, actor, package, version))


@router.get("/packages/{package}/{version}/content", response_class=Response, responses=openapi.BYTES)
def get_package_content(context: Books, actor: Asking, package: str, version: str) -> Response:
    """Download the package."""
    found, file = packages.opened(context, actor, package, version)
    headers = {
        "Content-Disposition": f'attachment; filename="{found.file_name}"',
        "Content-Length": str(found.size_bytes),
    }
    return StreamingResponse(_parts(file), media_type="application/octet-stream", headers=headers)


@router.delete("/packages/{package}/{version}", status_code=204)
def remove_package(context: Books, actor: Asking, package: str, version: str) -> Response:
    """Remove a package that no release names."""
    packages.remove(context, actor, package, version)
    return Response(status_code=204)


async def _received(request: Request, arrived: Incoming) -> None:
    """All of the body, a part of it in memory at a time."""
    part = bytearray()
    async for chunk in request.stream():
        part += chunk
        if len(part) >= PART_BYTES:
            await asyncio.to_thread(arrived.write, bytes(part))
            part.clear()
    await asyncio.to_thread(arrived.write, bytes(part))


def _parts(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while part := file.read(PART_BYTES):
            yield part


def _shape(one: Package) -> answers.Package:
    return {
        "id": one.id,
        "name": one.name,
        "version": one.version,
        "file_name": one.file_name,
        "blob": one.blob,
        "size_bytes": one.size_bytes,
        "created_at": one.created_at.isoformat(),
        "created_by": one.created_by,
    }
