"""Every verb of the use cases has an operation of the API, and every operation a command; exceptions have reasons."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tests.unit.usecases.test_permissions import VERBS

import fairlead
from fairlead.server.app import described

ROOT = Path(fairlead.__file__).parent
NOT_ASKED_FOR = {
    "audit.note_refused": "what the rim says of an actor",
    "declarations.take": "a part of making a release",
    "deployments.ask": "a part of other verbs",
    "gates.require_override": "a part of deployments.create",
    "kept_slots.ask": "a part of deployments.create and deployments.keep",
    "runs.saw_head": "a part of looking.look",
    "targets.to_look_at": "a part of targets.check and target_files.preview",
    "waiting.supersede": "a part of deployments.ask",
}
"""Verbs that nobody asks for, and why."""
INSIDE = {
    "certificates.ending": "the hint on the dashboard; the API lists each certificate with its end",
    "approvals.count_waiting": "the number beside the word in the menu; the API lists what waits",
    "interruptions.count_waiting": "the number beside the word in the menu; the API lists what waits",
    "environments.all_of": "what forms offer; the API lists them by `page`",
    "evaluating.evaluate": "image_looks.evaluate, which looks at the registry first",
    "lifecycles.all_of": "what forms offer; the API lists them by `page`",
    "looking.look": "server.life, which POST /projects/{project}/look asks",
    "overview.row": "the grid's row on a project's page; the API filters the grid",
    "runbooks.names": "what the form of triggers offers; the API lists runbooks",
    "roles.all_of": "what forms offer; the API lists them by `page`",
    "runbook_runs.newest_of": "part of the page of runbooks; the API lists the runs of each",
    "tenanted.meant": "for whom a page shows plans; the API lists tenants, and plans for each",
    "tenants.names": "what forms offer; the API lists tenants",
    "triggers.all_of": "what the files of a project have; the API lists them by `page`",
    "triggers.lately_evaluated": "part of the page of triggers; the API lists the record of each",
    "variable_preview.choices": "what the form of the page offers; the API is given what to preview",
    "variables.named": "part of the page of one variable; the API filters its list by name",
}
"""Verbs that the API reaches by another way, and which."""
WITHOUT_A_COMMAND = {
    "GET /api/v1/deployments/{id}/changes": "`fairlead release changes` tells it of the release",
    "GET /healthz": "for load balancers",
    "GET /readyz": "for load balancers",
    "GET /metrics": "for Prometheus",
    "POST /api/v1/me/password": "of a person, on the pages: commands have a key",
    "POST /hooks/registry": "for registries",
    "POST /hooks/{webhook}": "for forges",
}
"""Operations that no command asks for, and why."""
FROM_PARTS = {
    "build_information": ["/build-information/{package}/{version}"],
    "packages": ["/packages/{package}/{version}", "/packages/{package}/{version}/content"],
    "variables": ["/projects/{project}/variables/{name}", "/library-sets/{library_set}/variables/{name}"],
    "channels": ["/projects/{project}/channels/{channel}"],
    "step_templates": [
        "/step-templates/{template_name}/users/plan",
        "/step-templates/{template_name}/users/move",
        "/step-templates/{template_name}/versions/{number}",
    ],
    "runbooks": [
        "/projects/{project}/runbooks/{runbook_name}/plan",
        "/projects/{project}/runbooks/{runbook_name}/prompts",
        "/projects/{project}/runbooks/{runbook_name}/tenant-runs",
        "/projects/{project}/runbooks/{runbook_name}/runs/several",
    ],
    "deployments": ["/projects/{project}/environments/{environment}/retire"],
    "commands": [
        f"/projects/{{project}}/environments/{{environment}}/services/{{service}}/{act}" for act in ("run", "exec")
    ],
}
"""Addresses that a module of the command line puts together from parts, so that none of its texts has the whole."""


def used_in(room: Path) -> set[str]:
    """module.function of each use case that the room names."""
    found: set[str] = set()
    for file in room.rglob("*.py"):
        tree = ast.parse(file.read_text())
        known: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "fairlead.usecases":
                known |= {name.asname or name.name: name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fairlead.usecases."):
                found |= {f"{str(node.module).rpartition('.')[2]}.{name.name}" for name in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
                found.add(f"{known[node.value.id]}.{node.attr}")
    return found


def test_every_verb_can_be_asked_for_through_the_api() -> None:
    missing = set(VERBS) - used_in(ROOT / "server" / "api")
    assert missing == {*NOT_ASKED_FOR, *INSIDE}


OPERATIONS = sorted(f"{method.upper()} {path}" for path, methods in described()["paths"].items() for method in methods)


def asked_by_commands() -> list[str]:
    """Every address that the command line's source spells, `{}` for what is put in."""
    trees = [ast.parse(file.read_text()) for file in (ROOT / "cli").rglob("*.py")]
    texts = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    return ["".join(map(_spelt, text.values)) for text in texts]


def _spelt(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "{}"


ASKED = asked_by_commands()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_asked_for_by_a_command(operation: str) -> None:
    path = operation.partition(" ")[2].removeprefix("/api/v1")
    pattern = re.compile(r".*" + re.sub(r"\\\{\w+\\\}", r"(?:[^/]+|\\{\\})", re.escape(path)) + r"(?:\?.*)?")
    is_asked = any(pattern.fullmatch(one) for one in ASKED) or any(path in paths for paths in FROM_PARTS.values())
    assert is_asked != (operation in WITHOUT_A_COMMAND), operation


def test_no_exception_is_left_over() -> None:
    assert set(WITHOUT_A_COMMAND) <= set(OPERATIONS)
    paths = {operation.partition(" ")[2].removeprefix("/api/v1") for operation in OPERATIONS}
    assert {path for known in FROM_PARTS.values() for path in known} <= paths
    assert all((ROOT / "cli" / f"{module}.py").is_file() for module in FROM_PARTS)
