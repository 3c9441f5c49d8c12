"""Packages: the built-in feed of zip, nupkg and tar files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from fairlead.cli.given_files import require_file
from fairlead.cli.session import API, segment, session
from fairlead.domain.errors import FairleadError, Invalid

PATH = f"{API}/packages"

group = typer.Typer(name="packages", help="The built-in feed: files under an id and a version.", no_args_is_help=True)


@group.command("list")
def list_packages(context: typer.Context, name: str = typer.Option("", "--id", help="Only of this one.")) -> None:
    """List packages, the newest first."""
    at = session(context)
    rows = at.client.all(PATH, most=200, **({"name": name} if name else {}))
    columns = {
        "name": "ID",
        "version": "VERSION",
        "file_name": "FILE",
        "size_bytes": "BYTES",
        "created_at": "WHEN",
        "created_by": "BY",
    }
    at.screen.table(rows, columns, empty=f"the feed has no package {name}" if name else "no packages yet")


@group.command("push")
def push(
    context: typer.Context,
    files: list[Path] = typer.Argument(..., help="Web.1.2.3.zip; several may be given."),
    name: str = typer.Option("", "--id", help="Needed if the file's name does not say it."),
    version: str = typer.Option("", "--version", help="Needed if the file's name does not say it."),
    on_existing: str = typer.Option("fail", "--on-existing", help="fail, overwrite or ignore."),
) -> None:
    """Push files into the feed."""
    at = session(context)
    for file in files:  # before the first is pushed
        require_file(file)
    made: list[dict[str, Any]] = []
    for file in files:
        query = {"file": file.name, "id": name, "version": version, "on_existing": on_existing}
        try:
            with file.open("rb") as content:
                made.append(at.client.put_file(PATH, content, **query))
        except FairleadError:
            if made:
                at.screen.say(f"pushed before that: {_named(made)}")
            raise
        except OSError as error:
            raise Invalid("input.invalid", f"{file} cannot be read: {error.strerror}") from error
    at.screen.result(made, f"{_named(made)} pushed")


def _named(made: list[dict[str, Any]]) -> str:
    return ", ".join(f"{one['name']} {one['version']}" for one in made)


@group.command("download")
def download(
    context: typer.Context,
    name: str = typer.Argument(..., help="The package's id."),
    version: str = typer.Argument(..., help="Its version."),
    to: Path = typer.Option(Path(), "--to", help="The folder."),
) -> None:
    """Download a package."""
    at = session(context)
    path = f"{PATH}/{segment(name)}/{segment(version)}"
    found = at.client.get(path)
    target = to / found["file_name"]
    beside = target.with_name(f".{target.name}.part")
    try:
        with beside.open("wb") as file:
            for part in at.client.chunks(f"{path}/content"):
                file.write(part)
        beside.replace(target)
    except OSError as error:
        raise Invalid("input.invalid", f"{target} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
    at.screen.result(found, str(target))


@group.command("remove")
def remove(
    context: typer.Context,
    name: str = typer.Argument(..., help="The package's id."),
    version: str = typer.Argument(..., help="Its version."),
) -> None:
    """Remove a package that no release names."""
    at = session(context)
    at.client.delete(f"{PATH}/{segment(name)}/{segment(version)}")
    at.screen.say(f"{name} {version} removed")
