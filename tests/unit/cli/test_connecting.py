"""Commands that connect a project anew, put environments in order, and tell somebody of other things."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.unit.cli.conftest import Said
from tests.unit.server.house import House

Run = Callable[..., Said]


def test_environments_are_put_in_order_and_each_is_named(house: House, fairlead: Run) -> None:
    assert fairlead("environments", "arrange", "Production", "Test").code == 0
    listed = fairlead("-o", "json", "environments", "list").data
    assert [one["name"] for one in listed] == ["Production", "Test"]
    wrong = fairlead("environments", "arrange", "Test")
    assert wrong.code == 2 and "exactly once" in wrong.err


def test_somebody_is_told_of_other_things(house: House, fairlead: Run) -> None:
    made = fairlead("-o", "json", "notifications", "add", "https://hook.test/x", "--secret", "hidden").data
    assert made["is_signed"] and made["revision"] == 1
    changed = fairlead("-o", "json", "notifications", "set", made["id"], "--event", "run.failed").data
    assert (changed["events"], changed["is_signed"]) == (["run.failed"], True)
    plain = fairlead("-o", "json", "notifications", "set", made["id"], "--secret", "").data
    assert (plain["events"], plain["is_signed"]) == (["run.failed"], False)


def test_a_project_is_taken_from_another_repository_or_from_none(house: House, fairlead: Run, tmp_path: Path) -> None:
    house.add_project("books", git="https://git.test/books.git")
    (tmp_path / "token").write_text("hidden\n")
    before = fairlead("-o", "json", "projects", "show", "books").data
    said = fairlead("-o", "json", "projects", "connect", "books", "https://git.test/o.git", "--password-from", "token")
    assert said.data["source"]["url"] == "https://git.test/o.git" and said.data["webhook_secret"] == ""
    assert said.data["source"]["webhook_url"] == before["source"]["webhook_url"], "the webhook stays"
    assert "hidden" not in said.out
    there = ["gitea", "--url", "https://forge.test", "--repository", "team/books", "--token-from", "token"]
    told = fairlead("-o", "json", "projects", "report-to", "books", *there).data
    assert told["forge"]["repository"] == "team/books"
    for careless in (("report-to", "books", "--url", "x"), ("connect", "books", "--branch", "next")):
        assert fairlead("projects", *careless).code == 2, "what was connected stays so"
    where = ["https://git.test/o.git", "--branch", "next", "--folder", "a"]
    assert fairlead("projects", "connect", "books", *where).code == 0
    other = ["https://git.test/p.git", "--user", "ann"]
    kept = fairlead("-o", "json", "projects", "connect", "books", *other).data["source"]
    assert (kept["branch"], kept["folder"], kept["user"]) == ("next", "a", "ann"), "what is not given stays"
    assert fairlead("projects", "report-to", "books", "--nowhere").code == 0
    assert fairlead("projects", "connect", "books", "--no-repository").code == 0
    after = fairlead("-o", "json", "projects", "show", "books").data
    assert not after["source"] and not after["forge"]


def test_a_project_is_cloned_and_its_owner_is_told_what_rests(house: House, fairlead: Run) -> None:
    house.add_project("books", git="https://git.test/books.git")
    made = fairlead("variables", "set", "Db.Password=hidden", "--secret", "-p", "books")
    assert made.code == 0, made
    said = fairlead("projects", "clone", "books", "shop")
    assert (
        said.code == 0 and "projects set shop --enable" in said.out + said.err and "hidden" not in said.out + said.err
    )
    shown = fairlead("-o", "json", "projects", "show", "shop").data
    assert shown["source"]["url"] == "https://git.test/books.git" and not shown["is_enabled"]
    [one] = fairlead("-o", "json", "variables", "list", "-p", "shop").data
    assert one["name"] == "Db.Password" and "hidden" not in str(one)
    again = fairlead("projects", "clone", "books", "shop")
    assert again.code != 0 and "project.exists" in again.err
    assert fairlead("-o", "json", "projects", "clone", "books", "third").data["webhook_secret"]
