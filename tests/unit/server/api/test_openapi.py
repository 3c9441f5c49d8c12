"""What the document promises holds for whatever anybody sends: no answer of 500, and only documented ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks
from tests.unit.server.api.conftest import KEY
from tests.unit.server.house import House

from fairlead.server.app import create, described
from fairlead.usecases import access

ROUTES = [
    (method.upper(), path)
    for path, methods in described()["paths"].items()
    for method in methods
    if not path.endswith(("/follow", "/output"))
]
HOLDS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]
BOUNDED = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder: Path = tmp_path_factory.mktemp("openapi")
    house = House(folder)
    access.set_up(house.context, name="admin", api_key=KEY)
    house.add_project("books", git="https://git.test/books.git")
    house.add_release("books", "1.0.0")
    yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", create(house.life))
    house.close()


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_the_document_holds(schema: Any, method: str, path: str) -> None:
    answered: list[int] = []

    @BOUNDED
    @given(case=schema[path][method].as_strategy())
    def check(case: schemathesis.Case) -> None:
        answer = case.call_and_validate(headers={"Authorization": f"Bearer {KEY}"}, checks=HOLDS)
        answered.append(answer.status_code)

    check()
    assert answered and max(answered) < 500, f"{method} {path} answered {answered}"
