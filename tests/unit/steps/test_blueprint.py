"""A blueprint becomes a spec in clear at the last moment."""

from __future__ import annotations

import json

from fairlead.adapters.system import SystemClock
from fairlead.domain.ids import TaskId
from fairlead.domain.text import SecretRef
from fairlead.formats.project import compile_project
from fairlead.steps.blueprint import Blueprint, assemble, secret_versions
from fairlead.testing.fake_artifacts import FakeArtifacts
from fairlead.testing.fake_secrets import FakeSecrets
from fairlead.testing.fake_task_log import FakeTaskLog
from fairlead.testing.toy_world import toy_tools

PROJECT = b"""\
project: books
services:
  web:
    image: x
    port: 80
    volumes: ['./a.json:/etc/a.json:ro', './plain.txt:/etc/plain.txt:ro']
    configure: {structured: [a.json], substitute: [a.json]}
"""


async def test_files_of_the_repository_reach_the_container_filled_in() -> None:
    secrets, artifacts = FakeSecrets(), FakeArtifacts()
    files = {"a.json": b'{"Host": "x", "Password": "y", "More": "#{Gone}"}', "plain.txt": b"#{Host}"}
    for content in files.values():
        await artifacts.put_blob(content)
    password = SecretRef(secrets.put("p-secret"), "Password")
    values = {"Password": password, "Host": "h"}
    definition = compile_project(
        {"fairlead.yml": PROJECT, **files}, environment="Test", lookup=values.get, variables=values
    )
    service = definition.service("web")
    assert secret_versions(service) == (password.id,)
    task, log = TaskId("tsk-1"), FakeTaskLog(SystemClock(), secrets)
    tools = toy_tools(task, "step", "local", {}, secrets=secrets, artifacts=artifacts, task_log=log)
    spec = await assemble(Blueprint("web.1", "x", service, {}), tools)
    contents = {file.path: file.content for file in spec.files}
    assert contents["/etc/plain.txt"] == b"#{Host}"
    assert json.loads(contents["/etc/a.json"]) == {"Host": "h", "Password": "p-secret", "More": "#{Gone}"}
    assert [line.text for line in log.lines[task]] == ["/etc/a.json: without a value: #{Gone}"]
