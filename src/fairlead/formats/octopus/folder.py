"""The folder `.octopus` of a project, made into the files that `fairlead apply` takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from ruamel.yaml import YAML

from fairlead.domain.errors import Invalid
from fairlead.formats.encoded_text import decoded
from fairlead.formats.ocl.reading import read_ocl
from fairlead.formats.ocl.tree import Block
from fairlead.formats.octopus.behaviour import behaviour_of
from fairlead.formats.octopus.process import process_of
from fairlead.formats.octopus.report import Line, Report, Taking
from fairlead.formats.octopus.runbooks import runbook_names, runbook_text, slug_of
from fairlead.formats.octopus.unknown import unknown_names
from fairlead.formats.octopus.variables import variables_of
from fairlead.formats.process import process_text

_PROCESS, _SETTINGS = "deployment_process.ocl", "deployment_settings.ocl"


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
    documents = {path: read_ocl(path, decoded(known[path]).text) for path in sorted(known)}
    reports = {path: Report(path) for path in documents}
    making = _Making(documents, reports, environments or {}, runbook_names(documents))
    files = {f"projects/{project}/{name}": text for path in documents for name, text in making.files_of(path).items()}
    files.setdefault(f"projects/{project}/project.yml", "{}\n")
    lines = [line for report in reports.values() for line in sorted(report.lines, key=lambda line: line.line)]
    return Imported(files, tuple(lines), unknown_names(documents))


@dataclass(frozen=True, slots=True)
class _Making:
    """Files of ours from those of Octopus; `environments` and `runbooks` are our names by Octopus's slugs."""

    documents: Mapping[str, Block]
    reports: Mapping[str, Report]
    environments: Mapping[str, str]
    runbooks: Mapping[str, str]

    def files_of(self, path: str) -> dict[str, str]:
        """What is made of the file, by name in the project's folder."""
        document, report = self.documents[path], self.reports[path]
        if slug := slug_of(path):
            text = runbook_text(self.runbooks[slug], document, report, self.environments)
            return {f"runbooks/{slug}.yml": text}
        match path:
            case "deployment_process.ocl":
                made = replace(process_of(document, report, self.environments), **self._behaviour())
                return {"process.yml": process_text(made)}
            case "variables.ocl":
                entries = variables_of(document, report, self.environments, self.runbooks)
                return {"variables.yml": _text({"variables": entries})} if entries else {}
            case "deployment_settings.ocl":
                return {"project.yml": _text(self._settings(Taking(document, report), report))}
            case "schema_version.ocl":
                for one in document.body:
                    report.taken(one, "the version of the files")
                return {}
            case _:
                for one in document.body:
                    report.left(
                        one, "no file of this project: name the folder that it lies in, where that is another's"
                    )
                return {}

    def _behaviour(self) -> dict[str, Any]:
        """What the settings say of how the process runs; they are reported where the settings are read."""
        found = self.documents.get(_SETTINGS)
        silent = Report(_SETTINGS)
        return behaviour_of(Taking(found, silent), silent) if found is not None else {}

    def _settings(self, taking: Taking, report: Report) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if description := taking.text("description"):
            made["description"] = description
        if _PROCESS in self.documents:
            behaviour_of(taking, report)
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
