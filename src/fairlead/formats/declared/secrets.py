"""Reads a file of secrets for placeholders: a YAML mapping from a placeholder's name to its value."""

from __future__ import annotations

from fairlead.domain.errors import ProjectFileInvalid
from fairlead.formats.declared.reading import BOUNDS
from fairlead.formats.findings import Findings
from fairlead.formats.node import Items, Scalar, Table
from fairlead.formats.yaml_tree import read_yaml


def read_secrets(name: str, content: bytes) -> dict[str, str]:
    """Placeholder → value. Raises `ProjectFileInvalid` `declaration.invalid`; no value is shown in it."""
    findings = Findings()
    root = read_yaml(name, content, findings, BOUNDS)
    found: dict[str, str] = {}
    if isinstance(root, Table):
        for key, node in root.nodes.items():
            if isinstance(node, Scalar) and node.text:
                found[key] = str(node.text)
            else:
                findings.problem(root.key_marks[key], key, "what is no text", "the value of the placeholder")
    elif isinstance(root, Items | Scalar):
        findings.problem(root.mark, "", "what is no mapping", "lines NAME: VALUE")
    if findings.problems:
        raise ProjectFileInvalid(tuple(findings.problems), code="declaration.invalid")
    return found
