"""What a variable is for, as options of a command: the scope that is set, and the place that is asked about."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

Environments: TypeAlias = Annotated[
    list[str], typer.Option("--environment", "-e", help="Only there; may be given again.")
]
Channels: TypeAlias = Annotated[list[str], typer.Option("--channel", help="Only for releases of this channel.")]
Steps: TypeAlias = Annotated[list[str], typer.Option("--step", help="Only in this step or action of the process.")]
Targets: TypeAlias = Annotated[list[str], typer.Option("--target", help="Only on this target.")]
TargetTags: TypeAlias = Annotated[list[str], typer.Option("--target-tag", help="Only on targets with this tag.")]
Tenants: TypeAlias = Annotated[list[str], typer.Option("--tenant", help="Only for this tenant.")]
TenantTags: TypeAlias = Annotated[
    list[str], typer.Option("--tenant-tag", help="Only for tenants with this tag: Set/Tag.")
]
Processes: TypeAlias = Annotated[
    list[str], typer.Option("--process", help="Only in this process: deployment, or a runbook.")
]


def scope(
    *,
    environment: list[str],
    channel: list[str],
    step: list[str],
    target: list[str],
    target_tag: list[str],
    tenant: list[str],
    tenant_tag: list[str],
    process: list[str],
) -> dict[str, list[str]]:
    """As the API takes it: dimensions that are not named are left out."""
    named = {
        "environment": environment,
        "channel": channel,
        "step": step,
        "target": target,
        "target_tag": target_tag,
        "tenant": tenant,
        "tenant_tag": tenant_tag,
        "process": process,
    }
    return {dimension: entries for dimension, entries in named.items() if entries}


def words(scope: dict[str, list[str]]) -> str:
    """The scope in one line."""
    parts = [
        ", ".join(entries) if dimension == "environment" else f"{dimension.replace('_', ' ')} {', '.join(entries)}"
        for dimension, entries in scope.items()
    ]
    return "; ".join(parts) or "all environments"
