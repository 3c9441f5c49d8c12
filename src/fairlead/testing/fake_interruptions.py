"""Questions to persons, in memory; a test answers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fairlead.domain.ids import TaskId
from fairlead.domain.interruption import Answered, Choice, InterruptionState, Question


@dataclass(slots=True)
class FakeInterruptions:
    """`ports.interruptions.Interruptions`. `asked` keeps each question with its instructions and its reason."""

    asked: dict[tuple[TaskId, str], tuple[Question, str, str]] = field(default_factory=dict)
    given: dict[tuple[TaskId, str], Answered] = field(default_factory=dict)

    async def open(self, task: TaskId, key: str, question: Question, *, step: str, instructions: str, why: str) -> None:
        self.asked.setdefault((task, key), (question, instructions, why))

    async def answers(self, task: TaskId) -> Sequence[Answered]:
        return tuple(answer for (of, _), answer in self.given.items() if of == task)

    def waiting(self, task: TaskId) -> list[str]:
        """Keys of what nobody has answered, in the order of asking."""
        return [key for (of, key) in self.asked if of == task and (of, key) not in self.given]

    def answer(
        self,
        task: TaskId,
        key: str,
        choice: Choice,
        note: str = "",
        *,
        state: InterruptionState = InterruptionState.ANSWERED,
    ) -> None:
        """Somebody says so; the first answer holds."""
        question = self.asked[task, key][0]
        by = ("ada", "usr-ada", "ada@example.com")
        answered = Answered(key, choice, state, note, *by, question.target, title=question.title)
        self.given.setdefault((task, key), answered)
