"""Step templates on their pages."""

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import processes

ONE = 'kind: script\nproperties: {script: "dump #{Database}"}\nparameters: [{name: Database}]\n'
TWO = 'kind: script\nproperties: {script: "dump -h #{Host}"}\nparameters: [{name: Host}]\n'
PROCESS = "steps: [{name: A, actions: [{name: A, template: {name: Dump, version: 1, parameters: {Database: b}}}]}]"


def test_a_template_is_saved_used_moved_and_removed(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    assert "No step templates" in visit.get("/step-templates") and "/step-templates" in visit.get("/setup")
    visit.post("/step-templates", name="Dump", text="kind: fax")
    assert "No step templates" in visit.get("/step-templates")
    visit.post("/step-templates", name="Dump", text=ONE)
    assert "Dump" in visit.get("/step-templates")
    visit.post("/projects/books/process", text=PROCESS, revision="0")
    assert 'href="/step-templates/Dump">Dump 1</a>' in visit.get("/projects/books/process")
    visit.post("/step-templates", name="Dump", text=TWO, revision="1")
    page = visit.get("/step-templates/Dump?to=2")
    assert "drops the value of Database" in page and "needs a value for Host" in page and 'name="value-Host"' in page
    visit.post("/step-templates/Dump/move", version="2", users="books")
    assert "gives no value for Host" in visit.get("/step-templates/Dump")
    visit.post("/step-templates/Dump/move", **{"version": "2", "users": "books", "value-Host": "db"})
    [(_, action)] = processes.get(house.context, ADMINISTRATOR, "books").process.actions
    assert action.template is not None and action.template.parameters == {"Host": "db"}
    visit.post("/step-templates/Dump/remove", version="1")
    assert "Version 1 is removed." in visit.get("/step-templates/Dump")
    visit.post("/step-templates/Dump/remove")
    assert "uses Dump" in visit.get("/step-templates/Dump")
