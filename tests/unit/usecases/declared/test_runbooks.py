"""Runbooks as files: both ways, published where the file says so, and in a project's own repository."""

from __future__ import annotations

import pytest
from tests.unit.usecases.declaring import applied, exported, planned, told
from tests.unit.usecases.house import ADMIN, DIGEST, PROJECT_FILE, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import ProjectFileInvalid, Refused
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission
from fairlead.usecases import projects, releases, runbooks, variables
from fairlead.usecases.runbooks import Draft

PATH = "projects/books/runbooks/tidy.yml"
TIDY = b"""# what is left over
name: Tidy
environments: [Test]
keep_runs: 3
published: true
steps:
  - name: Delete
    actions:
      - {name: Delete, kind: script, runs_on: server, properties: {script: "rm -r cache"}}
"""


def view(house: House) -> runbooks.RunbookView:
    return runbooks.get(house.context, ADMIN, "books", "Tidy")


def released(house: House, version: str, actor: Actor = ADMIN, **files: bytes) -> None:
    contents = {f".fairlead/{name.replace('__', '/')}.yml": text for name, text in files.items()}
    contents["fairlead.yml"] = PROJECT_FILE.format(name="books", image=DIGEST, more="").encode()
    releases.create(house.context, actor, "books", version=version, images={"web": DIGEST}, contents=contents)


def test_a_file_makes_a_runbook_publishes_it_and_nothing_is_left_to_do(books: House) -> None:
    assert told(planned(books, {PATH: TIDY})) == ["add runbook books: Tidy"]
    applied(books, {PATH: TIDY})
    assert view(books).runbook.published and not view(books).is_changed
    assert (view(books).environments, view(books).runbook.kept_runs) == (("Test",), 3)
    assert told(applied(books, {PATH: TIDY})) == []
    assert b"published: true" in exported(books)[PATH]
    changed = TIDY.replace(b"rm -r cache", b"rm -rf cache")
    assert told(applied(books, {PATH: changed})) == ["change runbook books: Tidy"]
    assert not view(books).is_changed, "it was published anew"


def test_without_the_word_publishing_stays_a_persons_act(books: House) -> None:
    draft = TIDY.replace(b"published: true\n", b"")
    applied(books, {PATH: draft})
    assert view(books).runbook.published is None
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    assert told(planned(books, {PATH: draft})) == []
    applied(books, {PATH: draft.replace(b"Delete", b"Other")})
    assert view(books).is_changed and b"published" not in exported(books)[PATH]
    assert told(planned(books, {PATH: TIDY.replace(b"true", b"false").replace(b"Delete", b"Other")})) == []
    assert told(planned(books, {PATH: TIDY.replace(b"Delete", b"Other")})) == ["change runbook books: Tidy"]


def test_variables_that_change_are_published_with_it_and_the_plan_says_so(books: House) -> None:
    applied(books, {PATH: TIDY})
    files = {PATH: TIDY, "projects/books/variables.yml": b"variables: [{name: Db.Host, value: other}]"}
    found = planned(books, files)
    assert told(found) == ["change variable books: Db.Host"]
    assert [(str(one.key), one.fields[0].field) for one in found.following] == [("runbook books: Tidy", "published")]
    before = view(books).runbook.published
    assert len(applied(books, files).following) == 1
    after = view(books).runbook.published
    assert before and after and before.variables != after.variables
    assert told(applied(books, files)) == [] and applied(books, files).following == ()
    variables.put(books.context, ADMIN, "books", "Db.Host", "by hand")
    assert b"published" not in exported(books)[PATH], "what would run is no more what stands here"
    assert told(planned(books, {PATH: TIDY})) == ["change runbook books: Tidy"]


def test_what_no_file_names_goes_with_prune_where_there_are_files_of_others(books: House) -> None:
    applied(books, {PATH: TIDY})
    runbooks.put(books.context, ADMIN, "books", Draft("Second"))
    assert told(planned(books, {PATH: TIDY})) == []
    assert told(applied(books, {PATH: TIDY}, prune=True)) == ["remove runbook books: Second"]
    assert [one.runbook.name for one in runbooks.page(books.context, ADMIN, "books").items] == ["Tidy"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"[Test]", b"[Tets]", "projects/books/runbooks/tidy.yml:3:16: environments[0]: "),
        (
            b"kind: script",
            b"kind: deploy-services",
            "projects/books/runbooks/tidy.yml:7:5: steps[0].name: the properties of action Delete",
        ),
        (b"[Test]\nkeep", b"[Test]\nkep", "projects/books/runbooks/tidy.yml:4:1: kep_runs: found the unknown key"),
        (b"kind: script", b"kind: script, environments: [Tets]", "tidy.yml:9:53: steps[0].actions[0].environments[0]"),
        (b"keep_runs: 3", b"keep_runs: 0", "projects/books/runbooks/tidy.yml:4:1: keep_runs: found '0'"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(books: House, old: bytes, new: bytes, said: str) -> None:
    with pytest.raises(ProjectFileInvalid) as raised:
        planned(books, {PATH: TIDY.replace(old, new)})
    assert said in str(raised.value.problems[0])


def test_a_repository_declares_runbooks_and_those_it_has_no_more_go(books: House) -> None:
    projects.change(books.context, ADMIN, "books", {"is_as_code": True})
    released(books, "1.0.0", runbooks__tidy=TIDY, runbooks__two=TIDY.replace(b"Tidy", b"Second"))
    assert [one.runbook.name for one in runbooks.page(books.context, ADMIN, "books").items] == ["Second", "Tidy"]
    with pytest.raises(Refused) as refused:
        runbooks.put(books.context, ADMIN, "books", Draft("Tidy"))
    assert refused.value.code == "project.as_code"
    released(books, "1.1.0", runbooks__tidy=TIDY)
    assert [one.runbook.name for one in runbooks.page(books.context, ADMIN, "books").items] == ["Tidy"]
    assert PATH not in exported(books)


def test_a_rotated_secret_asks_nothing_more_of_who_makes_releases(books: House) -> None:
    projects.change(books.context, ADMIN, "books", {"is_as_code": True})
    variables.put(books.context, ADMIN, "books", "Key", "hidden", is_secret=True)
    released(books, "1.0.0", runbooks__tidy=TIDY)
    variables.put(books.context, ADMIN, "books", "Key", "rotated", is_secret=True)
    ci = Actor(ActorId("usr-ci"), "ci", "user", frozenset({Permission.VIEW, Permission.RELEASE_CREATE}))
    released(books, "1.1.0", ci, runbooks__tidy=TIDY)
    made = releases.page(books.context, ADMIN, "books").items
    assert [one.release.version for one in made] == ["1.1.0", "1.0.0"]


def test_a_variable_for_a_runbook_comes_and_goes_with_it_in_one_step(books: House) -> None:
    variable = b"variables:\n  - {name: Depth, value: '3', scope: {process: [Tidy]}}\n"
    files = {PATH: TIDY, "projects/books/variables.yml": variable}
    assert told(applied(books, files)) == ["add runbook books: Tidy", "add variable books: Depth@process=Tidy"]
    assert not view(books).is_changed, "it was published with the variable"
    assert told(applied(books, files)) == []
    gone = {PATH: TIDY, "projects/books/variables.yml": b"variables: []\n"}
    assert "remove variable books: Depth@process=Tidy" in told(applied(books, gone, prune=True))
    assert not view(books).is_changed
