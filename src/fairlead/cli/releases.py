"""Releases: immutable snapshots of images, files and variables."""

from __future__ import annotations

from typing import Any

import typer

from fairlead.cli.asking import agree
from fairlead.cli.given_files import text_of
from fairlead.cli.session import API, ProjectName, Search, Session, segment, session
from fairlead.domain.errors import Invalid
from fairlead.domain.versions.maven_coordinates import read_coordinates

PACKAGE_HELP = "NAME=VERSION, or Maven's GROUP:ARTIFACT:VERSION, where no image tag says the version."

group = typer.Typer(name="release", help="Releases: snapshots that can be deployed.", no_args_is_help=True)


@group.command("list")
def list_releases(
    context: typer.Context,
    project: ProjectName = "",
    channel: str = typer.Option("", "--channel", help="Only those of this channel."),
    search: Search = "",
) -> None:
    """List releases, the newest first."""
    at = session(context)
    columns = {
        "version": "VERSION",
        "channel": "CHANNEL",
        "commit": "COMMIT",
        "live_in": "LIVE IN",
        "images": "IMAGES",
        "created_at": "WHEN",
        "created_by": "BY",
    }
    rows = at.client.all(
        f"{API}/projects/{segment(at.project(project))}/releases", most=50, channel=channel, search=search
    )
    if at.screen.as_json:
        at.screen.result(rows)
        return
    shown = [
        {**row, "commit": row["commit"][:12], "images": f"gone: {', '.join(row['gone'])}" if row["gone"] else "kept"}
        for row in rows
    ]
    at.screen.table(shown, columns, empty="no releases yet")


@group.command("show")
def show(
    context: typer.Context,
    version: str = typer.Argument(..., help="The release's version, or `latest`."),
    project: ProjectName = "",
) -> None:
    """Show one release: digests, commits, warnings."""
    at = session(context)
    at.screen.result(at.client.get(f"{API}/projects/{segment(at.project(project))}/releases/{segment(version)}"))


@group.command("create")
def create(
    context: typer.Context,
    version: str = typer.Option("", help="By default the next one."),
    image: list[str] = typer.Option([], "--image", help="SERVICE=NAME@sha256:…; once for each service."),
    test_image: str = typer.Option("", help="NAME@sha256:… of the tests."),
    commit: str = typer.Option("", help="The commit that it was made from."),
    folder: str = typer.Option(".", "--files", help="The folder that holds fairlead.yml and the compose file."),
    without_files: bool = typer.Option(
        False, "--without-files", help="The project's process deploys no services: there is no fairlead.yml."
    ),
    notes: str = typer.Option("", help="Release notes; #{…} in them is filled in."),
    notes_file: str = typer.Option("", help="A file that holds them."),
    channel: str = typer.Option("", help="By default the first whose rules take the versions."),
    package: list[str] = typer.Option([], "--package", help=PACKAGE_HELP),
    project: ProjectName = "",
) -> None:
    """Make a release of images that your own CI has built, tested and pushed."""
    at = session(context)
    from fairlead.cli.files import carried

    body: dict[str, Any] = {
        "version": version,
        "images": dict(_image(entry) for entry in image),
        "test_image": test_image,
        "commit": commit,
        "notes": text_of(notes_file) if notes_file else notes,
        "channel": channel,
        "packages": dict(_package(entry) for entry in package),
        "files": {} if without_files else carried(folder),
    }
    made = at.client.post(f"{API}/projects/{segment(at.project(project))}/releases", body)
    at.screen.result(made, f"release {made['version']} made")


@group.command("next-version")
def next_version(
    context: typer.Context,
    channel: str = typer.Option("", help="Of this channel; by default the one that it would be made in."),
    project: ProjectName = "",
) -> None:
    """Print the version that the next release would get."""
    at = session(context)
    found = at.client.get(f"{API}/projects/{segment(at.project(project))}/next-version", channel=channel)
    at.screen.result(found, found["version"])


@group.command("copy")
def copy(
    context: typer.Context,
    version: str = typer.Argument(..., help="The release to copy, or `latest`."),
    new_version: str = typer.Option("", "--version", help="By default the next one."),
    channel: str = typer.Option("", help="By default the same."),
    notes: str | None = typer.Option(None, help="By default the same."),
    package: list[str] = typer.Option([], "--package", help="NAME=VERSION, in place of what the release has."),
    project: ProjectName = "",
) -> None:
    """Make a new release with another's images, files and notes; process and variables as they are now."""
    at = session(context)
    body: dict[str, Any] = {
        "version": new_version,
        "channel": channel,
        "notes": notes,
        "packages": dict(_package(entry) for entry in package),
    }
    made = at.client.post(f"{API}/projects/{segment(at.project(project))}/releases/{segment(version)}/copy", body)
    at.screen.result(made, f"release {made['version']} made")


@group.command("changes")
def changes(
    context: typer.Context,
    version: str = typer.Argument(..., help="The release, or `latest`."),
    to: str = typer.Option(..., "--to", help="The environment."),
    tenant: str = typer.Option("", help="Compared with what this tenant has there."),
    project: ProjectName = "",
) -> None:
    """Show what a deployment of the release would bring, compared with what is live there."""
    at = session(context)
    path = f"{API}/projects/{segment(at.project(project))}/releases/{segment(version)}/changes"
    found = at.client.get(path, environment=to, tenant=tenant)
    at.screen.result(found, found["markdown"])


@group.command("settings")
def settings(
    context: typer.Context,
    version_template: str | None = typer.Option(None, help="A mask (c.i.0), or a template of variables."),
    donor: str | None = typer.Option(None, help="The service or package whose version the release takes; '' for none."),
    notes_template: str = typer.Option("", help="A file: the template for notes of releases that have none."),
    changes_template: str = typer.Option("", help="A file: the template for what a deployment brings."),
    lock: bool | None = typer.Option(
        None, "--lock/--no-lock", help="Whether a promoted release's variables are locked."
    ),
    project: ProjectName = "",
) -> None:
    """Show how releases are numbered and described, or change it."""
    at = session(context)
    path = f"{API}/projects/{segment(at.project(project))}/release-settings"
    held = at.client.get(path)
    given = {
        "version_template": version_template,
        "donor": donor,
        "notes_template": text_of(notes_template) if notes_template else None,
        "changes_template": text_of(changes_template) if changes_template else None,
        "locks_variables": lock,
    }
    changed = {name: value for name, value in given.items() if value is not None}
    if changed:
        held = at.client.put(path, {**{name: held[name] for name in given}, **changed})
    at.screen.result(held)


@group.command("update-variables")
def update_variables(
    context: typer.Context,
    version: str = typer.Argument(..., help="The release's version, or `latest`."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Freeze without asking."),
    preview: bool = typer.Option(False, "--preview", help="Only show the difference; exit code 3 if there is one."),
    project: ProjectName = "",
) -> None:
    """Show how the variables differ from those that the release froze, and freeze the new ones."""
    at = session(context)
    path = f"{API}/projects/{segment(at.project(project))}/releases/{segment(version)}/variables"
    seen = at.client.post(path, preview=True)
    if seen["hidden"]:
        at.screen.say(f"{seen['hidden']} more differ, which you may not view")
    if not seen["changes"] and not seen["hidden"]:
        at.screen.result(seen, "nothing differs")
        return
    if preview or not at.screen.as_json:
        _show_changes(at, seen["changes"])
    if preview:
        raise typer.Exit(3)
    if not yes:
        agree(f"Freeze these for release {version}?")
    at.screen.result(at.client.post(path), f"release {version} has the new variables")


def _show_changes(at: Session, changes: list[dict[str, Any]]) -> None:
    columns = {"name": "NAME", "scope": "SCOPE", "old": "WAS", "new": "IS"}
    shown = [{**one, "old": _said(one["old"]), "new": _said(one["new"])} for one in changes]
    at.screen.table(shown, columns, empty="")


def _said(value: str | None) -> str:
    """An empty value, which is one, told apart from none."""
    return "not there" if value is None else value or '""'


def _image(entry: str) -> tuple[str, str]:
    service, sign, reference = entry.partition("=")
    if not sign or not service or not reference:
        raise Invalid("release.images", f"{entry[:120]!r} is not SERVICE=NAME@sha256:…")
    return service, reference


def _package(entry: str) -> tuple[str, str]:
    """``NAME=VERSION``, or Maven's ``GROUP:ARTIFACT:VERSION``, whose package is called ``GROUP:ARTIFACT``."""
    name, sign, version = entry.rpartition("=")
    if not sign and ":" in entry:
        found = read_coordinates(entry)
        name, version = ("" if found.packaging else f"{found.group}:{found.artifact}"), found.version
    if not name or not version:
        raise Invalid("input.invalid", f"{entry[:120]!r} is neither NAME=VERSION nor GROUP:ARTIFACT:VERSION")
    return name, version
