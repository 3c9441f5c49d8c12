"""The installation as files: `export` writes them, `apply` plans and applies them, `schema` is for editors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from fairlead.cli.asking import agree
from fairlead.cli.field_lines import field_lines
from fairlead.cli.given_files import bytes_of
from fairlead.cli.screen import Screen
from fairlead.cli.session import API, session
from fairlead.domain.declaration import environment_variable
from fairlead.domain.errors import Invalid

CHANGES_PENDING = 3
SIGNS = {"add": "+", "change": "~", "arrange": "~", "remove": "-"}
STYLES = {"add": "green", "remove": "red"}
LINES = {"+": "green", "-": "red", " ": ""}


def export(
    context: typer.Context,
    folder: Path = typer.Argument(..., help="The folder; it is made if it does not exist."),
) -> None:
    """Write the whole installation as files: environments, projects, variables and all else, secrets as placeholders.

    A file that is there and says the same already is left as it is, with its comments; what the server no longer has is
    left, too, and told.
    """
    from fairlead.formats.declared.register import LAYOUTS
    from fairlead.formats.declared.writing import kept

    at = session(context)
    told: dict[str, str] = at.client.get(f"{API}/export")["files"]
    present = _files(folder) if folder.is_dir() else {}
    changed = kept(told, present, LAYOUTS)
    for path, text in changed.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    _write_schemas(folder)
    gone = sorted(set(present) - set(told))
    for path in gone:
        at.screen.say(f"{folder / path} is about something that the server does not have")
    at.screen.result(
        {"written": sorted(changed), "unchanged": sorted(set(told) - set(changed)), "unknown": gone},
        f"{len(changed)} of {len(told)} files written to {folder}",
    )


def apply(
    context: typer.Context,
    folder: Path = typer.Argument(..., help="The files, as `fairlead export` writes them."),
    plan: bool = typer.Option(False, "--plan", help="Only show what would change; exit code 3 if anything would."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
    prune: bool = typer.Option(False, "--prune", help="Remove what the files no longer name."),
    secrets: Path = typer.Option(None, "--secrets", help="Values of placeholders: a YAML file of NAME: VALUE."),
    hash: str = typer.Option("", "--hash", help="Apply only if this is still the plan's hash."),
) -> None:
    """Make the installation what the files say, all or nothing. The plan is shown first, and asked about.

    A placeholder {secret: NAME} leaves the secret as it is on the server; a value for it comes from --secrets FILE, or
    from FAIRLEAD_SECRET_NAME in the environment (capitals, and _ for what is neither letter nor digit).
    """
    at = session(context)
    files = _files(folder)
    body: dict[str, Any] = {
        "files": {path: _text(folder / path, content) for path, content in files.items()},
        "secrets": _secrets(files, secrets, at.screen),
        "prune": prune,
    }
    found = at.client.post(f"{API}/apply", {**body, "mode": "plan"})
    if plan or not found["pending"]:
        _tell(at.screen, found)
        raise typer.Exit(CHANGES_PENDING if found["pending"] else 0)
    body["hash"] = found["hash"] if found["hash"].startswith(hash) else hash  # the server says what is wrong with it
    if not yes:
        _show(at.screen, found)
        agree(f"Make these {len(found['changes'])} changes?")
    done = at.client.post(f"{API}/apply", {**body, "mode": "apply"})
    if at.screen.as_json:
        at.screen.result(done)
        return
    if yes:
        _show(at.screen, done)
    at.screen.say(f"{len(done['changes'])} changes made", mark="[green]✔[/]")


def schema(
    context: typer.Context,
    folder: Path = typer.Argument(Path(".schemas"), help="Where to."),
) -> None:
    """Write the JSON Schemas of all files, for editors. Needs no server."""
    at = session(context)
    names = _write_into(folder)
    at.screen.result({"written": names}, f"{len(names)} schemas written to {folder}")


def _tell(screen: Screen, found: Mapping[str, Any]) -> None:
    if screen.as_json:
        screen.result(found)
    elif found["pending"]:
        _show(screen, found)
    else:
        screen.say("nothing to change: the installation is what the files say", mark="[green]✔[/]")


def _show(screen: Screen, found: Mapping[str, Any]) -> None:
    for change in found["changes"]:
        project = f"{change['project']} " if change["project"] else ""
        where = f"  ({change['file']}:{change['line']})" if change["line"] else ""
        line = f"{SIGNS[change['act']]} {change['noun']} {project}{change['name']}".rstrip() + where
        screen.out.print(line, markup=False, style=STYLES.get(change["act"], "yellow"))
        for one in change["fields"]:
            for text, mark in field_lines(one["field"], one["old"], one["new"]):
                screen.out.print(f"    {text}", markup=False, highlight=False, style=LINES[mark])
    screen.out.print(f"plan {found['hash'][:16]}: {_count(found)}", markup=False, style="bold")
    if found["unnamed"]:
        screen.say(f"{len(found['unnamed'])} that no file names stay (--prune removes those of files given)")
    if found["refused"]:
        screen.err.print(f"you may not apply this: {found['refused']}", markup=False, style="red")


def _count(found: Mapping[str, Any]) -> str:
    acts = [change["act"] for change in found["changes"]]
    words = {"add": "to add", "change": "to change", "arrange": "to put in order", "remove": "to remove"}
    return ", ".join(f"{acts.count(act)} {said}" for act, said in words.items() if act in acts)


def _files(folder: Path) -> dict[str, bytes]:
    from fairlead.formats.declared.reading import is_declaration

    if not folder.is_dir():
        raise Invalid("input.invalid", f"{folder} is not a folder")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: bytes_of(path) for name, path in names.items() if is_declaration(name)}


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("declaration.invalid", f"{path} is not UTF-8 text", thing=str(path)) from error


def _secrets(files: Mapping[str, bytes], given: Path | None, screen: Screen) -> dict[str, str]:
    """Values of placeholders that the files name; the file comes before the environment."""
    from fairlead.formats.declared.reading import names_of_placeholders, read
    from fairlead.formats.declared.register import LAYOUTS

    names = tuple(names_of_placeholders(read(files, LAYOUTS)))
    told = _told(given) if given else {}
    for unknown in sorted(set(told) - set(names)):
        screen.say(f"{given}: no file has a placeholder {unknown!r}")
    found = {name: told.get(name, os.environ.get(environment_variable(name))) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _told(file: Path) -> dict[str, str]:
    from fairlead.formats.declared.secrets import read_secrets

    return read_secrets(str(file), bytes_of(file))


def _write_schemas(folder: Path) -> None:
    from fairlead.formats.declared.writing import SCHEMAS

    _write_into(folder / SCHEMAS)


def _write_into(folder: Path) -> list[str]:
    from fairlead.formats.declared.register import schemas

    folder.mkdir(parents=True, exist_ok=True)
    made = schemas()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return sorted(made)


def add_to(app: typer.Typer) -> None:
    """The commands without a group."""
    app.command("export")(export)
    app.command("apply")(apply)
    app.command("schema")(schema)
