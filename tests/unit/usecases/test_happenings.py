"""What happened makes triggers fire, once, or the record says why not: packages, images, pushes and targets."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.usecases.house import ADMIN, DIGEST, House, push_package

from fairlead.domain.channel import VersionRule
from fairlead.domain.deployment import DeploymentState
from fairlead.domain.errors import Conflict, Unreachable
from fairlead.domain.health import HealthState
from fairlead.domain.ids import TaskId
from fairlead.domain.process import Action, Process, ProcessChoice, ProcessStep, RunLocation
from fairlead.domain.project import Tenancy
from fairlead.domain.trigger import Evaluation, TargetEvent, TriggerAction, TriggerKind
from fairlead.ports.hosts import Seen
from fairlead.store import triggers as stored
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_registry import FakeRegistries, FakeRegistry
from fairlead.usecases import (
    channels,
    deployments,
    evaluating,
    freezes,
    image_looks,
    processes,
    projects,
    pushes,
    releases,
    runbooks,
    target_looks,
    target_states,
    targets,
    triggers,
)
from fairlead.usecases.channels import ChannelWords
from fairlead.usecases.target_tenancy import Serving
from fairlead.usecases.triggers import Draft

WEB = ProcessStep(
    "Web", (Action("Web", "script", {"script": "echo web"}, runs_on=RunLocation.TARGETS),), target_tags=("web",)
)
ORDERS = Draft("Orders", kind=TriggerKind.PACKAGE, watches=["Orders"])
COMES = Draft("Comes", kind=TriggerKind.TARGET)


def put(house: House, draft: Draft, project: str = "books") -> None:
    triggers.put(house.context, ADMIN, project, draft)


def push(house: House, version: str, content: bytes = b"PK\x05\x06" + b"\0" * 18, name: str = "Orders") -> None:
    push_package(house.context, ADMIN, f"{name}.{version}.zip", content, name=name, version=version)


def records(house: House, name: str = "Orders") -> Sequence[Evaluation]:
    evaluating.act_on_events(house.context)
    return triggers.evaluated(house.context, ADMIN, "books", name).items


def told(house: House, name: str = "Orders") -> list[tuple[bool, str]]:
    return [(one.has_fired, one.code) for one in records(house, name)]


def scripted(house: House, *steps: ProcessStep) -> None:
    """The project's process deploys no services: its releases are made of packages alone."""
    processes.put(house.context, ADMIN, "books", Process(steps or (replace(WEB, target_tags=()),)))


@pytest.fixture
def plain(books: House) -> House:
    scripted(books, ProcessStep("Say", (Action("Say", "script", {"script": "echo"}),)))
    return books


# Packages


def test_a_package_makes_a_release_with_it_and_the_lifecycle_carries_it(plain: House) -> None:
    put(plain, ORDERS)
    push(plain, "1.0.0")
    [first] = records(plain)
    assert first.has_fired and first.event == "the package Orders 1.0.0 was pushed"
    made = releases.get(plain.context, ADMIN, "books", "latest").release
    assert (made.id, dict(made.packages), made.created_by) == (first.release, {"Orders": "1.0.0"}, "trigger Orders")
    assert plain.deployment(made.version, "Test").state is DeploymentState.QUEUED
    push(plain, "1.1.0")
    push(plain, "7.0.0", name="Other")
    assert told(plain) == [(True, ""), (True, "")]
    assert dict(releases.get(plain.context, ADMIN, "books", "latest").release.packages) == {"Orders": "1.1.0"}


def test_a_release_of_a_trigger_has_the_commits_of_scripts_from_other_repositories(plain: House) -> None:
    url = "https://git.test/tools.git"
    there = {"file": "say.sh", "repository": {"url": url, "ref": "main"}}
    scripted(plain, ProcessStep("Say", (Action("Say", "script", there),)))
    put(plain, ORDERS)
    push(plain, "1.0.0")
    assert told(plain) == [(False, "source.unreachable")]
    commit = plain.source.commit(url, "main", {"say.sh": b"echo"})
    push(plain, "1.1.0")
    assert told(plain)[0] == (True, "")
    [made] = releases.page(plain.context, ADMIN, "books").items[:1]
    assert made.release.script_commits == {"Say": commit}


def test_what_is_older_or_released_already_says_so(plain: House) -> None:
    put(plain, ORDERS)
    push(plain, "1.1.0")
    push(plain, "1.0.9")
    assert told(plain)[0] == (False, "trigger.older")
    again = evaluating.evaluate(plain.context, ADMIN, "books", "Orders")
    assert (again.code, "the feed has" in again.event) == ("trigger.older", True), "the feed's newest is what came last"
    push(plain, "1.2.0")
    assert told(plain)[0] == (True, "")
    assert evaluating.evaluate(plain.context, ADMIN, "books", "Orders").code == "trigger.same_version"


def test_a_channel_s_rule_a_disabled_trigger_and_a_disabled_project_are_its_reason(plain: House) -> None:
    rule = VersionRule(("Orders",), range="[2.0,3.0)")
    channels.put(plain.context, ADMIN, "books", "Default", ChannelWords("Default", is_default=True, rules=(rule,)))
    put(plain, ORDERS)
    push(plain, "1.0.0")
    [refused] = records(plain)
    assert refused.code == "release.no_channel" and "[2.0,3.0)" in refused.reason
    put(plain, replace(ORDERS, is_enabled=False))
    push(plain, "2.0.0")
    assert told(plain)[0] == (False, "trigger.disabled")
    put(plain, ORDERS)
    projects.change(plain.context, ADMIN, "books", {"is_enabled": False})
    push(plain, "2.1.0")
    assert told(plain)[0] == (False, "trigger.disabled")


def test_an_event_fires_once_though_the_server_dies_in_the_middle(
    plain: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(plain, ORDERS)
    push(plain, "1.0.0")

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(stored, "forget_old", dies)
        evaluating.act_on_events(plain.context)
    assert triggers.evaluated(plain.context, ADMIN, "books", "Orders").items == ()
    assert releases.page(plain.context, ADMIN, "books").items == ()
    assert told(plain) == [(True, "")], "the next server does it"
    assert told(plain) == [(True, "")], "and nobody once more"
    push_package(plain.context, ADMIN, "Orders.1.0.0.zip", b"PK\x05\x06" + b"\0" * 18, on_existing="overwrite")
    assert told(plain) == [(True, "")], "the same bytes are no news"


def test_a_bug_is_recorded_and_its_event_is_not_tried_for_ever(plain: House, monkeypatch: pytest.MonkeyPatch) -> None:
    put(plain, ORDERS)
    push(plain, "1.0.0")
    monkeypatch.setattr(releases, "create", lambda *_, **__: 1 / 0)
    assert told(plain) == [(False, "trigger.failed")]
    assert evaluating.act_on_events(plain.context) == 0


# Images


def registry(*tags: str, name: str = "web") -> FakeRegistries:
    made = FakeRegistry(ContainerWorld(FakeClock()), address="registry.test")
    for tag in tags:
        made.put(name, tag)
    return FakeRegistries(made)


def asked(house: House, registries: FakeRegistries) -> list[tuple[bool, str]]:
    house.clock.advance(60)
    asyncio.run(image_looks.look_at_due(house.context, registries))
    return told(house, "Images")


IMAGES = Draft("Images", kind=TriggerKind.IMAGE)


def with_tag(tag: str) -> str:
    return DIGEST.replace("@", f":{tag}@")


def test_the_newest_version_in_the_registry_makes_a_release_and_latest_never_does(books: House) -> None:
    books.add_release("1.0.0", image=with_tag("1.0.0"))
    put(books, IMAGES)
    found = registry("1.0.0", "latest")
    assert asked(books, found) == []
    for tag in ("1.1.0", "1.3.0", "1.2.0", "main"):
        found.registry.put("web", tag)
    assert asked(books, found) == [(True, "")]
    made = releases.get(books.context, ADMIN, "books", "latest").release
    assert made.images["web"].startswith("registry.test/web:1.3.0@sha256:") and made.packages == {"web": "1.3.0"}
    assert asked(books, found) == [(True, "")], "once"
    assert set(found.asked) == {"registry.test"}


def test_a_channel_takes_the_newest_that_its_rules_let_pass(books: House) -> None:
    books.add_release("1.0.0", image=with_tag("1.0.0"))
    channels.add(
        books.context, ADMIN, "books", ChannelWords("Fixes", rules=(VersionRule(("web",), range="[1.0,1.1)"),))
    )
    put(books, replace(IMAGES, channel="Fixes", watches=["web"]))
    assert asked(books, registry("1.0.7", "2.0.0")) == [(True, "")]
    made = releases.get(books.context, ADMIN, "books", "latest")
    assert (made.channel, made.release.packages["web"]) == ("Fixes", "1.0.7")
    assert asked(books, registry("2.0.0")) == [(False, "release.channel_rule"), (True, "")]


def test_a_registry_that_is_down_is_recorded_once_and_asked_again(books: House) -> None:
    books.add_release("1.0.0", image=with_tag("1.0.0"))
    put(books, IMAGES)
    found = registry("1.1.0")
    found.registry.is_down = True
    assert asked(books, found) == [(False, "registry.unreachable")]
    assert asked(books, found) == [(False, "registry.unreachable")]
    found.registry.is_down = False
    made = asyncio.run(image_looks.evaluate(books.context, ADMIN, found, "books", "Images"))
    assert made.has_fired
    books.clock.advance(60)
    again = asyncio.run(image_looks.evaluate(books.context, ADMIN, found, "books", "Images"))
    assert again.code == "trigger.same_version"


def test_it_is_asked_as_often_as_the_trigger_says_and_not_when_disabled(books: House) -> None:
    put(books, replace(IMAGES, poll_s=600))
    look = image_looks.look_at_due
    assert asyncio.run(look(books.context, registry())) == 1
    books.clock.advance(599)
    assert asyncio.run(look(books.context, registry())) == 0
    books.clock.advance(1)
    assert asyncio.run(look(books.context, registry())) == 1
    put(books, replace(IMAGES, is_enabled=False))
    books.clock.advance(6000)
    assert asyncio.run(look(books.context, registry())) == 0


# Pushes


def notified(house: House, tag: str, repository: str = "web", id: str = "") -> None:
    digest = hashlib.sha256(f"{tag} {id}".encode()).hexdigest()
    target = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "repository": repository,
        "tag": tag,
        "digest": f"sha256:{digest}",
    }
    body = {"events": [{"id": id or f"push-{tag}", "action": "push", "target": target}]}
    headers = {"Authorization": f"Bearer {pushes.token(house.context.secrets)}"}
    pushes.received(house.context, headers, json.dumps(body).encode())


def test_a_push_of_any_tag_makes_one_release_though_it_is_told_twice(books: House) -> None:
    books.add_release("1.0.0", image=with_tag("latest"))
    put(books, Draft("Pushes", kind=TriggerKind.PUSH))
    for _ in range(2):
        notified(books, "latest", id="one")
    notified(books, "9.9.9", repository="other")
    assert told(books, "Pushes") == [(True, "")]
    made = releases.page(books.context, ADMIN, "books").items
    assert len(made) == 2, "the trigger's alone: no other is made by the push itself"
    assert made[0].release.images["web"] != made[1].release.images["web"]
    with pytest.raises(Conflict) as caught:
        evaluating.evaluate(books.context, ADMIN, "books", "Pushes")
    assert caught.value.code == "trigger.asked"


def test_what_the_projects_own_runs_push_is_no_news_for_they_make_the_release(house: House) -> None:
    house.add_project("books", git="https://git.test/books.git")
    house.add_release("1.0.0", image=DIGEST.replace("/web@", "/books/web@"))
    put(house, Draft("Pushes", kind=TriggerKind.PUSH))
    put(house, IMAGES)
    notified(house, "1.1.0", repository="books/web")
    assert told(house, "Pushes") == [(False, "trigger.own_run")]
    assert asked(house, registry("1.0.0", "1.1.0", name="books/web")) == [(False, "trigger.own_run")]
    assert len(releases.page(house.context, ADMIN, "books").items) == 1


def test_a_tag_of_what_the_release_has_already_is_no_news(books: House) -> None:
    found = registry("1.0.0")
    digest = asyncio.run(found.registry.digest("web", "1.0.0"))
    books.add_release("1.0.0", image=f"registry.test/web@{digest}")
    put(books, IMAGES)
    assert asked(books, found) == [(False, "trigger.same_version")]
    assert records(books, "Images")[0].reason == "nothing is newer than what the release 1.0.0 has"


# Targets


def live_on_targets(house: House) -> None:
    scripted(house, WEB, ProcessStep("Tell", (Action("Tell", "script", {"script": "echo"}),)))
    targets.add(house.context, ADMIN, "web1", only_in=["Test"], tags=["web"])
    releases.create(house.context, ADMIN, "books", version="1.0.0", images={}, contents={})
    first = house.deployment("1.0.0", "Test")
    house.begin(first.task)
    house.end(first.task)
    again = deployments.create(
        house.context, ADMIN, "books", "1.0.0", "Test", choice=ProcessChoice(skip=("Tell",)), is_forced=True
    )
    house.go_live("1.0.0", "Test")
    assert house.deployment("1.0.0", "Test").id == again.deployment.id


def gathered(house: House, name: str = "Comes") -> list[tuple[bool, str]]:
    house.clock.advance(10)
    return told(house, name)


def test_targets_that_come_get_what_is_live_there_together_and_nobody_else(books: House) -> None:
    live_on_targets(books)
    put(books, COMES)
    for name in ("web2", "web3"):
        targets.add(books.context, ADMIN, name, only_in=["Test"], tags=["web"])
    assert told(books, "Comes") == [], "they are gathered for a moment"
    assert gathered(books) == [(True, "")]
    made = books.deployment("1.0.0", "Test")
    ids = {targets.get(books.context, ADMIN, name).target.id for name in ("web2", "web3")}
    assert set(made.choice.only_targets) == ids and made.choice.skip == ("Tell",)
    assert made.created_by == "trigger Comes"


def test_filters_of_environments_tags_and_events_hold(books: House) -> None:
    live_on_targets(books)
    put(books, replace(COMES, tags=["WEB"], environments=["Test"], events=[TargetEvent.ENABLED]))
    targets.add(books.context, ADMIN, "web2", only_in=["Test"], tags=["web"])
    targets.add(books.context, ADMIN, "db1", only_in=["Test"], tags=["db"])
    for name in ("web2", "db1"):
        for wanted in (False, True):
            targets.change(books.context, ADMIN, name, targets.TargetChange(is_enabled=wanted))
    assert gathered(books) == [(True, "")]
    assert [one.event for one in records(books, "Comes")] == ["web2 was enabled"]


def test_a_target_that_no_step_runs_on_that_is_gone_or_where_nothing_is_live_is_no_target(books: House) -> None:
    live_on_targets(books)
    put(books, COMES)
    targets.add(books.context, ADMIN, "db1", only_in=["Test"], tags=["db"])
    assert gathered(books) == [(False, "trigger.no_target")]
    targets.add(books.context, ADMIN, "web2", only_in=["Test"], tags=["web"])
    targets.remove(books.context, ADMIN, "web2")
    assert gathered(books)[0] == (False, "trigger.no_target")
    served = Serving(Tenancy.TENANTED)
    targets.add(books.context, ADMIN, "theirs", only_in=["Test"], tags=["web"], serving=served)
    assert gathered(books)[0] == (False, "trigger.no_target"), "what is live is nobody's"
    assert "for tenants only" in records(books, "Comes")[0].reason
    targets.add(books.context, ADMIN, "far", only_in=["Production"], tags=["web"])
    assert gathered(books)[0] == (False, "trigger.nothing")


class OneHost:
    """A host that answers, or not."""

    is_up = True

    async def look(self, target: str) -> Seen:
        if not self.is_up:
            raise Unreachable("host.unreachable", "nobody is there", thing=target)
        return Seen(0.1, ["bash"])


def test_a_host_that_answers_again_is_deployed_to_and_one_that_is_silent_is_not(books: House) -> None:
    live_on_targets(books)
    put(books, COMES)
    pair = targets.KeyPair("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n", "ssh-x A")
    far = targets.NewSsh("web2.example.com", "deploy")
    targets.add(books.context, ADMIN, "web2", only_in=["Test"], tags=["web"], ssh=far, made_key=pair)
    host = OneHost()
    host.is_up = False
    assert asyncio.run(target_looks.look_at_due(books.context, host)) == 1  # type: ignore[arg-type]
    assert gathered(books) == [(False, "trigger.no_target")]
    assert "no longer answers" in records(books, "Comes")[0].reason
    health = targets.get(books.context, ADMIN, "web2").health
    assert health is not None and not health.is_available and "nobody is there" in health.reason
    host.is_up = True
    assert asyncio.run(target_looks.look_at_due(books.context, host)) == 0, "not so soon"  # type: ignore[arg-type]
    books.clock.advance(30)
    assert asyncio.run(target_looks.look_at_due(books.context, host)) == 1  # type: ignore[arg-type]
    assert gathered(books)[0] == (True, "")
    assert records(books, "Comes")[0].event == "web2 answers again"


def test_one_that_a_health_check_found_unwell_is_told_once_a_check_finds_it_well(books: House) -> None:
    live_on_targets(books)
    put(books, COMES)
    web1, task = targets.get(books.context, ADMIN, "web1").target, TaskId("tsk-check")
    target_states.found(books.context, task, web1.id, HealthState.UNHEALTHY, "the disk is full")
    assert gathered(books) == []
    target_states.found(books.context, task, web1.id, HealthState.HAS_WARNINGS, "the disk is nearly full")
    assert gathered(books) == [(True, "")]
    assert records(books, "Comes")[0].event == "web1 answers again"


def test_a_freeze_holds_what_came_back_until_it_ends(books: House) -> None:
    live_on_targets(books)
    put(books, COMES)
    end = books.clock.now() + timedelta(hours=1)
    freezes.add(books.context, ADMIN, freezes.Draft("Sale", ends_at=end, environments=["Test"]))
    targets.add(books.context, ADMIN, "web2", only_in=["Test"], tags=["web"])
    [(has_fired, _)] = gathered(books)
    made = books.deployment("1.0.0", "Test")
    assert (has_fired, made.state, made.held_by) == (True, DeploymentState.SCHEDULED, "Sale")


# Runbooks


def test_a_runbook_is_run_by_a_package_and_its_freeze_or_removal_is_told(plain: House) -> None:
    process = Process((ProcessStep("Tidy", (Action("Tidy", "script", {"script": "echo"}),)),))
    runbooks.put(plain.context, ADMIN, "books", runbooks.Draft("Tidy", process=process))
    tidy = replace(ORDERS, action=TriggerAction.RUN_RUNBOOK, runbook="Tidy", destination="Test")
    put(plain, tidy)
    push(plain, "1.0.0")
    assert told(plain) == [(False, "runbook.unpublished")]
    runbooks.publish(plain.context, ADMIN, "books", "Tidy")
    push(plain, "1.1.0")
    [fired, _] = records(plain)
    assert fired.has_fired and plain.task(fired.task).kind == "runbook"
    end = plain.clock.now() + timedelta(hours=1)
    freezes.add(plain.context, ADMIN, freezes.Draft("Sale", ends_at=end, binds_runbooks=True))
    push(plain, "1.2.0")
    assert told(plain)[0] == (False, "runbook.frozen")
    assert "not made good" in records(plain)[0].hint
    plain.begin(fired.task)
    plain.end(fired.task)
    with pytest.raises(Conflict) as caught:
        runbooks.remove(plain.context, ADMIN, "books", "Tidy")
    assert caught.value.code == "runbook.in_use"
    [because] = [triggers.why(plain.context, ADMIN, "books", "Orders").because[1]]
    assert (because.noun, because.thing) == ("task", fired.task)
