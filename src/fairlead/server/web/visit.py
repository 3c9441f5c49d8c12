"""What every page begins with: who visits, in which session; and what every form ends with."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import wraps
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match

from fairlead.domain.actor import Actor
from fairlead.domain.errors import FairleadError, Invalid, NotAllowed, NotAuthenticated, NotFound
from fairlead.domain.permission import Permission
from fairlead.domain.record import is_kept
from fairlead.domain.user import Session, User
from fairlead.server.api.doors import CSRF_HEADER, context_of, number_of, server_of, visit_of
from fairlead.server.bootstrap import Server
from fairlead.server.web import rendering
from fairlead.usecases import approvals, interruptions
from fairlead.usecases.context import Context

SIGN_IN = "/sign-in"
PASSWORD = "/password"
SAID = "fairlead_said"
LONGEST_SAID = 1000
LONGEST_FIELD_NAME = 100
MOST_COUNTED = 100
COUNTED = {"/approvals": approvals.count_waiting, "/interruptions": interruptions.count_waiting}
"""What a person is told of on every page, by the page that has it."""
LARGEST_FIELD = 4 * 1024 * 1024
"""Bytes that are pasted into a form with a file."""

Tone = Literal["good", "bad"]
E = TypeVar("E", bound=StrEnum)


class PasswordNeeded(Exception):
    """A one-time password was used: nothing else is shown before there is another."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with a session, and the request that they came with."""

    request: Request
    context: Context
    server: Server
    actor: Actor
    session: Session
    user: User

    def may(self, permission: str, *, project: str | None = None, environment: str | None = None) -> bool:
        """Whether a page offers them that act, there where ids are given; the use case decides it."""
        return self.actor.may(Permission(permission), project=project, environment=environment)

    def may_somewhere(
        self,
        permission: str,
        *,
        project: str | None = None,
        environment: str | None = None,
        tenant: str | None = None,
    ) -> bool:
        """Whether a page offers them that act somewhere, or anywhere in what the ids name."""
        return self.actor.may_somewhere(Permission(permission), project=project, environment=environment, tenant=tenant)

    @contextmanager
    def reading(self) -> Iterator[Visitor]:
        """The same inside of one reading transaction, for a page that asks many things: all that is asked with it is of
        one moment, and costs one transaction. Nothing is written meanwhile."""
        with self.context.database.reading() as connection:
            yield replace(self, context=self.context.within(connection))

    def page(self, template: str, values: Mapping[str, Any], *, status: int = 200) -> Response:
        """A whole page in the frame."""
        response = rendering.html(template, {**self.frame(), **values}, status=status)
        if SAID in self.request.cookies:
            response.delete_cookie(SAID, path="/", httponly=True, samesite="lax")
        return response

    def part(self, template: str, values: Mapping[str, Any]) -> Response:
        """A part of a page, for htmx."""
        return rendering.html(template, {**self.basis(), **values})

    def basis(self) -> dict[str, Any]:
        """What every template knows."""
        return {"now": self.context.clock.now(), "csrf": self.session.csrf, "visitor": self}

    def frame(self) -> dict[str, Any]:
        """What the frame around a page shows."""
        return {
            **self.basis(),
            "path": self.request.url.path,
            "counts": self.counts(),
            "said": said(self.request),
        }

    def counts(self) -> dict[str, int]:
        """How many approvals and interruptions wait for somebody, by the page that has them; bounded. None for who may
        view nothing, who still has an account."""
        if not self.may_somewhere("view"):
            return {}
        return {page: count(self.context, self.actor, most=MOST_COUNTED) for page, count in COUNTED.items()}


def in_one_transaction(page: Callable[..., Response]) -> Callable[..., Response]:
    """For a page that asks several things and writes none: with a visitor inside of `Visitor.reading`."""

    @wraps(page)
    def inside(visitor: Visitor, **asked: Any) -> Response:
        with visitor.reading() as reader:
            return page(visitor=reader, **asked)

    return inside


async def visitor_of(request: Request) -> Visitor:
    """Who visits; NotAuthenticated sends them to sign in, PasswordNeeded to give a password of their own."""
    visitor = await visitor_with_any_password(request)
    if visitor.user.must_change_password:
        raise PasswordNeeded
    return visitor


async def visitor_with_any_password(request: Request) -> Visitor:
    """As `visitor_of`, one-time passwords allowed: for the page where it is changed."""
    found = await visit_of(request)
    if found is None:
        raise NotAuthenticated("auth.required", "sign in first")
    request.state.actor = found.actor
    return Visitor(request, context_of(request), server_of(request), found.actor, found.session, found.user)


Visiting = Annotated[Visitor, Depends(visitor_of)]
VisitingAnyhow = Annotated[Visitor, Depends(visitor_with_any_password)]


@dataclass(frozen=True, slots=True)
class Form:
    """A form that a visitor sent, its token proved."""

    visitor: Visitor
    fields: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]

    def text(self, name: str) -> str:
        """The field, "" where it is not there."""
        return self.fields.get(name, "")

    def lines(self, name: str) -> tuple[str, ...]:
        """The lines of the field that are not blank, without the white space around them."""
        return tuple(filter(None, map(str.strip, self.text(name).splitlines())))

    def listed(self, name: str) -> tuple[str, ...]:
        """What stands in the field with commas between."""
        return tuple(filter(None, map(str.strip, self.text(name).split(","))))

    def number(self, name: str) -> int | None:
        """The field as a number; None if it is not one."""
        return number_of(self.text(name).strip())

    def is_ticked(self, name: str) -> bool:
        """Whether the box is ticked."""
        return bool(self.fields.get(name))

    def act(self, back: str, work: Callable[[], str | tuple[str, str]]) -> Response:
        """Do it, and show `back` with what it says; it may name another page to go to. What is refused is said
        there, too; who may not, sees the page of that."""
        try:
            done = work()
        except NotAllowed:
            raise
        except FairleadError as error:
            return self.refused(back, error)
        text, to = done if isinstance(done, tuple) else (done, back)
        return self.done(to, text)

    def done(self, to: str, text: str) -> Response:
        """Go there, and read this."""
        return _say(self.visitor.request, to, "good", text)

    def wrong(self, to: str, text: str) -> Response:
        """Go there, and read this: it is not as it should be."""
        return _say(self.visitor.request, to, "bad", text)

    def refused(self, back: str, error: FairleadError) -> Response:
        """Go back to the page where the form stands (`back`, where the browser does not tell it or it may be gone), and
        read why not; what was typed is put in again there."""
        request = self.visitor.request
        to = back if isinstance(error, NotFound) else _page_before(request) or back
        return _say(request, to, "bad", str(error), field=error.thing)


async def form_of(request: Request, visitor: Visiting) -> Form:
    """The visitor's form; NotAllowed `auth.csrf` where it does not carry the session's token."""
    return await _read(request, visitor)


async def form_with_any_password(request: Request, visitor: VisitingAnyhow) -> Form:
    """As `form_of`, one-time passwords allowed."""
    return await _read(request, visitor)


Posted = Annotated[Form, Depends(form_of)]
PostedAnyhow = Annotated[Form, Depends(form_with_any_password)]


@dataclass(frozen=True, slots=True)
class FormWithFile(Form):
    """With a file that was sent along; empty where none was."""

    file: bytes = b""


async def form_with_file(request: Request, visitor: Visiting) -> FormWithFile:
    """As `form_of`, for a form with one field ``file``."""
    sent = await request.form(max_files=1, max_fields=50, max_part_size=LARGEST_FIELD)  # kept: read again below
    given = sent.get("file")
    content = b""
    if isinstance(given, UploadFile):
        content = await given.read()
        await given.close()
    form = await _read(request, visitor)
    return FormWithFile(form.visitor, form.fields, form.lists, content)


PostedWithFile = Annotated[FormWithFile, Depends(form_with_file)]


async def _read(request: Request, visitor: Visitor) -> Form:
    fields, lists = await fields_of(request)
    given = request.headers.get(CSRF_HEADER, "") or fields.get("csrf", "")
    if not hmac.compare_digest(given.encode(), visitor.session.csrf.encode()):
        raise NotAllowed("auth.csrf", "the form's token is missing or old", hint="load the page again")
    return Form(visitor, fields, lists)


async def fields_of(request: Request) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """The form's text fields, and those that may come several times; Invalid where one of them can be kept nowhere."""
    sent = await request.form(max_files=0, max_fields=500)
    pairs = [(name, value) for name, value in sent.multi_items() if isinstance(value, str)]
    if not all(is_kept(text) for pair in pairs for text in pair):
        raise Invalid("input.invalid", "text holds neither NUL nor half a surrogate pair")
    lists: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        lists[name] = (*lists.get(name, ()), value)
    return {name: values[-1] for name, values in lists.items()}, lists


def one_of(kind: type[E], given: str, what: str) -> E:
    """What was chosen; Invalid `input.invalid` that says which there are."""
    try:
        return kind(given)
    except ValueError as error:
        known = ", ".join(one.value for one in kind)
        message = f"{given[:60]!r} is not a {what}: it is none of {known}"
        raise Invalid("input.invalid", message, thing=what, hint=known) from error


def local_path(text: str, otherwise: str = "/") -> str:
    """`text` if it is a path of this server, else `otherwise`: nobody is sent elsewhere by a link of ours."""
    is_path = text.startswith("/") and not text.startswith("//")
    return text if is_path and text.isprintable() and "\\" not in text else otherwise


def path_in(address: str) -> tuple[str, str]:
    """Host and path with query of an address that the browser told; "" for both where it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    return parts.netloc, parts.path + (f"?{parts.query}" if parts.query else "")


def sign_in_address(request: Request) -> str:
    """Where to sign in, and come back from."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return SIGN_IN if request.method != "GET" or wanted == "/" else f"{SIGN_IN}?next={quote(wanted)}"


def is_https(request: Request) -> bool:
    """Whether cookies may say that they are for https only."""
    return request.url.scheme == "https" or context_of(request).installation.url.startswith("https://")


def said(request: Request) -> dict[str, str] | None:
    """What the form before this page had to say; it is shown once."""
    held = request.cookies.get(SAID, "")
    try:
        data = json.loads(base64.urlsafe_b64decode(held.encode())) if held else None
    except (ValueError, binascii.Error):
        return None
    if not isinstance(data, dict) or data.get("tone") not in ("good", "bad"):
        return None
    return {name: str(data.get(name, ""))[:LONGEST_SAID] for name in ("tone", "text", "field")}


def _page_before(request: Request) -> str:
    """The page of this server that the form was on; "" where there is none to go to."""
    host, path = path_in(request.headers.get("referer", ""))
    asked = {"type": "http", "method": "GET", "path": path.partition("?")[0]}
    if host != request.url.netloc or local_path(path, "") == "":
        return ""
    is_there = any(route.matches(asked)[0] is Match.FULL for route in request.app.router.routes)
    return path if is_there else ""


def _say(request: Request, to: str, tone: Tone, text: str, *, field: str = "") -> Response:
    response = RedirectResponse(to, status_code=303, headers=rendering.NOT_KEPT)
    data = json.dumps({"tone": tone, "text": text[:LONGEST_SAID], "field": field[:LONGEST_FIELD_NAME]}).encode()
    value = base64.urlsafe_b64encode(data).decode()
    response.set_cookie(SAID, value, max_age=30, path="/", httponly=True, samesite="lax", secure=is_https(request))
    return response
