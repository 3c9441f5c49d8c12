"""Project files on this machine: writing one, checking one, and sending what a release carries."""

from __future__ import annotations

import base64
from pathlib import Path

import typer

from fairlead.cli.session import session
from fairlead.domain.errors import Invalid
from fairlead.domain.names import project_name
from fairlead.formats.files import Directory

PROJECT_FILE = "fairlead.yml"


def init(
    context: typer.Context,
    folder: Path = typer.Argument(Path(), help="The repository."),
    name: str = typer.Option("", help="The project's name; by default the folder's."),
    force: bool = typer.Option(False, "--force", help="Overwrite an existing one."),
    print_only: bool = typer.Option(False, "--print", help="Print it instead of writing it."),
) -> None:
    """Write a fairlead.yml for a repository with a compose file, or with only a Dockerfile. Needs no server."""
    from fairlead.formats.init import propose

    at = session(context)
    text = propose(Directory(_folder(folder)), project_name(name) if name else folder.resolve().name)
    target = folder / PROJECT_FILE
    if print_only:
        print(text, end="")
        return
    if target.exists() and not force:
        raise Invalid(
            "input.invalid", f"{target} is there already", hint="--force writes over it, --print shows a new one"
        )
    target.write_text(text)
    at.screen.say(f"wrote {target}; look it over, then: fairlead validate {folder}")


def validate(
    context: typer.Context,
    folder: Path = typer.Argument(Path(), help="The repository."),
    environment: list[str] = typer.Option(
        ["Test", "Production"], "--environment", "-e", help="The lifecycle's, in order."
    ),
) -> None:
    """Check fairlead.yml, the compose files, and what .fairlead declares. Needs no server; what variables hold is not
    known here."""
    from fairlead.formats.declared.repository import declared_paths
    from fairlead.formats.project import validate as check

    at = session(context)
    files = Directory(_folder(folder))
    warnings, problems = check(files, environment, kinds=at.kinds() if declared_paths(files) else {})
    if at.screen.as_json:
        at.screen.result({"warnings": list(warnings), "problems": [str(problem) for problem in problems]})
    else:
        for warning in warnings:
            at.screen.err.print(f"warning: {warning}", style="yellow", markup=False)
        for problem in problems:
            at.screen.err.print(f"error: {problem}", style="red", markup=False)
    if problems:
        raise typer.Exit(2)
    at.screen.say(
        f"{folder / PROJECT_FILE} can be deployed" + (f", with {_counted(len(warnings))}" if warnings else "")
    )


def carried(folder: str) -> dict[str, str]:
    """What a release must hold of the folder, and what variables may name of it: path → base64."""
    from fairlead.formats.named_by_variables import files_named
    from fairlead.formats.project import read_outline

    files = Directory(_folder(Path(folder)))
    if PROJECT_FILE not in files:
        raise Invalid("project_file.missing", f"{folder} has no {PROJECT_FILE}", hint="name its folder with --files")
    paths = {*read_outline(files).carried, *files_named(files)}
    return {path: base64.b64encode(files[path]).decode() for path in sorted(paths)}


def _folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise Invalid("input.invalid", f"{folder} is not a folder")
    return folder


def add_to(app: typer.Typer) -> None:
    """The commands without a group."""
    app.command("init")(init)
    app.command("validate")(validate)


def _counted(warnings: int) -> str:
    return "1 warning" if warnings == 1 else f"{warnings} warnings"
