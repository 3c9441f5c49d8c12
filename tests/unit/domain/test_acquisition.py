"""When packages are acquired: which steps may ask to come before or behind it, and which cannot."""

from dataclasses import replace

import pytest

from fairlead.domain.acquisition import digests_in, groups_of
from fairlead.domain.errors import Invalid
from fairlead.domain.process import Action, PackageRequirement, Process, ProcessStep, RunLocation, StartTrigger
from fairlead.domain.process_rules import checked

KINDS = ("script", "deploy-package", "deploy-services", "run-tests", "run-container")
BEFORE, AFTER = PackageRequirement.BEFORE, PackageRequirement.AFTER
PINNED = f"tests@sha256:{'a' * 64}"


def step(
    name: str, kind: str = "script", asks: PackageRequirement = PackageRequirement.ANY, **properties: object
) -> ProcessStep:
    action = Action(name, kind, properties)  # type: ignore[arg-type]
    if kind == "deploy-package":
        action = replace(action, runs_on=RunLocation.TARGETS)
        return ProcessStep(name, (action,), target_tags=("web",), package_requirement=asks)
    return ProcessStep(name, (action,), package_requirement=asks)


LOOK, TOOLS = step("Look"), step("Tools", "deploy-package", package="Tools")
BESIDE = replace(step("Look", asks=BEFORE), start=StartTrigger.WITH_PREVIOUS)


@pytest.mark.parametrize(
    "steps",
    [
        (step("Look", asks=BEFORE), TOOLS),
        (step("Look", asks=AFTER), TOOLS),
        (TOOLS, step("Look", asks=AFTER)),
        (step("Look", asks=BEFORE), step("Tell", asks=BEFORE)),
        (step("Test", "run-tests", asks=BEFORE, image="tests:1"), TOOLS),
        (step("Cache", "run-container", asks=BEFORE, image="#{Image}"), TOOLS),
        (replace(TOOLS, actions=(replace(TOOLS.actions[0], is_disabled=True),)), step("Look", asks=BEFORE)),
    ],
)
def test_steps_may_come_before_or_behind(steps: tuple[ProcessStep, ...]) -> None:
    assert checked(Process(steps), KINDS).steps == steps


@pytest.mark.parametrize(
    ("steps", "code", "thing", "words"),
    [
        (
            (replace(TOOLS, package_requirement=BEFORE),),
            "process.package_requirement",
            "Tools",
            "its action Tools uses one",
        ),
        ((step("Swap", "deploy-services", BEFORE),), "process.package_requirement", "Swap", "its action Swap uses one"),
        ((step("Test", "run-tests", BEFORE, image=PINNED),), "process.package_requirement", "Test", "uses one"),
        (
            (step("Cache", "run-container", BEFORE, image="redis:7"),),
            "process.package_requirement",
            "Cache",
            "uses one",
        ),
        ((TOOLS, step("Look", asks=BEFORE)), "process.package_order", "Look", "before step Tools, which comes earlier"),
        ((TOOLS, BESIDE), "process.package_order", "Look", "before step Tools, which starts with it"),
        ((step("Wait", asks=AFTER), step("Look", asks=BEFORE)), "process.package_order", "Look", "before step Wait"),
    ],
)
def test_what_cannot_be_is_refused_and_named(steps: tuple[ProcessStep, ...], code: str, thing: str, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        checked(Process(steps), KINDS)
    assert (caught.value.code, caught.value.thing) == (code, thing) and words in caught.value.message


def test_images_by_digest_are_known_beforehand_and_others_are_the_actions_affair() -> None:
    matrix = {"images": [PINNED, "tests:1", "#{Registry}/" + PINNED]}
    assert digests_in(Action("Test", "run-tests", {"matrix": matrix})) == (PINNED,)
    assert digests_in(Action("Test", "script", {"image": PINNED})) == ()


def test_steps_that_start_together_are_one_group() -> None:
    groups = groups_of((LOOK, BESIDE, TOOLS))
    assert [[one.name for one in group] for group in groups] == [["Look", "Look"], ["Tools"]]
