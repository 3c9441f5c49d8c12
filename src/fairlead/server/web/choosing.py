"""What of a process runs, as a form says it: the same fields for a deployment and for a run of a runbook."""

from __future__ import annotations

from fairlead.domain.process import ProcessChoice
from fairlead.server.web.visit import Form

GUIDED = {"yes": True, "no": False}


def choice_of(form: Form) -> ProcessChoice:
    """Names stand one on each line: they may have commas in them."""
    return ProcessChoice(
        form.lines("skip"),
        form.lines("only_targets"),
        form.lines("without_targets"),
        GUIDED.get(form.text("guided")),
        redeploys_packages=form.is_ticked("redeploy_packages"),
    )
