"""Output variables: three names for each, and which of several values is meant."""

from fairlead.domain.ids import SecretVersionId
from fairlead.domain.output_variables import Captured, OutputVariable, captured, seen_from
from fairlead.domain.text import SecretRef

STEP_A = (
    OutputVariable("StepA", "Web02", "TestResult", "Failed"),
    OutputVariable("StepA", "Web01", "TestResult", "Passed"),
)


def test_each_is_found_under_three_names() -> None:
    of_octopus = {one for one in captured(STEP_A) if one.name.startswith("Octopus.")}
    assert of_octopus == {
        Captured("Octopus.Action[StepA].Output[Web01].TestResult", "Passed"),
        Captured("Octopus.Action[StepA].Output[Web02].TestResult", "Failed"),
        Captured("Octopus.Action[StepA].Output.TestResult", "Passed", "Web01"),
        Captured("Octopus.Action[StepA].Output.TestResult", "Failed", "Web02"),
        Captured("Octopus.Action[StepA].Output.TestResult", "Failed"),
    }


def test_the_same_under_our_own_name() -> None:
    names = {one.name for one in captured(STEP_A)}
    assert {f"Fairlead.{name.partition('.')[2]}" for name in names if name.startswith("Octopus.")} <= names


def test_elsewhere_the_last_by_the_targets_names_is_meant_whichever_came_first() -> None:
    assert captured(STEP_A) == captured(tuple(reversed(STEP_A)))
    assert seen_from("", STEP_A)["Octopus.Action[StepA].Output.TestResult"] == "Failed"


def test_a_target_finds_its_own_value() -> None:
    assert seen_from("Web01", STEP_A)["Octopus.Action[StepA].Output.TestResult"] == "Passed"
    assert seen_from("web02", STEP_A)["Octopus.Action[StepA].Output.TestResult"] == "Failed"
    assert seen_from("Web03", STEP_A)["Octopus.Action[StepA].Output.TestResult"] == "Failed"
    assert seen_from("Web03", STEP_A)["Octopus.Action[StepA].Output[Web01].TestResult"] == "Passed"


def test_what_ran_on_no_target_has_one_name() -> None:
    found = seen_from("Web01", [OutputVariable("Back up", "", "Size", "3")])
    assert found == {"Octopus.Action[Back up].Output.Size": "3", "Fairlead.Action[Back up].Output.Size": "3"}


def test_the_last_set_of_one_target_holds_whatever_the_case_of_its_name() -> None:
    outputs = [OutputVariable("A", "Web", "Size", "1"), OutputVariable("A", "Web", "SIZE", "2")]
    assert seen_from("Web", outputs)["Octopus.Action[A].Output.SIZE"] == "2"
    assert len(seen_from("Web", outputs)) == 4


def test_a_secret_stays_a_reference() -> None:
    secret = SecretRef(SecretVersionId("sec-1"), "Token")
    found = seen_from("", [OutputVariable("A", "", "Token", secret)])
    assert set(found.values()) == {secret}
