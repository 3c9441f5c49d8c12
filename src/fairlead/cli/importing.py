"""Projects of other products, made into files that `fairlead apply` takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fairlead.cli.given_files import bytes_of
from fairlead.cli.session import session
from fairlead.domain.errors import Invalid
from fairlead.domain.names import environment_name, project_name

if TYPE_CHECKING:
    from fairlead.formats.octopus.report import Line

group = typer.Typer(name="import", help="Import projects of other products.", no_args_is_help=True)

SIZE_LIMIT = 4_194_304


@group.command("octopus")
def octopus(
    context: typer.Context,
    folder: Path = typer.Argument(..., help="The folder .octopus, or the repository that has it."),
    to: Path = typer.Option(Path("house"), "--to", help="The folder of files for `fairlead apply`."),
    project: str = typer.Option("", "--project", "-p", help="The project's name; by default the repository's."),
    environment: list[str] = typer.Option(
        [], "--environment", "-e", help="What an environment is called here: SLUG=NAME, as production=Production."
    ),
    force: bool = typer.Option(False, "--force", help="Overwrite existing files."),
) -> None:
    """Make files for `fairlead apply` of a version-controlled project of Octopus. Needs no server.

    Each line of its .ocl files is reported as taken, or as not taken and why. Nothing is changed at any server.
    """
    from fairlead.formats.octopus.folder import imported

    at = session(context)
    inside = folder / ".octopus" if (folder / ".octopus").is_dir() else folder
    name = project_name(project or _default_name(inside))
    made = imported(name, _contents(inside), dict(_pair(one) for one in environment))
    present = [path for path in made.files if (to / path).exists()]
    if present and not force:
        raise Invalid(
            "input.invalid",
            f"{to / present[0]} is there already",
            thing=str(to),
            hint="--force writes over it, --to names another folder",
        )
    for path, text in made.files.items():
        target = to / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    left = [line for line in made.lines if not line.is_taken]
    if at.screen.as_json:
        told = {"lines": _data(made.lines), "unknown": _data(made.unknown)}
        at.screen.result({"written": sorted(made.files), **told})
        return
    for line in (*made.lines, *made.unknown):
        at.screen.out.print(str(line), markup=False, style="" if line.is_taken else "yellow")
    at.screen.say(
        f"{len(made.lines) - len(left)} taken, {len(left)} not; {len(made.unknown)} names are used and not given; "
        f"{len(made.files)} files written to {to}. Look them over, then: fairlead apply {to} --plan"
    )


def _data(lines: Iterable[Line]) -> list[dict[str, object]]:
    return [
        {"file": one.file, "line": one.line, "what": one.what, "taken": one.is_taken, "said": one.said} for one in lines
    ]


def _default_name(inside: Path) -> str:
    """The repository's name, as far as a project can be called so."""
    resolved = inside.resolve()
    own = (resolved.parent if resolved.name == ".octopus" else resolved).name.lower()
    return re.sub(r"[^a-z0-9]+", "-", own).strip("-")[:40].strip("-")


def _pair(text: str) -> tuple[str, str]:
    slug, equals, name = text.partition("=")
    if not equals or not slug:
        raise Invalid(
            "input.invalid", f"{text[:80]!r} is not SLUG=NAME", hint="as in: --environment production=Production"
        )
    return slug.strip(), environment_name(name.strip())


def _contents(inside: Path) -> dict[str, bytes]:
    if not inside.is_dir():
        raise Invalid("input.invalid", f"{inside} is not a folder")
    found = sorted(path for path in inside.rglob("*.ocl") if path.is_file())
    for path in found:
        if path.stat().st_size > SIZE_LIMIT:
            raise Invalid("input.too_large", f"{path} is larger than {SIZE_LIMIT} bytes", thing=str(path))
    return {path.relative_to(inside).as_posix(): bytes_of(path) for path in found}
