"""The demo's example application: its four versions follow one another, each passes its own tests of the code, and
what its schema gate refuses does not reach an environment."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.journey.whole_server import WholeServer, opened_server

SHIPPED_BOUND_S = 180.0
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


@pytest.fixture
def server(
    docker_socket: Path,
    python_image: str,
    postgres_image: str,
    haproxy_binary: Path,
    registry_binary: Path,
    git_binary: Path,
) -> Iterator[WholeServer]:
    with opened_server(docker_socket) as opened:
        yield opened


def test_a_column_that_is_renamed_in_one_step_is_refused_by_the_gate(
    server: WholeServer, python_image: str, postgres_image: str
) -> None:
    """The tests of version 1 run against a copy of the schema that the new migration changed, on its PostgreSQL."""
    project, checkout = f"{server.prefix}-guestbook", server.repositories / "guestbook"
    checkout.mkdir()
    git = ["git", "-C", str(checkout), "-c", "user.name=Team", "-c", "user.email=team@guestbook.example"]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)

    def shipped(step: str, version: str) -> dict[str, Any]:
        subprocess.run([GUESTBOOK / "commit.sh", step, checkout], check=True, timeout=30)
        (checkout / ".env").write_text(f"WEB_BASE={python_image}\nDB_BASE={postgres_image}\n")
        ours = (checkout / "fairlead.yml").read_text().replace("project: guestbook", f"project: {project}")
        (checkout / "fairlead.yml").write_text(ours)
        for words in (("add", "-fA"), ("commit", "-q", "-m", "for this test")):
            subprocess.run([*git, *words], check=True, timeout=30)
        server.program("fairlead", "projects", "look", project)
        return server.ended(server.deployment(project, version), bound_s=SHIPPED_BOUND_S)

    words = ["projects", "add", project, "--git", str(checkout), "--poll", "0", "--no-wait"]
    server.program("fairlead", *words)
    first = shipped("v1", "1.0.0")
    assert first["outcome"] == "live", first
    subprocess.run([*git, "checkout", "-q", "HEAD~1", "--", "fairlead.yml"], check=True, timeout=30)
    subprocess.run([*git, "commit", "-q", "-m", "as it was"], check=True, timeout=30)
    refused = shipped("rename", "1.1.0")
    assert (refused["outcome"], refused["code"]) == ("rolled_back", "schema.breaks_old_release"), refused
    assert "test_entries_can_be_read_by_a_program" in refused["reason"]
    status, page = server.get("test.guestbook.localhost")
    assert status == 200 and 'data-version="1"' in page
