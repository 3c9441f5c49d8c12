"""Whatever a repository holds, reading it ends in a definition or in problems with places: never in another error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO

from fairlead.domain.errors import FairleadError, Problem, ProjectFileInvalid
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.record import from_data, to_data
from fairlead.domain.service import Definition
from fairlead.domain.substitution import expand, interpolate, substitute
from fairlead.domain.text import SecretRef, Text, parts_of
from fairlead.formats.project import compile_project, read_outline, validate
from fairlead.formats.service_model import ServiceModel

pytestmark = pytest.mark.property

SECRET = SecretRef(SecretVersionId("v1"), "Password")
VALUES: dict[str, Text] = {"Host": "db", "N": "2", "Password": SECRET, "Loop": "#{Loop}", "Odd": "a\n: [#{Host}"}


def outcome_of(files: dict[str, bytes]) -> Definition | tuple[Problem, ...]:
    """The definition, or what is wrong; asserts that whatever goes wrong on the way goes wrong as it should."""
    warnings, problems = validate(files, ("Test", "Production"))
    assert all(isinstance(warning, str) for warning in warnings)
    places = list(problems)
    try:
        read_outline(files)
    except ProjectFileInvalid as error:
        places += error.problems
    try:
        return compile_project(files, environment="Test", environments=("Test", "Production"), lookup=VALUES.get)
    except ProjectFileInvalid as error:
        places += error.problems
        return error.problems
    finally:
        for problem in places:
            check_place(files, problem.file, problem.line, problem.column)


def check_place(files: dict[str, bytes], file: str, line: int, column: int) -> None:
    lines = files.get(file, b"").decode("utf-8-sig", "replace").replace("\r", "\n").split("\n")
    assert 1 <= line <= max(1, len(files.get(file, b"").decode("utf-8-sig", "replace").splitlines()), len(lines))
    assert column >= 1


def yaml_of(value: Any) -> bytes:
    stream = StringIO()
    YAML(typ="safe", pure=True).dump(value, stream)
    return str(stream.getvalue()).encode()


@given(st.binary(max_size=200), st.binary(max_size=200))
@example(b"[" * 200, b"")
@example(b'a: "\\UFFFFFFFF"', b"")
@example(b"%YAML 9.9\n---\na", b"")
@example(b"\xef\xbb\xbfproject: x", b"&a [*a]")
@example(b"project: x\nservices: {web: {image: x}}\n", b"services: {a: {extends: a}}")
def test_any_bytes_are_a_definition_or_problems(project: bytes, compose: bytes) -> None:
    outcome = outcome_of({"fairlead.yml": project, "compose.yaml": compose})
    assert isinstance(outcome, Definition) or outcome, "it cannot be compiled, and nobody says why"


TEXTS = st.sampled_from(
    [
        *(
            "",
            "web",
            "db",
            "8080",
            "8080:80",
            "./conf:/etc/x:ro",
            "data:/d",
            "/srv:/x",
            "../..",
            "1m30s",
            "64m",
            "true",
        ),
        *(
            "#{Host}",
            "#{Password}",
            "#{Nope}",
            "#{Loop}",
            "#{N}",
            "${Host}",
            "${Nope}",
            "${Nope:-x}",
            "${",
            "A=b",
            "CMD",
        ),
        *("service_healthy", "a;b", "x\ny", "--upload-pack=x", "ext::x", "0", "-1", "1e400", "é", "x" * 300, "#{Odd}"),
    ]
)
KEYS = st.sampled_from(sorted(ServiceModel.model_fields)) | st.sampled_from(["extends", "x-own", "dns", "gpus", "nope"])
NAMES = st.sampled_from(["web", "db", "job", "Bad Name", "a..b", "data"])
VALUES_OF = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(-5, 70_000) | st.floats(allow_nan=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | NAMES, inner, max_size=3),
    max_leaves=5,
)
SERVICES = st.dictionaries(NAMES, st.dictionaries(KEYS, VALUES_OF, max_size=5) | st.none(), max_size=3)
SECTIONS = {
    "services": SERVICES | VALUES_OF,
    "volumes": st.just({"data": None}) | VALUES_OF,
    "secrets": st.dictionaries(NAMES, st.dictionaries(st.sampled_from(["file", "environment", "content"]), TEXTS)),
    "configs": VALUES_OF,
    "networks": VALUES_OF,
}


@settings(max_examples=150)
@given(
    st.fixed_dictionaries(
        {"project": st.just("books") | VALUES_OF},
        optional={
            **SECTIONS,
            "compose": st.just("compose.yaml") | VALUES_OF,
            "migrate": VALUES_OF,
            "tests": st.dictionaries(
                st.sampled_from(["build", "image", "command", "environment", "services"]), VALUES_OF
            ),
            "environments": st.dictionaries(
                st.sampled_from(["Test", "Production", "Nope"]),
                st.fixed_dictionaries({}, optional={"services": SERVICES}) | VALUES_OF,
                max_size=2,
            ),
            "profiles": VALUES_OF,
        },
    ),
    st.fixed_dictionaries({}, optional={**SECTIONS, "include": VALUES_OF, "x-y": VALUES_OF}),
)
def test_any_project_is_a_definition_or_problems(project: dict[str, Any], compose: dict[str, Any]) -> None:
    files = {
        "fairlead.yml": yaml_of(project),
        "compose.yaml": yaml_of(compose),
        "conf/a.ini": b"x",
        ".env": b"A=1\nB=${A}\nC='x'\n",
        "web": b"not an env file",
    }
    outcome = outcome_of(files)
    assert from_data(Definition, to_data(outcome)) == outcome if isinstance(outcome, Definition) else outcome


@settings(max_examples=150)
@given(KEYS, VALUES_OF)
def test_any_value_of_any_key_is_a_definition_or_problems(key: str, value: object) -> None:
    service = {"image": "x", "port": 80, key: value}
    outcome = outcome_of({"fairlead.yml": yaml_of({"project": "books", "services": {"web": service}})})
    assert from_data(Definition, to_data(outcome)) == outcome if isinstance(outcome, Definition) else outcome


SYNTAX = st.text(alphabet="#{}${}:-?+AB. \n", max_size=60)


@given(SYNTAX)
def test_interpolation_gives_text_or_an_error_of_ours(text: str) -> None:
    for run in (interpolate, substitute, lambda text, lookup: expand(text, compose=lookup, variables=lookup)):
        try:
            result = run(text, {"A": "#{B}", "B": SECRET, "AB": "$A"}.get)
        except FairleadError as error:
            assert error.code in ("variable.unknown", "variable.circular", "input.invalid", "input.too_large")
        else:
            assert all(isinstance(part, str | SecretRef) for part in parts_of(result))


@given(st.text(alphabet=st.characters(exclude_characters="$#"), max_size=80))
def test_text_without_syntax_is_left_as_it_is(text: str) -> None:
    assert expand(text, compose={}.get, variables={}.get) == text


@given(st.dictionaries(st.sampled_from("ABCD"), st.text(max_size=20), min_size=4))
def test_what_was_put_in_is_never_read_again_as_compose_syntax(values: dict[str, str]) -> None:
    assert interpolate("${A}|${B}|${C}|${D}", values.get) == "|".join(values[name] for name in "ABCD")
