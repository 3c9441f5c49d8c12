"""Whether a step, or a part of one, runs: judged when it is reached, and kept, so that a replay goes the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fairlead.domain.condition import DEPLOYMENT_ERROR, Condition, why_not
from fairlead.domain.errors import Invalid
from fairlead.domain.known_variables import Known
from fairlead.domain.output_variables import OutputVariable, seen_from
from fairlead.domain.process import RunCondition, action_of
from fairlead.domain.record import Json, from_data
from fairlead.domain.text import SecretRef, Text
from fairlead.engine.placed import PlacedPart, PlacedStep
from fairlead.engine.result import Failure, Result
from fairlead.engine.run import Here, NotRun, Outputs, Run

NOTHING_KNOWN = Known()
OUTPUTS = "outputs"
"""Under which key of an effect's output its output variables stand: name to text, or to a secret by reference."""


async def judged(run: Run, node: PlacedStep | PlacedPart, here: Here) -> NotRun | None:
    """None where it runs. What is known beforehand, and what failed, needs no record; an expression does."""
    if node.judging is None:
        return None
    planned = node.step if isinstance(node, PlacedStep) else node.part
    target = node.part.target if isinstance(node, PlacedPart) else ""
    when = planned.when or Condition(RunCondition.ALWAYS)

    def ask() -> str:
        # only an expression asks for what became known: a long process would read all its outputs at each part
        known = known_at(here, target) if when.on is RunCondition.VARIABLE else NOTHING_KNOWN
        return planned.skipped or why_not(when, here.error, known)

    if when.on is not RunCondition.VARIABLE and not ask():
        return None

    async def work() -> Json:
        return _kept(run, here, planned.title, target, ask).to_json()

    if (before := run.earlier.get(node.judging_name)) is not None:
        kept = Result.from_json(before)
    else:
        kept = Result.from_json(await run.journal.record(node.judging, node.judging_name, work))
    if kept.verdict == "error":
        return NotRun(kept.reason, Failure(kept.code, kept.reason, kept.hint))
    return NotRun(kept.reason) if kept.verdict == "skipped" else None


def _kept(run: Run, here: Here, title: str, target: str, ask: Callable[[], str]) -> Result:
    try:
        why = ask()
    except Invalid as invalid:
        run.books.say(run.task, "error", here.step, f"{title}: {invalid}", target=target)
        return Result("error", begun=False, code=invalid.code, reason=invalid.message, hint=invalid.hint)
    if not why:
        return Result("done", begun=False)
    run.books.say(run.task, "info", here.step, f"{title}: skipped, {why}", target=target)
    return Result("skipped", begun=False, reason=why)


def known_at(here: Here, target: str) -> Known:
    """What became known on the way: outputs as the target sees them, and the deployment's error."""
    found: dict[str, Text] = {name.lower(): text for name, text in _outputs(here.outputs, target).items()}
    if error := here.deployment_error or here.error:
        found |= {f"{prefix}.{DEPLOYMENT_ERROR}".lower(): error for prefix in ("Octopus", "Fairlead")}
    return Known(found)


def _outputs(outputs: Outputs, target: str) -> Mapping[str, Text]:
    captured: list[OutputVariable] = []
    for key, output in outputs.items():
        of, named = action_of(key), output.get(OUTPUTS)
        if of is not None and isinstance(named, dict):
            captured += [OutputVariable(of[0], of[1], name, _text(held)) for name, held in named.items()]
    return seen_from(target, captured)


def _text(held: Json) -> Text:
    return from_data(SecretRef, held) if isinstance(held, dict) else str(held)
