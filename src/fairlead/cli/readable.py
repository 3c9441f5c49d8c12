"""The help as a person reads it: what a command is for in a whole sentence, what an option takes in plain words, and
what is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fairlead.cli.examples import EXAMPLES

WORDS = {"str": "text", "int": "number", "float": "number", "path": "path"}
"""What typer calls a value, and what people do."""


def readable(command: Any, path: str = "") -> Any:
    """The command of that path, and those below it. Typer would cut what a list of commands says of each after a few
    words."""
    for name, one in getattr(command, "commands", {}).items():
        readable(one, f"{path} {name}".strip())
    command.short_help = " ".join((command.help or "").partition("\n\n")[0].split())
    if path in EXAMPLES:
        command.epilog = "\b\nFor example:\n" + "\n".join(f"  {line}" for line in EXAMPLES[path])
    for parameter in command.params:
        parameter.display_type = _in_words(parameter, parameter.display_type)
    return command


def _in_words(parameter: Any, then: Callable[..., str]) -> Callable[..., str]:
    """`<text>`; with dots after it where an option may be given several times."""

    def shown(ctx: Any) -> str:
        said = then(ctx)[1:-1]
        bare = said.removeprefix("list[").removesuffix("]").removesuffix(" range").lower()
        again = "..." if getattr(parameter, "multiple", False) else ""
        return f"<{WORDS.get(bare, bare)}>{again}"

    return shown
