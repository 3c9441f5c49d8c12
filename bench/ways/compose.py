"""`docker compose up -d` with another environment: the container is made anew at its published port."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.ways import CannotRun, wait_for
from fairlead.testing.free_ports import free_ports_of_this_process

FILE = """services:
  web:
    image: {image}
    environment: {{VERSION: "{version}"}}
    ports: ["127.0.0.1:{port}:8080"]
"""


class ComposeRecreate:
    """One service, one published port, as most people begin."""

    name = "docker compose up -d"
    host = "x"

    def __init__(self, image: str) -> None:
        self.port = free_ports_of_this_process()()
        self._image = image
        self._project = f"flway{secrets.token_hex(3)}"
        self._folder = Path(tempfile.mkdtemp(prefix="fl-way-"))
        self._program = _program()

    def begin(self, version: str) -> None:
        if not self._program:
            raise CannotRun("neither docker-compose nor the compose plugin is installed")
        self.swap(version)

    def swap(self, version: str) -> None:
        text = FILE.format(image=self._image, version=version, port=self.port)
        needs_version = "docker-compose" in self._program[0]
        (self._folder / "compose.yaml").write_text(f'version: "3"\n{text}' if needs_version else text)
        self._compose("up", "-d")
        wait_for(version, "127.0.0.1", self.port, self.host)

    def close(self) -> None:
        if self._program and (self._folder / "compose.yaml").exists():
            self._compose("down", "-v", "-t", "1")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _compose(self, *words: str) -> None:
        command = [*self._program, "-p", self._project, "-f", str(self._folder / "compose.yaml"), *words]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def _program() -> list[str]:
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True)
    if plugin.returncode == 0:
        return ["docker", "compose"]
    found = shutil.which("docker-compose")
    return [found] if found else []
