"""A script as it goes to its host: one archive on standard input, so that no value stands on a command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from fairlead.domain.script_output import ERROR_MARK
from fairlead.ports.connection import Command
from fairlead.steps.archives import in_memory

FOLDER = ".fairlead"
"""Below the run's own directory: what is ours."""


class Language(StrEnum):
    """What a script is written in."""

    BASH = "bash"
    PYTHON = "python"
    POWERSHELL = "powershell"


@dataclass(frozen=True, slots=True)
class Runner:
    """What runs a language: the program and its first arguments, our file that begins, and what scripts are called."""

    program: tuple[str, ...]
    start: str
    resource: str
    name: str


RUNNERS: Mapping[Language, Runner] = {
    Language.BASH: Runner(("bash", "--noprofile", "--norc"), "start.sh", "start.sh", "script.sh"),
    Language.PYTHON: Runner(("python3",), "start.py", "start.py.txt", "script.py"),
    Language.POWERSHELL: Runner(
        ("pwsh", "-NoLogo", "-NoProfile", "-NonInteractive", "-File"), "start.ps1", "start.ps1", "script.ps1"
    ),
}
SUFFIXES: Mapping[str, Language] = {
    ".sh": Language.BASH,
    ".py": Language.PYTHON,
    ".ps1": Language.POWERSHELL,
}


def command(
    language: Language,
    script: str,
    *,
    variables: Mapping[str, str],
    contents: Mapping[str, bytes],
    arguments: tuple[str, ...] = (),
    directory: str = "",
) -> Command:
    """What starts the script `script`, which is among `contents` (path → bytes) or lies at that absolute path, in that
    directory, or in one of its own."""
    held = {path: (content, 0o700) for path, content in contents.items()} | ours(language, variables)
    if directory:
        held[f"{FOLDER}/directory"] = (directory.encode(), 0o600)
    return Command(words(language, script, arguments), stdin=in_memory(held))


def words(language: Language, script: str, arguments: tuple[str, ...], *, acquired: str = "") -> tuple[str, ...]:
    """What unpacks standard input, a tar of the script, what lies beside it, and ours (`ours`), and starts it.
    `acquired` is a tar on the host (`steps.effects.acquired`) that is unpacked before it."""
    runner = RUNNERS[language]
    launch = _resource("launch.sh").replace("MARK", ERROR_MARK)
    path = script if script.startswith("/") else f"./{script}"
    start = (*runner.program, f"{FOLDER}/{runner.start}", path, *arguments)
    if acquired:
        return ("sh", "-c", _resource("acquired.sh") + launch, "fairlead-script", acquired, *start)
    return ("sh", "-c", launch, "fairlead-script", *start)


def ours(language: Language, variables: Mapping[str, str]) -> dict[str, tuple[bytes, int]]:
    """What goes with every script, last in its tar: path → content and mode."""
    runner = RUNNERS[language]
    return {
        f"{FOLDER}/{runner.start}": (_resource(runner.resource).encode(), 0o600),
        f"{FOLDER}/variables": (_written(language, variables), 0o600),
    }


def escaped(text: str) -> str:
    r"""One line that the shell's ``printf %b`` gives back as it was."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "")


def _written(language: Language, variables: Mapping[str, str]) -> bytes:
    if language is not Language.BASH:
        return json.dumps(dict(variables), ensure_ascii=False).encode()
    return "".join(f"{escaped(name)}\n{escaped(value)}\n" for name, value in variables.items()).encode()


@cache
def _resource(name: str) -> str:
    return files("fairlead.steps.scripts").joinpath(name).read_text(encoding="utf-8")
