"""Projects: adding a repository, looking at it, and what it says of itself."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import typer

from fairlead.cli.asking import agree
from fairlead.cli.given_files import secret_of, value_of
from fairlead.cli.session import API, Session, segment, session, with_given
from fairlead.domain.errors import Invalid, TimedOut

group = typer.Typer(name="projects", help="Projects: what is deployed as one.", no_args_is_help=True)

FIRST_CONTACT_S = 600.0


@group.command("list")
def list_projects(
    context: typer.Context, of: str = typer.Option("", "--group", "-g", help="Only those of this project group.")
) -> None:
    """List all projects."""
    at = session(context)
    columns = {
        "name": "NAME",
        "url": "REPOSITORY",
        "branch": "BRANCH",
        "group": "GROUP",
        "answer": "LAST LOOK",
        "created_at": "SINCE",
    }
    found = at.client.all(f"{API}/projects", group=of)
    rows = found if at.screen.as_json else [{**one, "answer": _last_look(one)} for one in found]
    at.screen.table(rows, columns, empty="no projects yet: fairlead projects add NAME --git URL")


def _last_look(project: Mapping[str, Any]) -> str:
    look = project["contact"]
    if look["at"] is None:
        return "not yet" if project["source"] else ""
    return "worked" if look["ok"] else f"failed: {look['reason']}"


@group.command("show")
def show(context: typer.Context, name: str = typer.Argument(..., help="The project.")) -> None:
    """Show one project, its repository, deploy key and webhook address."""
    at = session(context)
    at.screen.result(at.client.get(f"{API}/projects/{segment(name)}"))


@group.command("add")
def add(
    context: typer.Context,
    name: str = typer.Argument(..., help="Lower-case letters, digits and dashes."),
    git: str = typer.Option(
        "",
        "--git",
        help="The repository: a path, http(s) or ssh address. None: releases are made by `fairlead release create`.",
    ),
    in_group: str = typer.Option("", "--group", "-g", help="The project group that it belongs to."),
    branch: str = typer.Option("main", help="The branch whose head is built."),
    folder: str = typer.Option("", help="Where fairlead.yml lies in the repository."),
    user: str = typer.Option("", help="User for http(s)."),
    password_from: str = typer.Option("", help="File with the password or token for http(s)."),
    key_from: str = typer.Option(
        "", help="File with a private ssh key; by default a deploy key is made for ssh addresses."
    ),
    known_hosts: str = typer.Option(
        "", help="File with the ssh host's known_hosts lines; by default the key that it shows first is kept."
    ),
    webhook: str = typer.Option("generic", help="Who will call: github, gitea, gitlab, standard or generic."),
    poll: float | None = typer.Option(
        None, help="Seconds between looks when no webhook comes, 0: never; by default as the server's settings say."
    ),
    forge: str = typer.Option("", help="Report commit statuses to: github, gitea (Forgejo too) or gitlab."),
    forge_url: str = typer.Option("", help="Its API's base address, for example https://api.github.com."),
    forge_repository: str = typer.Option("", help="owner/name there (GitLab: its id or path)."),
    forge_token_from: str = typer.Option("", help="File with a token that may set commit statuses."),
    wait: bool = typer.Option(True, "--wait/--no-wait", help="Wait until the first look has worked."),
    timeout: float = typer.Option(
        FIRST_CONTACT_S, help="Seconds to wait at most, then exit code 124; 0: no bound. The project stays."
    ),
) -> None:
    """Add a project; prints its deploy key, webhook address and secret, and waits for the first contact."""
    at = session(context)
    body: dict[str, Any] = {"name": name, "group": in_group}
    if forge:
        body["forge"] = {
            "kind": forge,
            "api_url": forge_url,
            "repository": forge_repository,
            "token": secret_of(forge_token_from) or "",
        }
    if git:
        body["source"] = {
            "url": git,
            "branch": branch,
            "folder": folder,
            "user": user,
            "password": secret_of(password_from) or "",
            "ssh_key": secret_of(key_from) or "",
            "known_hosts": value_of(known_hosts) if known_hosts else "",
            "webhook_kind": webhook,
            "poll_s": poll,
        }
    made = at.client.post(f"{API}/projects", body)
    _tell(at, made)
    if git and wait:
        _first_contact(at, made, timeout_s=timeout)
    elif at.screen.as_json:
        at.screen.result(made)


@group.command("clone")
def clone(
    context: typer.Context,
    name: str = typer.Argument(..., help="The project."),
    new: str = typer.Argument(..., help="What the new one is called."),
) -> None:
    """A new project with all that was set for this one, secrets too, but none of its releases and deployments.

    Nothing of it begins by itself: its triggers are disabled, its runbooks are not published, and with a repository
    the project is disabled as a whole.
    """
    at = session(context)
    made = at.client.post(f"{API}/projects/{segment(name)}/clone", {"name": new})
    _tell(at, made)
    if not made["is_enabled"]:
        at.screen.say(f"it is disabled: look it over, then fairlead projects set {new} --enable")
    if at.screen.as_json:
        at.screen.result(made)


@group.command("set")
def change(
    context: typer.Context,
    name: str = typer.Argument(..., help="The project."),
    title: str = typer.Option(None, help="What people call it."),
    description: str = typer.Option(None, help="What it is."),
    branch: str = typer.Option(None, help="The branch whose head is built."),
    poll: float = typer.Option(None, help="Seconds between looks when no webhook comes; 0: never."),
    to_group: str = typer.Option(None, "--group", "-g", help="Move it to this project group; '' for none."),
    enabled: bool = typer.Option(
        None, "--enable/--disable", help="Whether its repository is looked at, and its triggers act."
    ),
    tenancy: str = typer.Option(None, help="untenanted, tenanted-or-untenanted or tenanted: for whom it is deployed."),
    as_code: bool = typer.Option(
        None, "--as-code/--no-as-code", help="Take process, variables and channels from .fairlead in its repository."
    ),
) -> None:
    """Change what is given; the rest stays."""
    at = session(context)
    given = {
        "title": title,
        "description": description,
        "branch": branch,
        "poll_s": poll,
        "group": to_group,
        "is_enabled": enabled,
        "is_as_code": as_code,
        "tenancy": tenancy,
    }
    body = {key: value for key, value in given.items() if value is not None}
    at.screen.result(at.client.patch(f"{API}/projects/{segment(name)}", body), f"project {name} changed")


@group.command("connect")
def connect(
    context: typer.Context,
    name: str = typer.Argument(..., help="The project."),
    git: str = typer.Argument("", help="The repository's address."),
    no_repository: bool = typer.Option(False, "--no-repository", help="Disconnect it: releases come from outside."),
    branch: str | None = typer.Option(None, help="The branch whose head is built."),
    folder: str | None = typer.Option(None, help="Where fairlead.yml lies in the repository."),
    user: str | None = typer.Option(None, help="User for http(s)."),
    password_from: str = typer.Option(
        "", help="File with the password or token for http(s); without, the present one stays."
    ),
    key_from: str = typer.Option(
        "", help="File with a private ssh key; without, the present one stays, or a deploy key is made."
    ),
    known_hosts: str | None = typer.Option(
        None,
        help="File with the ssh host's known_hosts lines; without, the present ones stay; '' for none: the key that it "
        "shows first is kept.",
    ),
    webhook: str | None = typer.Option(None, help="Who will call: github, gitea, gitlab, standard or generic."),
    poll: float | None = typer.Option(None, help="Seconds between looks when no webhook comes, 0: never."),
) -> None:
    """Connect it to another repository, give other credentials, or disconnect it. What is not given stays."""
    at = session(context)
    if no_repository == bool(git):
        raise Invalid(
            "input.invalid", "which repository?", hint="give its address, or --no-repository to disconnect it"
        )
    if not git:
        at.client.delete(f"{API}/projects/{segment(name)}/source")
        at.screen.say(f"project {name} has no repository any more")
        return
    given = {"branch": branch, "folder": folder, "user": user, "webhook_kind": webhook, "poll_s": poll}
    credentials = {
        "password": secret_of(password_from),
        "ssh_key": secret_of(key_from),
        "known_hosts": value_of(known_hosts) if known_hosts else known_hosts,
    }
    held = at.client.get(f"{API}/projects/{segment(name)}")["source"] or {}
    body = with_given(held, given) | credentials | {"url": git}
    made = at.client.put(f"{API}/projects/{segment(name)}/source", body)
    if made["source"]["deploy_key"]:
        at.screen.err.print(f"deploy key: {made['source']['deploy_key']}", markup=False)
    if made["webhook_secret"]:
        at.screen.err.print(f"webhook secret: {made['webhook_secret']}", markup=False)
    at.screen.result(made, f"project {name} comes from {git}")


@group.command("report-to")
def report_to(
    context: typer.Context,
    name: str = typer.Argument(..., help="The project."),
    forge: str = typer.Argument("", help="github, gitea (Forgejo too) or gitlab."),
    nowhere: bool = typer.Option(False, "--nowhere", help="Statuses are reported no more."),
    url: str = typer.Option("", help="Its API's base address, for example https://api.github.com."),
    repository: str = typer.Option("", help="owner/name there (GitLab: its id or path)."),
    token_from: str = typer.Option(
        "", help="File with a token that may set commit statuses; without, the present one stays."
    ),
) -> None:
    """Report commit statuses to this forge, or nowhere."""
    at = session(context)
    if nowhere == bool(forge):
        raise Invalid("input.invalid", "to which forge?", hint="give its kind, or --nowhere to report no more")
    if not forge:
        at.client.delete(f"{API}/projects/{segment(name)}/forge")
        at.screen.say(f"commit statuses of {name} go nowhere")
        return
    body = {"kind": forge, "api_url": url, "repository": repository, "token": secret_of(token_from)}
    made = at.client.put(f"{API}/projects/{segment(name)}/forge", body)
    at.screen.result(made, f"commit statuses of {name} go to {url}")


@group.command("look")
def look(context: typer.Context, name: str = typer.Argument(..., help="The project.")) -> None:
    """Ask the repository for its head now, and start a run if it is new."""
    at = session(context)
    seen = at.client.post(f"{API}/projects/{segment(name)}/look")
    at.screen.result(
        seen,
        f"head {seen['head'][:12]}: " + (f"run {seen['run']['number']} started" if seen["run"] else seen["reason"]),
    )


@group.command("remove")
def remove(
    context: typer.Context,
    name: str = typer.Argument(..., help="The project."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
) -> None:
    """Forget a project that has no history: no run, release or deployment. One that has can be disabled."""
    at = session(context)
    path = f"{API}/projects/{segment(name)}"
    if not yes:
        agree(f"Remove project {at.client.get(path)['name']} with its variables, process and channels?")
    at.client.delete(path)
    at.screen.say(f"project {name} removed")


def _tell(at: Session, made: dict[str, Any]) -> None:
    at.screen.say(f"project {made['name']} added")
    source = made.get("source")
    if not source:
        at.screen.say(
            f"make a release with: fairlead release create --project {made['name']} --image SERVICE=NAME@sha256:…"
        )
        return
    if source["deploy_key"]:
        at.screen.say("\nGive this key read access to the repository (a *deploy key* in its settings):")
        at.screen.err.print(source["deploy_key"], markup=False)
    at.screen.say("\nAdd a webhook for pushes there (without one the repository is polled):")
    at.screen.err.print(f"  address  {source['webhook_url']}\n  secret   {made['webhook_secret']}", markup=False)
    at.screen.say("  content type application/json; the secret is shown only now\n")


def _first_contact(at: Session, made: dict[str, Any], *, timeout_s: float) -> None:
    name = made["name"]
    deadline = time.monotonic() + (timeout_s or math.inf)
    told = ""
    while time.monotonic() < deadline:
        state = at.client.get(f"{API}/projects/{segment(name)}")["contact"]
        if state["ok"]:
            at.screen.result(
                {**made, "contact": state}, f"first look worked: head of {state['branch']} is {state['head'][:12]}"
            )
            return
        if state["reason"] != told:
            told = state["reason"]
            at.screen.say(
                f"waiting for the repository: {told or 'not looked yet'} (Ctrl-C ends the waiting, not the project)"
            )
        time.sleep(min(1.0, max(0.0, deadline - time.monotonic())))
    at.screen.fail("the repository could not be read yet", f"fairlead projects look {name}", "source.unreachable")
    raise typer.Exit(TimedOut.exit_code)
