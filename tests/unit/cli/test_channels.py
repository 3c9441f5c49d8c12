"""Channels by the command line: rules as people write them, and what a release says of its channel."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.cli.conftest import Said
from tests.unit.server.house import House

Run = Callable[..., Said]


def test_channels_are_added_changed_shown_and_removed(house: House, fairlead: Run) -> None:
    house.add_project("books")
    made = fairlead(
        "channels",
        "add",
        "Hot fixes",
        "-p",
        "books",
        "--rule",
        "web,api:[1.0,2.0):^hot",
        "--maven-rule",
        "*:[1,2],[3,4]:",
    )
    assert made.code == 0, made
    listed = fairlead("channels", "list", "-p", "books")
    assert "web,api:[1.0,2.0):^hot" in listed.out and "*:[1,2],[3,4]:" in listed.out and "Default" in listed.out
    assert (
        fairlead("channels", "set", "hot fixes", "-p", "books", "--no-rules", "--default", "--rename", "Hot").code == 0
    )
    shown = fairlead("-o", "json", "channels", "show", "Hot", "-p", "books").data
    assert (shown["rules"], shown["is_default"]) == ([], True)
    assert fairlead("channels", "remove", "Default", "-p", "books").code == 0
    refused = fairlead("channels", "remove", "Hot", "-p", "books")
    assert (refused.code, "channel.default" in refused.err) == (1, True)
    wrong = fairlead("channels", "add", "X", "-p", "books", "--rule", "web:(1.0):")
    assert (wrong.code, "rule 1" in wrong.err) == (2, True)


def test_a_release_says_its_channel_and_a_broken_rule_is_told(house: House, fairlead: Run) -> None:
    house.add_project("books")
    house.add_release("books", "1.0.0")
    [row] = fairlead("-o", "json", "release", "list", "-p", "books").data
    assert row["channel"] == "Default" and set(row["packages"]) == {"web", "worker"}
