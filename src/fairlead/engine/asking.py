"""Where a plan asks a person: manual interventions, and what to do about a failure.

Nobody is waited for in memory. Where an answer lacks, the way forward ends with the verdict *waits*; what runs beside
it comes to its end, the task is paused, and the answer begins its next run, which goes on from what the earlier ones
kept. Each run goes by the answers that were there when it began: they are one record of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias, assert_never

from fairlead.domain.interruption import Answered, Choice, InterruptionState, Question
from fairlead.domain.record import Json
from fairlead.domain.template.variables import Variables
from fairlead.domain.text import redact
from fairlead.engine.back import take_back
from fairlead.engine.judging import OUTPUTS, known_at
from fairlead.engine.placed import Placed, PlacedAsk, PlacedGuided, attempt_key
from fairlead.engine.result import Failure, Result, failure_of
from fairlead.engine.run import Here, Run
from fairlead.ports.durable import Reservation

Way: TypeAlias = "Callable[[Run, Placed, Here], Awaitable[Failure | None]]"


async def ask(run: Run, node: PlacedAsk, here: Here) -> Failure | None:
    """A manual intervention: goes on where somebody said so."""
    answered = run.answers.get(node.ask.key)
    if answered is None:
        return await _put(run, here, node.asking, node.ask.key, node.ask.question, "")
    by = answered.by or "nobody"
    if answered.choice is Choice.PROCEED:
        here.outputs[node.ask.key] = {OUTPUTS: _told(answered)}
        return None
    if answered.state is InterruptionState.EXPIRED:
        said = f"{node.ask.question.title}: nobody answered within {node.ask.question.expires_s:g} s"
        hint = "deploy it again once somebody can answer"
        return Failure("interruption.expired", said, hint, verdict="no")
    said = f": {answered.note}" if answered.note else ""
    return Failure("interruption.aborted", f"{node.ask.question.title}: {by} said no{said}", verdict="no")


async def guided(run: Run, node: PlacedGuided, here: Here, go: Way) -> Failure | None:
    """The node, and where it fails what a person says: as often again as they say so."""
    for number, attempt in enumerate(node.attempts):
        failure = await go(run, attempt, here)
        if failure is None or failure.is_final:
            return failure
        key = attempt_key(node.guided.key, number)
        answered = run.answers.get(key)
        if answered is None:
            here.failed()  # before the question is put: what is beside it may end meanwhile, and make room
            return await _put(run, here, node.asking, key, node.guided.question, failure.reason or failure.code)
        match answered.choice:
            case Choice.RETRY:
                if stuck := await take_back(run, attempt, here):
                    return stuck[0]
            case Choice.IGNORE:
                return None
            case Choice.EXCLUDE | Choice.FAIL | Choice.PROCEED | Choice.ABORT:
                return failure
            case _:
                assert_never(answered.choice)
    return None


async def _put(run: Run, here: Here, place: Reservation, key: str, question: Question, why: str) -> Failure | None:
    async def work() -> Json:
        return (await _opened(run, here, key, question, why)).to_json()

    return failure_of(Result.from_json(await run.journal.record(place, f"ask {key}", work)))


async def _opened(run: Run, here: Here, key: str, question: Question, why: str) -> Result:
    if here.scope.is_halted:
        return Result("skipped", begun=False, reason="something beside it had failed")
    if here.scope.stopped_by is not None:
        return Result("stopped", begun=False, stopped_by=here.scope.stopped_by, code="task.cancelled")
    here.touch()
    text = _filled(question, here)
    opening = partial(run.parts.interruptions.open, run.task, key, question, step=here.step, instructions=text, why=why)
    await run.books.ask(opening)
    run.books.say(run.task, "warning", here.step, f"{question.title}: waits for a person", target=question.target)
    return Result("waits", begun=False, code="interruption.waiting", reason=f"{question.title}: waits for a person")


def _filled(question: Question, here: Here) -> str:
    """The instructions with what is known by now; what is not stays as it is written, and secrets are never shown."""
    if "#{" not in question.instructions:
        return question.instructions
    values: dict[str, str | None] = {name: redact(text) for name, text in question.variables.items()}
    values |= {name: redact(text) for name, text in known_at(here, question.target).items()}
    return Variables(values).evaluate(question.instructions, is_lenient=True).text or ""


def _told(answered: Answered) -> dict[str, Json]:
    """The output variables of a manual intervention, by Octopus's names (docs, projects/built-in-step-templates/
    manual-intervention-and-approvals)."""
    return {
        "Manual.Notes": answered.note,
        "Manual.Approved": "True",
        "Manual.ResponsibleUser.Id": answered.by_id,
        "Manual.ResponsibleUser.Username": answered.by,
        "Manual.ResponsibleUser.DisplayName": answered.by,
        "Manual.ResponsibleUser.EmailAddress": answered.by_email,
    }
