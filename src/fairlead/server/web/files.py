"""The installation as files: taken along as an archive, given back, looked at as a plan, and applied."""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from fairlead.domain.errors import FairleadError, Invalid, NotAllowed, ProjectFileInvalid, TooLarge
from fairlead.formats.declared.reading import is_declaration
from fairlead.server.api.declaring import key_maker, look_at_added
from fairlead.server.api.doors import life_of
from fairlead.server.routing import page_router
from fairlead.server.web import rendering, setup
from fairlead.server.web.visit import Posted, PostedWithFile, Visiting, Visitor
from fairlead.usecases import declarations
from fairlead.usecases.declarations import Wish

router = page_router()

HERE = "/files"
MOST_FILES = 5000
LARGEST_BYTES = 16 * 1024 * 1024
"""Of all files together, unpacked: what is larger goes by `fairlead apply`."""
SECRET = "secret."
"""Before the name of a new secret, the field of its value."""
_MARK = "# file:"


@router.get(HERE)
def show(visitor: Visiting) -> Response:
    """What can be taken along, and the form for what is given back."""
    return _form(visitor)


@router.get(f"{HERE}/export.zip")
def download(visitor: Visiting) -> Response:
    """Every file of the installation; no secret value."""
    content = _packed(declarations.export(visitor.context, visitor.actor))
    headers = {"Content-Disposition": 'attachment; filename="fairlead.zip"', **rendering.NOT_KEPT}
    return Response(content, media_type="application/zip", headers=headers)


@router.post("/files/plan")
def plan(form: PostedWithFile) -> Response:
    """What the files would change, with the form that applies exactly that."""
    visitor = form.visitor
    try:
        files = {**_unpacked(form.file), **_pasted(form.text("text"))}
        if not files:
            raise Invalid("input.invalid", "no file was given", hint="choose an archive, or paste a file")
        found = declarations.plan(
            visitor.context, visitor.actor, Wish(files, prune=form.is_ticked("prune"), asks_later=True)
        )
    except NotAllowed:
        raise
    except FairleadError as error:
        return _form(visitor, error=error, text=form.text("text"))
    packed = base64.b64encode(_packed({path: text.decode("utf-8", "replace") for path, text in files.items()}))
    values = {
        "section": setup.SECTION,
        "planned": found,
        "changes": (*found.pending.changes, *found.following),
        "files": packed.decode(),
        "prune": form.is_ticked("prune"),
    }
    return visitor.page("files_plan.html", values)


@router.post("/files/apply")
def apply(form: Posted, request: Request) -> Response:
    """Everything is as the files say, if the plan is still the one that was seen; else nothing was changed."""
    visitor, life = form.visitor, life_of(request)

    def work() -> str:
        secrets = {
            name.removeprefix(SECRET): value for name, value in form.fields.items() if name.startswith(SECRET) and value
        }
        wish = Wish(_unpacked(_decoded(form.text("files"))), secrets, prune=form.is_ticked("prune"))
        done = declarations.apply(
            visitor.context, visitor.actor, wish, plan_hash=form.text("hash"), make_key=key_maker(life)
        )
        look_at_added(life, done)
        return f"{len(done.pending.changes) + len(done.following)} changes made."

    return form.act(HERE, work)


def _form(visitor: Visitor, *, error: FairleadError | None = None, text: str = "") -> Response:
    problems = error.problems if isinstance(error, ProjectFileInvalid) else ()
    values = {"section": setup.SECTION, "error": error, "problems": problems, "text": text}
    return visitor.page("files.html", values, status=error.http_status if error else 200)


def _packed(files: Mapping[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return held.getvalue()


def _unpacked(content: bytes) -> dict[str, bytes]:
    """The declarations in an archive; those of its one folder where all lie in one that is not ours."""
    if not content:
        return {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = [one for one in archive.infolist() if not one.is_dir() and is_declaration(one.filename)]
            if len(found) > MOST_FILES or sum(one.file_size for one in found) > LARGEST_BYTES:
                hint = "fairlead apply takes larger ones"
                raise TooLarge("input.too_large", f"over {MOST_FILES:,} files or {LARGEST_BYTES:,} bytes", hint=hint)
            files = {one.filename: archive.read(one) for one in found}
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
        raise Invalid("input.invalid", "this is not a readable zip archive", thing="file") from error
    tops = {path.partition("/")[0] for path in files if "/" in path}
    if len(tops) == 1 and all("/" in path for path in files) and not tops & {"projects", "library", "tenants"}:
        return {path.partition("/")[2]: text for path, text in files.items()}
    return files


def _pasted(text: str) -> dict[str, bytes]:
    """Files that were pasted, each behind a line ``# file: PATH``."""
    files: dict[str, list[str]] = {}
    at: list[str] | None = None
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith(_MARK):
            at = files.setdefault(line.removeprefix(_MARK).strip(), [])
        elif at is not None:
            at.append(line)
        elif line.strip():
            raise Invalid("input.invalid", f"what was pasted does not begin with a line {_MARK} PATH", thing="text")
    return {path: "\n".join(lines).encode() for path, lines in files.items()}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode(), validate=True)
    except (ValueError, binascii.Error) as error:
        raise Invalid("input.invalid", "the form's files were changed on the way", hint="plan them again") from error
