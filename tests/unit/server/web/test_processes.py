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


STEPS = """steps:
  - name: Look
    start: with-previous
    condition: failure
    target_tags: [web]
    window: 2
    package_requirement: after-acquisition
    actions:
      - {name: Look, kind: script, properties: {script: "exit 0"}, retries: 2, timeout_s: 30, condition: always}
      - name: Tell
        kind: http-check
        properties: {url: "http://localhost/"}
        channels: [Default]
        condition: variable
        expression: "#{Wanted}"
"""


def test_when_and_where_steps_run_is_said_in_words(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    visit.post("/projects/books/process", text=STEPS, revision="0")
    page = visit.get("/projects/books/process")
    assert (
        "beside the step before, only if something before it failed, on targets with the tag web, 2 at a time, "
        "once packages are acquired" in page
    )
    assert "for each target, whatever failed before it, tried up to 3 times, 30 s at most" in page
    assert "for each target, only if this is true: #{Wanted}, only of the channel Default" in page


def test_what_is_wrong_is_said_and_the_text_is_kept(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    page = visit.post("/projects/books/process", 200, text=TEXT.replace("deploy-services", "fax"), revision="0")
    assert "action Deploy is of kind &#39;fax&#39;" in page and "kind: fax" in page
    page = visit.post("/projects/books/process", 200, text="steps: [", revision="0")
    assert "process.yaml:1" in page
