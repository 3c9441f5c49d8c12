"""Signing in, API keys and users."""

from __future__ import annotations

import os
import socket
import sys
import warnings
from getpass import GetPassWarning, getpass

import typer

from fairlead.cli import account
from fairlead.cli.given_files import secret_of
from fairlead.cli.session import API, Search, segment, session
from fairlead.domain.errors import FairleadError, Invalid, NotAuthenticated, NotFound

group = typer.Typer(name="keys", help="API keys: for programs, and for this command line.", no_args_is_help=True)


def login(
    context: typer.Context,
    url: str = typer.Argument(
        "", help="The server's address; by default FAIRLEAD_URL, that of the last log-in, or http://127.0.0.1:8600."
    ),
    user: str = typer.Option("", "--user", "-u", help="Your user name; if it is not given you are asked for it."),
    password_stdin: bool = typer.Option(False, "--password-stdin", help="Read the password from standard input."),
    key: str = typer.Option("", "--with-key", help="Use this API key instead of user and password."),
    token_from: str = typer.Option(
        "", "--oidc-token", help="File with a build server's ID token; - for standard input. Or FAIRLEAD_OIDC_TOKEN."
    ),
    account_name: str = typer.Option("", "--service-account", help="Which, where the token stands for several."),
) -> None:
    """Sign in; makes an API key for this machine and keeps it for the next commands. A build server's ID token is
    exchanged for a key that lasts an hour at most."""
    from fairlead.cli import client

    at = session(context)
    chosen = account.find(url or at.url, key)
    if key:
        me = client.Client(account.Account(chosen.url, key)).get(f"{API}/me")
        path = account.keep(account.Account(chosen.url, key))
    elif token := _token(token_from, user):
        body = {"subject_token": token, "service_account": account_name}
        me = client.Client(account.Account(chosen.url, "")).post(f"{API}/token", body)
        path = account.keep(account.Account(chosen.url, me["access_token"], me["id"]))
    else:
        name = user or typer.prompt("User", err=True)
        password = sys.stdin.readline().rstrip("\n") if password_stdin else _asked()
        body = {"user": name, "password": password, "label": f"cli on {socket.gethostname()}"}
        me = client.Client(account.Account(chosen.url, "")).post(f"{API}/sessions", body)
        path = account.keep(account.Account(chosen.url, me["key"], me["id"]))
    at.screen.say(f"signed in at {chosen.url} as {me['user']}; kept in {path}")


def _asked() -> str:
    """Asked for at the terminal, unseen."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)
        try:
            return getpass("Password: ")
        except GetPassWarning as error:
            message = "there is no terminal to ask for the password at"
            raise Invalid("input.invalid", message, hint="--password-stdin reads it from standard input") from error


def _token(source: str, user: str) -> str:
    """A build server's token, "" where none is meant: who names a user means the password."""
    return secret_of(source) or ("" if user else os.environ.get("FAIRLEAD_OIDC_TOKEN", "").strip())


def logout(context: typer.Context) -> None:
    """Forget the kept key on this machine. One that `login` made is revoked, too; one that you gave still works."""
    at, held = session(context), account.kept()
    error = _not_revoked(held) if held.made else None
    if not account.forget():
        at.screen.say("was not signed in")
    elif error is not None:
        message = f"the key {held.made} is forgotten here, and still works at {held.url}: {error.message}"
        at.screen.fail(message, f"revoke it later: fairlead keys remove {held.made}", error.code)
        raise typer.Exit(1)
    elif held.made:
        at.screen.say(f"signed out of {held.url}; the key {held.made} works no more")
    else:
        at.screen.say("signed out; the key that was given still works" if held.key else "signed out")


def _not_revoked(held: account.Account) -> FairleadError | None:
    """Why the kept key could not be revoked; None where it opens nothing now."""
    from fairlead.cli import client

    try:
        client.Client(held).delete(f"{API}/keys/{segment(held.made)}")
    except (NotAuthenticated, NotFound):  # somebody revoked it before, it has ended, or its user may nothing any more
        return None
    except FairleadError as error:
        return error
    return None


def whoami(context: typer.Context) -> None:
    """Who you are to the server, and what you may do."""
    at = session(context)
    at.screen.result(at.client.get(f"{API}/me"))


@group.command("list")
def list_keys(context: typer.Context, search: Search = "") -> None:
    """Your API keys; the keys themselves are shown only when they are made."""
    at = session(context)
    columns = {
        "id": "ID",
        "name": "NAME",
        "prefix": "BEGINS WITH",
        "created_at": "MADE",
        "expires_at": "EXPIRES",
        "last_used_at": "USED",
    }
    at.screen.table(at.client.all(f"{API}/keys", search=search), columns, empty="no keys")


@group.command("add")
def add_key(
    context: typer.Context,
    name: str = typer.Argument(..., help="What it is for."),
    days: int = typer.Option(0, help="For how many days it works; 0: until it is removed."),
) -> None:
    """Make a key; it is printed once."""
    at = session(context)
    made = at.client.post(f"{API}/keys", {"name": name, "days": days})
    at.screen.say("this is the only time that the key is shown:")
    at.screen.result(made, made["key"])


@group.command("remove")
def remove_key(
    context: typer.Context, id: str = typer.Argument(..., help="The key's id, as `keys list` shows it.")
) -> None:
    """The key no longer works."""
    at = session(context)
    at.client.delete(f"{API}/keys/{segment(id)}")
    at.screen.say(f"key {id} removed")


def users(context: typer.Context, search: Search = "") -> None:
    """Who may sign in."""
    at = session(context)
    at.screen.table(
        at.client.all(f"{API}/users", search=search),
        {"name": "NAME", "email": "E-MAIL", "role": "ROLE", "is_enabled": "ENABLED", "created_at": "SINCE"},
        empty="no users",
    )


def add_user(
    context: typer.Context,
    name: str = typer.Argument(..., help="Small letters, digits, and dots, dashes, underscores or @ between them."),
    email: str = typer.Option("", help="E-mail address."),
    role: str = typer.Option("viewer", help="viewer, deployer, maintainer, administrator; none: only what teams give."),
) -> None:
    """Add a user; a one-time password is printed."""
    at = session(context)
    made = at.client.post(f"{API}/users", {"name": name, "email": email, "role": role})
    at.screen.result(made, f"user {made['name']}, one-time password: {made['password']}")


def show_user(context: typer.Context, name: str = typer.Argument(..., help="The user.")) -> None:
    """One user, with their teams."""
    at = session(context)
    at.screen.result(at.client.get(f"{API}/users/{segment(name)}"))


def change_user(
    context: typer.Context,
    name: str = typer.Argument(..., help="The user, or service account."),
    email: str = typer.Option(None, help="E-mail address."),
    role: str = typer.Option(None, help="viewer, deployer, maintainer, administrator; none: only what teams give."),
    enabled: bool = typer.Option(
        None, "--enable/--disable", help="Whoever is disabled can no longer sign in or use a key, at once."
    ),
) -> None:
    """Change what is given; the rest stays."""
    at = session(context)
    given = {"email": email, "role": role, "is_enabled": enabled}
    body = {key: value for key, value in given.items() if value is not None}
    at.screen.result(at.client.patch(f"{API}/users/{segment(name)}", body), f"user {name} changed")


def identities(context: typer.Context, name: str = typer.Argument(..., help="The user."), search: Search = "") -> None:
    """As whom identity providers know a user."""
    at = session(context)
    columns = {"id": "ID", "issuer": "ISSUER", "subject": "SUBJECT", "created_at": "SINCE", "last_used_at": "SIGNED IN"}
    found = at.client.all(f"{API}/users/{segment(name)}/identities", search=search)
    at.screen.table(found, columns, empty="no identities")


def link(
    context: typer.Context,
    name: str = typer.Argument(..., help="The user."),
    issuer: str = typer.Option(..., help="The https address that the provider calls its issuer."),
    subject: str = typer.Option(..., help="The claim sub of the person's tokens there."),
) -> None:
    """Whom the issuer knows by that subject is this user from now on."""
    at = session(context)
    made = at.client.post(f"{API}/users/{segment(name)}/identities", {"issuer": issuer, "subject": subject})
    at.screen.result(made, f"{name} may sign in as {subject} of {issuer}")


def unlink(
    context: typer.Context,
    name: str = typer.Argument(..., help="The user."),
    id: str = typer.Argument(..., help="As `users identities` shows it."),
) -> None:
    """That subject is this user no more; their sessions end."""
    at = session(context)
    at.client.delete(f"{API}/users/{segment(name)}/identities/{segment(id)}")
    at.screen.say(f"{name} is unlinked from it")


def add_to(app: typer.Typer) -> None:
    """The commands without a group."""
    app.command("login")(login)
    app.command("logout")(logout)
    app.command("whoami")(whoami)
    people = typer.Typer(name="users", help="People who may sign in.", no_args_is_help=True)
    people.command("list")(users)
    people.command("show")(show_user)
    people.command("add")(add_user)
    people.command("set")(change_user)
    people.command("identities")(identities)
    people.command("link")(link)
    people.command("unlink")(unlink)
    app.add_typer(people)
