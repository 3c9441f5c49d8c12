"""What belongs to the installation rather than to a project: the page that leads to each such noun's own."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.domain.permission import Permission
from fairlead.server.routing import page_router
from fairlead.server.web.visit import Visiting

router = page_router()

SECTION = "/setup"
SUBSCRIPTIONS = "/subscriptions"
NOUNS: tuple[tuple[str, str, str], ...] = (
    ("/freezes", "Freezes", "Times in which nothing may be deployed to some places."),
    (SUBSCRIPTIONS, "Subscriptions", "Events of the audit that are told on, by webhook or by mail."),
    ("/retention", "Retention", "Which releases would go now, and why the others stay."),
    ("/tenants", "Tenants", "Customers, regions or sites, with tags."),
    ("/environments", "Environments", "Where releases go, in their order."),
    ("/roles", "Roles", "What each allows who holds it."),
    ("/federated-credentials", "Federated credentials", "Build servers whose own tokens open service accounts."),
    ("/identity-providers", "Identity providers", "By whom people sign in without a password of their own here."),
    ("/lifecycles", "Lifecycles", "In which order releases may reach environments."),
    ("/files", "Files", "All of it as files: taken along, changed, planned, applied."),
    ("/step-templates", "Step templates", "Actions that processes share, in versions."),
    ("/packages", "Packages", "The built-in feed: files under an id and a version."),
    ("/build-information", "Build information", "What build servers told of packages: commits, issues."),
)
"""Address, name, and what it is."""


@router.get(SECTION)
def show(visitor: Visiting) -> Response:
    """The list of them."""
    visitor.actor.require_somewhere(Permission.VIEW)
    may_subscribe = visitor.may(Permission.SUBSCRIPTION_EDIT)
    nouns = [one for one in NOUNS if may_subscribe or one[0] != SUBSCRIPTIONS]
    return visitor.page("setup.html", {"section": SECTION, "nouns": nouns})
