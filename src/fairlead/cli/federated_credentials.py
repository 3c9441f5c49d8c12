"""Federated credentials: build servers that need no key."""

from __future__ import annotations

import typer

from fairlead.cli.given_values import refuse_both
from fairlead.cli.session import API, Search, held_at, segment, session, with_given
from fairlead.domain.errors import Invalid

group = typer.Typer(
    name="federated-credentials",
    help="Which ID tokens of build servers stand for a service account: they need no key of ours.",
    no_args_is_help=True,
)

Name = typer.Argument(..., help="The credential: small letters, digits and dashes.")


@group.command("list")
def list_credentials(context: typer.Context, search: Search = "") -> None:
    """List all federated credentials."""
    at = session(context)
    columns = {"name": "NAME", "account": "STANDS FOR", "issuer": "ISSUER", "subject": "SUBJECT", "claims": "CLAIMS"}
    found = at.client.all(f"{API}/federated-credentials", search=search)
    at.screen.table(found, columns, empty="no token of others opens anything")


@group.command("show")
def show(context: typer.Context, name: str = Name) -> None:
    """Show one federated credential."""
    at = session(context)
    at.screen.result(at.client.get(f"{API}/federated-credentials/{segment(name)}"))


@group.command("set")
def set_credential(
    context: typer.Context,
    name: str = Name,
    account: str = typer.Option(None, help="The service account."),
    issuer: str = typer.Option(None, help="Such as https://token.actions.githubusercontent.com."),
    audience: str = typer.Option(None, help="Whom the token is made for; at first the server's address."),
    subject: str = typer.Option(None, help="A pattern: * for letters other than : and /, ** for any."),
    claim: list[str] = typer.Option([], help="CLAIM=PATTERN that has to fit, too. All of them, each time."),
    no_claims: bool = typer.Option(False, "--no-claims", help="No further claim is asked for any more."),
    minutes: int = typer.Option(None, min=1, max=60, help="How long a key lasts."),
) -> None:
    """Add one, or change what is given of it; the rest stays."""
    at = session(context)
    refuse_both(("--no-claims", no_claims), ("--claim", claim))
    path = f"{API}/federated-credentials/{segment(name)}"
    held = held_at(at, path, anew=False) or {"audience": at.client.account.url}
    given = {
        "account": account,
        "issuer": issuer,
        "audience": audience,
        "subject": subject,
        "claims": {} if no_claims else dict(_pair(one) for one in claim) or None,
        "lasts_s": None if minutes is None else minutes * 60,
    }
    made = at.client.put(path, with_given(held, given), revision=held.get("revision"))
    said = f"tokens of {made['issuer']} for {made['audience']} that fit {name} stand for {made['account']}"
    at.screen.result(made, said)


@group.command("remove")
def remove(context: typer.Context, name: str = Name) -> None:
    """Such tokens open nothing any more."""
    at = session(context)
    at.client.delete(f"{API}/federated-credentials/{segment(name)}")
    at.screen.say(f"federated credential {name} removed")


def _pair(text: str) -> tuple[str, str]:
    name, sign, pattern = text.partition("=")
    if not sign or not name.strip() or not pattern.strip():
        raise Invalid("input.invalid", f"{text[:80]!r} is not CLAIM=PATTERN", thing="--claim")
    return name.strip(), pattern.strip()
