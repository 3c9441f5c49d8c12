"""TLS certificates for the hosts of routes."""

from __future__ import annotations

from pathlib import Path

import typer

from fairlead.cli.given_files import text_of
from fairlead.cli.session import API, Search, segment, session

group = typer.Typer(
    name="certificates", help="TLS certificates for routes; taken up without a reload.", no_args_is_help=True
)


@group.command("list")
def list_certificates(context: typer.Context, search: Search = "") -> None:
    """List hosts, and until when their certificates are valid."""
    at = session(context)
    columns = {"host": "HOST", "not_after": "UNTIL", "fingerprint": "SHA-256", "created_by": "BY"}
    at.screen.table(at.client.all(f"{API}/certificates", search=search), columns, empty="no certificates")


@group.command("set")
def set_certificate(
    context: typer.Context,
    host: str = typer.Argument(..., help="The host, as the route has it."),
    chain: Path = typer.Option(..., help="PEM file: the certificate and its intermediates."),
    key: Path = typer.Option(..., help="PEM file: the private key."),
) -> None:
    """Give or renew the certificate of a host."""
    at = session(context)
    made = at.client.put(f"{API}/certificates/{segment(host)}", {"chain": text_of(chain), "key": text_of(key)})
    at.screen.result(made, f"{host} has a certificate until {made['not_after'][:10]}")


@group.command("remove")
def remove(context: typer.Context, host: str = typer.Argument(..., help="The host, as the route has it.")) -> None:
    """Remove the certificate of a host."""
    at = session(context)
    at.client.delete(f"{API}/certificates/{segment(host)}")
    at.screen.say(f"certificate of {host} removed")
