"""What a deployment asks for: answers given by --variable, or asked for at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from fairlead.cli.session import API, Session, segment
from fairlead.domain.errors import Invalid

REQUIRED = "prompt.required"


def questions(at: Session, project: str, version: str, environment: str, tenant: str = "") -> list[Mapping[str, Any]]:
    """What a deployment of the release there asks for."""
    path = f"{API}/projects/{segment(project)}/releases/{segment(version)}/prompts"
    return list(at.client.get(path, environment=environment, tenant=tenant)["items"])


def answers(asked: Sequence[Mapping[str, Any]], given: Sequence[str]) -> dict[str, str]:
    """``Label or Name:Value`` taken apart: the longest label or name that it begins with, for these may hold colons."""
    known = sorted({str(one[key]) for one in asked for key in ("label", "name")}, key=len, reverse=True)
    found: dict[str, str] = {}
    for one in given:
        name = next((name for name in known if one.lower().startswith(f"{name.lower()}:")), one.partition(":")[0])
        if not one[len(name) :].startswith(":"):
            raise Invalid("input.invalid", f"{one[:80]!r} is not an answer", hint='--variable "Label or Name:Value"')
        found[name] = one[len(name) + 1 :]
    return found


def at_terminal(asked: Sequence[Mapping[str, Any]], given: Mapping[str, str]) -> dict[str, str]:
    """Each question that was not answered yet; nothing where nobody is there to ask."""
    if not sys.stdin.isatty():
        return {}
    named = {name.lower() for name in given}
    found: dict[str, str] = {}
    for one in asked:
        if {str(one["label"]).lower(), str(one["name"]).lower()} & named:
            continue
        options = f" ({', '.join(one['options'])})" if one["options"] else ""
        is_hidden = one["control"] == "sensitive"
        words = f"{one['label']}{options}"
        found[str(one["name"])] = str(
            typer.prompt(words, default=one["value"], hide_input=is_hidden, show_default=not is_hidden, err=True)
        )
    return found
