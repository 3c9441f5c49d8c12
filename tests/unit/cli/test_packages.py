"""The built-in feed by the command line."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.unit.cli.conftest import Said
from tests.unit.server.house import House

Run = Callable[..., Said]


def test_packages_are_pushed_listed_fetched_and_removed(house: House, fairlead: Run) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("large.bin", bytes(range(256)) * 4096 * 6)  # stored: over the limit of other bodies
    Path("Web.1.0.0.zip").write_bytes(held.getvalue())
    assert fairlead("packages", "push", "Web.1.0.0.zip").code == 0
    assert fairlead("packages", "push", "Web.1.0.0.zip").code == 1
    assert fairlead("packages", "push", "Web.1.0.0.zip", "--version", "2.0").code == 0
    [newest, _] = fairlead("-o", "json", "packages", "list", "--id", "web").data
    assert (newest["name"], newest["version"]) == ("Web", "2.0")
    Path("to").mkdir()
    assert fairlead("packages", "download", "web", "1.0.0", "--to", "to").code == 0
    assert Path("to/Web.1.0.0.zip").read_bytes() == held.getvalue()
    assert fairlead("packages", "remove", "web", "1.0.0").code == 0
    assert fairlead("packages", "download", "web", "1.0.0").code == 5
    Path("broken.1.0.zip").write_bytes(b"nothing")
    refused = fairlead("packages", "push", "broken.1.0.zip")
    assert (refused.code, "package.content" in refused.err) == (2, True)
