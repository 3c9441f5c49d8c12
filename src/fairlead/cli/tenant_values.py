"""What tenants are asked for and give: commands of the group *tenants*."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import typer

from fairlead.cli.asking import ask
from fairlead.cli.given_files import value_of
from fairlead.cli.session import API, Anew, ProjectName, Session, segment, session, with_given
from fairlead.domain.errors import Invalid, NotFound

Tenant: TypeAlias = Annotated[str, typer.Argument(help="The tenant.")]
Template: TypeAlias = Annotated[str, typer.Argument(help="The template's name.")]
EnvironmentName: TypeAlias = Annotated[
    str, typer.Option("--environment", "-e", help="Where the tenant has the project; needed for a project's template.")
]
LibraryName: TypeAlias = Annotated[
    str, typer.Option("--library-set", "-l", help="Of this library set instead of a project.")
]


def add_to(group: typer.Typer) -> None:
    """The commands become those of the group."""
    group.command("templates")(templates)
    group.command("set-template")(set_template)
    group.command("remove-template")(remove_template)
    group.command("values")(values)
    group.command("missing")(missing_values)
    group.command("set-value")(set_value)
    group.command("remove-value")(remove_value)


def templates(context: typer.Context, project: ProjectName = "", library_set: LibraryName = "") -> None:
    """What a project, or a library set, asks each tenant for."""
    at = session(context)
    rows = at.client.get(_templates(at, project, library_set))["templates"]
    columns = {"name": "NAME", "label": "LABEL", "type": "TYPE", "default": "DEFAULT", "help": "HELP"}
    shown = rows if at.screen.as_json else [{**row, "default": _default(row)} for row in rows]
    at.screen.table(shown, columns, empty="no templates")


def set_template(
    context: typer.Context,
    name: Template,
    label: str = typer.Option(None, "--label", help="What people are shown."),
    help_text: str = typer.Option(None, "--help-text", help="What it is for."),
    type: str = typer.Option(None, "--type", help="text (at first), multi-line, checkbox, select or secret."),
    default: str | None = typer.Option(None, "--default", help="Without one each tenant must give a value."),
    option: list[str] = typer.Option([], "--option", help="What a select offers; may be given again."),
    anew: Anew = False,
    project: ProjectName = "",
    library_set: LibraryName = "",
) -> None:
    """Ask each tenant for a value: a new template, or one that is asked for otherwise from the next release on; what is
    not given stays, of another type only label and help."""
    at = session(context)
    path = _templates(at, project, library_set)
    held = at.client.get(path)
    known = [] if anew else [one for one in held["templates"] if one["name"].lower() == name.lower()]
    present: dict[str, Any] = known[0] if known else {}
    if present:
        at.leave_unchanged(present)
    if type is not None and type != present.get("type"):
        present = {key: present[key] for key in ("name", "label", "help") if key in present}
    given = {"label": label, "help": help_text, "type": type, "default": default, "options": option or None}
    made = {"name": present.get("name", name), **with_given(present, given)}
    found = [one["name"].lower() for one in held["templates"]]
    rows = [made if one["name"].lower() == name.lower() else one for one in held["templates"]]
    wanted = rows if name.lower() in found else [*rows, made]
    done = at.client.put(path, {"templates": wanted}, revision=held["revision"])
    at.screen.result(done, f"tenants are asked for {name}: releases that are made from now on need it")


def remove_template(
    context: typer.Context, name: Template, project: ProjectName = "", library_set: LibraryName = ""
) -> None:
    """Ask for it no longer. Releases that froze it still need it, so what tenants gave stays with them."""
    at = session(context)
    path = _templates(at, project, library_set)
    held = at.client.get(path)
    stays = [one for one in held["templates"] if one["name"].lower() != name.lower()]
    if stays == held["templates"]:
        raise NotFound("tenant.template_unknown", f"there is no template {name[:80]!r}", thing=name[:80])
    at.client.put(path, {"templates": stays}, revision=held["revision"])
    at.screen.say(f"template {name} removed")


def values(
    context: typer.Context,
    name: Tenant,
    missing: bool = typer.Option(False, "--missing", help="Only those for which deployments are refused."),
    search: str = typer.Option("", "--search", help="Only templates that have this in their name."),
) -> None:
    """What a tenant is asked for, and what it gives; secrets are never shown."""
    at = session(context)
    rows = at.client.all(f"{API}/tenants/{segment(name)}/values", state="missing" if missing else "", search=search)
    columns = {"name": "TEMPLATE", "where": "FOR", "state": "STATE", "value": "VALUE", "label": "LABEL"}
    shown = rows if at.screen.as_json else [_row(row) for row in rows]
    at.screen.table(shown, columns, empty="nothing is missing" if missing else "nothing is asked for")


def missing_values(
    context: typer.Context,
    project: str = typer.Option("", "--project", "-p", help="Only for this project's templates."),
    environment: str = typer.Option("", "--environment", "-e", help="Only for this environment."),
    tag: list[str] = typer.Option([], "--tag", help="Only of tenants with this tag, Set/Tag."),
    search: str = typer.Option("", "--search", help="Only where a name has this in it: any that the list shows."),
) -> None:
    """What deployments are refused for, of all tenants: values that are asked for and not given."""
    at = session(context)
    rows = at.client.all(
        f"{API}/missing-tenant-values", search=search, project=project, environment=environment, tag=tag
    )
    columns = {"tenant": "TENANT", "where": "FOR", "name": "TEMPLATE", "label": "LABEL"}
    shown = (
        rows
        if at.screen.as_json
        else [{**row, "where": _where(row), "label": row["template"]["label"]} for row in rows]
    )
    at.screen.table(shown, columns, empty="nothing is missing")


def set_value(
    context: typer.Context,
    name: Tenant,
    template: Template,
    value: str | None = typer.Argument(None, help="The value; if it is not given you are asked for it, unseen."),
    source: str = typer.Option("", "--from", help="A file that holds the value; - for standard input."),
    project: ProjectName = "",
    environment: EnvironmentName = "",
    library_set: LibraryName = "",
) -> None:
    """A tenant gives this value: in a project's environment, or for a library set. Later deployments have it."""
    at = session(context)
    if value is not None and source:
        raise Invalid("input.invalid", "a value was given twice", hint="VALUE or --from")
    if source:
        value = value_of(source)
    if value is None:
        value = ask(template, is_hidden=True, instead="--from FILE, or - for standard input")
    done = _change(at, name, template, value, project=project, environment=environment, library_set=library_set)
    more = f"; {done['missing']} missing: fairlead tenants values {name} --missing" if done["missing"] else ""
    at.screen.result(done, f"{done['tenant']} gives {template}{more}")


def remove_value(
    context: typer.Context,
    name: Tenant,
    template: Template,
    project: ProjectName = "",
    environment: EnvironmentName = "",
    library_set: LibraryName = "",
) -> None:
    """Remove a tenant's value: the default applies, if there is one."""
    at = session(context)
    done = _change(at, name, template, None, project=project, environment=environment, library_set=library_set)
    at.screen.result(done, f"{done['tenant']} gives no {template} there")


def _change(
    at: Session, name: str, template: str, value: str | None, *, project: str, environment: str, library_set: str
) -> dict[str, Any]:
    where = {"library_set": library_set} if library_set else {"project": at.project(project)}
    given = {"name": template, "value": value, "environment": environment, **where}
    made: dict[str, Any] = at.client.patch(f"{API}/tenants/{segment(name)}/values", {"values": [given]})
    return made


def _templates(at: Session, project: str, library_set: str) -> str:
    if library_set:
        return f"{API}/library-sets/{segment(library_set)}/tenant-templates"
    return f"{API}/projects/{segment(at.project(project))}/tenant-templates"


def _default(row: dict[str, Any]) -> str:
    return "(needed)" if row["default"] is None else str(row["default"])


def _row(row: dict[str, Any]) -> dict[str, Any]:
    value = "•••" if row["secret"] and row["state"] in ("given", "left") else row["value"]
    return {**row, "where": _where(row), "value": value, "label": row["template"]["label"] if row["template"] else ""}


def _where(row: dict[str, Any]) -> str:
    return f"library set {row['library_set']}" if row["library_set"] else f"{row['project']} in {row['environment']}"
