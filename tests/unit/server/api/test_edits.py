"""Whatever is edited is edited only as it was read: every PUT and PATCH takes If-Match, and refuses an old one."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.step_template import TemplateContent
from fairlead.server.app import described
from fairlead.usecases import (
    access,
    federated_credentials,
    freezes,
    groups,
    identity_providers,
    library_sets,
    notifications,
    roles,
    runbooks,
    step_templates,
    subscriptions,
    targets,
    teams,
    tenants,
    users,
    variables,
)

API = "/api/v1"
EDITS = [
    (method.upper(), path)
    for path, methods in described()["paths"].items()
    for method in methods
    if method in ("put", "patch")
]
WHOLE = {
    f"{API}/certificates/{{host}}": "a new certificate takes the place of the old one, whatever that was",
    f"{API}/packages": "a package of one version is given whole, and is what it was given as",
    f"{API}/registries/{{registry}}": "new credentials take the place of the old ones, which nobody can read",
    f"{API}/tag-sets/{{tag_set_name}}": "a set of tags is given whole; one that is used is not taken away",
    f"{API}/tenants/{{tenant_name}}/projects/{{project}}": "the environments are given whole, and nothing else is",
    f"{API}/environments": "the order of all: it names each exactly once, what came or went since is refused",
    f"{API}/projects/{{project}}/lifecycle": "one choice, which is the whole",
    f"{API}/projects/{{project}}/library-sets/{{library_set}}": "it is included, however often that is said",
}
"""What is given as a whole and not edited, and why."""
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "/users/{name}": ("/users/ann", {"email": "ann@example.com"}),
    "/teams/{name}": ("/teams/Team", {"description": "ours"}),
    "/roles/{name}": ("/roles/Own", {"description": "ours"}),
    "/groups/{name}": ("/groups/Shops", {"description": "ours"}),
    "/environments/{name}": ("/environments/Test", {"description": "ours"}),
    "/lifecycles/{name}": ("/lifecycles/Default", {"name": "Default", "description": "ours"}),
    "/projects/{project}": ("/projects/books", {"title": "ours"}),
    "/projects/{project}/variables/{name}": ("/projects/books/variables/A", {"value": "2"}),
    "/library-sets/{library_set}/variables/{name}": ("/library-sets/Set/variables/B", {"value": "2"}),
    "/library-sets/{library_set}": ("/library-sets/Set", {"description": "ours"}),
    "/projects/{project}/process": ("/projects/books/process", {"steps": []}),
    "/freezes/{name}": ("/freezes/Feast", {"name": "Feast", "cron": "0 0 1 1 *", "lasts_s": 60}),
    "/tenants/{tenant_name}": ("/tenants/Acme", {"description": "ours"}),
    "/tenants/{tenant_name}/values": ("/tenants/Acme/values", {"values": []}),
    "/projects/{project}/tenant-templates": ("/projects/books/tenant-templates", {"templates": []}),
    "/library-sets/{library_set}/tenant-templates": ("/library-sets/Set/tenant-templates", {"templates": []}),
    "/projects/{project}/runbooks/{runbook_name}": ("/projects/books/runbooks/Nightly", {"description": "ours"}),
    "/projects/{project}/triggers/{trigger_name}": ("/projects/books/triggers/Nightly", {"cron": "0 3 * * *"}),
    "/subscriptions/{name}": ("/subscriptions/Watch", {"events": ["deployments"]}),
    "/notifications/{id}": ("/notifications/{notification}", {"events": ["*"]}),
    "/projects/{project}/source": ("/projects/books/source", {"url": "https://git.test/other.git"}),
    "/projects/{project}/forge": (
        "/projects/books/forge",
        {"kind": "gitea", "api_url": "https://forge.test", "repository": "team/books"},
    ),
    "/step-templates/{template_name}": (
        "/step-templates/Dump",
        {"kind": "script", "properties": {"script": "dump"}, "description": "ours"},
    ),
    "/identity-providers/{name}": ("/identity-providers/ours", {"issuer": "https://login.test", "client_id": "us"}),
    "/federated-credentials/{name}": (
        "/federated-credentials/books",
        {"account": "robot", "issuer": "https://ci.test", "audience": "us", "subject": "repo:us/*"},
    ),
    "/targets/{name}": ("/targets/near", {"description": "ours"}),
    "/projects/{project}/release-settings": ("/projects/books/release-settings", {"notes_template": "ours"}),
    "/projects/{project}/channels/{channel}": (
        "/projects/books/channels/Default",
        {"name": "Default", "is_default": True},
    ),
}
"""For each edit: where, and what is wanted there."""


@pytest.fixture
def furnished(house: House) -> House:
    context = house.context
    house.add_project("books")
    variables.put(context, ADMINISTRATOR, "books", "A", "1")
    library_sets.add(context, ADMINISTRATOR, "Set")
    variables.put(context, ADMINISTRATOR, variables.InLibrary("Set"), "B", "1")
    groups.add(context, ADMINISTRATOR, "Shops")
    roles.add(context, ADMINISTRATOR, "Own", ["view"])
    teams.add(context, ADMINISTRATOR, "Team")
    targets.add(context, ADMINISTRATOR, "near", only_in=["Test"])
    access.add_user(context, ADMINISTRATOR, "ann")
    freezes.add(context, ADMINISTRATOR, freezes.Draft("Feast", cron="0 0 1 1 *", lasts_s=60))
    tenants.put(context, ADMINISTRATOR, tenants.Draft("Acme"))
    runbooks.put(context, ADMINISTRATOR, "books", runbooks.Draft("Nightly"))
    notifications.add(context, ADMINISTRATOR, "ops@example.com")
    subscriptions.add(context, ADMINISTRATOR, subscriptions.Draft("Watch", to=["https://watch.test/"]))
    users.add_service_account(context, ADMINISTRATOR, "robot")
    trusted = federated_credentials.Draft("robot", "https://ci.test", "us", "repo:us/books")
    federated_credentials.put(context, ADMINISTRATOR, "books", trusted)
    identity_providers.put(context, ADMINISTRATOR, "ours", identity_providers.Draft("https://login.test", "fairlead"))
    step_templates.put(
        context, ADMINISTRATOR, step_templates.Draft("Dump", TemplateContent("script", {"script": "dump"}))
    )
    return house


def test_every_edit_is_tried_here() -> None:
    assert {path.removeprefix(API) for _, path in EDITS if path not in WHOLE} == set(CASES)


@pytest.mark.parametrize(("method", "path"), [edit for edit in EDITS if edit[1] not in WHOLE])
def test_an_edit_of_what_somebody_else_changed_is_refused(
    furnished: House, client: TestClient, method: str, path: str
) -> None:
    where, wanted = CASES[path.removeprefix(API)]
    where = where.replace("{notification}", notifications.all_of(furnished.context, ADMINISTRATOR)[0].id)
    before = client.get(API + where)
    refused = client.request(method, API + where, json=wanted, headers={"If-Match": '"4711"'})
    assert (refused.status_code, refused.json()["code"]) == (409, "edit.conflict"), refused.text
    if before.status_code == 200:
        assert client.get(API + where).json() == before.json(), "nothing was changed"
        assert before.headers["ETag"] == f'"{before.json().get("revision", before.headers["ETag"][1:-1])}"'
        read = before.headers["ETag"]
        done = client.request(method, API + where, json=wanted, headers={"If-Match": read})
        assert done.status_code == 200, done.text
