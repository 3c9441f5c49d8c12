"""Plans of runs before they run: what is shown changes nothing, and is what runs, or nothing does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.usecases.house import ADMIN, House
from tests.unit.usecases.test_runbooks import TIDY

from fairlead.domain.errors import Conflict, FairleadError, Invalid, Refused
from fairlead.domain.plan import steps_of
from fairlead.domain.process import Action, Process, ProcessChoice, ProcessStep, RunLocation
from fairlead.domain.prompt import Prompt
from fairlead.usecases import freezes, projects, runbook_runs, runbooks, targets, tenants, variables
from fairlead.usecases.runbook_runs import RunPreview, Wish
from fairlead.usecases.variables import More

ON_TARGETS = Process(
    (
        ProcessStep(
            "Look", (Action("Look", "script", {"script": "ls"}, runs_on=RunLocation.TARGETS),), target_tags=("web",)
        ),
    )
)


@pytest.fixture
def published(books: House) -> House:
    """A runbook that looks at each target, of which there is one."""
    targets.add(books.context, ADMIN, "web1", only_in=["Test", "Production"], tags=["web"])
    put(books)
    return books


def put(house: House, process: Process = ON_TARGETS) -> None:
    runbooks.put(house.context, ADMIN, "books", replace(TIDY, process=process))
    runbooks.publish(house.context, ADMIN, "books", "Tidy")


def shown(house: House, **how: object) -> RunPreview:
    before = house.rows()
    found = runbook_runs.preview(house.context, ADMIN, "books", "Tidy", "Test", **how)  # type: ignore[arg-type]
    assert house.rows() == before, "a look changes nothing"
    return found


def ask(house: House, plan_hash: str, **how: object) -> runbook_runs.RunView:
    wish = Wish(plan_hash=plan_hash, **how)  # type: ignore[arg-type]
    return runbook_runs.run(house.context, ADMIN, "books", "Tidy", "Test", wish=wish)


def planned(house: House, made: runbook_runs.RunView) -> str:
    with house.database.reading() as connection:
        return runbook_runs.plan_of(house.context, connection, house.task(made.run.task)).hash


def test_what_is_shown_has_the_hash_of_what_runs(published: House) -> None:
    seen = shown(published)
    assert [step.name for step in steps_of(seen.plan.forward)] == ["Look"] and not seen.refused
    assert seen.plan.title == "Tidy of books in Test"
    assert planned(published, ask(published, seen.plan.hash[:16])) == seen.plan.hash
    assert planned(published, ask(published, "")) == seen.plan.hash
    skipping = ProcessChoice(("Look",))
    other = shown(published, choice=skipping)
    assert other.plan.hash != seen.plan.hash
    assert planned(published, ask(published, other.plan.hash, choice=skipping)) == other.plan.hash


def test_what_differs_from_what_was_shown_does_not_run(published: House) -> None:
    seen = shown(published)
    waiting = ask(published, seen.plan.hash)
    free = ask(published, "")
    targets.add(published.context, ADMIN, "web2", only_in=["Test"], tags=["web"])
    with pytest.raises(Refused) as refused:
        ask(published, seen.plan.hash)
    assert refused.value.code == "plan.changed"
    with pytest.raises(Refused) as late:
        planned(published, waiting)
    assert late.value.code == "plan.changed" and '["web1"], is ["web1","web2"]' in late.value.message
    assert planned(published, free) == shown(published).plan.hash, "one that nobody looked at takes what is there"


def test_a_variable_or_step_that_is_published_anew_is_another_plan(published: House) -> None:
    first = shown(published).plan.hash
    variables.put(published.context, ADMIN, "books", "Greeting", "hello")
    assert shown(published).plan.hash == first, "what is published stays"
    runbooks.publish(published.context, ADMIN, "books", "Tidy")
    second = shown(published).plan.hash
    put(published, TIDY.process or ON_TARGETS)
    assert len({first, second, shown(published).plan.hash}) == 3
    with pytest.raises(Refused):
        ask(published, first)


def test_answers_are_part_of_it_and_what_is_required_need_not_be_answered_to_look(published: House) -> None:
    variables.put(published.context, ADMIN, "books", "Why", more=More(prompt=Prompt("Why", is_required=True)))
    runbooks.publish(published.context, ADMIN, "books", "Tidy")
    blank, given = shown(published).plan.hash, shown(published, prompted={"why": "a leak"}).plan.hash
    assert blank != given
    assert planned(published, ask(published, given, prompted={"Why": "a leak"})) == given
    with pytest.raises(Refused):
        ask(published, given, prompted={"Why": "another"})
    with pytest.raises(Invalid) as missing:
        shown(published, prompted={})
    assert missing.value.code == "prompt.required"


def test_it_tells_what_would_refuse_it_and_says_no_to_what_there_is_not(published: House) -> None:
    end = published.clock.now() + timedelta(hours=1)
    freezes.add(published.context, ADMIN, freezes.Draft("Feast", ends_at=end, binds_runbooks=True))
    assert "is frozen" in shown(published).refused
    elsewhere = runbook_runs.preview(published.context, ADMIN, "books", "Tidy", "Production")
    assert elsewhere.refused == "Tidy may not run in Production"
    runbooks.put(published.context, ADMIN, "books", replace(TIDY, name="New"))
    with pytest.raises(Conflict) as new:
        runbook_runs.preview(published.context, ADMIN, "books", "New", "Test")
    assert new.value.code == "runbook.unpublished"
    wish = Wish(plan_hash="0" * 16)
    with pytest.raises(FairleadError) as several:
        runbook_runs.run_in_all(published.context, ADMIN, "books", "Tidy", ["Test", "Production"], wish=wish)
    assert several.value.code == "input.invalid"


def test_that_of_a_tenant_is_its_own(published: House) -> None:
    projects.change(published.context, ADMIN, "books", {"tenancy": "tenanted-or-untenanted"})
    tenants.put(published.context, ADMIN, tenants.Draft("Acme", connections={"books": ["Test"]}))
    whole, acme = shown(published), shown(published, tenant="Acme")
    assert whole.plan.hash != acme.plan.hash and acme.plan.title == "Tidy of books in Test for Acme"
    made = runbook_runs.run(
        published.context, ADMIN, "books", "Tidy", "Test", tenant="Acme", wish=Wish(plan_hash=acme.plan.hash)
    )
    assert planned(published, made) == acme.plan.hash
