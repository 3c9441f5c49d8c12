"""A repository that is not ours, with a Dockerfile and five lines for Fairlead: from its push to Production."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.journey.whole_server import WholeServer, opened_server

FIVE_LINES = """project: {project}
services:
  web:
    build: .
    port: 8000
    health: {{http: /}}
"""
DOCKERFILE = """FROM fairlead-base-python:1
WORKDIR /srv
COPY index.html .
EXPOSE 8000
STOPSIGNAL SIGINT
CMD ["python3", "-m", "http.server", "8000"]
"""
HOOK = """#!{python}
import base64, hashlib, hmac, time, urllib.request
body, message, stamp = b'{{"ref": "refs/heads/main"}}', "push-" + str(time.time_ns()), str(int(time.time()))
signed = hmac.new({secret!r}.encode(), f"{{message}}.{{stamp}}.".encode() + body, hashlib.sha256).digest()
headers = {{"content-type": "application/json", "webhook-id": message, "webhook-timestamp": stamp,
           "webhook-signature": "v1," + base64.b64encode(signed).decode()}}
urllib.request.urlopen(urllib.request.Request({url!r}, body, headers), timeout=10).read()
"""


@pytest.fixture(scope="module")
def server(
    docker_socket: Path, python_image: str, haproxy_binary: Path, registry_binary: Path, git_binary: Path
) -> Iterator[WholeServer]:
    with opened_server(docker_socket) as opened:
        yield opened


class Repository:
    """A bare repository whose pushes call the project's webhook, and a checkout of it."""

    def __init__(self, server: WholeServer, name: str) -> None:
        self.bare = server.repositories / f"{name}.git"
        self.checkout = server.repositories / name
        git("init", "-q", "--bare", "--initial-branch=main", str(self.bare))
        git("init", "-q", "--initial-branch=main", str(self.checkout))
        git("-C", str(self.checkout), "remote", "add", "origin", str(self.bare))

    def hook(self, made: dict[str, Any]) -> None:
        """From now on a push calls it."""
        path = self.bare / "hooks" / "post-receive"
        url, secret = made["source"]["webhook_url"], made["webhook_secret"]
        path.write_text(HOOK.format(python=sys.executable, secret=secret, url=url))
        path.chmod(0o700)

    def push(self, files: dict[str, str]) -> str:
        """The files are committed and pushed; the commit."""
        for name, text in files.items():
            (self.checkout / name).write_text(text)
        git("-C", str(self.checkout), "add", "-A")
        who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]
        git("-C", str(self.checkout), *who, "commit", "-q", "-m", "change the page")
        git("-C", str(self.checkout), "push", "-q", "origin", "HEAD:main")
        return git("-C", str(self.checkout), "rev-parse", "HEAD").strip()


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True, timeout=60).stdout


def released(server: WholeServer, project: str, commit: str) -> dict[str, Any]:
    """The release that the push of that commit led to."""

    def look() -> dict[str, Any] | None:
        runs = server.api("GET", f"/projects/{project}/runs")["items"]
        run = next((one for one in runs if one["commit"] == commit), None)
        assert run is None or run["state"] != "failed", run
        made = server.api("GET", f"/projects/{project}/releases")["items"]
        return next((one for one in made if one["commit"] == commit), None)

    found: dict[str, Any] = server.until(look, f"a release of {commit}")
    return found


def approved(server: WholeServer, project: str, version: str) -> dict[str, Any]:
    """The deployment to Production, after the approval that it waits for."""

    def look() -> dict[str, Any] | None:
        waiting = server.api("GET", "/approvals?state=waiting")["items"]
        return next((one for one in waiting if (one["project"], one["version"]) == (project, version)), None)

    approval = server.until(look, "the deployment to Production waits for an approval")
    server.program("fairlead", "approve", approval["id"])
    return server.ended({"id": approval["deployment"]})


def test_a_dockerfile_and_five_lines_go_from_a_push_to_production(server: WholeServer) -> None:
    project = f"{server.prefix}-hello"
    repository = Repository(server, project)
    words = ["--output", "json", "projects", "add", project, "--git", str(repository.bare), "--poll", "0", "--no-wait"]
    made = json.loads(server.program("fairlead", *words).stdout)
    repository.hook(made)
    files = {"fairlead.yml": FIVE_LINES.format(project=project), "Dockerfile": DOCKERFILE, "index.html": "first"}
    first = released(server, project, repository.push(files))
    ended = server.ended(server.deployment(project, first["version"], "Test"))
    assert ended["outcome"] == "live", ended
    assert server.get(f"web.{project}.test.localhost") == (200, "first")
    ended = approved(server, project, first["version"])
    assert ended["outcome"] == "live", ended
    assert server.get(f"web.{project}.production.localhost") == (200, "first")
    _refuses_a_wrong_signature(server, project, made)
    second = released(server, project, repository.push({"index.html": "second"}))
    assert server.ended(server.deployment(project, second["version"], "Test"))["outcome"] == "live"
    assert server.get(f"web.{project}.test.localhost") == (200, "second")
    assert server.get(f"web.{project}.production.localhost") == (200, "first")


def test_a_build_secret_is_used_and_kept_nowhere(server: WholeServer, tmp_path: Path) -> None:
    project, planted = f"{server.prefix}-builds", "t0ken-of-the-build-81c2"
    repository = Repository(server, project)
    words = ["--output", "json", "projects", "add", project, "--git", str(repository.bare), "--poll", "0", "--no-wait"]
    repository.hook(json.loads(server.program("fairlead", *words).stdout))
    server.raw("PUT", f"/projects/{project}/variables/Npm.Token", {"value": planted, "secret": True})
    build = "build: {context: ., secrets: [npm]}"
    text = FIVE_LINES.format(project=project).replace("build: .", build) + "secrets: {npm: {environment: Npm.Token}}\n"
    told = f'echo "{project}: it is $(cat /run/secrets/npm)"'  # the name: no other build's cache will do
    uses = f"RUN --mount=type=secret,id=npm {told}; wc -c < /run/secrets/npm > length\n"
    dockerfile = DOCKERFILE.replace("COPY", uses + "COPY")
    commit = repository.push({"fairlead.yml": text, "Dockerfile": dockerfile, "index.html": "x"})
    made = released(server, project, commit)
    assert server.ended(server.deployment(project, made["version"]))["outcome"] == "live"
    assert server.get(f"web.{project}.test.localhost", "/length") == (200, f"{len(planted)}\n")
    [run] = server.api("GET", f"/projects/{project}/runs")["items"]
    log = server.lines(run["task"])
    assert any("it is •••" in line for line in log), log
    saved = tmp_path / "image.tar"
    image = made["images"]["web"]
    subprocess.run([*server.docker, "save", "-o", str(saved), image], check=True, capture_output=True, timeout=60)
    history = subprocess.run([*server.docker, "history", "--no-trunc", image], check=True, capture_output=True).stdout
    assert b"# buildkit" in history
    answers = [server.raw("GET", f"/tasks/{run['task']}"), server.raw("GET", f"/runs/{run['id']}"), history]
    answers += [saved.read_bytes(), "\n".join(log).encode(), server.raw("GET", "/events")]
    assert not [answer for answer in answers if planted.encode() in answer]
    kept = [path for path in server.data_dir.rglob("*") if path.is_file() and planted.encode() in path.read_bytes()]
    assert kept == []
    assert not list(Path("/dev/shm").glob("fairlead-build-*"))


def _refuses_a_wrong_signature(server: WholeServer, project: str, made: dict[str, Any]) -> None:
    runs = server.api("GET", f"/projects/{project}/runs")["items"]
    path = made["source"]["webhook_url"].partition(f":{server.port}")[2]
    for signature in ("v1,AAAA", ""):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        headers = {"webhook-id": "push-1", "webhook-timestamp": "1700000000", "webhook-signature": signature}
        connection.request("POST", path, b'{"ref": "refs/heads/main"}', headers)
        assert connection.getresponse().status == 401
        connection.close()
    assert server.api("GET", f"/projects/{project}/runs")["items"] == runs


def test_what_init_writes_for_a_dockerfile_alone_deploys(server: WholeServer) -> None:
    project = f"{server.prefix}-init"
    repository = Repository(server, project)
    (repository.checkout / "Dockerfile").write_text(DOCKERFILE)
    (repository.checkout / "index.html").write_text("by init")
    server.program("fairlead", "init", str(repository.checkout))
    server.program("fairlead", "validate", str(repository.checkout))
    commit = repository.push({})
    server.program("fairlead", "projects", "add", project, "--git", str(repository.bare), "--poll", "5")
    made = released(server, project, commit)
    assert server.ended(server.deployment(project, made["version"]))["outcome"] == "live"
    assert server.get(f"web.{project}.test.localhost") == (200, "by init")
