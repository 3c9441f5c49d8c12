"""Every answer is described: by a schema in the document, by examples that fit it, and by what is really answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from jsonschema_rs import Draft202012Validator
from schemathesis.specs.openapi import checks as openapi_checks
from tests.unit.server.api.conftest import KEY
from tests.unit.server.house import ADMINISTRATOR, House, furnish
from tests.unit.server.several import one_of_each

from fairlead.server.api.examples import EXAMPLES
from fairlead.server.app import create, described
from fairlead.usecases import access, approvals

DOCUMENT = described()
SCHEMAS = DOCUMENT["components"]["schemas"]
STREAMS = ("/follow", "/output")
READABLE = [path for path, methods in DOCUMENT["paths"].items() if "get" in methods and not path.endswith(STREAMS)]
ANSWERS = [
    (f"{method.upper()} {path} {status}", answer)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    for status, answer in operation["responses"].items()
    if status != "204"
]


@pytest.mark.parametrize("answer", [pytest.param(answer, id=name) for name, answer in ANSWERS])
def test_no_route_answers_without_a_described_schema(answer: Mapping[str, Any]) -> None:
    assert answer.get("content"), "it says nothing about what is answered"
    for media in answer["content"].values():
        assert list(undescribed(media.get("schema", {}))) == []


def test_it_is_seen_when_an_answer_is_a_plain_object() -> None:
    plain: dict[str, Any] = {"type": "object", "additionalProperties": True}
    assert list(undescribed({})) == [{}]
    assert list(undescribed({"type": "array", "items": plain})) == [plain]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_fits_its_schema(name: str) -> None:
    whole = {**SCHEMAS[name], "components": {"schemas": SCHEMAS}}
    assert [error.message for error in Draft202012Validator(whole).iter_errors(EXAMPLES[name])] == []
    assert SCHEMAS[name]["examples"] == [EXAMPLES[name]]


NAMED = {
    "users": "admin",
    "service-accounts": "robot",
    "teams": "Shop",
    "roles": "viewer",
    "groups": "Shops",
    "environments": "Test",
    "identity-providers": "ours",
    "federated-credentials": "books",
}


class Furnished:
    """A house in which everything that can be read is there, its document, and what stands for each parameter."""

    def __init__(self, house: House) -> None:
        access.set_up(house.context, name="admin", api_key=KEY)
        tasks = furnish(house)
        one_of_each(house)
        rolled_back = tasks["rolled back"]
        self.names = {
            "trigger_name": "Nightly",
            "tenant_name": "Acme",
            "runbook_name": "Tidy",
            "template_name": "Dump",
            "project": "identity",
            "environment": "Production",
            "version": "1.30.0",
            "name": "Db.Host",
            "library_set": "Mail",
            "package": "web",
            "deployment": house.deployment_of(rolled_back).id,
            "task": rolled_back,
            "approval": approvals.page(house.context, ADMINISTRATOR).items[0].approval.id,
        }
        self.schema: Any = schemathesis.openapi.from_asgi("/api/v1/openapi.json", create(house.life))

    def named(self, path: str) -> dict[str, str]:
        """What a path's parameters are: ids by the noun before them."""
        nouns = {"deployments": "deployment", "skipped": "deployment", "approvals": "approval", "tasks": "task"}
        noun = next((of for part, of in nouns.items() if f"/{part}/{{id}}" in path), "task")
        by_noun = next((name for part, name in NAMED.items() if f"/{part}/{{name}}" in path), self.names["name"])
        named = {**self.names, "id": self.names[noun], "name": by_noun, "channel": "Default"}
        return {**named, **{name: value for part, name, value in OF_PATHS if part in path}}


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    house = House(tmp_path_factory.mktemp("answers"))
    yield Furnished(house)
    house.close()


OF_PATHS = (
    ("/lifecycles/", "name", "Default"),
    ("/build-information/", "version", "1.0"),
    ("/packages/", "version", "1.0"),
    ("/freezes/", "name", "Holidays"),
    ("/subscriptions/", "name", "Watch"),
)
"""What a parameter is on paths that hold a part: part, parameter, value."""
QUERIES = {
    "/api/v1/why/values/{project}/{name}": ("environment",),
    "/api/v1/projects/{project}/variable-preview": ("environment",),
}
"""What must be asked with, though not for every question."""
OTHERWISE = {
    "/api/v1/projects/{project}/environments/{environment}/adoption": 409,
    "/api/v1/runs/{id}": 404,
    "/api/v1/why/runs/{id}": 404,
    "/api/v1/certificates/{host}": 404,
    "/api/v1/interruptions/{id}": 404,
    "/api/v1/tasks/{id}/artifacts/{name}": 404,
}
"""What the house has nothing of, and a place whose containers are nobody's; journeys read them."""


@pytest.mark.parametrize("path", READABLE)
def test_what_is_read_is_as_described(furnished: Furnished, path: str) -> None:
    operation = furnished.schema[path]["GET"]
    names = furnished.named(path)
    asked = {parameter.name for parameter in operation.path_parameters}
    wanted = {parameter.name for parameter in operation.query if parameter.is_required} | set(QUERIES.get(path, ()))
    case = operation.Case(
        path_parameters={name: names.get(name, "none") for name in asked}, query={name: names[name] for name in wanted}
    )
    checks = [openapi_checks.response_schema_conformance, openapi_checks.content_type_conformance]
    answer = case.call_and_validate(headers={"Authorization": f"Bearer {KEY}"}, checks=checks)
    assert answer.status_code == OTHERWISE.get(path, 200), answer.text


def undescribed(schema: Any) -> Iterator[Any]:
    """The parts of a schema that promise nothing of what is answered."""
    if "$ref" in schema:
        found = SCHEMAS[schema["$ref"].rpartition("/")[2]]
        yield from () if found.get("properties") else (schema,)
    elif branches := schema.get("anyOf"):
        for branch in branches:
            yield from undescribed(branch)
    elif schema.get("type") == "array":
        yield from undescribed(schema["items"])
    elif schema.get("type") != "string":
        yield schema
