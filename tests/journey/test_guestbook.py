"""The demo's example application: its four versions follow one another, and each passes its own tests of the code."""

import subprocess
from pathlib import Path

import pytest

GUESTBOOK = Path(__file__).parents[2] / "examples" / "guestbook"


@pytest.mark.parametrize("version", ["v1", "v2", "v3", "v4"])
def test_a_version_can_be_committed_and_passes_its_tests(
    version: str, docker_socket: Path, python_image: str, test_session: str, git_binary: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    subprocess.run([git_binary, "init", "-q", "-b", "main", tmp_path], check=True)
    for number in range(1, int(version[1:]) + 1):
        subprocess.run([GUESTBOOK / "commit.sh", f"v{number}", tmp_path], check=True, timeout=30)
    assert (tmp_path / "VERSION").read_text() == f"{version[1:]}\n"
    status = subprocess.run([git_binary, "-C", tmp_path, "status", "--porcelain"], capture_output=True, check=True)
    assert status.stdout == b""
    docker = ["docker", "-H", f"unix://{docker_socket}", "run", "--rm", "--network", "none", "-w", "/app"]
    docker += ["--label", f"io.fairlead.test={test_session}", "-v", f"{tmp_path}:/app:ro", "-e", "RESULTS=/tmp/results"]
    ran = subprocess.run([*docker, python_image, "./run_tests.sh"], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
