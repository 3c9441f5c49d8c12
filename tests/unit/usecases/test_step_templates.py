"""Step templates: saved in versions, used by processes, moved up and down as a plan says, frozen by releases."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, VIEWER, House

from fairlead.domain.errors import Conflict, FairleadError, NotAllowed, NotFound, Refused
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.step_template import Parameter, ParameterType, TemplateContent, UsedTemplate
from fairlead.domain.text import Mixed
from fairlead.formats.process import process_text, read_process
from fairlead.store import processes as rows
from fairlead.usecases import (
    declarations,
    deployments,
    planning,
    processes,
    projects,
    releases,
    runbooks,
    step_template_users,
    step_templates,
    variables,
)
from fairlead.usecases.declarations import Wish as Files
from fairlead.usecases.going import Going
from fairlead.usecases.projects import KeyPair
from fairlead.usecases.step_template_users import Wish
from fairlead.usecases.step_templates import Draft

DATABASE = Parameter("Database", help="which one")
ONE = TemplateContent("script", {"script": "dump #{Database}"}, (DATABASE,))
HOST = Parameter("Host")
TWO = TemplateContent("script", {"script": "dump -h #{Host} #{Database}"}, (DATABASE, HOST))


def action(version: int = 1, **values: str) -> Action:
    return Action("Back up", "", template=UsedTemplate("dump", version, values))


def process(version: int = 1, **values: str) -> Process:
    return Process((ProcessStep("Back up", (action(version, **values),)),))


@pytest.fixture
def books(house: House) -> House:
    house.add_project("books")
    step_templates.put(house.context, ADMIN, Draft("Dump", ONE, "dumps a database"))
    return house


def used_by(house: House, project: str = "books") -> Action:
    return next(one for _, one in processes.get(house.context, ADMIN, project).process.actions)


def code_of(house: House, process: Process) -> str:
    with pytest.raises(FairleadError) as caught:
        processes.put(house.context, ADMIN, "books", process)
    return caught.value.code


def test_each_save_is_a_version_that_never_changes(books: House) -> None:
    assert step_templates.put(books.context, ADMIN, Draft("dump", ONE)).version.number == 1, "it says the same"
    assert step_templates.put(books.context, ADMIN, Draft("dump", TWO)).version.number == 2
    held = step_templates.versions(books.context, VIEWER, "Dump")
    assert [(one.version.number, one.version.content) for one in held] == [(2, TWO), (1, ONE)]
    assert step_templates.get(books.context, VIEWER, "Dump", number=1).version.content == ONE
    assert step_templates.get(books.context, VIEWER, "Dump").template.description == "dumps a database"
    with pytest.raises(Conflict) as caught:
        step_templates.put(books.context, ADMIN, Draft("dump", TWO), number=1)
    assert caught.value.code == "step_template.version"
    told = [one.message for one in books.audit() if one.kind.startswith("step_template.")]
    assert told == ["saved version 2 of the step template Dump", "added the step template Dump"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (TemplateContent("fax"), "process.kind"),
        (TemplateContent("script", {"colour": "blue"}), "process.properties"),
        (TemplateContent("script", {"script": "x"}, (DATABASE, DATABASE)), "step_template.parameter"),
    ],
)
def test_what_no_action_could_be_is_not_saved(books: House, content: TemplateContent, code: str) -> None:
    with pytest.raises(FairleadError) as caught:
        step_templates.put(books.context, ADMIN, Draft("Fax", content))
    assert caught.value.code == code
    with pytest.raises(NotFound):
        step_templates.get(books.context, ADMIN, "Fax")


def test_who_saves_over_what_somebody_else_saved_is_told(books: House) -> None:
    step_templates.put(books.context, ADMIN, Draft("Dump", TWO), revision=1)
    with pytest.raises(Conflict) as caught:
        step_templates.put(books.context, ADMIN, Draft("Dump", ONE), revision=1)
    assert caught.value.code == "edit.conflict"


def test_an_action_takes_kind_and_properties_from_its_version(books: House) -> None:
    processes.put(books.context, ADMIN, "books", process(Database="books"))
    found = used_by(books)
    assert (found.kind, found.properties) == ("script", {"script": "dump #{Database}"})
    assert found.template == UsedTemplate("Dump", 1, {"Database": "books"})
    text = process_text(processes.get(books.context, ADMIN, "books").process)
    assert "kind" not in text and "version: 1" in text
    processes.put(books.context, ADMIN, "books", read_process("process.yaml", text.encode()))
    assert processes.get(books.context, ADMIN, "books").revision == 1, "what is written reads back as the same"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (process(Other="x", Database="a"), "step_template.parameter_unknown"),
        (process(), "step_template.value_missing"),
        (process(2, Database="a"), "step_template.version_unknown"),
        (
            Process((ProcessStep("A", (Action("A", "", template=UsedTemplate("Fax", 1)),)),)),
            "step_template.unknown",
        ),
        (
            Process((ProcessStep("A", (Action("A", "notify", template=UsedTemplate("Dump", 1, {"Database": "a"})),)),)),
            "step_template.action",
        ),
        (Process((ProcessStep("A", (Action("A", ""),)),)), "process.kind"),
    ],
)
def test_a_use_that_does_not_fit_is_refused(books: House, wrong: Process, code: str) -> None:
    assert code_of(books, wrong) == code


def planned(books: House, version: str = "1.0.0") -> Any:
    with books.database.reading() as connection:
        project = projects.get(books.context, ADMIN, "books")
        release = planning.release_named(connection, project, version)
        place = next(one for one in planning.environments.all_of(connection) if one.name == "Test")
        return planning.intend(books.context, connection, Going(project, place, release))


def release(books: House, version: str) -> None:
    releases.create(books.context, ADMIN, "books", version=version, images={}, contents={})


def test_parameters_hold_for_the_action_before_everything_else(books: House) -> None:
    variables.put(books.context, ADMIN, "books", "Database", "not this")
    variables.put(books.context, ADMIN, "books", "Db.Name", "shop")
    processes.put(books.context, ADMIN, "books", process(Database="#{Db.Name}"))
    release(books, "1.0.0")
    made = planned(books)
    [step] = made.process.steps
    resolved = step.places[0].actions[0].resolved
    assert resolved.text("script") == "dump shop"


def test_a_secret_parameter_must_be_a_secret(books: House) -> None:
    secret = Parameter("Password", type=ParameterType.SECRET)
    content = TemplateContent("script", {"script": "login #{Password}"}, (secret,))
    step_templates.put(books.context, ADMIN, Draft("Login", content))
    use = Action("Login", "", template=UsedTemplate("Login", 1, {"Password": "#{Db.Password}"}))
    processes.put(books.context, ADMIN, "books", Process((ProcessStep("Login", (use,)),)))
    variables.put(books.context, ADMIN, "books", "Db.Password", "plain")
    with pytest.raises(Refused) as caught:
        release(books, "1.0.0")
        planned(books)
    assert caught.value.code == "step_template.not_secret"
    variables.remove(books.context, ADMIN, "books", "Db.Password")
    variables.put(books.context, ADMIN, "books", "Db.Password", "hidden", is_secret=True)
    release(books, "1.1.0")
    made = planned(books, "1.1.0")
    text = made.process.steps[0].places[0].actions[0].resolved.text("script")
    assert isinstance(text, Mixed) and "hidden" not in str(made.plan.intention)


def test_users_are_moved_as_the_plan_says_and_releases_keep_what_they_froze(books: House) -> None:
    books.add_project("shop")
    for project in ("books", "shop"):
        processes.put(books.context, ADMIN, project, process(Database=project))
    runbooks.put(
        books.context, ADMIN, "books", runbooks.Draft("Nightly", process=process(Database="books"), in_lifecycle=True)
    )
    release(books, "1.0.0")
    step_templates.put(books.context, ADMIN, Draft("Dump", TWO))
    plan = step_template_users.plan(books.context, VIEWER, "Dump", Wish())
    assert [(one.user.owner, one.now, one.move.missing) for one in plan.moves] == [
        ("books", 1, ("Host",)),
        ("books/Nightly", 1, ("Host",)),
        ("shop", 1, ("Host",)),
    ]
    with pytest.raises(FairleadError) as caught:
        step_template_users.apply(books.context, ADMIN, "Dump", Wish())
    assert caught.value.code == "step_template.value_missing"
    wish = Wish(users=("books", "books/Nightly"), values={"Host": "db"})
    done = step_template_users.apply(books.context, ADMIN, "Dump", wish)
    assert len(done.needed) == 2
    assert used_by(books).template == UsedTemplate("Dump", 2, {"Database": "books", "Host": "db"})
    assert used_by(books, "shop").template == UsedTemplate("Dump", 1, {"Database": "shop"})
    held = runbooks.get(books.context, ADMIN, "books", "Nightly")
    assert held.runbook.in_lifecycle, "all else of the runbook stays"
    draft = held.draft
    assert [one.properties for _, one in draft.actions] == [TWO.properties]
    frozen = processes.of_release(books.context, ADMIN, "books", "1.0.0").process
    assert [one.properties for _, one in frozen.actions] == [ONE.properties]
    back = step_template_users.apply(books.context, ADMIN, "Dump", Wish(1, ("books",)))
    assert back.moves[0].move.dropped == ("Host",)
    assert used_by(books).properties == ONE.properties
    assert [one.kind for one in books.audit()].count("step_template.moved") == 2


def test_a_plan_that_is_not_the_one_that_was_shown_is_refused(books: House) -> None:
    processes.put(books.context, ADMIN, "books", process(Database="books"))
    step_templates.put(books.context, ADMIN, Draft("Dump", TWO))
    wish = Wish(values={"Host": "db"})
    shown = step_template_users.plan(books.context, ADMIN, "Dump", wish).hash
    processes.put(books.context, ADMIN, "books", process(Database="other"))
    with pytest.raises(Refused) as caught:
        step_template_users.apply(books.context, ADMIN, "Dump", wish, plan_hash=shown)
    assert caught.value.code == "step_template.plan_changed"
    assert used_by(books).template == UsedTemplate("Dump", 1, {"Database": "other"})


def test_who_may_not_change_a_process_moves_none(books: House) -> None:
    processes.put(books.context, ADMIN, "books", process(Database="books"))
    with pytest.raises(NotAllowed):
        step_template_users.apply(books.context, VIEWER, "Dump", Wish())
    with pytest.raises(NotFound) as caught:
        step_template_users.plan(books.context, ADMIN, "Dump", Wish(users=("shop",)))
    assert caught.value.code == "step_template.user_unknown"


def test_what_is_used_is_not_removed(books: House) -> None:
    processes.put(books.context, ADMIN, "books", process(Database="books"))
    step_templates.put(books.context, ADMIN, Draft("Dump", TWO))
    for act in (
        lambda: step_templates.remove(books.context, ADMIN, "Dump"),
        lambda: step_templates.remove_version(books.context, ADMIN, "Dump", 1),
        lambda: step_templates.remove_version(books.context, ADMIN, "Dump", 2),
    ):
        with pytest.raises(Conflict) as caught:
            act()
        assert caught.value.code == "step_template.in_use"
    step_template_users.apply(books.context, ADMIN, "Dump", Wish(values={"Host": "db"}))
    step_templates.remove_version(books.context, ADMIN, "Dump", 1)
    processes.put(books.context, ADMIN, "books", Process())
    step_templates.remove(books.context, ADMIN, "Dump")
    with pytest.raises(NotFound):
        step_templates.get(books.context, ADMIN, "Dump")


def apply(house: House, files: dict[str, str], *, prune: bool = False) -> int:
    wish = Files({path: text.encode() for path, text in files.items()}, prune=prune)
    made = declarations.apply(house.context, ADMIN, wish, make_key=lambda _: KeyPair("private", "public"))
    return len(made.pending.changes)


def test_files_hold_every_version_and_read_back_as_the_same(
    books: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    processes.put(books.context, ADMIN, "books", process(Database="books"))
    step_templates.put(books.context, ADMIN, Draft("Dump", TWO))
    files = declarations.export(books.context, ADMIN)
    assert "version: 2" in files["step-templates/dump.yml"]
    assert apply(books, files) == 0
    other = House(tmp_path_factory.mktemp("other"))
    try:
        assert apply(other, files) > 0
        assert declarations.export(other.context, ADMIN) == files
        with other.database.reading() as connection:
            assert [one.process for one in rows.all_of(connection)] == [
                processes.get(books.context, ADMIN, "books").process
            ]
        changed = {**files, "step-templates/dump.yml": files["step-templates/dump.yml"].replace("dump #", "cp #")}
        with pytest.raises(FairleadError) as caught:
            apply(other, changed)
        assert caught.value.code == "step_template.version"
    finally:
        other.close()


def test_a_file_without_an_old_version_takes_it_away(books: House) -> None:
    step_templates.put(books.context, ADMIN, Draft("Dump", TWO))
    text = "name: Dump\nversions:\n- {version: 2, kind: script, properties: {script: 'dump -h #{Host} #{Database}'}, "
    text += "parameters: [{name: Database, help: which one}, {name: Host}]}\n"
    assert apply(books, {"step-templates/dump.yml": text}) == 1
    assert [one.version.number for one in step_templates.versions(books.context, ADMIN, "Dump")] == [2]
    assert apply(books, {"step-templates/dump.yml": text}) == 0


def test_the_deployment_of_a_release_is_asked_for_with_the_templates_version_in_its_hash(books: House) -> None:
    processes.put(books.context, ADMIN, "books", process(Database="books"))
    release(books, "1.0.0")
    first = books.deployment("1.0.0")
    step_templates.put(books.context, ADMIN, Draft("Dump", TWO))
    again = deployments.create(books.context, ADMIN, "books", "1.0.0", "Test").deployment
    assert again.plan_hash == first.plan_hash
