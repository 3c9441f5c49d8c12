"""What stands below .fairlead is checked whole without a server: broken rules are problems, unknown names warnings."""

from __future__ import annotations

import pytest

from fairlead.entry.client import kinds
from fairlead.formats.project import validate

PROJECT = b"project: books\nservices: {web: {image: nginx, port: 80}}\n"
PROCESS = b"""steps:
  - name: Migrate
    actions: [{name: Run it, kind: script, properties: {script: echo}}]
  - name: Deploy
    actions: [{name: Services, kind: deploy-services}]
  - name: Tell
    actions:
      - {name: Say, kind: script, properties: {script: "echo #{Octopus.Action[Run it].Output.Rows}"}}
"""
RUNBOOK = b"name: Tidy\nsteps: [{name: Delete, actions: [{name: Delete, kind: script, properties: {script: ls}}]}]\n"
CHANNELS = b"channels: [{name: Default}, {name: Hot, rules: [{range: '[1.0,2.0)'}]}]\n"
TRIGGERS = b"triggers:\n  - {name: Nightly, cron: 0 3 * * *, destination: Test, channel: Hot}\n"
VARIABLES = b"""variables:
  - {name: A, value: "#{B}", scope: {step: [Run it], process: [Tidy], channel: [Hot], environment: [Test]}}
  - {name: B, value: b}
"""
WELL = {
    "process.yml": PROCESS,
    "runbooks/tidy.yml": RUNBOOK,
    "channels.yml": CHANNELS,
    "triggers.yml": TRIGGERS,
    "variables.yml": VARIABLES,
}


def found(files: dict[str, bytes]) -> tuple[list[str], list[str]]:
    tree = {"fairlead.yml": PROJECT} | {f".fairlead/{name}": content for name, content in files.items()}
    warnings, problems = validate(tree, ["Test", "Production"], kinds=kinds())
    return [one for one in warnings if ".fairlead" in one], [str(one) for one in problems]


def test_what_fits_together_is_well() -> None:
    assert found(WELL) == ([], [])


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("process.yml", b"kind: script, properties: {script: echo}", b"kind: dance", "process.yml:3:16: steps[0]"),
        (
            "process.yml",
            b"{script: echo}",
            b"{scirpt: echo}",
            "process.yml:3:16: steps[0].actions[0].name: the properties",
        ),
        (
            "process.yml",
            b"kind: deploy-services",
            b"kind: deploy-release, properties: {project: books}",
            "action Services would deploy its own project in the end: books → books",
        ),
        (
            "runbooks/tidy.yml",
            b"kind: script, properties: {script: ls}",
            b"kind: deploy-release, properties: {project: books}",
            "would deploy its own project",
        ),
        (
            "process.yml",
            b"{script: echo}",
            b"{file: a.sh, repository: {url: '--upload-pack=x', ref: main}}",
            "is not an address of a repository",
        ),
        ("process.yml", b"Action[Run it]", b"Action[Run]", "steps[2].actions[0].properties.script: found"),
        ("process.yml", b"name: Tell", b"name: Deploy", "process.yml:4:5: steps[1].name: two steps are called"),
        (
            "process.yml",
            b"- name: Deploy",
            b"- package_requirement: before-acquisition\n    name: Deploy",
            "process.yml:5:5: steps[1].name: step Deploy is to come before packages are acquired",
        ),
        (
            "process.yml",
            b"- name: Tell",
            b"- package_requirement: before-acquisition\n    name: Tell",
            "process.yml:7:5: steps[2].name: step Tell is to come before packages are acquired, and they are",
        ),
        ("runbooks/tidy.yml", b"kind: script, properties: {script: ls}", b"kind: deploy-services", "needs a release"),
        ("runbooks/tidy.yml", b"ls", b"'#{Octopus.Step[Deploy].Status}'", "there is no such step or action"),
        ("channels.yml", b"[1.0,2.0)", b"[1.0", "channels.yml:1:49: channels[1].rules[0]: rule 1"),
        ("channels.yml", b"Default}", b"Default, default: true}, {name: X, default: true}", "a second default channel"),
        ("triggers.yml", b"0 3", b"0 33", "triggers.yml:2:"),
        ("triggers.yml", b"0 3 * * *", b"0 3 30 2 *", "is never due"),
        ("triggers.yml", b"destination", b"zone: Here, destination", "'Here' is not a time zone"),
        ("variables.yml", b"value: b", b"value: '#{C}'}\n  - {name: C, value: '#{B}'", "name each other: B → C → B"),
        ("variables.yml", b"name: B", b"name: 'B}'", "variables.yml:3:"),
    ],
)
def test_a_broken_rule_is_told_at_its_line(name: str, old: bytes, new: bytes, said: str) -> None:
    assert WELL[name] != WELL[name].replace(old, new)
    warnings, problems = found(WELL | {name: WELL[name].replace(old, new, 1)})
    assert len(problems) == 1 and problems[0].startswith(f".fairlead/{name}:") and said in problems[0], problems
    assert not warnings


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("variables.yml", b"[Run it]", b"[Run]", "variables.yml:2:45: variables[0].scope.step[0]: no step 'Run'"),
        ("variables.yml", b"[Tidy]", b"[Tyde]", "no process 'Tyde'"),
        ("variables.yml", b"[Hot]", b"[Cold]", "no channel 'Cold'"),
        ("variables.yml", b"[Test]", b"[Tset]", "no environment 'Tset'"),
        ("variables.yml", b"value: b", b"value: '#{A}'", "where all of them hold"),
        ("variables.yml", b"value: b", b"value: '#{Octopus.Action[None].Output.X}'", "no such step or action"),
        ("triggers.yml", b"Test", b"Tset", "triggers.yml:2:"),
        ("triggers.yml", b"Hot", b"Cold", "no channel 'Cold'"),
        ("process.yml", b"kind: deploy-services", b"kind: deploy-services, channels: [Cold]", "no channel 'Cold'"),
        ("runbooks/tidy.yml", b"name: Tidy", b"name: Tidy\nenvironments: [Tset]", "no environment 'Tset'"),
    ],
)
def test_a_name_that_nothing_declares_is_a_warning(name: str, old: bytes, new: bytes, said: str) -> None:
    warnings, problems = found(WELL | {name: WELL[name].replace(old, new, 1)})
    assert problems == []
    assert len(warnings) == 1 and said in warnings[0], warnings


def test_what_the_server_alone_declares_is_no_warning() -> None:
    assert found({"variables.yml": VARIABLES, "triggers.yml": TRIGGERS}) == ([], [])


def test_a_file_that_declares_nothing_is_told_with_what_was_meant() -> None:
    _, problems = found({"proces.yml": PROCESS, "lifecycles.yml": b"lifecycles: []", "README.md": b""})
    assert len(problems) == 2
    assert "did you mean '.fairlead/process.yml'" in problems[1]
    assert ".fairlead/lifecycles.yml" in problems[0]
