"""Targets: the list, and the forms that add, change, trust, look at and remove one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.errors import FairleadError, Invalid, NotAllowed
from fairlead.domain.permission import Permission
from fairlead.domain.target import SSH_PORT
from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Form, Posted, Visiting, in_one_transaction
from fairlead.server.web.whom import tenancy_of
from fairlead.usecases import environments, target_files, targets
from fairlead.usecases.target_tenancy import Serving
from fairlead.usecases.targets import NewSsh, TargetChange

router = page_router()
PAGE = "/targets"
T = TypeVar("T")


@router.get("/targets")
@in_one_transaction
def show(
    visitor: Visiting,
    part: Searched,
    environment: Annotated[str, Query(max_length=100)] = "",
    tag: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """A part of them, by name."""
    found = targets.page(
        visitor.context,
        visitor.actor,
        environment=environment,
        tag=tag,
        search=part.search,
        after=part.after,
        limit=part.limit,
    )
    keys = visitor.server.host_keys
    values = {
        "section": PAGE,
        "targets": found.items,
        "listed": part.shown(found.after),
        "fingerprints": {
            one.target.id: keys.fingerprint(one.target.ssh.host_key)
            for one in found.items
            if one.target.ssh and one.target.ssh.host_key
        },
        "environments": environments.all_of(visitor.context, visitor.actor),
        "environment": environment,
        "tag": tag,
    }
    return visitor.page("targets.html", values)


@router.post("/targets")
def add(form: Posted) -> Response:
    """A new one; for a host over SSH a key is made where none is given."""
    visitor = form.visitor

    def work() -> str:
        ssh = _ssh(form)
        made = targets.add(
            visitor.context,
            visitor.actor,
            form.text("name").strip(),
            only_in=form.lists.get("environments", ()),
            tags=form.text("tags").replace(",", " ").split(),
            ssh=ssh,
            made_key=visitor.server.host_keys.new_pair(f"fairlead-{form.text('name')}")
            if ssh and not ssh.key
            else None,
            description=form.text("description").strip(),
            serving=_serving(form),
        ).target
        public = made.ssh.public_key if made.ssh else ""
        return f"{made.name} is added." + (f" Put this line into authorized_keys there: {public}" if public else "")

    return form.act(PAGE, work)


@router.post("/targets/{name}/enable")
def enable(form: Posted, name: str) -> Response:
    """Steps that begin run on it, or not."""
    wanted = form.is_ticked("enabled")

    def work() -> str:
        held = targets.change(form.visitor.context, form.visitor.actor, name, TargetChange(is_enabled=wanted)).target
        return f"{held.name} is {'used' if wanted else 'left out'} from now on."

    return form.act(PAGE, work)


@router.post("/targets/{name}/tenancy")
def bind(form: Posted, name: str) -> Response:
    """Set for which tenants steps run on it."""
    form.visitor.actor.require_somewhere(Permission.TARGET_EDIT)  # before anything is said of what was typed

    def work() -> str:
        wanted = TargetChange(serving=_serving(form))
        held = targets.change(form.visitor.context, form.visitor.actor, name, wanted).target
        return f"It is set for whom steps run on {held.name}."

    return form.act(PAGE, work)


@router.post("/targets/{name}/remove")
def remove(form: Posted, name: str) -> Response:
    """No step runs on it any more."""

    def work() -> str:
        targets.remove(form.visitor.context, form.visitor.actor, name)
        return "The target is removed."

    return form.act(PAGE, work)


@router.post("/targets/{name}/trust")
async def trust(form: Posted, name: str) -> Response:
    """Trust the key with this fingerprint."""
    visitor, fingerprint = form.visitor, form.text("fingerprint")
    trusting = targets.trust(visitor.context, visitor.actor, visitor.server.host_keys, name, fingerprint)
    return await _said(form, trusting, lambda view: f"The key of {view.target.name} is trusted.")


@router.post("/targets/{name}/check")
async def check(form: Posted, name: str) -> Response:
    """Something harmless is run there."""
    visitor = form.visitor
    looking = targets.check(visitor.context, visitor.actor, visitor.server.hosts, name)
    return await _said(
        form, looking, lambda seen: f"It answered after {seen.took_s:.2f} s and has {', '.join(seen.programs)}."
    )


@router.get("/targets/{name}/packages")
async def show_packages(visitor: Visiting, name: str) -> Response:
    """What deployments left there, and what the next ones would remove."""
    context, actor = visitor.context, visitor.actor
    held = await context.database.run(lambda: targets.get(context, actor, name))
    trouble, lying = "", tuple[target_files.LyingPackage, ...]()
    try:
        lying = tuple(await target_files.preview(context, actor, visitor.server.hosts, name))
    except NotAllowed:
        raise
    except FairleadError as error:
        trouble = str(error)
    values = {"section": setup.SECTION, "target": held.target, "lying": lying, "trouble": trouble}
    return await context.database.run(lambda: visitor.page("target_packages.html", values))


async def _said(form: Form, work: Awaitable[T], words: Callable[[T], str]) -> Response:
    try:
        return form.done(PAGE, words(await work))
    except NotAllowed:
        raise
    except FairleadError as error:
        return form.refused(PAGE, error)


def _serving(form: Form) -> Serving:
    return Serving(
        tenancy_of(form) if form.text("tenancy") else None, form.lines("tenants"), form.listed("tenant_tags")
    )


def _ssh(form: Form) -> NewSsh | None:
    if not form.text("host").strip():
        return None
    port = form.number("port") if form.text("port").strip() else SSH_PORT
    if port is None:
        raise Invalid("input.invalid", f"{form.text('port')[:20]!r} is not a port", thing="port")
    key = form.text("key").replace("\r\n", "\n")
    return NewSsh(form.text("host").strip(), form.text("user").strip(), port, key)
