"""The page of a project's process: what is wrong is said above the text, which is kept."""

from __future__ import annotations

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import processes

TEXT = "steps:\r\n  - name: Deploy <all>\r\n    actions:\r\n      - {name: Deploy, kind: deploy-services}\r\n"


def test_a_process_is_set_and_shown(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    assert "None of its own" in visit.get("/projects/books/process")
    assert visit.post("/projects/books/process", text=TEXT, revision="0") == "/projects/books/process"
    page = visit.get("/projects/books/process")
    assert "Deploy &lt;all&gt;" in page and "books has this process from its next release on." in page
    assert len(processes.get(house.context, ADMINISTRATOR, "books").process.steps) == 1


def test_what_is_wrong_is_said_and_the_text_is_kept(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    page = visit.post("/projects/books/process", 200, text=TEXT.replace("deploy-services", "fax"), revision="0")
    assert "action Deploy is of kind &#39;fax&#39;" in page and "kind: fax" in page
    page = visit.post("/projects/books/process", 200, text="steps: [", revision="0")
    assert "process.yaml:1" in page
