"""The installation as files: what is exported is what is applied; plans tell everything and change nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from tests.unit.usecases.declaring import PROCESS, applied, exported, furnish, new_pair, planned, told
from tests.unit.usecases.house import ADMIN, VIEWER, House

from fairlead.domain.errors import NotAllowed, ProjectFileInvalid, Refused
from fairlead.usecases import (
    declarations,
    environments,
    policies,
    projects,
    variables,
)
from fairlead.usecases.declarations import Wish

BOOKS = {
    "environments.yml": b"environments: [{name: Test}, {name: Staging, description: as live}, {name: Production}]",
    "registries.yml": b"registries: [{registry: ghcr.io, user: bot, password: {secret: ghcr}}]",
    "notifications.yml": b"notifications: [{address: ops@example.com, events: ['*']}]",
    "projects/books/project.yml": b"title: Books\nsource: {url: 'https://git.test/b.git', password: {secret: git}}",
    "projects/books/variables.yml": b"""variables:
  - {name: Db.Host, value: db}
  - {name: Db.Host, value: db.internal, scope: {environment: [Production, Staging]}}
  - {name: Db.Password, value: {secret: db}}
""",
    "projects/books/policies.yml": b"policies: [{allow: privileged, environment: Test, note: for now}]",
}
SECRETS = {"ghcr": "g", "git": "i", "db": "d"}


def test_what_is_exported_changes_nothing_where_it_is_applied_and_holds_no_secret(house: House) -> None:
    furnish(house)
    files = exported(house)
    assert "hidden" not in repr(files) and len(files) == 25
    assert told(planned(house, files, prune=True)) == []
    rows = house.rows()
    assert told(applied(house, files, prune=True)) == []
    assert house.rows() == rows


def test_export_of_what_was_applied_elsewhere_gives_the_same_bytes(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    furnish(house)
    files = exported(house)
    other = House(tmp_path_factory.mktemp("other"))
    secrets = {
        "ghcr.io/password": "1",
        "books/source.password": "2",
        "books/forge.token": "3",
        "books/Key@environment=Test": "4",
        "books/https://hook.test/x": "5",
        "books/Deployer/Password": "6",
        "library/Every Project/Token": "7",
        "subscription/Watch": "8",
        "subscription/Watch/header/Authorization": "Bearer 8",
        "subscription/Watch/header/X-Key": "8",
        "target/there/key": "-----BEGIN PRIVATE KEY-----\n8",
        "identity-provider/ours": "9",
    }
    applied(other, files, secrets=secrets)
    assert exported(other) == files
    assert told(applied(other, files, secrets=secrets)) == []
    assert told(applied(other, files)) == []
    other.close()


def test_a_plan_tells_everything_and_changes_nothing(house: House) -> None:
    before = house.rows()
    found = planned(house, BOOKS, secrets=SECRETS)
    assert told(found) == [
        "add environment Staging",
        "add registry ghcr.io",
        "add project books",
        "add variable books: Db.Host",
        "add variable books: Db.Host@environment=Production,Staging",
        "add variable books: Db.Password",
        "add policy books: privileged@Test",
        "add notification ops@example.com",
        "arrange environment",
    ]
    assert house.rows() == before
    assert {mark.line for mark in found.places.values()} == {1, 2, 3, 4}
    again = planned(house, BOOKS, secrets=SECRETS)
    assert again.pending.hash == found.pending.hash


def test_it_is_applied_once_and_again_nothing_changes(house: House) -> None:
    found = planned(house, BOOKS, secrets=SECRETS)
    wish = Wish(BOOKS, SECRETS)
    declarations.apply(house.context, ADMIN, wish, plan_hash=found.pending.hash, make_key=new_pair)
    assert [one.name for one in environments.all_of(house.context, ADMIN)] == ["Test", "Staging", "Production"]
    assert told(declarations.apply(house.context, ADMIN, wish, make_key=new_pair)) == []
    assert told(applied(house, BOOKS)) == []
    assert len(house.audit("declaration.applied")) == 1
    assert house.audit("variable.set") and house.audit("environment.added") and house.audit("project.added")


def test_a_plan_that_no_longer_holds_is_refused_and_one_beside_which_others_changed_holds(house: House) -> None:
    applied(house, BOOKS, secrets=SECRETS)
    files = {**BOOKS, "projects/books/variables.yml": b"variables: [{name: Db.Host, value: other}]"}
    found = planned(house, files)
    assert told(found) == ["change variable books: Db.Host"]
    variables.put(house.context, ADMIN, "books", "Elsewhere", "x")
    assert planned(house, files).pending.hash == found.pending.hash
    variables.put(house.context, ADMIN, "books", "Db.Host", "third")
    rows = house.rows()
    with pytest.raises(Refused) as raised:
        declarations.apply(house.context, ADMIN, Wish(files), plan_hash=found.pending.hash, make_key=new_pair)
    assert raised.value.code == "declaration.changed" and house.rows() == rows


def test_a_secret_that_is_not_there_is_asked_for_with_its_line(house: House) -> None:
    with pytest.raises(ProjectFileInvalid) as raised:
        planned(house, BOOKS, secrets={"git": "i"})
    assert raised.value.code == "declaration.secret"
    assert [str(one).partition(": found")[0] for one in raised.value.problems] == [
        "projects/books/variables.yml:4:25: variables[2].value",
        "registries.yml:1:45: registries[0].password",
    ]


def test_a_secret_is_left_alone_or_replaced_only_by_another_value(house: House) -> None:
    applied(house, BOOKS, secrets=SECRETS)
    assert told(planned(house, BOOKS, secrets={"db": "d"})) == []
    found = planned(house, BOOKS, secrets={"db": "rotated"})
    assert told(found) == ["change variable books: Db.Password"]
    assert "rotated" not in repr(found)
    applied(house, BOOKS, secrets={"db": "rotated", "git": "other"})
    assert told(planned(house, BOOKS, secrets={"db": "rotated", "git": "other", "ghcr": "g"})) == []


def test_nothing_goes_without_prune_and_with_it_only_what_the_given_files_could_name(house: House) -> None:
    furnish(house)
    files = {"projects/books/project.yml": exported(house)["projects/books/project.yml"]}
    files["projects/books/variables.yml"] = b"variables: []"
    kept = planned(house, files)
    assert told(kept) == [] and len(kept.unnamed) > 10
    found = planned(house, files, prune=True)
    assert told(found)[-1] == "remove project site"
    assert all(line.startswith(("remove variable books", "remove project site")) for line in told(found))
    applied(house, files, prune=True)
    assert told(planned(house, files, prune=True)) == []
    assert [one.name for one in projects.page(house.context, ADMIN).items] == ["books"]
    assert len(policies.all_of(house.context, ADMIN)) == 1


def test_an_environment_with_history_is_not_removed_and_nothing_else_is_done(books: House) -> None:
    books.add_release("1.0.0")
    rows = books.rows()
    files = {"environments.yml": b"environments: [{name: Test, description: new}]"}
    assert told(planned(books, files, prune=True)) == ["change environment Test", "remove environment Production"]
    books.go_live("1.0.0")
    with pytest.raises(Exception, match="has deployments"):
        applied(books, {"environments.yml": b"environments: [{name: Production, description: new}]"}, prune=True)
    assert environments.get(books.context, ADMIN, "Production").description == ""
    assert rows["environments"] == 2


def test_what_a_rule_refuses_is_told_at_its_line_in_the_plan_already(house: House) -> None:
    files = {"environments.yml": b"environments:\n  - name: Test\n  - name: a;b\n"}
    with pytest.raises(ProjectFileInvalid) as raised:
        planned(house, files)
    assert raised.value.code == "input.name"
    assert str(raised.value.problems[0]).startswith("environments.yml:3:5: environments[1]: 'a;b' is not")


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("environment.yml", "", "environment.yml:1:1: found the unknown file 'environment.yml'; did you mean"),
        (
            "environments.yml",
            "environments: {a: b}",
            "environments.yml:1:1: environments: found a mapping, expected a list",
        ),
        (
            "environments.yml",
            "environments:\n- {name: x, descr: y}",
            "descr: found the unknown key 'descr'; did you mean",
        ),
        (
            "environments.yml",
            "environments:\n- {name: a}\n- {name: a}",
            "environments.yml:3:3: environments[1]: found env",
        ),
        ("environments.yml", "a: [", "environments.yml:1:5: found expected the node content"),
        ("projects/books/project.yml", "enabled: perhaps", "projects/books/project.yml:1:1: enabled: found 'perhaps'"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_key_found_and_expected(
    house: House, path: str, text: str, said: str
) -> None:
    rows = house.rows()
    with pytest.raises(ProjectFileInvalid) as raised:
        applied(house, {path: text.encode()})
    assert said in str(raised.value.problems[0])
    assert raised.value.code == "declaration.invalid" and house.rows() == rows


def test_who_may_not_change_may_see_the_plan_and_is_told_what_lacks(house: House) -> None:
    rows = house.rows()
    found = declarations.plan(house.context, VIEWER, Wish(BOOKS, SECRETS))
    assert "environment.edit" in found.refused and len(found.pending.changes) == 9
    with pytest.raises(NotAllowed):
        declarations.apply(house.context, VIEWER, Wish(BOOKS, SECRETS), make_key=new_pair)
    assert house.rows() == rows


def test_files_of_others_and_notes_are_left_alone(house: House) -> None:
    assert told(planned(house, {"README.md": b"\xff", ".github/x.yml": b"a: [", ".schemas/a.yml": b""})) == []


def test_environments_are_put_in_the_order_of_the_file(house: House) -> None:
    files = {"environments.yml": b"environments: [{name: Production}, {name: Test}]"}
    found = applied(house, files)
    assert told(found) == ["arrange environment"]
    assert [one.name for one in environments.all_of(house.context, ADMIN)] == ["Production", "Test"]
    assert told(applied(house, files)) == []


def test_a_library_set_changes_only_the_variables_that_differ(house: House) -> None:
    furnish(house)
    files = exported(house)
    path = "library/every-project.yml"
    changed = {path: files[path].replace(b"0.19", b"0.21").replace(b"of all", b"for all")}
    assert told(applied(house, changed)) == ["change library set Every Project"]
    assert [event.message for event in house.audit("variable.set")[:1]] == [
        "set Tax (a value) in the library set Every Project"
    ]
    rotated = {path: changed[path].replace(b"library/Every Project/Token", b"token")}
    assert told(applied(house, rotated, secrets={"token": "hidden-8"})) == []
    assert told(applied(house, rotated, secrets={"token": "other"})) == ["change library set Every Project"]
    assert "Token (a secret)" in house.audit("variable.set")[0].message


def test_a_process_is_told_at_the_line_of_the_thing_that_is_wrong(house: House) -> None:
    house.add_project("books")
    files = {"projects/books/process.yml": PROCESS.replace(b"kind: deploy-services", b"kind: dance")}
    with pytest.raises(ProjectFileInvalid) as raised:
        planned(house, files)
    assert raised.value.code == "process.kind"
    assert str(raised.value.problems[0]).startswith("projects/books/process.yml:3:16: steps[0].actions[0].name: ")
    assert not {"found", "expected"} & set(str(raised.value).split()), "what a rule says is a sentence"
    assert told(applied(house, {"projects/books/process.yml": PROCESS})) == ["add process books"]
    assert told(applied(house, {"projects/books/process.yml": PROCESS})) == []


def test_what_a_file_leaves_alone_stays_as_it_is(house: House) -> None:
    assert environments.get(house.context, ADMIN, "Production").asks_approval
    bare = {"environments.yml": b"environments: [{name: Test}, {name: Production}]"}
    assert told(applied(house, bare)) == []
    said = {"environments.yml": b"environments: [{name: Test}, {name: Production, asks_approval: false}]"}
    assert told(applied(house, said)) == ["change environment Production"]
    assert not environments.get(house.context, ADMIN, "Production").asks_approval


def test_when_an_approval_expires_comes_and_goes_with_its_file(house: House) -> None:
    said = b"environments: [{name: Test}, {name: Production, approval_expires_s: 7200}]"
    assert told(applied(house, {"environments.yml": said})) == ["change environment Production"]
    assert environments.get(house.context, ADMIN, "Production").approval_expires_s == 7200
    assert told(applied(house, {"environments.yml": said})) == []
    bare = b"environments: [{name: Test}, {name: Production}]"
    assert told(applied(house, {"environments.yml": bare})) == ["change environment Production"]
    assert environments.get(house.context, ADMIN, "Production").approval_expires_s == 0


def test_guided_failure_of_an_environment_comes_and_goes_with_its_file(house: House) -> None:
    said = {"environments.yml": b"environments: [{name: Test}, {name: Production, guided: true}]"}
    assert told(applied(house, said)) == ["change environment Production"]
    assert environments.get(house.context, ADMIN, "Production").is_guided
    assert told(applied(house, said)) == []
    bare = {"environments.yml": b"environments: [{name: Test}, {name: Production}]"}
    assert told(applied(house, bare)) == ["change environment Production"]
    assert not environments.get(house.context, ADMIN, "Production").is_guided


def test_nobody_is_removed_by_a_file_and_without_the_permission_users_are_not_told(house: House) -> None:
    furnish(house)
    assert told(planned(house, {"users.yml": b"users: []"}, prune=True)) == []
    disabled = {"users.yml": b"users: [{name: vera, email: vera@example.com, role: deployer, enabled: false}]"}
    assert told(applied(house, disabled, prune=True)) == ["change user vera"]
    assert told(applied(house, disabled, prune=True)) == []
    seen = declarations.export(house.context, VIEWER)
    assert "users.yml" not in seen and "teams.yml" not in seen and "projects/books/project.yml" in seen


def test_what_each_variable_of_a_file_asks_of_the_database_is_little(house: House) -> None:
    def statements(many: int, value: str) -> int:
        listed = "".join(f"  - {{name: Var.{number}, value: {value}}}\n" for number in range(many))
        asked: list[str] = []
        sa.event.listen(house.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        applied(house, {**BOOKS, "projects/books/variables.yml": f"variables:\n{listed}".encode()}, secrets=SECRETS)
        return len(asked)

    statements(1, "a")
    assert statements(101, "b") - statements(1, "c") <= 100 * 4


def test_files_fill_a_project_up_to_its_bound_and_no_further(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variables, "MOST_VARIABLES", 4)
    files = {**BOOKS, "projects/books/variables.yml": b"variables: [{name: A}, {name: B}, {name: C}, {name: D}]"}
    applied(house, files, secrets=SECRETS)
    more = {**files, "projects/books/variables.yml": b"variables: [{name: D, value: d}, {name: E}]"}
    with pytest.raises(ProjectFileInvalid) as refused:
        applied(house, more, secrets=SECRETS)
    assert refused.value.code == "input.too_large" and "books has 4 variables already" in str(refused.value)


def test_a_file_of_a_project_that_is_not_there_is_refused_whatever_it_holds(house: House) -> None:
    files = {**BOOKS, "projects/ghost/variables.yml": b"variables: []", "projects/ghost/channels.yml": b"channels: []"}
    for act in (planned, applied):
        with pytest.raises(ProjectFileInvalid) as refused:
            act(house, files, secrets=SECRETS)
        assert refused.value.code == "project.unknown"
        assert [one.file for one in refused.value.problems] == [
            "projects/ghost/channels.yml",
            "projects/ghost/variables.yml",
        ]
        assert "'ghost'" in str(refused.value) and "projects/ghost/project.yml" in str(refused.value)


@pytest.mark.parametrize(
    ("value", "key", "found"),
    [
        ("{secret: }", "variables[0].value.secret", "'null'"),
        ("{secret: [a]}", "variables[0].value.secret", "a list"),
        ("{secret: a, of: b}", "variables[0].value.of", "the unknown key 'of'"),
        ("{}", "variables[0].value.secret", "nothing"),
    ],
)
def test_what_is_wrong_with_a_placeholder_is_said_at_its_key(house: House, value: str, key: str, found: str) -> None:
    files = {**BOOKS, "projects/books/variables.yml": f"variables: [{{name: A, value: {value}}}]".encode()}
    with pytest.raises(ProjectFileInvalid) as refused:
        planned(house, files, secrets=SECRETS)
    [problem] = refused.value.problems
    assert (problem.key, problem.found) == (key, found)
