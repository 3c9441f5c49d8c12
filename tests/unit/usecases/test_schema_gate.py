"""The schema gate from the books: the live release is compiled for it, its plan is shown, and how it ended is told."""

from __future__ import annotations

import asyncio

from tests.unit.usecases.house import ADMIN, DIGEST, OTHER_DIGEST, House

from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Plan, all_effects, steps_of
from fairlead.domain.record import to_data
from fairlead.domain.task import TaskState
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import (
    LABEL_ENVIRONMENT,
    LABEL_KEY,
    LABEL_KIND,
    LABEL_PROJECT,
    LABEL_SERVICE,
    ContainerSpec,
)
from fairlead.ports.tasks import End
from fairlead.steps.blueprint import KIND_ACCESSORY
from fairlead.steps.effects.basis import read
from fairlead.steps.effects.schema import CONTRACTION, Stood
from fairlead.steps.effects.state import STATE_BEFORE
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.fake_catalogue import FakeCatalogue
from fairlead.testing.fake_container_engine import FakeContainerEngine
from fairlead.testing.fake_proxy import FakeProxy, ProxyWorld
from fairlead.testing.fake_source import FakeSource
from fairlead.usecases import foreseeing
from fairlead.usecases.binding import Binding, Outside

POSTGRES = "registry.test/db@sha256:" + "ef56" * 16
FILE = """\
project: books
services:
  web: {image: %s, port: 8080, environment: {DB_HOST: db}}
  db: {image: %s, accessory: true}
migrate:
  service: web
  command: [./migrate]
  database: db
  after-retire: {service: web, command: [./contract]}
"""


async def outside_of(house: House) -> Outside:
    """The accessory of `Test` runs."""
    world = ContainerWorld(house.clock)
    world.add_image(POSTGRES)
    engine = FakeContainerEngine(world)
    labels = {LABEL_PROJECT: "books", LABEL_ENVIRONMENT: "Test", LABEL_KIND: KIND_ACCESSORY, LABEL_SERVICE: "db"}
    await engine.ensure_container(ContainerSpec("books-test_db", POSTGRES, labels={**labels, LABEL_KEY: "db"}))
    await engine.start("books-test_db")
    proxy = FakeProxy(ProxyWorld(), house.clock)
    return Outside(engine, proxy, FakeCatalogue(), house.records, house.context.secrets, FakeSource())


def two_releases(house: House) -> None:
    house.add_release("1.0.0", file=FILE % (DIGEST, POSTGRES))
    house.go_live("1.0.0")
    house.add_release("1.1.0", image=OTHER_DIGEST, file=FILE % (OTHER_DIGEST, POSTGRES))


def images_in_the_gate(plan: Plan) -> dict[str, str]:
    stood = {one.service: read(Stood, one).service for one in all_effects(plan) if one.kind == "schema.service"}
    return {name: service.blueprint.image for name, service in stood.items()}


def test_the_plan_shows_the_gate_with_the_live_releases_images(books: House) -> None:
    two_releases(books)
    outside = asyncio.run(outside_of(books))
    found = asyncio.run(foreseeing.preview(books.context, ADMIN, outside, "books", "1.1.0", "Test"))
    assert found.foreseen.migration.startswith("tried first on a copy of the schema, against 1.0.0")
    assert images_in_the_gate(found.plan) == {"db": POSTGRES, "web": DIGEST}
    first = asyncio.run(foreseeing.preview(books.context, ADMIN, outside, "books", "1.1.0", "Production"))
    assert any("the schema gate is left out: nothing is live" in note for note in first.plan.notes)


def test_what_is_bound_has_the_gate_before_anything_is_started(books: House) -> None:
    two_releases(books)
    task = books.deployment("1.1.0").task

    async def bound() -> object:
        return await Binding(books.context, await outside_of(books)).bind(TaskId(str(task)))

    plan = asyncio.run(bound())
    assert isinstance(plan, Plan), plan
    names = [step.name for step in steps_of(plan.forward)]
    assert names.index("schema") < names.index("accessories") < names.index("migrate") < names.index("start")
    assert images_in_the_gate(plan) == {"db": POSTGRES, "web": DIGEST}


def test_a_contraction_that_failed_is_told_with_the_end(books: House) -> None:
    two_releases(books)
    task = TaskId(str(books.deployment("1.1.0").task))
    books.begin(task)

    async def concluded(*, is_noted: bool) -> End:
        binding = Binding(books.context, await outside_of(books))
        before = await binding._capture(Place("books", "Test"))
        await books.records.note(task, STATE_BEFORE, to_data(before))
        if is_noted:
            await books.records.note(task, CONTRACTION, {"reason": "the contraction ended with 1: locked", "hint": "h"})
        return await binding.conclude(task, End(TaskState.SUCCEEDED))

    assert asyncio.run(concluded(is_noted=False)).code == ""
    end = asyncio.run(concluded(is_noted=True))
    assert (end.state, end.code) == (TaskState.SUCCEEDED, "migration.contraction")
    assert end.reason == "live, but the contraction ended with 1: locked"
