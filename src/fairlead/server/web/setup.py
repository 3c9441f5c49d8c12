"""What belongs to the installation rather than to a project: the page that leads to each such noun's own."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from fairlead.domain.permission import Permission
from fairlead.server.routing import page_router
from fairlead.server.web.visit import Visiting

router = page_router()

SECTION = "/setup"
SUBSCRIPTIONS, USERS, TEAMS = "/subscriptions", "/users", "/teams"
NOUNS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "Where and when releases go": (
        ("/environments", "Environments", "Where releases go, in their order."),
        ("/lifecycles", "Lifecycles", "In which order releases may reach environments."),
        ("/groups", "Project groups", "How projects stand together on the dashboard."),
        ("/tenants", "Tenants", "Customers, regions or sites, with tags."),
        ("/freezes", "Freezes", "Times in which nothing may be deployed to some places."),
    ),
    "What they are made of": (
        ("/packages", "Packages", "The built-in feed: files under an id and a version."),
        ("/build-information", "Build information", "What build servers told of packages: commits, issues."),
        ("/step-templates", "Step templates", "Actions that processes share, in versions."),
        ("/retention", "Retention", "Which releases would go now, and why the others stay."),
        ("/files", "Files", "All of it as files: taken along, changed, planned, applied."),
    ),
    "Who may, and who is told": (
        (USERS, "Users", "People and service accounts, with their roles."),
        (TEAMS, "Teams", "People together, with roles where they hold."),
        ("/roles", "Roles", "What each allows who holds it."),
        ("/identity-providers", "Identity providers", "By whom people sign in without a password of their own here."),
        ("/federated-credentials", "Federated credentials", "Build servers whose own tokens open service accounts."),
        (SUBSCRIPTIONS, "Subscriptions", "Events of the audit that are told on, by webhook or by mail."),
    ),
}
"""What they are about; of each the address, its name, and what it is."""
NEEDED = {
    SUBSCRIPTIONS: Permission.SUBSCRIPTION_EDIT,
    USERS: Permission.USER_EDIT,
    TEAMS: Permission.USER_EDIT,
}
"""Those that only who may change them sees."""


@router.get(SECTION)
def show(visitor: Visiting) -> Response:
    """The list of them."""
    visitor.actor.require_somewhere(Permission.VIEW)
    shown = {about: [one for one in its if _may_see(visitor, one[0])] for about, its in NOUNS.items()}
    return visitor.page("setup.html", {"section": SECTION, "nouns": shown})


def _may_see(visitor: Visiting, address: str) -> bool:
    return address not in NEEDED or visitor.may(NEEDED[address])
