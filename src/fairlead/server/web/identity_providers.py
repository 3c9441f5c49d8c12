"""Identity providers on a page of their own: by whom people sign in, and the form for one."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.domain.errors import Invalid
from fairlead.domain.permission import RoleName
from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Form, Posted, Visiting
from fairlead.usecases import identity_providers
from fairlead.usecases.identity_providers import Draft, MappedGroup

router = page_router()
PAGE = "/identity-providers"


@router.get("/identity-providers")
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of them, by name, each with its form, and the form for another."""
    found = identity_providers.page(
        visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit
    )
    values = {
        "section": setup.SECTION,
        "providers": found.items,
        "blank": Draft("", ""),
        "listed": part.shown(found.after),
        "roles": list(RoleName),
        "redirect": identity_providers.redirect_of(visitor.context, "NAME"),
    }
    return visitor.page("identity_providers.html", values)


@router.post("/identity-providers")
def put(form: Posted) -> Response:
    """It is as the form says; an empty secret leaves the one that is held."""
    visitor, name = form.visitor, form.text("name").strip()

    def work() -> str:
        secret = "" if form.is_ticked("is_public") else form.text("client_secret") or None
        wanted = Draft(
            form.text("issuer"),
            form.text("client_id"),
            secret,
            label=form.text("label"),
            scopes=form.text("scopes").split(),
            name_claim=form.text("name_claim").strip(),
            groups_claim=form.text("groups_claim").strip(),
            teams=_mapped(form),
            makes_users=form.is_ticked("makes_users"),
            links_by_email=form.is_ticked("links_by_email"),
            role=form.text("role"),
            is_enabled=form.is_ticked("is_enabled"),
        )
        revision = form.number("revision")
        made = identity_providers.put(visitor.context, visitor.actor, name, wanted, revision=revision)
        return f"{name} is kept; the redirect address to enter there is {made.redirect}"

    return form.act(PAGE, work)


@router.post("/identity-providers/{name}/remove")
def remove(form: Posted, name: str) -> Response:
    """Nobody signs in by it any more."""
    visitor = form.visitor

    def work() -> str:
        identity_providers.remove(visitor.context, visitor.actor, name)
        return f"{name} is removed."

    return form.act(PAGE, work)


def _mapped(form: Form) -> list[MappedGroup]:
    """Lines GROUP = TEAM; a group may have signs of equality in it, as those of LDAP do."""
    lines = form.lines("teams")
    if wrong := [line for line in lines if "=" not in line]:
        raise Invalid("input.invalid", f"{wrong[0][:80]!r} is no line GROUP = TEAM", thing="teams")
    return [MappedGroup(group.strip(), team.strip()) for group, _, team in (line.rpartition("=") for line in lines)]
