"""What the audit keeps of a change: each part that differs, and of secrets only that they changed."""

from dataclasses import replace
from datetime import UTC, datetime

from fairlead.domain.changes import LONGEST_SHOWN, MOST_CHANGES, changes
from fairlead.domain.event import Change
from fairlead.domain.ids import ActorId, LifecycleId, ProjectId, SecretVersionId
from fairlead.domain.project import Project, Source
from fairlead.domain.user import User
from fairlead.domain.variable import Dimension, Variable

AT = datetime(2026, 1, 1, tzinfo=UTC)
BOOKS = Project(ProjectId("p"), "books", LifecycleId("l"), AT, source=Source("https://git.test/books.git"))


def test_only_what_differs_is_told_by_its_path() -> None:
    assert BOOKS.source
    after = replace(BOOKS, title="Book shop", source=replace(BOOKS.source, branch="next"), revision=2)
    assert changes(BOOKS, after) == (Change("source.branch", "main", "next"), Change("title", None, "Book shop"))
    assert changes(BOOKS, BOOKS) == ()


def test_a_new_thing_has_no_old_and_a_removed_one_no_new() -> None:
    made, gone = changes(None, BOOKS), changes(BOOKS, None)
    assert Change("name", None, "books") in made
    assert Change("name", "books", None) in gone
    assert len(made) == len(gone)


def test_of_a_secret_only_that_it_changed_is_kept() -> None:
    assert BOOKS.source
    first = replace(BOOKS, source=replace(BOOKS.source, password=SecretVersionId("sec-1")))
    second = replace(BOOKS, source=replace(BOOKS.source, password=SecretVersionId("sec-2")))
    secret = Change("source.password", is_secret=True)
    assert changes(BOOKS, first) == changes(first, second) == changes(second, BOOKS) == (secret,)
    ann = User(ActorId("u"), "ann", AT, password="argon2 of one")
    assert changes(ann, replace(ann, password="argon2 of another")) == (Change("password", is_secret=True),)


def test_a_value_that_becomes_a_secret_is_not_told() -> None:
    open_value = Variable("v", "Db.Password", "hunter2")
    hidden = Variable("v", "Db.Password", secret=SecretVersionId("sec-1"))
    told = changes(open_value, hidden)
    assert Change("secret", is_secret=True) in told
    assert Change("value", "hunter2", None) in told  # it was no secret


def test_scopes_and_lists_are_told_as_a_whole() -> None:
    old = Variable("v", "A", "1", scope={Dimension.ENVIRONMENT: frozenset({"test"})})
    new = replace(old, scope={Dimension.ENVIRONMENT: frozenset({"test", "prod"})})
    assert changes(old, new) == (Change("scope.environment", '["test"]', '["prod","test"]'),)


def test_what_is_told_is_bounded() -> None:
    [long] = changes({"notes": ""}, {"notes": "x" * 1_000_000})
    assert long.new and len(long.new) < LONGEST_SHOWN + 50
    assert "1,000,000 letters" in long.new
    assert len(changes({}, {str(number): number for number in range(5000)})) == MOST_CHANGES
