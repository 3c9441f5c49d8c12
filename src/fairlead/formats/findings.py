"""What is found wrong or worth a warning while files are read: collected, so that a person sees all of it at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from fairlead.domain.errors import FairleadError, Problem, ProjectFileInvalid
from fairlead.domain.service import Harm
from fairlead.formats.node import Mark

PROBLEM_LIMIT = 100
"""Nobody reads more; a hostile file could make a million."""

SHOWN_LIMIT = 120


@dataclass(slots=True)
class Findings:
    """Problems (the file cannot be honoured), warnings (it is honoured otherwise than written) and harms (policy)."""

    problems: list[Problem] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    harms: list[Harm] = field(default_factory=list)

    def problem(
        self,
        mark: Mark,
        key: str,
        found: str,
        expected: str,
        *,
        code: str = "project_file.invalid",
        is_sentence: bool = False,
    ) -> None:
        """One thing that is wrong."""
        key, found, expected = (one_line(text) for text in (key, found, expected))
        problem = Problem(mark.file, mark.line, mark.column, key, found, expected, is_sentence)
        if len(self.problems) < PROBLEM_LIMIT and problem not in self.problems:
            self.problems.append(problem)
            self.codes.append(code)

    def error(self, mark: Mark, key: str, error: FairleadError) -> None:
        """An error of the domain, said at its place in the file."""
        self.problem(mark, key, error.message, error.hint.removeprefix("allowed: "), code=error.code, is_sentence=True)

    def warn(self, mark: Mark, key: str, text: str) -> None:
        """One thing that is honoured otherwise than written."""
        self.note(f"{mark}: {key}: {text}")

    def note(self, said: str) -> None:
        """A warning in full, once."""
        said = one_line(said)
        if len(self.warnings) < PROBLEM_LIMIT and said not in self.warnings:
            self.warnings.append(said)

    def harm(self, mark: Mark, service: str, key: str) -> None:
        """One thing that policy must allow."""
        harm = Harm(one_line(key), one_line(service), f"{mark.file}:{mark.line}")
        if harm not in self.harms:
            self.harms.append(harm)

    def stop_if_any(self) -> None:
        """Raise `ProjectFileInvalid` with all problems so far; its code is theirs where they agree on one."""
        if self.problems:
            code = self.codes[0] if len(set(self.codes)) == 1 else "project_file.invalid"
            known = code if code in ("variable.unknown", "variable.circular", "project_file.missing") else None
            raise ProjectFileInvalid(tuple(self.problems), code=known or "project_file.invalid")


def one_line(text: str) -> str:
    """What a file made up cannot pretend to be another line: control characters as their escapes."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def shown(value: object) -> str:
    """A value as an error shows it: short, on one line; a secret as its mark."""
    text = "null" if value is None else str(value)
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return repr(text if len(text) <= SHOWN_LIMIT else text[:SHOWN_LIMIT] + "…")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What is near, or what there is: the `expected` of an unknown name."""
    choices = sorted(known)
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"one of {', '.join(choices)}" if choices else "nothing of that kind"
