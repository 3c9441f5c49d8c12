"""The installation as files, on the pages: what is taken along is what is given back, and nothing is done unseen."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import environments, variables

PASTED = "# file: environments.yml\nenvironments:\n  - {name: Test, description: for all}\n  - {name: Staging}\n"


def planned(visit: Visit, text: str, status: int = 200, **more: str) -> str:
    return visit.post("/files/plan", status=status, text=text, **more)


def fields_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(files|hash|prune)" value="([^"]*)"', page))


def test_what_is_taken_along_changes_nothing_when_it_is_given_back(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    answer = visit.client.get("/files/export.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "projects/books/project.yml" in archive.namelist()
    sent = visit.client.post("/files/plan", data={"csrf": visit.token()}, files={"file": ("f.zip", answer.content)})
    assert sent.status_code == 200 and "Nothing to change" in sent.text


def test_pasted_files_are_planned_seen_and_applied(house: House, visit: Visit) -> None:
    visit.sign_in()
    page = planned(visit, PASTED)
    assert "environment Staging" in page and "environments.yml:3" in page and "for all" in page
    assert len(environments.all_of(house.context, ADMINISTRATOR)) == 2, "a plan changes nothing"
    assert visit.post("/files/apply", **fields_of(page)) == "/files"
    assert "changes made." in visit.get("/files")
    assert environments.get(house.context, ADMINISTRATOR, "Test").description == "for all"
    environments.change(house.context, ADMINISTRATOR, "Test", description="by hand")
    visit.post("/files/apply", **fields_of(page))
    assert "were changed since the plan was made" in visit.get("/files")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no file was given"),
        ("environments: []", "does not begin with a line"),
        ("# file: environments.yml\nenvironments: [{name: a;b}]", "environments.yml:1:"),
        ("# file: lifecycle.yml\na: b", "the unknown file"),
    ],
)
def test_what_is_wrong_is_told_beside_what_was_pasted(house: House, visit: Visit, text: str, said: str) -> None:
    visit.sign_in()
    page = planned(visit, text, status=400)
    assert said in page and "Show what would change" in page


def test_what_is_no_archive_is_told(house: House, visit: Visit) -> None:
    visit.sign_in()
    sent = visit.client.post("/files/plan", data={"csrf": visit.token()}, files={"file": ("f.zip", b"PK no")})
    assert sent.status_code == 400 and "not a readable zip archive" in sent.text


def test_who_may_only_look_sees_the_plan_and_may_not_apply_it(house: House, visit: Visit) -> None:
    house.add_user("eva", "viewer")
    visit.sign_in("eva")
    page = planned(visit, PASTED)
    assert "You may not apply this" in page and "/files/apply" not in page
    visit.sign_in()
    fields = fields_of(planned(visit, PASTED))
    visit.sign_in("eva")
    assert "lacks the permission" in visit.post("/files/apply", status=403, **fields)


SECRET = "# file: projects/books/variables.yml\nvariables:\n  - {name: Db.Password, value: {secret: db}}\n"


def test_values_of_new_secrets_are_asked_for_beside_the_plan(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    page = planned(visit, SECRET)
    assert 'type="password" name="secret.db"' in page and "Db.Password" in page
    assert not variables.page(house.context, ADMINISTRATOR, "books").items, "a plan changes nothing"
    visit.post("/files/apply", **fields_of(page))
    assert not variables.page(house.context, ADMINISTRATOR, "books").items, "nothing is made without the value"
    assert visit.post("/files/apply", **fields_of(page), **{"secret.db": "hunter2"}) == "/files"
    said = visit.get("/files")
    assert "changes made." in said and "hunter2" not in said
    [held] = variables.page(house.context, ADMINISTRATOR, "books").items
    assert held.name == "Db.Password" and held.is_secret
    with house.context.database.reading() as connection:
        assert held.secret is not None and house.context.reveal(connection, held.secret) == "hunter2"
