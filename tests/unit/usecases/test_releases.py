"""Releases from outside: digests, versions, files, and the variables that they freeze."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, DIGEST, OTHER_DIGEST, PROJECT_FILE, House

from fairlead.domain.errors import Conflict, FairleadError, Invalid, NotFound, ProjectFileInvalid
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.release import Release
from fairlead.domain.task import TaskState
from fairlead.ports.catalogue import Place
from fairlead.usecases import approvals, deployments, processes, releases, rolling_back, variables

FILE = {"fairlead.yml": PROJECT_FILE.format(name="books", image="nginx", more="").encode()}


def test_a_release_freezes_what_it_was_made_of_and_its_first_deployment_begins(books: House) -> None:
    made = books.add_release("1.0.0")
    assert made.images == {"web": DIGEST}
    assert books.context.artifacts.content(made.files["fairlead.yml"]).startswith(b"project: books")
    assert books.queue.asked == [books.deployment("1.0.0").task]
    assert releases.get(books.context, ADMIN, "books", "latest").release.version == "1.0.0"


def test_versions_count_up_and_none_is_given_twice(books: House) -> None:
    books.add_release("2.0.0")
    assert books.add_release("").version > "2.0.0"
    with pytest.raises(Conflict) as raised:
        books.add_release("2.0.0")
    assert raised.value.code == "release.exists"


@pytest.mark.parametrize("version", ["1.0\n", "1..0", "--force", "1;2", "../1", "1 0", "x" * 129])
def test_a_bad_version_is_refused(books: House, version: str) -> None:
    before = books.rows()
    with pytest.raises(Invalid):
        books.add_release(version)
    assert books.rows() == before


@pytest.mark.parametrize(
    ("images", "test_image"),
    [
        ({"web": "nginx:latest"}, ""),
        ({"web": "nginx@sha256:short"}, ""),
        ({"web": DIGEST, "other": DIGEST}, ""),
        ({}, ""),
        ({"web": DIGEST}, "tests:latest"),
        ({"web": DIGEST + "\n"}, ""),
        ({"web": "--x@sha256:" + "a" * 64}, ""),
    ],
)
def test_every_image_is_of_a_known_service_and_by_digest(books: House, images: dict[str, str], test_image: str) -> None:
    before = books.rows()
    with pytest.raises(FairleadError) as raised:
        releases.create(books.context, ADMIN, "books", images=images, test_image=test_image, contents=FILE)
    assert raised.value.code in ("release.images", "registry.digest", "input.invalid", "input.name")
    assert books.rows() == before


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../b", "a\nb", ""])
def test_a_path_outside_the_repository_is_refused_and_nothing_is_kept(books: House, path: str) -> None:
    before = books.rows()
    with pytest.raises(Invalid):
        releases.create(books.context, ADMIN, "books", images={"web": DIGEST}, contents={**FILE, path: b"x"})
    assert books.rows() == before


@pytest.mark.parametrize("commit", ["a\nb", "--upload-pack=x", "a;b", "../x", "x" * 65])
def test_a_bad_commit_is_refused(books: House, commit: str) -> None:
    with pytest.raises(Invalid):
        releases.create(books.context, ADMIN, "books", images={"web": DIGEST}, contents=FILE, commit=commit)


def test_an_unreadable_project_file_names_file_line_and_column(books: House) -> None:
    before = books.rows()
    with pytest.raises(ProjectFileInvalid) as raised:
        books.add_release("1.0.0", file="project: books\nservices:\n  web: {prot: 8080}\n")
    [problem] = raised.value.problems
    assert (problem.file, problem.line) == ("fairlead.yml", 3)
    assert books.rows() == before


def test_a_file_of_another_project_is_refused(books: House) -> None:
    with pytest.raises(Invalid) as raised:
        books.add_release("1.0.0", file=PROJECT_FILE.format(name="other", image="nginx", more=""))
    assert raised.value.code == "release.images"


def test_a_release_keeps_its_variables_until_they_are_updated_as_a_recorded_act(books: House) -> None:
    made = books.add_release("1.0.0")
    assert releases.update_variables(books.context, ADMIN, "books", "1.0.0").changes == ()
    variables.put(books.context, ADMIN, "books", "Db.Host", "other-db")
    variables.put(books.context, ADMIN, "books", "Db.Password", "hunter2", is_secret=True, only_in=["Test"])
    seen = releases.update_variables(books.context, ADMIN, "books", "1.0.0", is_preview=True)
    assert seen.release.variables == made.variables
    assert {(one.name, one.old, one.new) for one in seen.changes} == {
        ("Db.Host", "db", "other-db"),
        ("Db.Password", None, "•••"),
    }
    assert "Test" in next(one.scope for one in seen.changes if one.name == "Db.Password")
    done = releases.update_variables(books.context, ADMIN, "books", "1.0.0")
    assert done.release.variables != made.variables
    [act] = books.audit("release.variables_updated")
    assert "Db.Host" in act.message and "hunter2" not in act.message


def test_an_unknown_release_is_not_found(books: House) -> None:
    for version in ("9.9.9", "latest", "a\nb"):
        with pytest.raises(NotFound) as raised:
            releases.get(books.context, ADMIN, "books", version)
        assert raised.value.code == "release.unknown"


def test_a_release_whose_images_are_gone_is_shown_so_and_refused_at_once(books: House) -> None:
    for version, image in (("1.0.0", DIGEST), ("1.1.0", OTHER_DIGEST), ("1.2.0", OTHER_DIGEST)):
        books.add_release(version, image=image)
        books.go_live(version)
        approvals.approve(books.context, ADMIN, books.approval(version).id)
        books.go_live(version, "Production")
    assert asyncio.run(books.records.let_go({DIGEST, OTHER_DIGEST})) == {DIGEST}
    shown = {one.release.version: one.gone for one in releases.page(books.context, ADMIN, "books").items}
    assert shown == {"1.2.0": (), "1.1.0": (), "1.0.0": ("web",)}
    assert not releases.get(books.context, ADMIN, "books", "1.0.0").is_deployable
    before = books.rows()
    for ask in (
        lambda: deployments.create(books.context, ADMIN, "books", "1.0.0", "Test"),
        lambda: rolling_back.roll_back(books.context, ADMIN, "books", "Production", to="1.0.0"),
    ):
        with pytest.raises(Conflict) as raised:
            ask()
        assert raised.value.code == "release.images_gone"
        assert "web" in raised.value.message and "release create" in raised.value.hint
    assert books.rows() == before
    books.add_release("1.3.0", image=DIGEST)
    assert releases.get(books.context, ADMIN, "books", "1.0.0").is_deployable


def test_a_release_of_a_run_whose_images_are_gone_can_be_built_again(books: House) -> None:
    made = books.add_release("1.0.0")
    with books.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE releases SET run = 'run-1', \"commit\" = 'c0ffee'")
    books.end(books.deployment("1.0.0").task, TaskState.ROLLED_BACK)
    asyncio.run(books.records.let_go(set(made.images.values())))
    with pytest.raises(Conflict) as raised:
        deployments.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True)
    assert "fairlead runs start --commit c0ffee --project books" in raised.value.hint


def test_where_a_release_is_live_is_told(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    books.add_release("1.1.0", image=OTHER_DIGEST)
    shown = {one.release.version: one.live_in for one in releases.page(books.context, ADMIN, "books").items}
    assert shown == {"1.1.0": (), "1.0.0": ("Test",)}


def test_where_a_release_of_a_process_without_services_is_live_is_told(books: House) -> None:
    tell = Action("Tell", "notify", {"by": "mail", "to": "a@x.test", "subject": "s"})
    processes.put(books.context, ADMIN, "books", Process((ProcessStep("Tell", (tell,)),)))
    for version in ("1.0.0", "1.1.0"):
        releases.create(books.context, ADMIN, "books", version=version, images={}, contents={})
        found = books.deployment(version)
        books.begin(found.task)
        asyncio.run(books.records.commit(found.id, Place("books", "Test"), None))
        books.end(found.task)
        books.clock.advance(1)
        shown = {one.release.version: one.live_in for one in releases.page(books.context, ADMIN, "books").items}
        assert shown.pop(version) == ("Test",) and not any(shown.values())


NAMED = {
    "fairlead.yml": b"project: books\ncompose: compose.yaml\n",
    "compose.yaml": b"services: {web: {image: 'app:${TAG}', ports: ['80:80']}}\n",
}


def test_an_image_that_variables_name_is_asked_for_when_the_release_is_made(books: House) -> None:
    def make(**how: Any) -> Release:
        return releases.create(books.context, ADMIN, "books", contents=NAMED, **how)

    with pytest.raises(ProjectFileInvalid) as unknown:
        make(images={})
    assert "TAG" in str(unknown.value)
    variables.put(books.context, ADMIN, "books", "TAG", "2.1")
    with pytest.raises(Invalid) as lacking:
        make(images={})
    assert lacking.value.code == "release.images" and "web, which variables name app:2.1" in lacking.value.message
    assert make(images={"web": DIGEST}).images == {"web": DIGEST}
    variables.put(books.context, ADMIN, "books", "TAG", "2.1@sha256:" + "ab" * 32)
    made = make(images={})
    assert (made.images, made.packages) == ({}, {"web": "2.1"})
