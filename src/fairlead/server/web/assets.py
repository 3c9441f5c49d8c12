"""Static files under addresses that hold their content's hash, so that browsers may keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath

from starlette.requests import Request
from starlette.responses import Response

from fairlead.domain.errors import NotFound

FOLDER = Path(__file__).with_name("static")
PREFIX = "/static"
SMALLEST_WORTH_PACKING = 600
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file; `packed` is it gzipped, empty where that does not pay."""

    content: bytes = field(repr=False)
    packed: bytes = field(repr=False)
    stamp: str
    media_type: str


def url(name: str) -> str:
    """The address of a static file in this version of it."""
    return f"{PREFIX}/{read(name).stamp}/{name}"


@cache
def read(name: str) -> Asset:
    """A static file by its name below the folder; NotFound `page.unknown`."""
    parts = PurePosixPath(name).parts
    path = FOLDER.joinpath(*parts)
    if ".." in parts or not path.is_file():
        raise NotFound("page.unknown", f"there is no file {name[:80]!r}", thing=name[:80])
    content = path.read_bytes()
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    is_text = kind.startswith("text/") or kind.endswith(("javascript", "+xml", "json"))
    worth = is_text and len(content) >= SMALLEST_WORTH_PACKING
    packed = gzip.compress(content, 6, mtime=0) if worth else b""
    stamp = hashlib.sha256(content).hexdigest()[:12]
    return Asset(content, packed, stamp, f"{kind}; charset=utf-8" if is_text else kind)


def serve(request: Request, stamp: str, name: str) -> Response:
    """The file, packed where the browser takes it; under an old stamp it is served, but not kept."""
    known = _names()
    if name not in known:
        raise NotFound("page.unknown", f"there is no file {name[:80]!r}", thing=name[:80])
    asset = read(name)
    etag = f'"{asset.stamp}"'
    headers = {
        "Cache-Control": FOR_EVER if stamp == asset.stamp else ASK_AGAIN,
        "ETag": etag,
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match", "") == etag:
        return Response(status_code=304, headers=headers)
    if asset.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(asset.content, media_type=asset.media_type, headers=headers)


@cache
def _names() -> frozenset[str]:
    return frozenset(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())
