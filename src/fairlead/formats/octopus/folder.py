"""The folder `.octopus` of a project, made into the files that `fairlead apply` takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from ruamel.yaml import YAML

from fairlead.domain.errors import Invalid
from fairlead.formats.encoded_text import decoded
from fairlead.formats.ocl.reading import read_ocl
from fairlead.formats.ocl.tree import Block
from fairlead.formats.octopus.process import process_of
from fairlead.formats.octopus.report import Line, Report, Taking
from fairlead.formats.octopus.unknown import unknown_names
from fairlead.formats.octopus.variables import variables_of
from fairlead.formats.process import process_text


@dataclass(frozen=True, slots=True)
class Imported:
    """`files`: what was made, by path in the folder that `apply` takes; `lines`: what became of each line; `unknown`:
    variables that the files use and none of them gives, each once, where it is used first."""

    files: Mapping[str, str]
    lines: tuple[Line, ...]
    unknown: tuple[Line, ...] = ()


def imported(project: str, contents: Mapping[str, bytes], environments: Mapping[str, str] | None = None) -> Imported:
    """A project of Fairlead from the files of a folder `.octopus`, by their names in it. `environments` are our names
    by Octopus's slugs. `ProjectFileInvalid` where one cannot be read; Invalid `import.nothing` where there is none."""
    known = {path: content for path, content in contents.items() if path.endswith(".ocl")}
    if not known:
        raise Invalid(
            "import.nothing",
            "there is no .ocl file",
            thing=".octopus",
            hint="name the folder .octopus of a version-controlled project of Octopus",
        )
    files: dict[str, str] = {}
    lines: list[Line] = []
    documents = {path: read_ocl(path, decoded(known[path]).text) for path in sorted(known)}
    for path, document in documents.items():
        report = Report(path)
        files |= {
            f"projects/{project}/{name}": text
            for name, text in _made(path, document, report, environments or {}).items()
        }
        lines += sorted(report.lines, key=lambda line: line.line)
    files.setdefault(f"projects/{project}/project.yml", "{}\n")
    return Imported(files, tuple(lines), unknown_names(documents))


def _made(path: str, document: Block, report: Report, environments: Mapping[str, str]) -> dict[str, str]:
    match path:
        case "deployment_process.ocl":
            return {"process.yml": process_text(process_of(document, report, environments))}
        case "variables.ocl":
            entries = variables_of(document, report, environments)
            return {"variables.yml": _text({"variables": entries})} if entries else {}
        case "deployment_settings.ocl":
            return {"project.yml": _text(_settings(document, report))}
        case "schema_version.ocl":
            for one in document.body:
                report.taken(one, "the version of the files")
            return {}
        case _:
            for one in document.body:
                report.left(one, "runbooks and other files are not imported")
            return {}


def _settings(document: Block, report: Report) -> dict[str, Any]:
    taking = Taking(document, report)
    made: dict[str, Any] = {}
    description = taking.text("description")
    if description:
        made["description"] = description
    guided = document.get("default_guided_failure_mode")
    taking.leave(guided, "say `guided: true` or `false` in process.yml where it is not the environment's default")
    for block in taking.blocks("versioning_strategy"):
        report.left(block, "say version_mask in project.yml: templates of versions are written otherwise")
    taking.rest()
    return made


def _text(held: object) -> str:
    yaml = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = BytesIO()
    yaml.dump(held, stream)
    return stream.getvalue().decode()
