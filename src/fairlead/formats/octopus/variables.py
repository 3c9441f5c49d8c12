"""Variables of a project of Octopus, as a file of Fairlead has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.domain.names import VARIABLE
from fairlead.formats.ocl.tree import Block
from fairlead.formats.octopus.report import Report, Taking

_SCOPES = {
    "environment": "environment",
    "channel": "channel",
    "role": "target_tag",
    "target_role": "target_tag",
    "target_tag": "target_tag",
    "machine": "target",
    "deployment_target": "target",
    "action": "step",
    "step": "step",
    "tenant_tag": "tenant_tag",
    "tenant": "tenant",
    "process": "process",
    "runbook": "process",
}
_PLAIN_TYPES = ("", "String")


def variables_of(
    document: Block, report: Report, environments: Mapping[str, str], runbooks: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Every value that can be taken, as an entry of ``variables.yml``. `environments` and `runbooks`: our names by
    Octopus's."""
    taking = Taking(document, report)
    ours = {"environment": environments, "process": runbooks}
    made = [entry for block in taking.blocks("variable") for entry in _variable(block, report, ours)]
    taking.rest()
    return made


def _variable(block: Block, report: Report, ours: Mapping[str, Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    taking = Taking(block, report)
    kind = block.get("type")
    if not VARIABLE.fullmatch(block.label):
        report.left(block, "a variable cannot be called so")
        return
    if kind is not None and kind.value not in _PLAIN_TYPES:
        report.left(block, f"a variable of the type {kind.value} holds what lies in Octopus only: set it anew")
        return
    report.taken(block, "a variable")
    if kind is not None:
        taking.attribute("type")
    described = taking.text("description")
    for value in taking.blocks("value"):
        entry = _value(block.label, value, described, report)
        scope = entry.get("scope", {})
        for dimension, called in ours.items():
            if dimension in scope:
                scope[dimension] = sorted({called.get(name, name) for name in scope[dimension]})
        yield entry
    taking.rest()


def _value(name: str, block: Block, described: str, report: Report) -> dict[str, Any]:
    report.taken(block, "a value")
    taking = Taking(block, report)
    text = block.label if block.labels else taking.text("value", "the value")
    scope: dict[str, list[str]] = {}
    for key, ours in _SCOPES.items():
        names = taking.texts(key, f"the scope {ours}, named as in the file")
        if names:
            scope.setdefault(ours, []).extend(names)
    entry: dict[str, Any] = {"name": name, "value": text}
    if scope:
        entry["scope"] = {kind: sorted(set(names)) for kind, names in scope.items()}
    description = taking.text("description") or described
    if description:
        entry["description"] = description
    for prompt in taking.blocks("prompt"):
        entry["prompt"] = _prompt(prompt, report)
    taking.rest()
    return entry


def _prompt(block: Block, report: Report) -> dict[str, Any]:
    report.taken(block, "it is asked for")
    taking = Taking(block, report)
    made: dict[str, Any] = {
        "label": taking.text("label"),
        "description": taking.text("description"),
        "required": taking.flag("required"),
    }
    taking.rest()
    return {key: held for key, held in made.items() if held}
