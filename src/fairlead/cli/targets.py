"""Targets: places that steps run on."""

from __future__ import annotations

from typing import Any

import typer

from fairlead.cli.given_files import secret_of
from fairlead.cli.session import API, segment, session
from fairlead.domain.errors import Invalid
from fairlead.domain.health import is_unwell_reason

group = typer.Typer(
    name="targets", help="Places that steps run on: this host, or hosts over SSH.", no_args_is_help=True
)
NAME_HELP = "The target, by name or id."
TENANCY_HELP = "untenanted, tenanted-or-untenanted or tenanted: for whom steps run on it."


@group.command("list")
def list_targets(
    context: typer.Context,
    environment: str = typer.Option("", "--environment", "-e", help="Only those of an environment."),
    tag: str = typer.Option("", "--tag", "-t", help="Only those with a tag."),
    kind: str = typer.Option("", help="local or ssh."),
    search: str = typer.Option("", help="Part of a name."),
) -> None:
    """List targets, by name."""
    at = session(context)
    columns = {
        "name": "NAME",
        "address": "WHERE",
        "environments": "ENVIRONMENTS",
        "tags": "TAGS",
        "serves": "SERVES",
        "enabled": "ENABLED",
        "available": "ANSWERS",
        "trusted": "KEY TRUSTED",
    }
    rows = at.client.all(f"{API}/targets", environment=environment, tag=tag, kind=kind or None, search=search)
    shown = [_row(one) for one in rows]
    if not at.screen.as_json:
        shown = [
            one | ({"available": "not well"} if is_unwell_reason(one["available_reason"]) else {}) for one in shown
        ]
    at.screen.table(shown, columns, empty="no targets")


@group.command("show")
def show(context: typer.Context, name: str = typer.Argument(..., help=NAME_HELP)) -> None:
    """Show one target."""
    at = session(context)
    at.screen.result(at.client.get(f"{API}/targets/{segment(name)}"))


@group.command("add")
def add(
    context: typer.Context,
    name: str = typer.Argument(..., help="What variables and logs call it."),
    environment: list[str] = typer.Option(..., "--environment", "-e", help="Where it belongs; may be given again."),
    tag: list[str] = typer.Option([], "--tag", "-t", help="What steps choose it by; may be given again."),
    ssh: str = typer.Option("", help="user@host[:port]; without it the target is the server's own host."),
    key: str = typer.Option("", help="File with the private key, - for standard input; by default one is made."),
    host_key: str = typer.Option("", help="The host's key, as ssh-keyscan prints it without the host."),
    description: str = typer.Option("", help="What it is."),
    tenancy: str = typer.Option("", help=TENANCY_HELP),
    tenant: list[str] = typer.Option([], "--tenant", help="Only for this tenant; may be given again."),
    tenant_tag: list[str] = typer.Option([], "--tenant-tag", help="For tenants with this Set/Tag; may be given again."),
) -> None:
    """Add one. A host over SSH is used once its key is trusted: `fairlead targets trust`."""
    at = session(context)
    body: dict[str, Any] = {"name": name, "environments": environment, "tags": tag, "description": description}
    body |= {"tenants": tenant, "tenant_tags": tenant_tag} | ({"tenancy": tenancy} if tenancy else {})
    if (key or host_key) and not ssh:
        raise Invalid("input.invalid", "whose key is it?", hint="give --ssh user@host too")
    if ssh:
        body["ssh"] = {**address_of(ssh), "key": secret_of(key) or "", "host_key": host_key}
    made = at.client.post(f"{API}/targets", body)
    at.screen.result(made, f"target {made['name']} added for {', '.join(made['environments'])}")
    access = made["ssh"]
    if access and access["public_key"]:
        at.screen.say(f"a key was made; put this line into ~/.ssh/authorized_keys of {access['user']} there:")
        at.screen.err.print(access["public_key"], markup=False, soft_wrap=True)


@group.command("set")
def change(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    environment: list[str] = typer.Option([], "--environment", "-e", help="All environments that it belongs to."),
    tag: list[str] = typer.Option([], "--tag", "-t", help="All of its tags."),
    enabled: bool = typer.Option(None, "--enable/--disable", help="Whether steps run on it."),
    ssh: str = typer.Option("", help="user@host[:port]; a new host or port must be trusted again."),
    key: str = typer.Option("", help="File with another private key, - for standard input."),
    tenancy: str = typer.Option(None, help=TENANCY_HELP),
    tenant: list[str] = typer.Option([], "--tenant", help="All tenants that it names."),
    tenant_tag: list[str] = typer.Option([], "--tenant-tag", help="All tenant tags that it names: Set/Tag."),
    all_tenants: bool = typer.Option(False, "--all-tenants", help="For all tenants: it names none, and no tags."),
) -> None:
    """Change one; what is not given stays. With untenanted it no longer names tenants."""
    at = session(context)
    body: dict[str, Any] = {"environments": environment or None, "tags": tag or None, "enabled": enabled}
    body |= {"tenancy": tenancy, **_tenants(tenant, tenant_tag, all_tenants=all_tenants)}
    if key and not ssh:
        raise Invalid("input.invalid", "whose key is it?", hint="give --ssh user@host too")
    if ssh:
        body["ssh"] = {**address_of(ssh), "key": secret_of(key) or ""}
    made = at.client.patch(
        f"{API}/targets/{segment(name)}", {field: value for field, value in body.items() if value is not None}
    )
    at.screen.result(made, f"target {made['name']} changed")


@group.command("remove")
def remove(context: typer.Context, name: str = typer.Argument(..., help=NAME_HELP)) -> None:
    """Remove one; what ran there is kept in the tasks."""
    at = session(context)
    at.client.delete(f"{API}/targets/{segment(name)}")
    at.screen.say(f"target {name} removed")


@group.command("trust")
def trust(
    context: typer.Context,
    name: str = typer.Argument(..., help=NAME_HELP),
    fingerprint: str = typer.Argument(..., help="SHA256:…, as ssh-keygen -lf prints it at the host itself."),
) -> None:
    """Trust the host's key: from now on it must prove that it has this one."""
    at = session(context)
    made = at.client.post(f"{API}/targets/{segment(name)}/trust", {"fingerprint": fingerprint})
    at.screen.result(made, f"{fingerprint} of {made['name']} is trusted")


@group.command("check")
def check(context: typer.Context, name: str = typer.Argument(..., help=NAME_HELP)) -> None:
    """Check whether it answers, and in which languages scripts can run there."""
    at = session(context)
    seen = at.client.post(f"{API}/targets/{segment(name)}/check")
    programs = ", ".join(seen["programs"]) or "none of bash, python3 and pwsh"
    at.screen.result(seen, f"{name} answered after {seen['took_s']:.2f} s; it has {programs}")


@group.command("packages")
def packages(context: typer.Context, name: str = typer.Argument(..., help=NAME_HELP)) -> None:
    """List the packages that deployments and runbooks left there, which of them the next ones would remove, and why.
    Nothing is removed."""
    at = session(context)
    columns = {
        "package": "PACKAGE",
        "version": "VERSION",
        "project": "PROJECT",
        "environment": "ENVIRONMENT",
        "tenant": "TENANT",
        "runbook": "RUNBOOK",
        "action": "ACTION",
        "is_kept": "STAYS",
        "reason": "WHY",
        "directory": "BELOW ~/fairlead",
        "installed_at": "WHEN",
    }
    at.screen.table(
        at.client.get(f"{API}/targets/{segment(name)}/packages")["items"], columns, empty="nothing lies there"
    )


def address_of(text: str) -> dict[str, Any]:
    """``user@host``, ``user@host:port``, ``user@[address]:port``."""
    user, sign, rest = text.rpartition("@")
    host, colon, port = rest.rpartition(":")
    if rest.startswith("[") and rest.endswith("]"):
        host, colon, port = rest, "", ""
    if not colon:
        host, port = rest, "22"
    if not (user and sign and host) or not port.isdecimal():
        raise Invalid("input.invalid", f"{text!r} is not an address", thing="--ssh", hint="user@host[:port]")
    return {"user": user, "host": host.strip("[]"), "port": int(port)}


def _row(target: dict[str, Any]) -> dict[str, Any]:
    access = target["ssh"]
    row = {**target, "serves": _served(target)}
    if access is None:
        return {**row, "address": "this host", "trusted": ""}
    address = f"{access['user']}@{access['host']}:{access['port']}"
    return {**row, "address": address, "trusted": bool(access["host_key"])}


def _served(target: dict[str, Any]) -> str:
    """For whom steps run on it, in few words."""
    named = [*target["tenants"], *target["tenant_tags"]]
    if target["hidden_tenants"]:
        named.append(f"{target['hidden_tenants']} more")
    return f"{target['tenancy']}: {', '.join(named)}" if named else str(target["tenancy"])


def _tenants(names: list[str], tags: list[str], *, all_tenants: bool) -> dict[str, list[str] | None]:
    """What a change says of them; where only names or only tags are given, the others stay."""
    if all_tenants and (names or tags):
        raise Invalid("input.invalid", "for all tenants, or for those that are named?", thing="--all-tenants")
    if all_tenants:
        return {"tenants": [], "tenant_tags": []}
    return {"tenants": names or None, "tenant_tags": tags or None}
