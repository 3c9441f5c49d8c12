"""Triggers: what they do when their time comes, and the record of why they did or did not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.trigger import Evaluation, TriggerAction, TriggerKind
from fairlead.store import environments as stored_environments
from fairlead.store import triggers as stored
from fairlead.usecases import environments, evaluating, freezes, policies, runbook_runs, runbooks, triggers
from fairlead.usecases.triggers import Draft

HOURLY = Draft("Hourly", "0 * * * *", source="Test", destination="Production")


def told(house: House, name: str = "Hourly") -> list[tuple[bool, str]]:
    records = triggers.evaluated(house.context, ADMIN, "books", name).items
    return [(one.has_fired, one.code) for one in records]


def last(house: House, name: str = "Hourly") -> Evaluation:
    return triggers.evaluated(house.context, ADMIN, "books", name).items[0]


def an_hour_passes(house: House, hours: int = 1) -> None:
    house.clock.advance(3600 * hours)
    evaluating.evaluate_due(house.context)


def test_what_is_live_elsewhere_is_promoted_when_its_time_comes_and_each_time_is_recorded(books: House) -> None:
    environments.change(books.context, ADMIN, "Production", asks_approval=False)
    made = triggers.put(books.context, ADMIN, "books", HOURLY)
    assert made.trigger.next_at is not None
    assert made.trigger.next_at - books.clock.now() <= timedelta(hours=1)
    assert evaluating.evaluate_due(books.context) == 0
    an_hour_passes(books)
    assert told(books) == [(False, "trigger.nothing")]
    assert "no release was ever live in Test" in last(books).reason
    books.add_release("1.0.0")
    books.go_live("1.0.0", "Test")
    an_hour_passes(books)
    fired = last(books)
    assert fired.has_fired and fired.deployment == books.deployment("1.0.0", "Production").id
    assert books.deployment("1.0.0", "Production").created_by == "trigger Hourly"
    books.go_live("1.0.0", "Production")
    an_hour_passes(books)
    assert told(books)[0] == (False, "deployment.nothing_to_do")
    assert last(books).hint == "where it is to deploy all the same: fairlead triggers set Hourly --force"


def test_rules_that_say_no_are_its_reason(books: House) -> None:
    triggers.put(books.context, ADMIN, "books", replace(HOURLY, source=""))
    books.add_release("1.0.0")
    an_hour_passes(books)
    assert told(books)[0] == (False, "deployment.lifecycle")
    books.go_live("1.0.0", "Test")
    end = books.clock.now() + timedelta(days=1)
    freezes.add(books.context, ADMIN, freezes.Draft("Holidays", ends_at=end))
    an_hour_passes(books)
    assert told(books)[0] == (False, "deployment.frozen")
    reason = triggers.why(books.context, ADMIN, "books", "Hourly")
    assert "is due next at" in reason.said
    assert ["frozen" in one.said for one in reason.because] == [True, False]


def test_a_time_that_passed_without_a_server_is_made_good_within_an_hour_and_told_after_that(books: House) -> None:
    triggers.put(books.context, ADMIN, "books", replace(HOURLY, name="Daily", cron="0 0 * * *"))
    an_hour_passes(books, hours=24 + 5)
    if told(books, "Daily")[0][1] != "trigger.missed":
        assert told(books, "Daily")[0][1] == "trigger.nothing", "it was less than an hour late"
    books.clock.advance(48 * 3600 + 2 * 3600)
    assert evaluating.evaluate_due(books.context) == 1, "however many times passed, once"
    assert evaluating.evaluate_due(books.context) == 0


def test_a_new_release_needs_a_repository_that_was_read(books: House) -> None:
    triggers.put(books.context, ADMIN, "books", Draft("Build", "@daily", TriggerAction.NEW_RELEASE))
    assert not evaluating.evaluate(books.context, ADMIN, "books", "Build").has_fired
    assert "no release to go by" in last(books, "Build").reason
    books.add_project("shop", git="https://git.example.com/shop.git")
    triggers.put(books.context, ADMIN, "shop", Draft("Build", "@daily", TriggerAction.NEW_RELEASE))
    assert "not been read yet" in evaluating.evaluate(books.context, ADMIN, "shop", "Build").reason


def test_one_is_changed_disabled_removed_and_never_two_of_a_name(books: House) -> None:
    first = triggers.put(books.context, ADMIN, "books", HOURLY)
    second = triggers.put(books.context, ADMIN, "books", replace(HOURLY, is_enabled=False), revision=1)
    assert (second.trigger.id, second.trigger.next_at) == (first.trigger.id, None)
    with pytest.raises(Conflict):
        triggers.put(books.context, ADMIN, "books", HOURLY, revision=1)
    an_hour_passes(books)
    assert told(books) == []
    triggers.remove(books.context, ADMIN, "books", "Hourly")
    with pytest.raises(NotFound) as gone:
        triggers.get(books.context, ADMIN, "books", "Hourly")
    assert gone.value.code == "trigger.unknown"


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (Draft("A", "* * *", destination="Test"), "schedule.cron"),
        (Draft("A", "0 0 30 2 *", destination="Test"), "schedule.never"),
        (Draft("A", "@daily", zone="Mars", destination="Test"), "schedule.zone"),
        (Draft("A", "@daily"), "trigger.invalid"),
        (Draft("A", "@daily", TriggerAction.RUN_RUNBOOK, destination="Test"), "trigger.invalid"),
        (Draft("A", "@daily", TriggerAction.DEPLOY_CURRENT), "trigger.invalid"),
        (Draft("A", "@daily", kind=TriggerKind.PACKAGE), "trigger.invalid"),
        (Draft("A", kind=TriggerKind.IMAGE, watches=["registry.test/web:1.0"]), "trigger.invalid"),
        (Draft("A", kind=TriggerKind.IMAGE, poll_s=1), "trigger.invalid"),
        (Draft("A", kind=TriggerKind.PACKAGE, tags=["web"]), "trigger.invalid"),
        (Draft("A", "@daily", destination="Test", environments=["Test"]), "trigger.invalid"),
        (Draft("A", "@daily", TriggerAction.NEW_RELEASE, environments=["Test"]), "trigger.invalid"),
        (Draft("A", "@daily", destination="Test", watches=["orders"]), "trigger.invalid"),
    ],
)
def test_a_bad_one_is_refused_and_says_why(books: House, draft: Draft, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        triggers.put(books.context, ADMIN, "books", draft)
    assert refused.value.code == code


@pytest.fixture
def tidy(books: House) -> Draft:
    """Every hour a runbook in Test and Production."""
    steps = Process((ProcessStep("Tidy", (Action("Tidy", "script", {"script": "true"}),)),))
    runbooks.put(books.context, ADMIN, "books", runbooks.Draft("Tidy", process=steps))
    runbooks.publish(books.context, ADMIN, "books", "Tidy")
    places = ("Test", "Production")
    return Draft("Tidy", "0 * * * *", TriggerAction.RUN_RUNBOOK, runbook="Tidy", environments=places)


def places_run_in(house: House) -> list[str]:
    return sorted(one.environment for one in runbook_runs.runs_of(house.context, ADMIN, "books", "Tidy").items)


def test_a_runbook_runs_in_each_of_its_environments_and_the_record_says_of_each(books: House, tidy: Draft) -> None:
    triggers.put(books.context, ADMIN, "books", tidy)
    end = books.clock.now() + timedelta(minutes=90)
    frozen = freezes.Draft("Holidays", ends_at=end, environments=["Production"], binds_runbooks=True)
    freezes.add(books.context, ADMIN, frozen)
    an_hour_passes(books)
    records = triggers.evaluated(books.context, ADMIN, "books", "Tidy").items
    assert {one.environment: (one.has_fired, one.code) for one in records} == {
        "Test": (True, ""),
        "Production": (False, "runbook.frozen"),
    }
    assert places_run_in(books) == ["Test"], "what one environment refuses keeps it from no other"
    said = [one.said for one in triggers.why(books.context, ADMIN, "books", "Tidy").because]
    assert [one.partition(": ")[0] for one in said] == ["in Production", "in Test"]
    an_hour_passes(books)
    assert places_run_in(books) == ["Production", "Test", "Test"]
    asked = evaluating.evaluate(books.context, ADMIN, "books", "Tidy")
    assert asked.has_fired and "Test: run 4" in asked.reason and "Production: run 5" in asked.reason


def test_a_destination_that_is_named_again_is_one_place(books: House, tidy: Draft) -> None:
    triggers.put(books.context, ADMIN, "books", replace(tidy, destination="Test"))
    an_hour_passes(books)
    assert places_run_in(books) == ["Production", "Test"]


def test_who_may_not_run_it_in_one_of_them_makes_no_such_trigger(books: House, tidy: Draft) -> None:
    with books.context.database.reading() as connection:
        test = stored_environments.by_name(connection, "Test").id
    runs_in_test = Grant(frozenset({Permission.RUNBOOK_RUN}), environments=frozenset({test}))
    may = frozenset({Permission.TRIGGER_EDIT, Permission.VIEW})
    someone = Actor(ActorId("usr-x"), "x", "user", may, grants=(runs_in_test,))
    triggers.put(books.context, someone, "books", replace(tidy, environments=["Test"]))
    with pytest.raises(NotAllowed):
        triggers.put(books.context, someone, "books", tidy)


def test_an_environment_that_a_trigger_names_is_not_removed(books: House, tidy: Draft) -> None:
    for name in ("Lab", "Yard"):
        environments.add(books.context, ADMIN, name)
    triggers.put(books.context, ADMIN, "books", replace(HOURLY, destination="Lab"))
    triggers.put(books.context, ADMIN, "books", replace(tidy, destination="", environments=("Test", "Yard")))
    for name, trigger in (("Lab", HOURLY.name), ("Yard", tidy.name)):
        with pytest.raises(Conflict, match=f"trigger {trigger} acts"):
            environments.remove(books.context, ADMIN, name)
        triggers.remove(books.context, ADMIN, "books", trigger)
        environments.remove(books.context, ADMIN, name)


def test_an_environment_with_a_policy_or_with_runs_of_a_runbook_is_not_removed(books: House, tidy: Draft) -> None:
    environments.add(books.context, ADMIN, "Lab")
    made = policies.allow(books.context, ADMIN, "books", "privileged", environment="Lab")
    with pytest.raises(Conflict, match="policy allows privileged"):
        environments.remove(books.context, ADMIN, "Lab")
    policies.revoke(books.context, ADMIN, made.allowance.id)
    runbook_runs.run(books.context, ADMIN, "books", tidy.runbook, "Lab")
    with pytest.raises(Conflict, match="runbooks ran in Lab"):
        environments.remove(books.context, ADMIN, "Lab")


def test_the_record_is_bounded(books: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MOST_RECORDS", 3)
    triggers.put(books.context, ADMIN, "books", HOURLY)
    for _ in range(6):
        evaluating.evaluate(books.context, ADMIN, "books", "Hourly")
    assert len(told(books)) <= 4
