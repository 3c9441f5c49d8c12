"""The console scripts: each runs one command and leaves with its code."""

from __future__ import annotations

import sys

import pytest

from fairlead.entry import agent, client, server


@pytest.mark.parametrize(
    ("main", "arguments", "code"),
    [
        (client.main, ["--version"], 0),
        (client.main, ["nonsense"], 2),
        (client.main, [], 2),
        (server.main, ["version"], 0),
        (server.main, ["nonsense"], 2),
        (agent.main, [], 2),
    ],
)
def test_a_script_leaves_with_the_code_of_its_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], main: object, arguments: list[str], code: int
) -> None:
    monkeypatch.setattr(sys, "argv", ["program", *arguments])
    with pytest.raises(SystemExit) as left:
        main()  # type: ignore[operator]
    assert left.value.code == code
    told = capsys.readouterr()
    assert told.out + told.err
