"""The reference of the commands, made from the tree of a command line: of `fairlead` and of `fairlead-server`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
from typer.main import get_command

from fairlead.cli.examples import EXAMPLES


def tree(app: typer.Typer, name: str) -> str:
    """Every command with its help, its arguments and options, as Markdown."""
    return "\n".join(_commands(get_command(app), name))


def _commands(command: Any, path: str) -> Iterator[str]:
    below = getattr(command, "commands", None)
    if below is None:
        yield from _one(command, path)
        return
    for name in sorted(below):
        yield from _commands(below[name], f"{path} {name}")


def _one(command: Any, path: str) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    words = [path, *(_argument(one) for one in arguments), *(["[OPTIONS]"] if options else [])]
    yield f"### `{' '.join(words)}`\n"
    yield f"{' '.join((command.help or '').split())}\n"
    rows = [(one.name.upper(), getattr(one, "help", "") or "") for one in arguments]
    rows += [(_option(one), _with_default(one)) for one in options]
    if any(words for _, words in rows):
        yield "| | |"
        yield "|---|---|"
        for left, right in rows:
            yield f"| `{left}` | {' '.join(right.split()).replace('|', chr(92) + '|')} |"
        yield ""
    if typed := EXAMPLES.get(path.removeprefix("fairlead ")):
        yield "\n".join(["```sh", *typed, "```", ""])


def _argument(one: Any) -> str:
    name = one.name.upper()
    return name if one.required else f"[{name}]"


def _option(one: Any) -> str:
    names = ", ".join([*one.opts, *one.secondary_opts])
    return names if one.is_flag else f"{names} {one.metavar or one.opts[0].lstrip('-').upper()}"


def _with_default(one: Any) -> str:
    words = one.help or ""
    if one.required:
        return f"{words} Required."
    shown = one.default not in (None, "", False, (), []) and not callable(one.default) and not one.is_flag
    if not shown:
        return words
    default = ", ".join(map(str, one.default)) if isinstance(one.default, list | tuple) else one.default
    return f"{words} Default: `{default}`."
