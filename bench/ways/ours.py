"""Fairlead: `fairlead deploy`, on a server with data, proxy and registry of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.journey.whole_server import WholeServer, write_application

PROJECT = """project: {project}
services:
  web:
    port: 8080
    health: {{http: /}}
    environment: {{VERSION: "{version}"}}
"""


class Fairlead:
    """Each version is a release that goes to Test by itself; `swap` ends with its task: the old slot is gone."""

    name = "Fairlead, blue-green"

    def __init__(self) -> None:
        self._server = WholeServer()
        self._project = self._image = self.host = ""
        self.port = self._server.proxy_port

    def begin(self, version: str) -> None:
        self._server.start()
        with tempfile.TemporaryDirectory() as folder:
            self._image = self._server.push_image(write_application(Path(folder) / "web"), "web")
        self._project = self._server.project("way")
        self.host = f"web.{self._project}.test.localhost"
        self.swap(version)

    def swap(self, version: str) -> None:
        text = PROJECT.format(project=self._project, version=version)
        deployment = self._server.deployment(self._project, self._server.release(self._project, text, self._image))
        self._server.raw("GET", f"/tasks/{deployment['task']}/log/follow")
        ended = self._server.ended(deployment)
        if ended["outcome"] != "live":
            raise RuntimeError(f"{version} ended {ended['outcome']}: {ended['reason']}")

    def close(self) -> None:
        self._server.close()
