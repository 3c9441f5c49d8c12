"""Containers that steps run: policy is asked when a deployment or run is asked for, and an end finds what they left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import Invalid, Refused
from fairlead.domain.looked_up import StepImage
from fairlead.domain.plan import effects_of, steps_of
from fairlead.domain.process import Action, Process, ProcessStep, RunLocation
from fairlead.store import environments
from fairlead.store import projects as stored
from fairlead.usecases import deployments, planning, policies, processes, projects, releases, runbook_runs, runbooks
from fairlead.usecases import targets as targeting
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going
from fairlead.usecases.left_on_targets import hosts_of_steps
from fairlead.usecases.targets import NewSsh

DIGEST = "sha256:" + "ab" * 32
PORT = {"ports": ["6379:6379"]}
KEY = "port:0.0.0.0:6379"


def digest_of(wanted: StepImage) -> str:
    return f"{wanted.tagged}@{DIGEST}"


@pytest.fixture
def context(house: House) -> Context:
    house.add_project("books")
    return replace(house.context, look_up_image=digest_of)


def process(*, tags: tuple[str, ...] = (), image: str = "redis:7.2", **properties: Any) -> Process:
    on = RunLocation.TARGETS if tags else RunLocation.SERVER
    action = Action("Cache", "run-container", {"image": image, **properties}, runs_on=on)
    return Process((ProcessStep("Cache", (action,), target_tags=tags),))


def released(context: Context, version: str, held: Process) -> None:
    processes.put(context, ADMIN, "books", held)
    releases.create(context, ADMIN, "books", version=version, images={}, contents={})


def intended(context: Context, version: str) -> planning.Intended:
    with context.database.reading() as connection:
        owner = projects.get(context, ADMIN, "books")
        found = planning.release_named(connection, owner, version)
        going = Going(owner, environments.by_name(connection, "Test"), found)
        return planning.intend(context, connection, going)


def test_the_plan_runs_the_releases_digest_and_the_hash_covers_it(context: Context) -> None:
    released(context, "1.0.0", process())
    made = intended(context, "1.0.0")
    pull, run = effects_of(made.plan.forward)
    assert (pull.title, run.title) == (f"pull redis:7.2@{DIGEST}", f"Cache: run redis:7.2@{DIGEST}")
    assert [one.title for one in steps_of(made.plan.always)] == ["Remove containers that were replaced or stopped"]
    assert made.plan.intention["process"]["step_images"] == {"Cache": f"redis:7.2@{DIGEST}"}  # type: ignore[call-overload,index]


def test_what_could_harm_the_host_is_refused_until_an_administrator_allows_it(context: Context) -> None:
    released(context, "1.0.0", process(**PORT))
    with pytest.raises(Refused, match="the process asks") as refused:
        deployments.create(context, ADMIN, "books", "1.0.0", "Test")
    assert refused.value.code == "policy.refused"
    assert f"{KEY} of Cache (step Cache)" in refused.value.message
    assert f"fairlead policy allow {KEY}" in refused.value.hint
    policies.allow(context, ADMIN, "books", KEY, environment="Test")
    assert deployments.create(context, ADMIN, "books", "1.0.0", "Test").deployment.task
    assert intended(context, "1.0.0").plan.warnings == (f"{KEY} of Cache is allowed by {ADMIN.name}",)


def test_a_runbook_asks_the_same_policy(context: Context) -> None:
    runbooks.put(context, ADMIN, "books", runbooks.Draft("Warm up", process=process(**PORT)))
    runbooks.publish(context, ADMIN, "books", "Warm up")
    with pytest.raises(Refused, match="the runbook Warm up asks") as refused:
        runbook_runs.run(context, ADMIN, "books", "Warm up", "Test")
    assert refused.value.code == "policy.refused"
    policies.allow(context, ADMIN, "books", KEY)
    assert runbook_runs.run(context, ADMIN, "books", "Warm up", "Test")


def test_properties_of_another_kind_are_refused_when_the_process_is_kept(context: Context) -> None:
    for wrong in ({"image": 7}, {"image": "redis", "privileged": True}, {"command": ["serve"]}):
        with pytest.raises(Invalid) as refused:
            held = Process((ProcessStep("Cache", (Action("Cache", "run-container", wrong),)),))
            processes.put(context, ADMIN, "books", held)
        assert refused.value.code == "process.properties"


def test_an_end_looks_at_the_hosts_that_steps_of_any_release_run_on(context: Context) -> None:
    for name, tags in (("far", ["cache"]), ("other", ["web"])):
        access = NewSsh("127.0.0.1", "deploy", 22, "-----BEGIN PRIVATE KEY-----\na key", "")
        targeting.add(context, ADMIN, name, only_in=["Test"], tags=tags, ssh=access)
    targeting.add(context, ADMIN, "near", only_in=["Test"], tags=["cache"])
    released(context, "1.0.0", process(tags=("Cache",)))
    processes.put(context, ADMIN, "books", process())
    with context.database.reading() as connection:
        owner, place = stored.by_name(connection, "books"), environments.by_name(connection, "Test")
        assert list(hosts_of_steps(connection, owner, place).values()) == ["far"]
        elsewhere = environments.by_name(connection, "Production")
        assert hosts_of_steps(connection, owner, elsewhere) == {}
