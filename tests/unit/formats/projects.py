"""Small repositories for the readers' tests: compile one, or collect what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import dedent

from fairlead.domain.errors import Problem, ProjectFileInvalid
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.service import Definition, Service
from fairlead.domain.text import SecretRef, Text
from fairlead.formats.project import compile_project

SECRET = SecretRef(SecretVersionId("v1"), "Password")
VALUES: Mapping[str, Text] = {"Password": SECRET, "Host": "db.example.com", "Count": "3", "PORT": "9000"}
LIFECYCLE = ("Test", "Production")


def repository(project: str = "project: books\n", compose: str | None = None, **files: str) -> dict[str, bytes]:
    """Files by path; `a__b` in a name stands for `a/b`, `_dot_` for a dot."""
    named = {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}
    named["fairlead.yml"] = dedent(project)
    if compose is not None:
        named["compose.yaml"] = dedent(compose)
    return {path: text.encode() for path, text in named.items()}


def compiled(
    files: Mapping[str, bytes],
    environment: str = "Production",
    values: Mapping[str, Text] = VALUES,
    environments: Sequence[str] = LIFECYCLE,
    images: Mapping[str, str] | None = None,
) -> Definition:
    return compile_project(
        files,
        environment=environment,
        environments=environments,
        lookup=values.get,
        images=images,
        variables=values,
    )


def service(keys: str, extra: str = "", *, environment: str = "Production", **files: str) -> Service:
    """The service `web` with these keys of fairlead.yml."""
    return compiled(repository(one_service(keys, extra), **files), environment).service("web")


def one_service(keys: str, extra: str = "") -> str:
    lines = dedent(keys).strip().splitlines()
    return "\n".join(["project: books", "services:", "  web:", *(f"    {line}" for line in lines), dedent(extra)])


def problems(
    files: Mapping[str, bytes], environment: str = "Production", values: Mapping[str, Text] = VALUES
) -> list[Problem]:
    """What is wrong; fails where nothing is."""
    try:
        compiled(files, environment, values)
    except ProjectFileInvalid as error:
        return list(error.problems)
    raise AssertionError("the project was compiled")


def problem(files: Mapping[str, bytes], environment: str = "Production") -> Problem:
    """The one thing that is wrong."""
    found = problems(files, environment)
    assert len(found) == 1, [str(one) for one in found]
    return found[0]


def wrong(keys: str, extra: str = "", **files: str) -> Problem:
    """The one thing wrong with a service of these keys (image and port are given)."""
    return problem(repository(one_service(f"image: x\nport: 80\n{dedent(keys)}", extra), **files))


def place(found: Problem) -> tuple[str, int, int]:
    return found.file, found.line, found.column
