"""What runs: the state of projects and environments, and the live output of a service."""

from __future__ import annotations

from typing import Any

import typer

from fairlead.cli.session import API, ProjectName, Session, TenantName, segment, session

NOT_LIVE = ("failed", "refused", "rolled_back")
"""How a deployment ended that a person should look at."""


def status(
    context: typer.Context,
    environment: str = typer.Option(
        "", "--environment", "-e", help="With a project: its slots, routes and instances there."
    ),
    tenant: str = typer.Option("", "--tenant", help="What this tenant has; by default everybody."),
    project: str = typer.Option("", "--project", "-p", help="Only this project."),
) -> None:
    """What is live where."""
    at = session(context)
    if environment:
        _show_place(
            at,
            at.client.get(
                f"{API}/projects/{segment(at.project(project))}/environments/{segment(environment)}", tenant=tenant
            ),
        )
        return
    if project:
        project = at.client.get(f"{API}/projects/{segment(project)}")["name"]
    found = at.client.get(f"{API}/status", search=project, tenant=tenant)
    part = found
    while part["next"]:
        part = at.client.get(f"{API}/status", search=project, tenant=tenant, after=part["next"])
        found["projects"] += part["projects"]
    found["next"] = None
    rows = [row for row in found["projects"] if not project or row["name"] == project]
    if at.screen.as_json:
        at.screen.result({**found, "projects": rows})
        return
    names = [entry["name"] if isinstance(entry, dict) else entry for entry in found["environments"]]
    columns = {"name": "PROJECT"} | {name: name.upper() for name in names}
    shown = [{"name": row["name"]} | {name: _cell(row["cells"].get(name)) for name in names} for row in rows]
    at.screen.table(shown, columns, empty="no projects yet: fairlead projects add NAME --git URL")
    _say_why(at, rows)
    for trouble in (found.get("proxy_trouble"), found["not_asked"]):
        if trouble:
            at.screen.say(f"! {trouble}")


def _show_place(at: Session, place: dict[str, Any]) -> None:
    """The cell, then what stands there."""
    told = ("not_asked", "not_as_recorded", "proxy_trouble", "runs_in_part", "sent_elsewhere")
    parts = ("slots", "routes", "instances", "tenants", *told)
    if at.screen.as_json:
        at.screen.result(place)
        return
    at.screen.result({name: value for name, value in place.items() if name not in parts})
    slots = [
        {"slot": colour, **slot, "users": _USERS[slot.get("is_reached")]} for colour, slot in place["slots"].items()
    ]
    columns = {
        "slot": "SLOT",
        "state": "STATE",
        "version": "RELEASE",
        "users": "USERS",
        "standby_until": "STANDS UNTIL",
    }
    at.screen.table(slots, columns, empty="no slots")
    at.screen.table(place["routes"], {"service": "SERVICE", "url": "ROUTE"}, empty="no routes")
    columns = {"name": "INSTANCE", "colour": "SLOT", "version": "RELEASE", "state": "STATE", "restarts": "RESTARTS"}
    at.screen.table(place["instances"], columns, empty=_why_none(place["not_asked"]))
    for trouble in (place.get("proxy_trouble"), place.get("sent_elsewhere"), place["not_as_recorded"]):
        if trouble:
            at.screen.say(f"! {trouble}")


_USERS = {True: "are sent here", False: "", None: "not known"}
"""By what the proxy says of a slot."""


def _why_none(not_asked: str) -> str:
    return f"which instances there are is not known: {not_asked}" if not_asked else "no instances"


def logs(
    context: typer.Context,
    service: str = typer.Argument(..., help="The service, as the project file names it."),
    environment: str = typer.Option("", "--environment", "-e", help="Where; by default the last of the lifecycle."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on until Ctrl-C."),
    tail: int = typer.Option(200, help="How many lines back to begin."),
    tenant: TenantName = "",
    project: ProjectName = "",
) -> None:
    """What the instances of a service write that users are sent to; with --follow also those that take their place."""
    at = session(context)
    name = at.project(project)
    place = environment or at.last_environment()
    path = f"{API}/projects/{segment(name)}/environments/{segment(place)}/services/{segment(service)}/output"
    for line in at.client.follow(path, tail=tail, follow=follow, tenant=tenant):
        if at.screen.as_json:
            at.screen.result(line)
        elif "text" in line:
            at.screen.out.print(f"{line['instance']} | {line['text']}", markup=False)


def _cell(cell: dict[str, Any] | None) -> str:
    """What is live, then what moves, waits or did not go well; "" where nothing ever was."""
    if not cell:
        return ""
    beside = [f"{one['tenant']}: {said}" for one in cell.get("tenants", ()) if (said := _own(one))]
    return "\n".join(part for part in (_own(cell), *beside) if part)


def _own(cell: dict[str, Any]) -> str:
    if not cell["latest_deployment"]:
        return ""
    lives = "" if not cell["not_as_recorded"] else " runs in part" if cell.get("runs_in_part") else " does not run"
    parts = [f"{cell['version']}{lives}"] if cell["version"] else []
    if cell.get("users_at"):
        parts = [f"users at {cell['users_at']}", *(f"{part} recorded" for part in parts)]
    if cell["state"] == "waiting" and cell["waiting_approval"]:
        parts.append(f"{cell['latest_version']} ⏸ waits for approval")
    elif cell["state"] not in ("live", "not_running", "partly_running"):
        parts.append(f"{cell['latest_version']} {cell['state'].replace('_', ' ')}")
    if cell["state"] != "waiting" and cell["waiting_approval"]:
        parts.append("an earlier one ⏸ waits for approval")
    return ", ".join(parts)


def _say_why(at: Session, rows: list[dict[str, Any]]) -> None:
    """Below the table: why the newest deployments of the places did not go live, where users are sent to another
    release than the recorded one, and what does not run."""
    for row in rows:
        each = [(place, one) for place, cell in row["cells"].items() for one in (cell, *cell.get("tenants", ()))]
        for place, cell in each:
            whose = f" for {cell['tenant']}" if cell.get("tenant") else ""
            if cell.get("sent_elsewhere"):
                at.screen.say(f"{row['name']} in {place}{whose}: {cell['sent_elsewhere']}")
            if cell["not_as_recorded"]:
                at.screen.say(f"! {row['name']} in {place}{whose}: {cell['not_as_recorded']}")
            if cell["state"] in NOT_LIVE and cell["latest_reason"]:
                words = f"{cell['latest_version']} {cell['state'].replace('_', ' ')}"
                at.screen.say(f"{row['name']} in {place}{whose}: {words}: {cell['latest_reason']}")


def add_to(app: typer.Typer) -> None:
    """The commands without a group."""
    app.command("status")(status)
    app.command("logs")(logs)
