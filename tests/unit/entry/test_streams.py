"""Commands whose standard streams are closed, full or read by nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent
CLOSED = '"$0" "$@" <&-'


def said(shell: str, *command: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FAIRLEAD_", "PYTHONUNBUF"))}
    env = kept | {"FAIRLEAD_API_KEY": "flk_any", "XDG_CONFIG_HOME": str(tmp_path), "FAIRLEAD_DATA_DIR": str(tmp_path)}
    words = ["sh", "-c", shell, str(PROGRAMS / command[0]), *command[1:]]
    return subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, cwd=tmp_path)


@pytest.mark.parametrize(
    "command",
    ["login --user ann --password-stdin", "login", "run web -i -e Test -p books -- cat", "variables set A --from -"],
)
def test_a_closed_standard_input_reads_as_empty(command: str, tmp_path: Path) -> None:
    done = said(CLOSED, "fairlead", "--server", "http://127.0.0.1:9", *command.split(), tmp_path=tmp_path)
    assert done.returncode in (1, 2, 130) and "Traceback" not in done.stderr, done
    assert done.stderr.strip()


def test_a_closed_output_is_no_bug(tmp_path: Path) -> None:
    for shell in ('"$0" "$@" >&-', '"$0" "$@" 2>&-', '"$0" "$@" >&- 2>&- <&-'):
        done = said(shell, "fairlead", "--version", tmp_path=tmp_path)
        assert done.returncode == 0 and "Traceback" not in done.stderr, done
    assert said('"$0" "$@" 2>&-', "fairlead", "--nope", tmp_path=tmp_path).returncode == 2


@pytest.mark.parametrize("command", ["fairlead --version", "fairlead schema --help", "fairlead-server version"])
def test_what_could_not_be_written_is_no_success(command: str, tmp_path: Path) -> None:
    done = said('"$0" "$@" >/dev/full', *command.split(), tmp_path=tmp_path)
    assert done.returncode == 1 and "No space left" in done.stderr and "Traceback" not in done.stderr, done
    assert len(done.stderr.splitlines()) <= 2


def test_a_reader_that_went_away_is_not_told_of_a_bug(tmp_path: Path) -> None:
    done = said('"$0" "$@" | true', "fairlead", "--help", tmp_path=tmp_path)
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr, done
    done = said('"$0" "$@" | true', "fairlead-server", "--help", tmp_path=tmp_path)
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr, done
