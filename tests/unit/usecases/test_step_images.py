"""Images of containers that steps run: the digest is looked up when the release is made, and is what runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.usecases.house import ADMIN, House

from fairlead.domain.errors import Invalid, NotFound
from fairlead.domain.looked_up import StepImage
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.step_template import Parameter, TemplateContent, UsedTemplate
from fairlead.usecases import processes, releases, runbooks, step_templates
from fairlead.usecases.context import Context
from fairlead.usecases.step_templates import Draft

DIGEST, OTHER = "sha256:" + "ab" * 32, "sha256:" + "cd" * 32


class SomeRegistry:
    """What `Context.look_up_image` asks: digests by name and tag, and how often it was asked."""

    def __init__(self) -> None:
        self.digests = {"redis:7.2": DIGEST}
        self.asked: list[str] = []

    def __call__(self, wanted: StepImage) -> str:
        self.asked.append(wanted.tagged)
        if wanted.tagged not in self.digests:
            raise NotFound("image.unknown", f"there is no image {wanted.tagged}", thing=str(wanted))
        return f"{wanted.tagged}@{self.digests[wanted.tagged]}"


@pytest.fixture
def registry() -> SomeRegistry:
    return SomeRegistry()


@pytest.fixture
def context(house: House, registry: SomeRegistry) -> Context:
    house.add_project("books")
    return replace(house.context, look_up_image=registry)


def process(image: str, **more: Any) -> Process:
    action = Action("Cache", "run-container", {"image": image}, **more)
    return Process((ProcessStep("Cache", (action,)),))


def released(context: Context, version: str) -> dict[str, str]:
    return dict(releases.create(context, ADMIN, "books", version=version, images={}, contents={}).step_images)


def test_the_digest_of_the_release_stays_whatever_the_tag_names_later(context: Context, registry: SomeRegistry) -> None:
    processes.put(context, ADMIN, "books", process("redis:7.2"))
    assert released(context, "1.0.0") == {"Cache": f"redis:7.2@{DIGEST}"}
    registry.digests["redis:7.2"] = OTHER
    assert released(context, "1.1.0") == {"Cache": f"redis:7.2@{OTHER}"}
    assert releases.get(context, ADMIN, "books", "1.0.0").release.step_images == {"Cache": f"redis:7.2@{DIGEST}"}


def test_an_image_without_a_tag_is_its_latest(context: Context, registry: SomeRegistry) -> None:
    registry.digests["registry.test:5000/tools/redis:latest"] = DIGEST
    processes.put(context, ADMIN, "books", process("registry.test:5000/tools/redis"))
    assert released(context, "1.0.0") == {"Cache": f"registry.test:5000/tools/redis:latest@{DIGEST}"}


@pytest.mark.parametrize(
    ("image", "more", "kept"),
    [
        (f"redis@{OTHER}", {}, {"Cache": f"redis@{OTHER}"}),
        ("#{Octopus.Action[Build].Output.Image}", {}, {}),
        ("redis:7.2", {"is_disabled": True}, {}),
    ],
)
def test_what_is_by_digest_named_by_a_variable_or_disabled_is_not_asked_for(
    context: Context, registry: SomeRegistry, image: str, more: dict[str, Any], kept: dict[str, str]
) -> None:
    processes.put(context, ADMIN, "books", process(image, **more))
    assert released(context, "1.0.0") == kept
    assert registry.asked == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, {"Cache": f"redis:7.2@{DIGEST}"}),
        ({"tag": "8"}, {"Cache": f"redis:8@{OTHER}"}),
        ({"Tag": "#{Redis.Tag}"}, {}),
    ],
)
def test_what_an_action_gives_its_step_template_is_known_when_the_release_is_made(
    context: Context, registry: SomeRegistry, given: dict[str, str], kept: dict[str, str]
) -> None:
    registry.digests["redis:8"] = OTHER
    content = TemplateContent("run-container", {"image": "redis:#{Tag}"}, (Parameter("Tag", default="7.2"),))
    step_templates.put(context, ADMIN, Draft("Run redis", content))
    action = Action("Cache", "", template=UsedTemplate("Run redis", 1, given))
    processes.put(context, ADMIN, "books", Process((ProcessStep("Cache", (action,)),)))
    assert released(context, "1.0.0") == kept


def test_no_release_is_made_of_an_image_that_is_not_there(context: Context) -> None:
    processes.put(context, ADMIN, "books", process("redis:8"))
    with pytest.raises(NotFound, match="redis:8") as refused:
        released(context, "1.0.0")
    assert refused.value.code == "image.unknown"
    assert releases.page(context, ADMIN, "books").items == ()


@pytest.mark.parametrize("image", ["Redis", "redis:", "re dis", "redis@sha256:12", "../redis", "https://hub/redis"])
def test_what_is_no_image_is_refused_when_the_process_is_kept(context: Context, image: str) -> None:
    with pytest.raises(Invalid, match="Cache") as refused:
        processes.put(context, ADMIN, "books", process(image))
    assert refused.value.code == "process.image"


def test_a_runbook_has_the_digests_of_when_it_was_published(context: Context, registry: SomeRegistry) -> None:
    runbooks.put(context, ADMIN, "books", runbooks.Draft("Warm up", process=process("redis:7.2")))
    made = runbooks.publish(context, ADMIN, "books", "Warm up").runbook
    assert made.published is not None and made.published.step_images == {"Cache": f"redis:7.2@{DIGEST}"}
