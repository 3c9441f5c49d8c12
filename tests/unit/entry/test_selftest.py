"""`fairlead-server selftest` where it cannot be carried out."""

import json
import os
import subprocess
import sys
from pathlib import Path


def test_without_an_engine_it_says_so_in_words_and_writes_that_nothing_was_tried(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    command = [sys.executable, "-m", "fairlead.entry.server", "selftest", "--quick", "--json", str(out)]
    environment = os.environ | {"FAIRLEAD_DOCKER_SOCKET": str(tmp_path / "no.sock")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "no.sock" in done.stderr
    assert "→" in done.stderr
    written = json.loads(out.read_text())
    assert (written["tried"], written["points"]) == (0, [])
