"""Examples in documents are true: project files compile, commands and settings exist, Python parses."""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import ValidationError
from tests.tidy import rules

from fairlead.cli.app import build
from fairlead.domain.errors import CODES
from fairlead.formats.process import read_process
from fairlead.formats.project import validate
from fairlead.formats.step_template import read_template
from fairlead.server.commands import app as server_app
from fairlead.server.settings import PREFIX, Settings, environment_name

ENVIRONMENTS = ("Test", "Production")
# What stands beside the fairlead.yml of an example that brings no compose file of its own.
DOCKERFILE = b"FROM scratch\nEXPOSE 8080\n"
COMPOSE = b"""\
services:
  web: {build: ., expose: ["8080"]}
  worker: {build: .}
  db: {image: "postgres:16"}
"""
BESIDE = {"Dockerfile": DOCKERFILE, "Dockerfile.tests": DOCKERFILE}
# Read by the command line, by `up`, or by the scripts of the ground; not settings of the server.
NOT_SETTINGS = {
    "FAIRLEAD_URL",
    "FAIRLEAD_API_KEY",
    "FAIRLEAD_OIDC_TOKEN",
    "FAIRLEAD_PROJECT",
    "FAIRLEAD_CONFIG",
    "FAIRLEAD_CACHE",
}
NOT_SETTINGS |= {"FAIRLEAD_VENV", "FAIRLEAD_RELEASE", "FAIRLEAD_COLOUR", "FAIRLEAD_DOCKER_SOCKET"}
NOT_SETTINGS |= {"FAIRLEAD_SECRET_BOOKS_DB_PASSWORD", "FAIRLEAD_SECRET_NAME"}


def documents() -> list[Path]:
    """Everything written for people, but notes of what was decided."""
    found = rules.project_files(".md")
    return [path for path in found if "decisions" not in path.parts and "tests" not in path.parts]


def blocks(text: str, language: str) -> Iterator[str]:
    """The fenced examples of one language."""
    yield from re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def each(language: str) -> list[Any]:
    """One case for each example, named by its document."""
    return [
        pytest.param(block, id=f"{path.relative_to(rules.ROOT)}-{number}")
        for path in documents()
        for number, block in enumerate(blocks(path.read_text(), language), 1)
    ]


def command_trees() -> Mapping[str, Any]:
    return {"fairlead": typer.main.get_command(build()), "fairlead-server": typer.main.get_command(server_app)}


def spoken_commands(script: str) -> Iterator[list[str]]:
    """The calls of our programs in a shell script: words, without assignments before and redirections after."""
    for line in script.replace("\\\n", " ").splitlines():
        plain = re.sub(r"\$\([^()]*\)", "X", line)
        parts = shlex.split(plain, comments=True) if "fairlead" in plain else []
        while parts:
            ends = [at for at, word in enumerate(parts) if word in ("|", "&&", "||", ";")]
            call, parts = parts[: ends[0]] if ends else parts, parts[ends[0] + 1 :] if ends else []
            while call and re.fullmatch(r"[A-Z_]+=.*", call[0]):
                call = call[1:]
            if call and call[0] in ("fairlead", "fairlead-server"):
                yield [word for word in call if not word.startswith((">", "2>"))]


def wrong_command(words: list[str], trees: Mapping[str, Any], *, is_whole: bool) -> str:
    """What is wrong with a call; "" where nothing is. A call in running prose may lack arguments."""
    node, rest = trees[words[0]], words[1:]
    while rest and getattr(node, "commands", None):
        if rest[0].startswith("-"):
            break
        if rest[0] not in node.commands:
            return f"{' '.join(words)}: no command {rest[0]}"
        node, rest = node.commands[rest[0]], rest[1:]
    known = {option for parameter in node.params for option in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help"
    }
    unknown = [word for word in rest if re.match(r"--?[a-z]", word) and word.partition("=")[0] not in known]
    if unknown:
        return f"{' '.join(words)}: no option {unknown[0]}"
    if is_whole and not getattr(node, "commands", None) and "--help" not in rest:
        try:
            node.make_context(words[0], list(rest))
        except Exception as error:
            said = getattr(error, "format_message", None)
            if said is None:
                raise
            return f"{' '.join(words)}: {said()}"
    return ""


@pytest.mark.parametrize("text", [case for case in each("yaml") if case.values[0].startswith(("project:", "#"))])
def test_a_project_file_in_a_document_can_be_deployed(text: str) -> None:
    files = {**BESIDE, "fairlead.yml": text.encode()}
    if re.search(r"^compose: compose\.yaml", text, flags=re.MULTILINE):
        files["compose.yaml"] = COMPOSE
    _, problems = validate(files, ENVIRONMENTS)
    assert not problems, "\n".join(str(problem) for problem in problems)


PROCESS = re.compile(r"(guided:.*\n(?:[a-z_]+:.*\n)*)?steps:")


@pytest.mark.parametrize("text", [case for case in each("yaml") if PROCESS.match(case.values[0])])
def test_a_process_in_a_document_is_one(text: str) -> None:
    assert read_process("process.yaml", text.encode()).steps


@pytest.mark.parametrize(
    "text", [case for case in each("yaml") if re.search("^parameters:", case.values[0], re.MULTILINE)]
)
def test_a_step_template_in_a_document_is_one(text: str) -> None:
    content, _ = read_template("template.yaml", text.encode())
    assert content.parameters


@pytest.mark.parametrize("script", each("sh"))
def test_commands_in_documents_exist(script: str) -> None:
    trees = command_trees()
    wrong = [bad for words in spoken_commands(script) if (bad := wrong_command(words, trees, is_whole=True))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(rules.ROOT)))
def test_commands_in_prose_exist(path: Path) -> None:
    trees, wrong = command_trees(), []
    without_blocks = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for spoken in re.findall(r"`(fairlead(?:-server)? [a-z][^`]*)`", without_blocks):
        calls = list(spoken_commands(re.sub(r"['…\[\]]", "", spoken)))
        wrong += [bad for words in calls if (bad := wrong_command(words, trees, is_whole=False))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(rules.ROOT)))
def test_settings_named_in_documents_exist(path: Path) -> None:
    known = {environment_name(name) for name in Settings.model_fields} | NOT_SETTINGS
    named = set(re.findall(rf"\b{PREFIX}[A-Z][A-Z_]*[A-Z]\b", path.read_text()))
    assert not {name for name in named if name not in known and name.removesuffix("_FILE") not in known}


def test_every_document_is_in_the_index() -> None:
    index = rules.ROOT / "docs" / "README.md"
    linked = {(index.parent / target).resolve() for target in re.findall(r"\]\(([^)#]+)\)", index.read_text())}
    pages = [path for path in documents() if path.is_relative_to(index.parent) and path != index]
    assert not [str(path) for path in pages if path.resolve() not in linked]


def test_error_codes_that_are_explained_exist() -> None:
    text = (rules.ROOT / "docs" / "how-to" / "troubleshooting.md").read_text()
    table = "".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))
    named = re.findall(r"`([a-z_]+\.(?:[a-z_]+|\*))`", table)
    assert len(named) > 20
    families = {code.partition(".")[0] + ".*" for code in CODES}
    assert not {code for code in named if code not in CODES and code not in families}


@pytest.mark.parametrize("text", each("toml"))
def test_settings_in_documents_are_taken(text: str) -> None:
    given = tomllib.loads(text)
    assert given and Settings.model_validate(given).model_fields_set == set(given)


@pytest.mark.parametrize("text", each("python"))
def test_python_in_documents_parses(text: str) -> None:
    assert ast.parse(text).body, "there is nothing in it"


def test_what_is_wrong_is_found() -> None:
    trees = command_trees()

    def said(script: str) -> str:
        return wrong_command(next(spoken_commands(script)), trees, is_whole=True)

    assert "no command" in said("fairlead deploys 1.0.0")
    assert "no option" in said("X=1 fairlead deploy 1.0.0 --onto Test")
    assert "no option" in said("tar c x | X=$(date +%F) fairlead-server backup b --fast")
    assert "no option" in said("git push && fairlead projects add --hg x")
    assert said("fairlead deploy") != ""
    assert said("fairlead deploy 1.0.0 --to Test   # a remark") == ""
    assert said("printf x | fairlead variables set A --secret --from -") == ""
    _, problems = validate({**BESIDE, "fairlead.yml": b"project: x\nservices: {web: {prot: 1}}\n"}, ENVIRONMENTS)
    assert problems
    with pytest.raises(ValidationError):
        Settings.model_validate({"prot": 1})
