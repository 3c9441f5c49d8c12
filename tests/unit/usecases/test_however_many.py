"""Rules look at all that there is, however much came after what they look for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.usecases.house import ADMIN, DIGEST, OTHER_DIGEST, SYSTEM, House

from fairlead.domain.deployment import Deployment, DeploymentOutcome
from fairlead.domain.ids import DeploymentId, ReleaseId, RunId
from fairlead.domain.package import Package
from fairlead.domain.reason import Reason
from fairlead.domain.run import Run, RunState
from fairlead.domain.trigger import TriggerAction, TriggerKind
from fairlead.store import deployments, environments, packages
from fairlead.store import releases as stored_releases
from fairlead.store import runs as stored_runs
from fairlead.usecases import (
    approvals,
    channels,
    evaluating,
    projects,
    release_changes,
    releases,
    retention,
    runs,
    triggers,
    why,
)
from fairlead.usecases import deployments as deploying
from fairlead.usecases.channels import ChannelWords
from fairlead.usecases.projects import NewSource
from fairlead.usecases.triggers import Draft

MANY = 600
A, B, C = "a" * 40, "b" * 40, "c" * 40


def repeat(house: House, one: Deployment, *, place: str = "") -> None:
    """As if it had been done many times more (at that place), each a second after the one before."""
    with house.database.transaction() as connection:
        where = environments.by_name(connection, place).id if place else one.environment
        for number in range(1000, 1000 + MANY):
            later = timedelta(seconds=number)
            fresh = replace(
                one,
                id=DeploymentId(f"dep-9{where}{number}"),
                environment=where,
                number=number,
                task=None,
                committed_at=one.committed_at + later if one.committed_at else None,
            )
            deployments.insert(connection, fresh)


def test_what_was_rejected_is_not_begun_again_by_itself_however_often_the_release_was_deployed_since(
    books: House,
) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    approvals.reject(books.context, ADMIN, books.approval("1.0.0").id, note="not today")
    repeat(books, books.deployment("1.0.0"))
    deploying.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True)
    with books.database.reading() as connection:
        [asked] = deployments.active(connection)
    books.play_out(asked)
    found = books.deployments("1.0.0", "Production")
    assert [one.outcome for one in found] == [DeploymentOutcome.REJECTED]


def test_the_newest_package_is_found_however_many_others_came_since(books: House) -> None:
    books.add_release("1.0.0")
    draft = Draft("Orders", action=TriggerAction.NEW_RELEASE, kind=TriggerKind.PACKAGE, watches=["Orders"])
    triggers.put(books.context, ADMIN, "books", draft)
    with books.database.transaction() as connection:
        for number in range(MANY):
            name, version = ("orders" if number == 0 else "Orders" if number == 1 else "other"), f"1.{number}.0"
            at = books.clock.now()
            one = Package(f"pkg-{number:04}", name, version, "zip", "sha256:ab", 1, at, "admin")
            packages.insert(connection, one)
    made = evaluating.evaluate(books.context, ADMIN, "books", "Orders")
    assert "the feed has Orders 1.1.0" in made.event


def test_a_trigger_finds_the_channels_release_however_often_others_were_live_since(books: House) -> None:
    channels.add(books.context, ADMIN, "books", ChannelWords("Other"))
    other = {"fairlead.yml": b"project: books\nservices: {web: {image: nginx, port: 80}}\n"}
    releases.create(
        books.context,
        ADMIN,
        "books",
        version="1.0.0",
        images={"web": DIGEST},
        contents=other,
        channel="Other",
    )
    books.go_live("1.0.0")
    books.add_release("2.0.0", image=OTHER_DIGEST)
    repeat(books, books.go_live("2.0.0"))
    triggers.put(
        books.context, ADMIN, "books", Draft("Hourly", "0 * * * *", source="Test", destination="Test", channel="Other")
    )
    assert "1.0.0" in evaluating.evaluate(books.context, ADMIN, "books", "Hourly").reason


def test_what_a_deployment_brought_is_told_however_often_others_were_live_since(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    books.add_release("1.1.0", image=OTHER_DIGEST)
    second = books.go_live("1.1.0")
    books.add_release("1.2.0")
    repeat(books, books.go_live("1.2.0"))
    assert release_changes.of_deployment(books.context, ADMIN, second.id).previous == "1.0.0"


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.QUEUED])
def test_a_run_that_is_under_way_is_found_however_many_were_made_since(house: House, state: RunState) -> None:
    books = projects.add(house.context, ADMIN, "books", source=NewSource("https://git.test/books.git")).project
    first = runs.saw_head(house.context, SYSTEM, books, A, cause="poll").run
    assert first is not None
    house.end(first.task)
    second = runs.start(house.context, ADMIN, "books", B)
    with house.database.transaction() as connection:
        stored_runs.change(connection, second.id, state=state.value)
        for number in range(3, MANY):
            at = house.clock.now()
            id, commit = RunId(f"run-9{number:04}"), f"{number:040}"
            failed = Run(id, 1000 + number, books.id, "main", commit, at, state=RunState.FAILED)
            stored_runs.insert(connection, failed)
    assert "run 2 is under way" in runs.saw_head(house.context, SYSTEM, books, B, cause="poll").reason
    made = runs.saw_head(house.context, SYSTEM, books, C, cause="poll").run
    assert made is not None and made.previous_commit == A
    found = runs.get(house.context, ADMIN, second.id)
    assert found.state is (RunState.SKIPPED if state is RunState.QUEUED else state)


def test_as_many_releases_keep_their_images_as_are_to(books: House) -> None:
    made = books.add_release("1.0.0")
    with books.database.transaction() as connection:
        for number in range(MANY):
            stored_releases.insert(
                connection, replace(made, id=ReleaseId(f"rel-9{number:03}"), version=f"2.{number}.0")
            )
        kept = replace(books.context, installation=replace(books.context.installation, keep_releases=550))
        assert len(retention.kept_releases(kept, connection, made.project)) == 551, "and the one that is under way"


def test_why_names_what_came_next_and_what_came_before_however_much_came_since(books: House) -> None:
    for version in ("1.0.0", "1.1.0"):
        books.add_release(version)
        books.go_live(version)
    books.add_release("1.2.0")
    approvals.reject(books.context, ADMIN, books.approval("1.1.0").id)
    waited, replaced = books.deployment("1.0.0", "Production"), books.deployment("1.0.0")
    repeat(books, replaced, place="Production")
    repeat(books, books.deployment("1.1.0"))
    text = said(why.deployment(books.context, ADMIN, waited.id))
    assert "deployment 2 of 1.1.0 was asked for while it waited" in text
    assert "deployment 1 made it live in Test" in text
    text = said(why.deployment(books.context, ADMIN, replaced.id))
    assert "deployment 2 of 1.1.0 has taken its place since" in text


def test_why_names_the_run_that_came_next_however_many_came_since(house: House) -> None:
    books = projects.add(house.context, ADMIN, "books", source=NewSource("https://git.test/books.git")).project
    made = [runs.saw_head(house.context, SYSTEM, books, head, cause="poll").run for head in (A, B)]
    assert made[0] is not None
    with house.database.transaction() as connection:
        for number in range(3, MANY):
            id = RunId(f"run-9{number:04}")
            run = Run(id, number, books.id, "main", f"{number:040}", house.clock.now(), state=RunState.FAILED)
            stored_runs.insert(connection, run)
    assert f"run 2 of {B[:12]} came before it began" in said(why.run(house.context, ADMIN, made[0].id))


def said(reason: Reason) -> str:
    return "\n".join((reason.said, *map(said, reason.because)))
