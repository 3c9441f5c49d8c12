"""Processes as people write them: read with places, written as little as possible, and the same both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.domain.errors import ProjectFileInvalid
from fairlead.domain.process import (
    Action,
    NoTarget,
    PackageRedeployment,
    PackageRequirement,
    Process,
    ProcessStep,
    RunCondition,
    RunLocation,
    StartTrigger,
    UnavailableTargets,
    UnhealthyTargets,
)
from fairlead.formats.process import process_text, read_process, written

TEXT = b"""\
no_target: skip
steps:
  - name: Back up
    actions:
      - name: Back up
        kind: script
        properties: {body: "pg_dump\\n", keep: 3, quick: true, share: 0.5, version: "1.0"}
        environments: [Production]
  - name: Roll out
    start: with-previous
    target_tags: [web]
    window: 2
    condition: variable
    expression: '#{Go}'
    actions:
      - {name: Copy, kind: script, retries: 2, timeout_s: 60}
      - {name: Check, kind: http-check, runs_on: worker-for-targets, required: true}
"""


def test_a_file_is_read_with_the_types_of_its_properties() -> None:
    process = read_process("process.yaml", TEXT)
    properties = {"body": "pg_dump\n", "keep": 3, "quick": True, "share": 0.5, "version": "1.0"}
    assert process == Process(
        (
            ProcessStep("Back up", (Action("Back up", "script", properties, environments=("Production",)),)),
            ProcessStep(
                "Roll out",
                (
                    Action("Copy", "script", runs_on=RunLocation.TARGETS, retries=2, timeout_s=60.0),
                    Action("Check", "http-check", runs_on=RunLocation.WORKER_FOR_TARGETS, is_required=True),
                ),
                start=StartTrigger.WITH_PREVIOUS,
                condition=RunCondition.VARIABLE,
                expression="#{Go}",
                target_tags=("web",),
                window=2,
            ),
        ),
        no_target=NoTarget.SKIP,
    )


def test_what_holds_anyway_is_not_written() -> None:
    assert written(Process((ProcessStep("a", (Action("a", "script"),)),))) == {
        "steps": [{"name": "a", "actions": [{"name": "a", "kind": "script"}]}]
    }


def test_a_text_of_several_lines_is_written_as_a_block() -> None:
    action = Action("a", "script", {"body": "echo one\necho two\n"})
    assert "body: |\n" in process_text(Process((ProcessStep("a", (action,)),)))


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        (b"steps:\n  - name: a\n    actoins: []\n", 3, "actoins"),
        (b"steps:\n  - name: a\n    actions: []\n", 3, "a list"),
        (b"steps:\n  - name: a\n    actions:\n      - {name: b, kind: c, retries: 9}\n", 4, "9"),
        (b"steps: [\n", 1, ""),
        (b"guided: perhaps\n", 1, "perhaps"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: bytes, line: int, found: str) -> None:
    with pytest.raises(ProjectFileInvalid) as caught:
        read_process("process.yaml", text)
    told = [(problem.file, problem.line, problem.found) for problem in caught.value.problems]
    assert any((file, at) == ("process.yaml", line) and found in what for file, at, what in told), told


words = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="[]{}#"), min_size=1, max_size=12)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
    | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
actions = st.builds(
    Action,
    words,
    st.just("script"),
    st.dictionaries(words.filter(lambda word: not word.startswith("x-")), values, max_size=3),
    environments=st.lists(words, max_size=2).map(tuple),
    retries=st.integers(0, 3),
    is_required=st.booleans(),
    condition=st.sampled_from(RunCondition),
)
steps = st.builds(
    ProcessStep,
    words,
    st.lists(actions, min_size=1, max_size=2).map(tuple),
    start=st.sampled_from(StartTrigger),
    expression=words | st.just(""),
    parallelism=st.integers(1, 20),
    package_requirement=st.sampled_from(PackageRequirement),
)
processes = st.builds(
    Process,
    st.lists(steps, max_size=3).map(tuple),
    no_target=st.sampled_from(NoTarget),
    is_guided=st.none() | st.booleans(),
    author_may_approve=st.booleans(),
    unavailable_targets=st.sampled_from(UnavailableTargets),
    unhealthy_targets=st.sampled_from(UnhealthyTargets),
    package_redeployment=st.sampled_from(PackageRedeployment),
)


@given(processes)
def test_what_was_written_reads_back_as_the_same(process: Process) -> None:
    assert read_process("process.yaml", process_text(process).encode()) == process
