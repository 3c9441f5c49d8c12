"""Subscriptions on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.unit.cli.conftest import Said
from tests.unit.server.house import House

Run = Callable[..., Said]


def test_one_is_added_shown_changed_and_removed(house: House, fairlead: Run, tmp_path: Path) -> None:
    house.add_project("books")
    (tmp_path / "secret").write_text("sign-me\n")
    made = fairlead(
        "subscriptions",
        "add",
        "To the SIEM",
        *("--to", "https://siem.test/in", "--secret-from", str(tmp_path / "secret")),
        *("--event", "deployment-failures", "--event", "variable.", "-p", "books", "-e", "Test", "--person", "admin"),
    )
    assert (made.code, made.out.strip()) == (
        0,
        "To the SIEM tells https://siem.test/in of deployment-failures, variable.",
    ), made
    (one,) = fairlead("-o", "json", "subscriptions", "list").data
    assert (one["secret"], one["projects"], one["environments"], one["owner"]) == (True, ["books"], ["Test"], "admin")
    assert "siem.test" in fairlead("subscriptions", "list").out
    shown = fairlead("subscriptions", "show", "To the SIEM").out
    assert "behind" in shown and "passed over" in shown and "sign-me" not in shown
    changed = fairlead("subscriptions", "set", "To the SIEM", "--everywhere", "-p", "books", "--no-secret")
    assert changed.code == 0
    one = fairlead("-o", "json", "subscriptions", "show", "To the SIEM").data
    assert (one["secret"], one["projects"], one["environments"], one["people"]) == (False, ["books"], [], [])
    assert one["events"] == ["deployment-failures", "variable."]
    assert "tells nobody" in fairlead("subscriptions", "set", "To the SIEM", "--disable").out
    renamed = fairlead("subscriptions", "set", "To the SIEM", "--enable", "--rename", "S", "--to", "ops@example.com")
    assert "S tells ops@example.com" in renamed.out
    assert fairlead("subscriptions", "remove", "S").code == 0
    assert "no subscriptions" in fairlead("subscriptions", "list").err


def test_headers_come_from_files_and_only_their_names_are_shown(house: House, fairlead: Run, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("planted-1\n")
    (tmp_path / "token").write_text("Bearer planted-2\n")
    key, token = f"X-Key={tmp_path / 'key'}", f"Authorization={tmp_path / 'token'}"
    made = fairlead("subscriptions", "add", "S", "--to", "https://x.test/", "--header-from", key)
    assert made.code == 0, made
    assert fairlead("subscriptions", "set", "S", "--header-from", token).code == 0
    one = fairlead("-o", "json", "subscriptions", "show", "S").data
    assert one["headers"] == ["X-Key", "Authorization"]
    assert fairlead("subscriptions", "set", "S", "--no-header", "x-key").code == 0
    shown = fairlead("subscriptions", "show", "S").out
    assert "Authorization" in shown and "X-Key" not in shown and "planted" not in shown
    assert fairlead("subscriptions", "set", "S", "--enable").code == 0
    assert fairlead("-o", "json", "subscriptions", "show", "S").data["headers"] == ["Authorization"], "the rest stays"
    for wrong in ("X-Key", "=file", "X-Key=/none"):
        refused = fairlead("subscriptions", "set", "S", "--header-from", wrong)
        assert refused.code == 2 and "planted" not in refused.err, wrong
    twice = fairlead("subscriptions", "set", "S", "--header-from", "A=-", "--header-from", "B=-")
    assert twice.code == 2 and "one value" in twice.err


def test_one_is_tried(house: House, fairlead: Run) -> None:
    fairlead("subscriptions", "add", "To the SIEM", "--to", "https://siem.test/in?token=t0ken")
    tried = fairlead("subscriptions", "test", "To the SIEM")
    assert (tried.code, tried.out.strip()) == (0, "https://siem.test took the test of To the SIEM"), tried
    house.life.server.notifier.refuses = True
    refused = fairlead("subscriptions", "test", "To the SIEM")
    assert refused.code == 1 and "the receiver said no" in refused.err
    assert fairlead("subscriptions", "test", "nix").code == 5


def test_what_is_wrong_is_said(house: House, fairlead: Run) -> None:
    nobody = fairlead("subscriptions", "add", "S")
    assert nobody.code == 2 and "subscription.address" in nobody.err and "mail addresses" in nobody.err
    odd = fairlead("subscriptions", "add", "S", "--to", "ops@example.com", "--event", "deployments.failed")
    assert odd.code == 2 and "'deployments.failed' is not an event" in odd.err
    missing = fairlead("subscriptions", "add", "S", "--to", "https://x.test/", "--secret-from", "/none")
    assert missing.code == 2 and "/none cannot be read" in missing.err
    assert fairlead("subscriptions", "show", "none").code == 5


def test_kinds_and_groups_are_listed(house: House, fairlead: Run) -> None:
    kinds = {one["name"]: one["groups"] for one in fairlead("-o", "json", "subscriptions", "events").data}
    assert kinds["deployment.failed"] == ["deployments", "deployment-failures"]
    groups = {one["name"]: one["kinds"] for one in fairlead("-o", "json", "subscriptions", "groups").data}
    assert "key.expiring" in groups["ends"]
