"""Documents hold together: links resolve, decisions are numbered, and no machine's own traces are left in any file."""

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.tidy import rules

# First parts of paths that anybody's machine has; a checkout elsewhere is somebody's own place.
EVERYBODYS = {"app", "bin", "boot", "build", "dev", "etc", "home", "lib", "media", "mnt", "opt", "proc", "root", "run"}
EVERYBODYS |= {"sbin", "src", "srv", "sys", "tmp", "usr", "var"}
PUBLIC_INDEXES = frozenset({"pypi.org", "files.pythonhosted.org", "localhost", "127.0.0.1"})


def own_traces() -> dict[str, re.Pattern[str]]:
    """Patterns of what this machine alone knows."""
    traces = {"a home directory of somebody": re.compile(r"(?<![\w./-])/(?:home|Users)/[a-z][\w.-]+/")}
    top = rules.ROOT.parts[1]
    if top not in EVERYBODYS:
        traces["a path of this machine"] = re.compile(rf"(?<![\w./-])/{re.escape(top)}/[\w.-]+")
    name = socket.gethostname()
    if len(name) > 8 and name not in EVERYBODYS:
        traces["the name of this machine"] = re.compile(rf"\b{re.escape(name)}\b")
    for host in index_hosts():
        traces[f"the package index {host}"] = re.compile(rf"\b{re.escape(host)}\b")
    return traces


def index_hosts() -> Iterator[str]:
    settings = [os.environ.get(name, "") for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL")]
    for file in (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf"):
        if file.is_file():
            settings += re.findall(r"index-url\s*=\s*(\S.*)", file.read_text())
    for url in " ".join(settings).split():
        host = urlsplit(url).hostname
        if host and host not in PUBLIC_INDEXES:
            yield host


def test_links_in_documents_resolve() -> None:
    wrong = [
        f"{path.relative_to(rules.ROOT)}: {bad}"
        for path in rules.project_files(".md")
        for bad in rules.broken_links(path, path.read_text())
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_decisions_are_numbered() -> None:
    names = [path.name for path in rules.project_files(".md") if path.parent == rules.ROOT / "docs" / "decisions"]
    assert not list(rules.misnumbered(names))


def test_no_file_holds_traces_of_the_machine_it_was_written_on() -> None:
    traces, wrong = own_traces(), []
    for path in rules.project_files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        wrong += [f"{path.relative_to(rules.ROOT)}: {found}" for found in rules.machine_traces(text, traces)]
    assert not wrong, "\n" + "\n".join(wrong)


def test_constraints_are_versions_that_anybody_can_get() -> None:
    lines = (rules.ROOT / "packaging" / "constraints.txt").read_text().splitlines()
    odd = [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line)]
    assert not odd


def test_every_dependency_has_its_line_of_reason() -> None:
    import tomllib

    project = tomllib.loads((rules.ROOT / "pyproject.toml").read_text())["project"]
    declared = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    reasons = (rules.ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text()
    names = {re.split(r"[\[<>=~! ]", requirement)[0] for requirement in declared}
    assert not {name for name in names if f"| {name} |" not in reasons}
