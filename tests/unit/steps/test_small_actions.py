"""The small kinds of actions: an HTTP check, and telling people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from fairlead.adapters.notifiers.chat import slack, teams
from fairlead.domain.effect import Done, SaidNo
from fairlead.domain.errors import Invalid, Unreachable
from fairlead.domain.ids import SecretVersionId, TaskId
from fairlead.domain.known_variables import Known
from fairlead.domain.output_variables import of_effects
from fairlead.domain.plan import Effect
from fairlead.domain.process import Action, ResolvedAction
from fairlead.domain.text import SecretRef
from fairlead.ports.notifier import Chat, Mail, Notice, Webhook
from fairlead.ports.web import WebAnswer
from fairlead.steps.http_check import CheckHttp, HttpCheck
from fairlead.steps.known_later import known_later
from fairlead.steps.notify import Notify, SendNotice
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.processes import process, step
from fairlead.testing.toy_world import toy_tools

URL = SecretRef(SecretVersionId("s1"), "Slack.Url")


@dataclass
class StandIn:
    """A web that gives its answers one after the other, secrets, and a notifier that keeps what it gets."""

    answers: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    told: list[tuple[Notice, Any, str]] = field(default_factory=list)

    async def get(self, url: str, *, timeout_s: float) -> WebAnswer:
        self.asked.append(url)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return WebAnswer(*answer)

    async def values(self, task: TaskId, ids: set[str]) -> dict[str, str]:
        return dict.fromkeys(ids, "https://hooks.test/T0K3N")

    async def deliver(self, notice: Notice, to: Any, *, key: str) -> None:
        self.told.append((notice, to, key))


def planned(kind: Any, properties: dict[str, Any], **variables: Any) -> Effect:
    held = Known({name.replace("_", "."): value for name, value in variables.items()})
    node = kind.plan(ResolvedAction(Action("Look", kind.name, properties), "Look", "[Look]", variables=held))
    assert isinstance(node, Effect) and node.key.startswith("[Look]")
    return node


async def done(kind: Any, effect: Effect, stand_in: StandIn) -> Any:
    tools = toy_tools(
        TaskId("t"), "Look", "local", {}, clock=FakeClock(), web=stand_in, secrets=stand_in, notifier=stand_in
    )
    return await kind.do(effect, tools)


@pytest.mark.parametrize(
    ("properties", "answer", "why"),
    [
        ({}, (204,), ""),
        ({}, (500,), "the answer was 500"),
        ({"status": 500}, (500,), ""),
        ({"status": 200}, (204,), "the answer was 204, not 200"),
        ({"contains": "ok #{Release}"}, (200, "all is ok 1.0.0 here"), ""),
        ({"contains": "ok"}, (200, "no"), "the answer 200 does not hold what it should"),
        ({}, Unreachable("host.unreachable", "nobody there"), "nobody there"),
    ],
)
async def test_a_check_says_what_it_missed(properties: dict[str, Any], answer: Any, why: str) -> None:
    effect = planned(HttpCheck(), {"url": "http://#{Host}/", **properties}, Host="h", Release="1.0.0")
    outcome = await done(CheckHttp(), effect, stand_in := StandIn([answer]))
    assert stand_in.asked == ["http://h/"]
    assert (outcome.reason if isinstance(outcome, SaidNo) else "") == why
    assert isinstance(outcome, SaidNo) == bool(why)


async def test_a_check_asks_again_until_its_time_is_over() -> None:
    effect = planned(HttpCheck(), {"url": "http://h/", "within_s": 5})
    assert isinstance(await done(CheckHttp(), effect, StandIn([(503,), (503,), (200,)])), Done)
    outcome = await done(CheckHttp(), effect, late := StandIn([(503,)]))
    assert isinstance(outcome, SaidNo) and len(late.asked) == 4


@pytest.mark.parametrize(
    ("by", "to", "where"),
    [
        ("mail", "a@x.test, b@x.test", Mail(("a@x.test", "b@x.test"))),
        ("webhook", "https://x.test/", Webhook("https://x.test/", "")),
        ("slack", "#{Slack.Url}", Chat("https://hooks.test/T0K3N", "slack")),
        ("teams", "#{Slack.Url}", Chat("https://hooks.test/T0K3N", "teams")),
    ],
)
async def test_people_are_told_where_they_asked_for_it(by: str, to: str, where: Any) -> None:
    effect = planned(Notify(), {"by": by, "to": to, "subject": "#{Name} is out"}, Name="books", Slack_Url=URL)
    assert "T0K3N" not in str(effect)
    stand_in = StandIn()
    assert isinstance(await done(SendNotice(), effect, stand_in), Done)
    [(notice, told, key)] = stand_in.told
    assert (notice.subject, told, key) == ("books is out", where, "t/[Look]/notice")


def test_a_channel_shows_the_words_as_they_are() -> None:
    notice = Notice("process.notify", "a < b & c", "more", "http://f.test/")
    assert slack(notice) == {"text": "*a &lt; b &amp; c*\nmore\nhttp://f.test/"}
    [attachment] = teams(notice)["attachments"]  # type: ignore[misc]
    assert [block["text"] for block in attachment["content"]["body"]] == ["a < b & c", "more", "http://f.test/"]


# What becomes known only on the way

STATUS = {"error": "it was sick", "steps": {"Copy": {"Code": "Failed", "Error": "no room"}}}
LATER = {"[Count]/script": {"outputs": {"Rows": "17"}}, "status": STATUS}


def later(kind: Any, effect: Effect, stand_in: StandIn) -> Any:
    tools = toy_tools(
        TaskId("t"), "Look", "local", LATER, clock=FakeClock(), web=stand_in, secrets=stand_in, notifier=stand_in
    )
    return kind.do(effect, tools)


async def test_a_notice_tells_what_earlier_steps_gave_and_how_it_stands() -> None:
    words = {
        "subject": "#{Octopus.Action[Count].Output.Rows} rows, #{Fairlead.Deployment.Error}",
        "body": "Copy #{Octopus.Step[Copy].Status.Code}: #{Octopus.Step[Copy].Status.Error}; "
        "#{Octopus.Action[Never].Output.X}",
    }
    effect = planned(Notify(), {"by": "mail", "to": "a@x.test", **words})
    stand_in = StandIn()
    assert isinstance(await later(SendNotice(), effect, stand_in), Done)
    [(notice, _, _)] = stand_in.told
    assert notice.subject == "17 rows, it was sick"
    assert notice.body == "Copy Failed: no room; #{Octopus.Action[Never].Output.X}"


async def test_a_check_asks_the_address_that_an_earlier_step_gave_and_its_status_is_an_output() -> None:
    effect = planned(HttpCheck(), {"url": "http://h/#{Octopus.Action[Count].Output.Rows}"})
    outcome = await later(CheckHttp(), effect, stand_in := StandIn([(204,)]))
    assert stand_in.asked == ["http://h/17"]
    given = {"[Look]/check": outcome.output}
    assert [(one.step, one.name, one.value) for one in of_effects(given)] == [("Look", "Status", "204")]


def test_what_nobody_will_ever_give_is_refused_when_it_is_planned() -> None:
    with pytest.raises(Invalid) as caught:
        planned(Notify(), {"by": "mail", "to": "a@x.test", "subject": "#{Nobody}"})
    assert caught.value.code == "variable.unknown" and "subject of Look" in caught.value.message


def test_a_plan_says_what_is_known_later_and_after_which_step() -> None:
    text = "#{Octopus.Action[Count].Output.Rows} of #{Octopus.Release.Number}"
    notify = Action("Tell", "notify", {"by": "mail", "to": "a@x.test", "subject": text, "body": "#{Nothing"})
    failed = Action("Cry", "notify", {"by": "mail", "to": "a@x.test", "subject": "#{Octopus.Deployment.Error}"})
    found = known_later(process(step(notify, targets=("w1", "w2")), step(failed)))
    assert found == (
        "Tell: subject is known after Count (Octopus.Action[Count].Output.Rows)",
        "Cry: subject is known when it is reached (Octopus.Deployment.Error)",
    )
