"""What of a process runs, as a form says it: the same fields for a deployment and for a run of a runbook."""

from __future__ import annotations

from fairlead.domain.process import ProcessChoice
from fairlead.server.web.visit import Form

GUIDED = {"yes": True, "no": False}


def choice_of(form: Form) -> ProcessChoice:
    """Names stand one on each line: they may have commas in them."""
    return ProcessChoice(
        _lines(form.text("skip")),
        _lines(form.text("only_targets")),
        _lines(form.text("without_targets")),
        GUIDED.get(form.text("guided")),
        redeploys_packages=form.is_ticked("redeploy_packages"),
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.splitlines())))
