"""The help reads as one text: whole sentences, plain words for what an option takes, examples that are commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from fairlead.cli.app import build, run
from fairlead.cli.examples import EXAMPLES
from fairlead.cli.readable import readable


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its words."""

    def below(command: Any, path: str) -> Iterator[tuple[str, Any]]:
        for name, one in command.commands.items():
            words = f"{path} {name}".strip()
            yield from below(one, words) if hasattr(one, "commands") else [(words, one)]

    return below(readable(get_command(build())), "")


def help_of(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run([*words.split(), "--help"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("group", ["", "deployments", "triggers", "subscriptions"])
def test_a_list_of_commands_says_of_each_the_whole_sentence(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    listed = " ".join(help_of(group, capsys).partition("Commands:")[2].split())
    assert listed and "..." not in listed
    told = [one for words, one in commands() if words.rpartition(" ")[0] == group]
    assert told and all(" ".join(one.help.partition("\n\n")[0].split()) in listed for one in told)


def test_what_an_option_takes_is_said_in_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    said = help_of("deploy", capsys)
    assert re.search(r"--skip <text>\.\.\.  ", said) and re.search(r"--timeout <number>  ", said)
    assert "command... <text>" in help_of("run", capsys)
    shown = {one.display_type(None) for _, command in commands() for one in command.params if not one.metavar}
    assert shown - {"<bool>"} == {"<number>", "<path>", "<path>...", "<text>", "<text>..."}, shown


def test_each_option_says_what_it_is_for_and_no_default_that_means_nothing() -> None:
    silent = [
        f"{words} {one.opts[0]}"
        for words, command in commands()
        for one in command.params
        if one.param_type_name == "option" and not one.help
    ]
    assert not silent
    odd = [
        f"{words} {one.opts[0]}"
        for words, command in commands()
        for one in command.params
        if one.default in (-1, 0.0) and one.default is not False and one.show_default and "by default" in one.help
    ]
    assert not odd


def test_examples_are_of_commands_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    known = dict(commands())
    assert set(EXAMPLES) <= set(known)
    for words, typed in EXAMPLES.items():
        assert all(line.startswith(f"fairlead {words}") for line in typed), words
        assert all(
            line in help_of(words, capsys).splitlines()[-len(typed) :][number] for number, line in enumerate(typed)
        )
