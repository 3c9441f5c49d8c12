"""A runbook of Octopus, as a file of Fairlead has it.

Octopus keeps one file a runbook in `.octopus/runbooks`, called by the runbook's slug: its settings, and in a block
`process` its steps, which are those of a deployment process. What is left out there is as Octopus has it by default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fairlead.domain.process import Process
from fairlead.domain.project import Tenancy
from fairlead.domain.runbook import LONGEST_NAME, MOST_KEPT_RUNS
from fairlead.formats.ocl.tree import Block
from fairlead.formats.octopus.behaviour import behaviour_of
from fairlead.formats.octopus.process import process_of
from fairlead.formats.octopus.report import Report, Taking, as_text
from fairlead.formats.process import as_yaml, written

_FILE = re.compile(r"runbooks/(?P<slug>[^/]+)\.ocl")
_TENANCIES = {
    "": Tenancy.UNTENANTED,
    "untenanted": Tenancy.UNTENANTED,
    "tenantedoruntenanted": Tenancy.EITHER,
    "tenanted": Tenancy.TENANTED,
}


def slug_of(path: str) -> str:
    """That of the runbook whose file it is; "" where it is no runbook's."""
    found = _FILE.fullmatch(path)
    return found["slug"] if found else ""


def runbook_names(documents: Mapping[str, Block]) -> dict[str, str]:
    """What each is called here, by slug: as in Octopus, as far as a runbook can be called so, and each once."""
    names: dict[str, str] = {}
    for path, document in documents.items():
        if slug := slug_of(path):
            said = document.get("name")
            wanted = as_text(said.value) if said else slug
            clean = "".join(one if one.isprintable() else " " for one in wanted.replace("/", "-"))
            clean = " ".join(clean.split())[: LONGEST_NAME - 4] or slug[: LONGEST_NAME - 4]
            made, number = clean, 2
            while made.lower() in {name.lower() for name in names.values()}:
                made, number = f"{clean} {number}", number + 1
            names[slug] = made
    return names


def runbook_text(name: str, document: Block, report: Report, environments: Mapping[str, str]) -> str:
    """Its file. `environments`: our names by Octopus's. It is not published: that stays a person's act."""
    taking = Taking(document, report)
    taking.attribute("name", "its name" if _says(document, "name") == name else f"it is called {name!r} here")
    made: dict[str, Any] = {"name": name}
    if description := taking.text("description"):
        made["description"] = description
    made |= _places(taking, environments)
    for block in taking.blocks("run_retention_policy", "retention_policy"):
        made |= _kept_runs(block, report)
    if tenancy := _TENANCIES.get(taking.text("multi_tenancy_mode", "for whom it may run").lower()):
        made["tenancy"] = tenancy.value
    behaviour = behaviour_of(taking, report)
    process = Process(())
    for block in taking.blocks("process"):
        report.taken(block, "its steps")
        process = process_of(block, report, environments)
    for name_of, why in _ELSEWHERE.items():
        taking.leave(document.get(name_of), why)
    taking.rest()
    return as_yaml({**made, **written(replace(process, **behaviour))})


_ELSEWHERE = {
    "force_package_download": "a package is had anew where it is not there",
    "cancel_queued_tasks": "a run that waits for its turn stays in the queue",
    "cancel_running_tasks": "a run is cancelled by a person",
}


def _places(taking: Taking, environments: Mapping[str, str]) -> dict[str, Any]:
    """Where it may run. Without a scope those that are named, if any are."""
    document = taking.block
    scope = taking.text("environment_scope", "where it may run").lower()
    if scope == "fromprojectlifecycles":
        taking.leave(document.get("environments"), "its scope is the project's lifecycle")
        return {"in_lifecycle": True}
    if scope == "all":
        taking.leave(document.get("environments"), "its scope is every environment")
        return {}
    named = taking.texts("environments", "where it may run")
    return {"environments": list(dict.fromkeys(environments.get(name, name) for name in named))} if named else {}


def _kept_runs(block: Block, report: Report) -> dict[str, int]:
    """By number; 0 is for ever to Octopus, and the default (of the space) is ours, too."""
    if "day" in _says(block, "unit").lower():
        report.left(block, "runs are kept by their number: say `keep_runs`")
        return {}
    report.taken(block, "how many runs stay")
    taking = Taking(block, report)
    kind = (taking.text("type") or taking.text("strategy")).lower()
    number = taking.text("quantity_to_keep")
    taking.attribute("unit")
    is_forever = taking.flag("should_keep_forever", f"if true, as many as can be: {MOST_KEPT_RUNS:,}")
    taking.rest()
    if is_forever or kind == "forever" or number == "0":
        return {"keep_runs": MOST_KEPT_RUNS}
    return {"keep_runs": min(MOST_KEPT_RUNS, int(number))} if number.isdigit() else {}


def _says(block: Block, name: str) -> str:
    found = block.get(name)
    return as_text(found.value) if found else ""
