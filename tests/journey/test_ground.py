"""The ground that journeys stand on is really there: each fixture of the session gives what it promises."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg


def test_the_engine_runs_the_base_images(
    docker_socket: Path, base_image: str, python_image: str, postgres_image: str, test_session: str
) -> None:
    label = f"io.fairlead.test={test_session}"
    docker = ["docker", "-H", f"unix://{docker_socket}", "run", "--rm", "--network", "none", "--label", label]
    for image, command in {
        base_image: ["sh", "-c", "echo ready"],
        python_image: ["python3", "-c", "import psycopg2, http.server; print('ready')"],
        postgres_image: ["sh", "-c", "ls /usr/lib/postgresql/*/bin/postgres >/dev/null && echo ready"],
    }.items():
        ran = subprocess.run([*docker, image, *command], capture_output=True, text=True, timeout=60)
        assert (ran.returncode, ran.stdout) == (0, "ready\n"), ran.stderr


def test_the_programs_speak(haproxy_binary: Path, registry_binary: Path, git_binary: Path, chromium: Path) -> None:
    for program in (haproxy_binary, registry_binary, git_binary, chromium):
        flag = "-v" if program == haproxy_binary else "--version"
        ran = subprocess.run([program, flag], capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, f"{program}: {ran.stderr}"


def test_each_test_has_a_database_of_its_own(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE mark (id int)")
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert row == (1,)


def test_the_next_test_has_another_one(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert row == (0,)


def test_ports_are_given_once(free_port: Callable[[], int]) -> None:
    assert len({free_port() for _ in range(50)}) == 50
