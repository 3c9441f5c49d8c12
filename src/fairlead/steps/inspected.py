"""What an engine tells of a container or network, as an output variable: JSON, a mark in the place of each secret."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from fairlead.ports.step import Tools

MARK = "•••"
LONGEST = 256 * 1024
"""Characters: an output is kept with the task, and read by every later step."""


async def as_output(told: Mapping[str, object], hidden: Collection[str], tools: Tools) -> str:
    """`hidden` are the names of variables of its environment that hold a secret: their values are marked whole, however
    short they are. Beside that every value that the task was handed is. What looks like a token in it (an image's label
    may) is a text, and nothing that later steps put in."""
    shown = _without(told, hidden)
    texts = list(dict.fromkeys(_texts(shown)))
    marked = await tools.secrets.masked(tools.task, texts)
    masked = {text: said.replace("#{", "##{") for text, said in zip(texts, marked, strict=True)}
    made = json.dumps(_replaced(shown, masked), ensure_ascii=False, separators=(",", ":"))
    if len(made) > LONGEST:
        tools.say("the engine tells more of it than an output can hold; its labels and mounts are left out", "warning")
        slim = {name: shown[name] for name in ("Id", "Name", "Image", "State", "NetworkSettings") if name in shown}
        made = json.dumps(_replaced(slim, masked), ensure_ascii=False, separators=(",", ":"))
    return made


async def as_list(told: Sequence[Mapping[str, object]], tools: Tools) -> str:
    """Several, as a JSON array. What their environments hold is marked whole: another task may have given it."""
    shown = [await as_output(one, _names_in_environment(one), tools) for one in told]
    return f"[{','.join(shown)}]"


def _names_in_environment(told: Mapping[str, object]) -> set[str]:
    config = told.get("Config")
    entries = config.get("Env") if isinstance(config, Mapping) else None
    return {str(entry).partition("=")[0] for entry in entries or ()}


def _without(told: Mapping[str, object], hidden: Collection[str]) -> dict[str, Any]:
    config = told.get("Config")
    if not isinstance(config, Mapping) or not isinstance(config.get("Env"), Sequence):
        return dict(told)
    entries = [str(entry).partition("=") for entry in config["Env"]]
    shown = [f"{name}={MARK if name in hidden else value}" for name, _, value in entries]
    return {**told, "Config": {**config, "Env": shown}}


def _texts(held: object) -> Iterator[str]:
    match held:
        case str():
            yield held
        case Mapping():
            for name, value in held.items():
                yield str(name)
                yield from _texts(value)
        case list() | tuple():
            for one in held:
                yield from _texts(one)
        case _:
            return


def _replaced(held: object, masked: Mapping[str, str]) -> object:
    match held:
        case str():
            return masked[held]
        case Mapping():
            return {masked[str(name)]: _replaced(value, masked) for name, value in held.items()}
        case list() | tuple():
            return [_replaced(one, masked) for one in held]
        case _:
            return held
