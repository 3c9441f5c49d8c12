"""Identity providers: by whom people sign in."""

from __future__ import annotations

import typer

from fairlead.cli.given_files import secret_of
from fairlead.cli.given_values import refuse_both
from fairlead.cli.session import API, Search, held_at, segment, session, with_given
from fairlead.domain.errors import Invalid

group = typer.Typer(name="identity-providers", help="By whom people sign in (OpenID Connect).", no_args_is_help=True)

Name = typer.Argument(..., help="The provider: small letters, digits and dashes.")


@group.command("list")
def list_providers(context: typer.Context, search: Search = "") -> None:
    """List all identity providers; secrets are never shown."""
    at = session(context)
    columns = {"name": "NAME", "issuer": "ISSUER", "client_id": "CLIENT", "is_enabled": "ENABLED", "role": "NEW USERS"}
    at.screen.table(at.client.all(f"{API}/identity-providers", search=search), columns, empty="no identity providers")


@group.command("show")
def show(context: typer.Context, name: str = Name) -> None:
    """Show one identity provider, with the redirect address that has to be entered there."""
    at = session(context)
    at.screen.result(at.client.get(f"{API}/identity-providers/{segment(name)}"))


@group.command("set")
def set_provider(
    context: typer.Context,
    name: str = Name,
    issuer: str = typer.Option(None, help="The https address that the provider calls its issuer."),
    client_id: str = typer.Option(None, help="As the provider gave it."),
    secret_from: str = typer.Option("", "--client-secret-from", help="File with the secret; - for standard input."),
    public: bool = typer.Option(False, "--public", help="A public client, which has no secret."),
    label: str = typer.Option(None, help="What the button says."),
    scope: list[str] = typer.Option([], help="What is asked for; can be given several times."),
    name_claim: str = typer.Option(None, help="Where a new user's name comes from."),
    groups_claim: str = typer.Option(None, help="Where the person's groups are; '' for nowhere."),
    team: list[str] = typer.Option([], help="GROUP=TEAM: who is in the group is in the team. All of them, each time."),
    no_teams: bool = typer.Option(False, "--no-teams", help="No group is mapped to a team any more."),
    makes_users: bool = typer.Option(None, "--makes-users/--no-users", help="Who is not known yet becomes a user."),
    links_by_email: bool = typer.Option(
        None, "--links-by-email/--no-links", help="Who is not known yet is the user with their verified address."
    ),
    role: str = typer.Option(None, help="What a new user may everywhere."),
    enabled: bool = typer.Option(None, "--enable/--disable", help="Whether people may sign in by it."),
) -> None:
    """Add one, or change what is given of it; the rest stays."""
    at = session(context)
    refuse_both(("--public", public), ("--client-secret-from", secret_from))
    refuse_both(("--no-teams", no_teams), ("--team", team))
    path = f"{API}/identity-providers/{segment(name)}"
    held = held_at(at, path, anew=False)
    given = {
        "issuer": issuer,
        "client_id": client_id,
        "client_secret": "" if public else secret_of(secret_from),
        "label": label,
        "scopes": scope or None,
        "name_claim": name_claim,
        "groups_claim": groups_claim,
        "teams": [] if no_teams else [_mapped(one) for one in team] or None,
        "makes_users": makes_users,
        "links_by_email": links_by_email,
        "role": role,
        "is_enabled": enabled,
    }
    made = at.client.put(path, with_given(held, given), revision=held.get("revision"))
    at.screen.result(made, f"{name} is kept; enter this redirect address there: {made['redirect_uri']}")


@group.command("remove")
def remove(context: typer.Context, name: str = Name) -> None:
    """Nobody signs in by it any more; users stay, memberships by its groups end."""
    at = session(context)
    at.client.delete(f"{API}/identity-providers/{segment(name)}")
    at.screen.say(f"identity provider {name} removed")


def _mapped(text: str) -> dict[str, str]:
    group_name, sign, team = text.rpartition("=")
    if not sign or not group_name.strip() or not team.strip():
        raise Invalid("input.invalid", f"{text[:80]!r} is not GROUP=TEAM", thing="--team")
    return {"group": group_name.strip(), "team": team.strip()}
