"""Channels: lines of releases of a project, with rules of versions and a lifecycle of their own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import typer

from fairlead.cli.given_values import refuse_both
from fairlead.cli.session import API, ProjectName, Search, Session, segment, session
from fairlead.domain.channel import VersionRule
from fairlead.formats import rule_lines

RULE_HELP = f"{rule_lines.WORDS}; once for each rule."

group = typer.Typer(name="channels", help="Lines of releases, with rules of their versions.", no_args_is_help=True)


@group.command("list")
def list_channels(context: typer.Context, project: ProjectName = "", search: Search = "") -> None:
    """List a project's channels."""
    at = session(context)
    rows = at.client.all(_path(at, project), search=search)
    columns = {"name": "NAME", "default": "DEFAULT", "lifecycle": "LIFECYCLE", "rules": "RULES", "tags": "TENANTS"}
    at.screen.table(rows if at.screen.as_json else [_row(row) for row in rows], columns, empty="no channels")


@group.command("show")
def show(
    context: typer.Context,
    name: str = typer.Argument(..., help="The channel."),
    project: ProjectName = "",
) -> None:
    """Show one channel."""
    at = session(context)
    at.screen.result(at.client.get(_path(at, project, name)))


@group.command("add")
def add(
    context: typer.Context,
    name: str = typer.Argument(..., help="Its name."),
    description: str = typer.Option("", help="What it is for."),
    lifecycle: str = typer.Option("", help="By default the project's."),
    rule: list[str] = typer.Option([], "--rule", help=RULE_HELP),
    maven_rule: list[str] = typer.Option([], "--maven-rule", help="The same with a range in Maven's notation."),
    tenant_tag: list[str] = typer.Option([], "--tenant-tag", help="Set/Tag; once for each."),
    default: bool = typer.Option(False, "--default", help="Releases that name no channel are tried here first."),
    project: ProjectName = "",
) -> None:
    """Add a channel."""
    at = session(context)
    body: dict[str, Any] = {
        "name": name,
        "description": description,
        "lifecycle": lifecycle,
        "is_default": default,
        "rules": _rules(rule, maven_rule),
        "tenant_tags": tenant_tag,
    }
    at.screen.result(at.client.post(_path(at, project), body), f"channel {name} added")


@group.command("set")
def set_channel(
    context: typer.Context,
    name: str = typer.Argument(..., help="The channel."),
    rename: str = typer.Option("", help="Its new name."),
    description: str | None = typer.Option(None, help="What it is for."),
    lifecycle: str | None = typer.Option(None, help="The lifecycle that it follows; '' for the project's."),
    rule: list[str] = typer.Option([], "--rule", help=f"They replace all rules. {RULE_HELP}"),
    maven_rule: list[str] = typer.Option([], "--maven-rule", help="The same with a range in Maven's notation."),
    no_rules: bool = typer.Option(False, "--no-rules", help="Take every version: no rules."),
    tenant_tag: list[str] = typer.Option([], "--tenant-tag", help="They replace all; Set/Tag, once for each."),
    default: bool = typer.Option(False, "--default", help="Make it the default channel."),
    project: ProjectName = "",
) -> None:
    """Change a channel; what is not given stays."""
    at = session(context)
    refuse_both(("--no-rules", no_rules), ("--rule", rule or maven_rule))
    held = at.client.get(_path(at, project, name))
    body = {key: held[key] for key in ("name", "description", "lifecycle", "is_default", "rules", "tenant_tags")}
    rules = _rules(rule, maven_rule)
    body["name"] = rename or held["name"]
    body["rules"] = rules if rules or no_rules else held["rules"]
    body["description"] = held["description"] if description is None else description
    body["lifecycle"] = held["lifecycle"] if lifecycle is None else lifecycle
    body["tenant_tags"] = tenant_tag or held["tenant_tags"]
    body["is_default"] = default or held["is_default"]
    saved = at.client.put(_path(at, project, name), body)
    at.screen.result(saved, f"channel {saved['name']} changed")


@group.command("remove")
def remove(
    context: typer.Context,
    name: str = typer.Argument(..., help="The channel."),
    project: ProjectName = "",
) -> None:
    """Remove a channel that no release was made in."""
    at = session(context)
    at.client.delete(_path(at, project, name))
    at.screen.say(f"channel {name} removed")


def _path(at: Session, project: str, name: str | None = None) -> str:
    path = f"{API}/projects/{segment(at.project(project))}/channels"
    return path if name is None else f"{path}/{segment(name)}"


def _row(row: dict[str, Any]) -> dict[str, str]:
    rules = [VersionRule(tuple(one["packages"]), one["range"], one["notation"], one["tag"]) for one in row["rules"]]
    return {
        "name": row["name"],
        "default": "yes" if row["is_default"] else "",
        "lifecycle": row["lifecycle"] or "the project's",
        "rules": "  ".join(rule_lines.written(rule) for rule in rules),
        "tags": ", ".join(row["tenant_tags"]),
    }


def _rules(nuget: list[str], maven: list[str]) -> list[dict[str, Any]]:
    rules = [rule_lines.read(text) for text in nuget] + [rule_lines.read(f"maven {text}") for text in maven]
    return [{**asdict(rule), "packages": list(rule.packages)} for rule in rules]
