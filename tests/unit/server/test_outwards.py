"""What is told to whoever asks, let in or not, while the database is away."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from fairlead.domain.errors import FairleadError, Unreachable
from fairlead.server import problems
from fairlead.server.web import failures


@pytest.mark.parametrize("is_page", [True, False])
def test_where_the_database_is_is_not_told(is_page: bool) -> None:
    app = FastAPI()
    problems.install(app)
    if is_page:
        app.add_exception_handler(FairleadError, failures.on_error)

    @app.post("/hooks/x")
    def hook() -> None:
        said = "the database does not answer: connection to server at 10.9.8.7 failed"
        raise Unreachable("store.unreachable", said, thing="postgresql://ann:***@10.9.8.7/books")

    answer = TestClient(app, raise_server_exceptions=False).post("/hooks/x")
    assert answer.status_code == 503 and "The database does not answer" in answer.text
    assert "10.9.8.7" not in answer.text and "ann" not in answer.text
    assert "fairlead-server doctor" in answer.text
