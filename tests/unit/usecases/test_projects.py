"""Projects, environments, variables: what is made, and which names and addresses are refused, nothing changed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import Conflict, FairleadError, Invalid, NotFound, TooLarge, Unreachable
from fairlead.domain.variable import Dimension
from fairlead.domain.webhook_delivery import WebhookDelivery
from fairlead.store import project_rows, webhook_deliveries
from fairlead.store.schema import metadata
from fairlead.usecases import environments, policies, projects, runs, variables
from fairlead.usecases import releases as releasing
from fairlead.usecases.projects import KeyPair, NewForge, NewSource

BAD_NAMES = ["", "a\nb", "a;b", "..", "a..b", "../etc", "--upload-pack=x", "ext::sh", "A", "a b", "a/b", "-a", "a" * 41]
BAD_ADDRESSES = [
    "",
    "ext::sh -c id",
    "--upload-pack=touch /tmp/x",
    "git@host:repo\n.git",
    "/srv/../etc/passwd",
    "https://user:secret@host/x",
    "ftp://host/x",
    "ssh://-oProxyCommand=x/y",
    "https://host/x;id\n",
]
BAD_BRANCHES = ["", "--upload-pack=x", "a..b", "a\nb", "a b", "-x", "a~1", "x.lock", "@{u}", "refs:heads"]


def test_a_project_with_a_repository_has_a_webhook_whose_secret_is_told_once(house: House) -> None:
    added = projects.add(house.context, ADMIN, "books", source=NewSource("https://git.test/books.git", password="pw"))
    assert added.webhook_secret
    shown = projects.get(house.context, ADMIN, "books")
    assert added.webhook_secret not in repr(shown) and "pw" not in repr(shown).split("password=")[0]
    assert projects.webhook_url(house.context, shown).startswith("http://127.0.0.1:8600/hooks/")
    repository = runs.repository_of(house.context, shown)
    assert repository.password == "pw"


def test_a_deploy_key_is_made_for_ssh_and_only_its_public_half_is_shown(house: House) -> None:
    assert projects.needs_key(NewSource("git@git.test:books.git"))
    assert not projects.needs_key(NewSource("git@git.test:books.git", ssh_key="own"))
    assert not projects.needs_key(NewSource("https://git.test/books.git"))
    pair = KeyPair("-----PRIVATE-----", "ssh-ed25519 AAAA fairlead-books")
    added = projects.add(house.context, ADMIN, "books", source=NewSource("git@git.test:books.git"), made_key=pair)
    assert added.project.source is not None and added.project.source.deploy_key == pair.public
    assert "PRIVATE" not in repr(added.project)
    assert runs.repository_of(house.context, added.project).ssh_key == pair.private


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_project_name_is_refused_and_changes_nothing(house: House, name: str) -> None:
    before = house.rows()
    with pytest.raises(Invalid) as raised:
        projects.add(house.context, ADMIN, name)
    assert raised.value.code == "input.name"
    assert "\n" not in raised.value.message
    assert house.rows() == before


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_a_bad_address_is_refused_and_changes_nothing(house: House, address: str) -> None:
    before = house.rows()
    with pytest.raises(Invalid) as raised:
        projects.add(house.context, ADMIN, "books", source=NewSource(address))
    assert raised.value.code == "source.url"
    assert "secret" not in raised.value.message
    assert house.rows() == before


@pytest.mark.parametrize("branch", BAD_BRANCHES)
def test_a_bad_branch_is_refused_at_the_start_and_later(house: House, branch: str) -> None:
    with pytest.raises(Invalid):
        projects.add(house.context, ADMIN, "books", source=NewSource("/srv/books.git", branch=branch))
    house.add_project(git="/srv/books.git")
    with pytest.raises(Invalid):
        projects.change(house.context, ADMIN, "books", {"branch": branch})


@pytest.mark.parametrize("folder", ["/etc", "../x", "a/../b", "a\nb"])
def test_a_bad_folder_is_refused(house: House, folder: str) -> None:
    with pytest.raises(Invalid):
        projects.add(house.context, ADMIN, "books", source=NewSource("/srv/books.git", folder=folder))


@pytest.mark.parametrize(
    ("api_url", "repository"),
    [("http://x/\n", "a/b"), ("file:///etc", "a/b"), ("https://api", "../../admin"), ("https://api", "a/b?x=1")],
)
def test_a_bad_forge_is_refused(house: House, api_url: str, repository: str) -> None:
    with pytest.raises(Invalid):
        projects.add(house.context, ADMIN, "books", forge=NewForge("gitea", api_url, repository))


def test_a_name_is_taken_once(house: House) -> None:
    house.add_project()
    with pytest.raises(Conflict) as raised:
        house.add_project()
    assert raised.value.code == "project.exists"


def test_a_change_of_what_somebody_else_changed_is_refused(house: House) -> None:
    read = house.add_project()
    changed = projects.change(house.context, ADMIN, "books", {"title": "Books"}, revision=read.revision)
    assert changed.title == "Books"
    with pytest.raises(Conflict) as raised:
        projects.change(house.context, ADMIN, "books", {"title": "Other"}, revision=read.revision)
    assert raised.value.code == "edit.conflict"


def test_a_project_without_a_repository_has_no_branch_to_change(house: House) -> None:
    house.add_project()
    with pytest.raises(Invalid):
        projects.change(house.context, ADMIN, "books", {"branch": "main"})


def test_a_project_goes_only_where_nothing_of_it_was_deployed(books: House) -> None:
    projects.add(books.context, ADMIN, "empty")
    projects.remove(books.context, ADMIN, "empty")
    books.add_release("1.0.0")
    with pytest.raises(Conflict):
        projects.remove(books.context, ADMIN, "books")
    with pytest.raises(NotFound):
        projects.get(books.context, ADMIN, "empty")


def test_a_project_that_was_set_up_and_looked_at_goes_with_what_was_set_for_it(house: House) -> None:
    project = house.add_project(git="https://git.test/books.git")
    gone = Unreachable("source.unreachable", "https://git.test/books.git cannot be reached")
    runs.could_not_look(house.context, project, gone, cause="poll")
    variables.put(house.context, ADMIN, "books", "Db.Host", "db")
    policies.allow(house.context, ADMIN, "books", "privileged", note="")
    with house.database.transaction() as connection:
        delivery = WebhookDelivery("whd-1", "hook", "key", house.clock.now(), project.id, "generic", "accepted")
        assert webhook_deliveries.accept(connection, delivery)
        releasing.freeze(house.context, connection, project.id)
    projects.remove(house.context, ADMIN, "books")
    with house.database.reading() as connection:
        for key in referring():
            found = sa.select(key.parent).where(key.parent == project.id)
            assert not connection.execute(found).all(), str(key.parent)


def test_a_project_with_a_run_stays_and_says_so(house: House) -> None:
    project = house.add_project(git="https://git.test/books.git")
    assert runs.saw_head(house.context, ADMIN, project, "1" * 40, cause="poll").run is not None
    with pytest.raises(Conflict, match="books has runs, whose history is kept"):
        projects.remove(house.context, ADMIN, "books")


def test_all_that_refers_to_a_project_is_history_or_goes_with_it() -> None:
    of_their_own = {"channels", "library_set_inclusions", "runbooks", "triggers", "variables"}
    of_history = {"approvals", "defects"}  # of deployments and releases
    known = {table.name for table in (*project_rows.HISTORY.values(), *project_rows.GOING)}
    assert known | of_their_own | of_history == {key.parent.table.name for key in referring()}


def referring() -> list[sa.ForeignKey]:
    """All that holds a project's row where it is."""
    keys = [key for table in metadata.tables.values() for key in table.foreign_keys]
    return [key for key in keys if key.column.table.name == "projects"]


# Environments


def test_environments_have_an_order_and_names_that_differ_in_the_world(house: House) -> None:
    environments.add(house.context, ADMIN, "Staging 1", order=2)
    assert [one.name for one in environments.all_of(house.context, ADMIN)] == ["Test", "Staging 1", "Production"]
    for same in ("staging-1", "STAGING_1", "test"):
        with pytest.raises(Conflict) as raised:
            environments.add(house.context, ADMIN, same)
        assert raised.value.code == "environment.exists"


@pytest.mark.parametrize("name", ["", "a\nb", "a;b", "..", "a/b", "-a", "a" * 41, "--x", "é"])
def test_a_bad_environment_name_is_refused(house: House, name: str) -> None:
    with pytest.raises(Invalid):
        environments.add(house.context, ADMIN, name)


def test_an_environment_with_deployments_stays(books: House) -> None:
    environments.add(books.context, ADMIN, "Demo")
    environments.remove(books.context, ADMIN, "Demo")
    books.add_release("1.0.0")
    with pytest.raises(Conflict):
        environments.remove(books.context, ADMIN, "Test")


# Variables


def test_a_variable_has_a_value_for_each_scope(books: House) -> None:
    variables.put(books.context, ADMIN, "books", "Db.Host", "prod-db", only_in=["Production"])
    found = variables.page(books.context, ADMIN, "books").items
    assert {(one.value, len(one.scope.get(Dimension.ENVIRONMENT, ()))) for one in found} == {("db", 0), ("prod-db", 1)}
    variables.remove(books.context, ADMIN, "books", "Db.Host", only_in=["Production"])
    with pytest.raises(NotFound):
        variables.remove(books.context, ADMIN, "books", "Db.Host", only_in=["Production"])
    assert len(variables.page(books.context, ADMIN, "books").items) == 1


def test_a_secret_is_a_new_immutable_version_each_time_and_in_no_answer_and_no_audit(books: House) -> None:
    first = variables.put(books.context, ADMIN, "books", "Db.Password", "hunter2", is_secret=True)
    second = variables.put(books.context, ADMIN, "books", "Db.Password", "hunter3", is_secret=True)
    assert first.secret != second.secret and first.id == second.id
    shown = repr(variables.page(books.context, ADMIN, "books")) + repr(books.audit())
    assert "hunter" not in shown
    with books.database.reading() as connection:
        assert first.secret is not None and second.secret is not None
        assert books.context.reveal(connection, first.secret) == "hunter2"
        assert books.context.reveal(connection, second.secret) == "hunter3"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " a",
        "a ",
        "a  b",
        "a\nb",
        "a;b",
        "a..b",
        "--x",
        "#{x}",
        "a|b",
        "Größe",
        "if x",
        "Each y",
        "a\u200bb",
        "a" * 201,
    ],
)
def test_a_bad_variable_name_is_refused(books: House, name: str) -> None:
    with pytest.raises(FairleadError):
        variables.put(books.context, ADMIN, "books", name, "x")


def test_a_value_is_bounded_and_its_scope_known(books: House) -> None:
    with pytest.raises(TooLarge):
        variables.put(books.context, ADMIN, "books", "Big", "x" * (variables.LARGEST_VALUE + 1))
    with pytest.raises(NotFound) as raised:
        variables.put(books.context, ADMIN, "books", "A", "x", only_in=["Nowhere"])
    assert raised.value.code == "environment.unknown"
