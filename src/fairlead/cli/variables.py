"""Variables of a project or of a library set: for all places or some; and what they come to at one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import typer

from fairlead.cli import scope_options
from fairlead.cli.asking import ask
from fairlead.cli.given_files import value_of
from fairlead.cli.scope_options import (
    Channels,
    Environments,
    Processes,
    Steps,
    Targets,
    TargetTags,
    Tenants,
    TenantTags,
)
from fairlead.cli.session import API, Anew, ProjectName, Session, segment, session, steps
from fairlead.domain.errors import Invalid

group = typer.Typer(name="variables", help="Variables of a project; releases freeze them.", no_args_is_help=True)

LibraryName: TypeAlias = Annotated[
    str, typer.Option("--library-set", "-l", help="Of this library set instead of a project.")
]


@group.command("list")
def list_variables(
    context: typer.Context,
    project: ProjectName = "",
    library_set: LibraryName = "",
    search: str = typer.Option("", "--search", help="Only names that have this in them."),
) -> None:
    """List all variables; the values of secrets are never shown."""
    at = session(context)
    rows = at.client.all(_owner(at, project, library_set), most=20_000, search=search)
    columns = {"name": "NAME", "type": "TYPE", "value": "VALUE", "for": "FOR", "asked": "ASKED FOR"}
    at.screen.table([_row(row, as_json=at.screen.as_json) for row in rows], columns, empty="no variables")


@group.command("set")
def set_variable(
    context: typer.Context,
    name: str = typer.Argument(..., help="NAME=VALUE, or NAME alone with --value, --from, --part or for a prompt."),
    environment: Environments = [],  # noqa: B006
    channel: Channels = [],  # noqa: B006
    step: Steps = [],  # noqa: B006
    target: Targets = [],  # noqa: B006
    target_tag: TargetTags = [],  # noqa: B006
    tenant: Tenants = [],  # noqa: B006
    tenant_tag: TenantTags = [],  # noqa: B006
    process: Processes = [],  # noqa: B006
    secret: bool | None = typer.Option(
        None, "--secret/--not-secret", help="Kept encrypted, masked everywhere, never shown again."
    ),
    source: str = typer.Option("", "--from", help="A file that holds the value; - for standard input."),
    value: str | None = typer.Option(None, "--value", help="The value; then NAME may hold =."),
    type: str = typer.Option("", "--type", help="certificate, user-password, token or ssh-key: made of parts."),
    part: list[str] = typer.Option([], "--part", help="PART=VALUE or PART=@FILE of a certificate or an account."),
    description: str | None = typer.Option(None, "--description", help="What it is for."),
    prompt: str = typer.Option("", "--prompt", help="Ask for it at each deployment, by this label."),
    prompt_help: str = typer.Option("", "--prompt-help", help="An explanation beside the question."),
    required: bool = typer.Option(False, "--required", help="The question must be answered."),
    control: str = typer.Option("", "--control", help="single, multi, select, checkbox or sensitive."),
    option: list[str] = typer.Option([], "--option", help="What a select offers; may be given again."),
    anew: Anew = False,
    project: ProjectName = "",
    library_set: LibraryName = "",
) -> None:
    """Set a variable. One of this name and scope stays a secret, asked for and described as it was, unless something
    else is given. Releases that exist keep what they froze (see `release update-variables`)."""
    at = session(context)
    is_asked = bool(prompt or prompt_help or required or control or option)
    key = name if type or value is not None else name.partition("=")[0]
    path = _owner(at, project, library_set)
    address = f"{path}/{steps(key)}"
    scope = scope_options.scope(
        environment=environment,
        channel=channel,
        step=step,
        target=target,
        target_tag=target_tag,
        tenant=tenant,
        tenant_tag=tenant_tag,
        process=process,
    )
    told = "" if type else _given(name, source, value)
    parts = dict(_part(one) for one in part) if type else {}
    held = {} if anew else _held(at, path, key, scope)
    was_secret = not type and held.get("type") == "secret"
    is_secret = (control == "sensitive" or was_secret) if secret is None else secret
    given = _unsaid(held, key, secret=is_secret, is_asked=is_asked) if told is None else told
    body = {"value": given, "secret": is_secret, "scope": scope}
    body["description"] = held.get("description", "") if description is None else description
    if type:
        body |= {"type": type, "parts": parts}
    elif is_asked:
        asked = control or ("select" if option else "sensitive" if is_secret else "single")
        words = {"label": prompt, "description": prompt_help, "required": required, "control": asked, "options": option}
        body["prompt"] = words
    else:
        body["prompt"] = held.get("prompt")
    made = at.client.put(address, body)
    stays = ", and stays a secret" if was_secret and secret is None and is_secret else ""
    at.screen.result(made, f"{key} set for {scope_options.words(scope)}{stays}")


@group.command("unset")
def unset(
    context: typer.Context,
    name: str = typer.Argument(..., help="The variable."),
    environment: Environments = [],  # noqa: B006
    channel: Channels = [],  # noqa: B006
    step: Steps = [],  # noqa: B006
    target: Targets = [],  # noqa: B006
    target_tag: TargetTags = [],  # noqa: B006
    tenant: Tenants = [],  # noqa: B006
    tenant_tag: TenantTags = [],  # noqa: B006
    process: Processes = [],  # noqa: B006
    project: ProjectName = "",
    library_set: LibraryName = "",
) -> None:
    """Remove the variable of exactly this scope."""
    at = session(context)
    scope = scope_options.scope(
        environment=environment,
        channel=channel,
        step=step,
        target=target,
        target_tag=target_tag,
        tenant=tenant,
        tenant_tag=tenant_tag,
        process=process,
    )
    at.client.delete(f"{_owner(at, project, library_set)}/{steps(name)}", **scope)
    at.screen.say(f"{name} removed")


@group.command("preview")
def preview(
    context: typer.Context,
    environment: str = typer.Option("", "--environment", "-e", help="Where; by default the last of the lifecycle."),
    channel: str = typer.Option("", "--channel", help="By default the release's, or the default one."),
    step: str = typer.Option("", "--step", help="In this step or action."),
    target: str = typer.Option("", "--target", help="On this target."),
    target_tag: list[str] = typer.Option([], "--target-tag", help="On a target with this tag, which the step targets."),
    tenant: str = typer.Option("", "--tenant", help="For this tenant."),
    version: str = typer.Option("", "--release", "-r", help="As this release froze them."),
    search: str = typer.Option("", "--search", help="Only names that have this in them."),
    losers: bool = typer.Option(False, "--why", help="Also say why each other value does not hold."),
    project: ProjectName = "",
) -> None:
    """Show which value holds for each name at a place, and what it comes to. Secrets are never shown."""
    at = session(context)
    query = {"environment": environment or at.last_environment(), "channel": channel, "step": step, "target": target}
    query |= {"target_tag": target_tag, "tenant": tenant, "version": version, "search": search}  # type: ignore[dict-item]
    path = f"{API}/projects/{segment(at.project(project))}/variable-preview"
    if at.screen.as_json:
        first = at.client.get(path, **query, limit=1)
        at.screen.result({"items": at.client.all(path, most=20_000, **query), "warnings": first["warnings"]})
        return
    rows = at.client.all(path, most=20_000, **query)
    shown: list[dict[str, str]] = []
    for row in rows:
        shown.append({"name": row["name"], "value": _comes_to(row), "for": _from(row)})
        if losers:
            shown += [
                {"name": "", "value": f"not {lost['value']}", "for": f"{_from(lost)}: {lost['reason']}"}
                for lost in row["lost"]
            ]
    at.screen.table(shown, {"name": "NAME", "value": "VALUE", "for": "FROM"}, empty="no variables")
    for warning in at.client.get(path, **query, limit=1)["warnings"]:
        at.screen.say(warning, mark="[yellow]![/]")


def _comes_to(row: dict[str, Any]) -> str:
    if not row["has_value"]:
        return "(no value here)"
    if row["problem"]:
        return f"({row['code']}: {row['problem']})"
    return str(row["evaluated"] if row["type"] in ("text", "secret") else row["value"])


def _from(row: dict[str, Any]) -> str:
    if row["template"]:
        return f"{row['scope']} ({row['template']})"
    return f"{row['scope']} (library set {row['library_set']})" if row["library_set"] else str(row["scope"])


def _owner(at: Session, project: str, library_set: str) -> str:
    if library_set:
        return f"{API}/library-sets/{segment(library_set)}/variables"
    return f"{API}/projects/{segment(at.project(project))}/variables"


def _row(row: dict[str, Any], *, as_json: bool) -> dict[str, Any]:
    shown = {**row, "value": "•••" if row["secret"] else row["value"]}
    if as_json:
        return shown
    parts = ", ".join(part["name"] for part in row["parts"])
    asked = (row["prompt"]["label"] or row["name"]) if row["prompt"] else ""
    return {**shown, "value": shown["value"] or parts, "for": scope_options.words(row["scope"]), "asked": asked}


def _held(at: Session, path: str, name: str, scope: Mapping[str, list[str]]) -> dict[str, Any]:
    """The variable of exactly this name and scope, as it is told; nothing where there is none."""
    wanted = _scope_as_compared(scope)
    for one in at.client.all(path, most=20_000, search=name):
        if one["name"].lower() == name.lower() and _scope_as_compared(one["scope"]) == wanted:
            return dict(one)
    return {}


def _scope_as_compared(scope: Mapping[str, list[str]]) -> dict[str, set[str]]:
    return {dimension: {entry.lower() for entry in entries} for dimension, entries in scope.items() if entries}


def _given(name: str, source: str, value: str | None) -> str | None:
    """The value that is said; None where none is."""
    _, sign, own = ("", "", "") if value is not None else name.partition("=")
    if source and (value is not None or sign):
        raise Invalid("input.invalid", "a value was given twice", hint="NAME=VALUE, --value or --from")
    if value is not None:
        return value
    if sign:
        return own
    return value_of(source) if source else None


def _unsaid(held: Mapping[str, Any], key: str, *, secret: bool, is_asked: bool) -> str:
    """The value where none is said: what it was, or nothing, for one that deployments ask for, else what a person
    types."""
    if is_asked:
        return str(held["value"]) if held.get("type") == "text" and not secret else ""
    return ask(key, is_hidden=secret, instead="--from FILE, or - for standard input")


def _part(given: str) -> tuple[str, str]:
    name, sign, value = given.partition("=")
    if not sign:
        raise Invalid(
            "input.invalid", f"{given[:80]!r} is not a part", hint="--part Username=robot, --part PrivateKey=@key"
        )
    return name, value_of(value[1:]) if value.startswith("@") else value
