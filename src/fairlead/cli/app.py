"""The command line's tree, and the one rim where errors become words and exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import typer
from typer.main import get_command

from fairlead import __version__
from fairlead.cli import (
    access,
    approvals,
    audit,
    build_information,
    certificates,
    channels,
    commands,
    declarations,
    defects,
    deployments,
    environments,
    federated_credentials,
    files,
    freezes,
    groups,
    identity_providers,
    insights,
    interruptions,
    library_sets,
    lifecycles,
    notifications,
    packages,
    plans,
    policies,
    processes,
    projects,
    registries,
    releases,
    roles,
    runbooks,
    runs,
    service_accounts,
    services,
    step_templates,
    subscriptions,
    targets,
    tasks,
    teams,
    tenants,
    triggers,
    variables,
    why,
)
from fairlead.cli.given_values import guarded
from fairlead.cli.importing import group as import_group
from fairlead.cli.readable import readable
from fairlead.cli.screen import Screen
from fairlead.cli.session import Session
from fairlead.cli.where_to_look import hint_of
from fairlead.domain.errors import Failed, FairleadError, Invalid

HELP = """Fairlead guides every commit to production.

A server does the work; this speaks to it. Sign in once with `fairlead login`, then for example:

\b
  fairlead projects add books --git git@example.com:team/books.git
  fairlead status
  fairlead deploy 1.4.0 --to Production --wait
  fairlead rollback --environment Production

Exit codes: 0 ok, 1 failed, 2 usage, 3 changes pending, 4 not allowed, 5 not found, 124 timed out, 130 interrupted.
"""

GROUPS = (
    access.group,
    teams.group,
    roles.group,
    service_accounts.group,
    federated_credentials.group,
    identity_providers.group,
    audit.group,
    environments.group,
    targets.group,
    lifecycles.group,
    groups.group,
    projects.group,
    processes.group,
    variables.group,
    library_sets.group,
    runs.group,
    releases.group,
    channels.group,
    build_information.group,
    packages.group,
    deployments.group,
    defects.group,
    freezes.group,
    approvals.group,
    interruptions.group,
    runbooks.group,
    step_templates.group,
    tasks.group,
    tenants.group,
    triggers.group,
    policies.group,
    certificates.group,
    registries.group,
    notifications.group,
    subscriptions.group,
    why.group,
)
TOP_LEVEL = (access, files, declarations, deployments, plans, approvals, tasks, services, commands, insights)


def build(kinds: Callable[[], Mapping[str, Any]] = dict) -> typer.Typer:
    """The whole tree; `kinds` as `Session` has it."""
    app = typer.Typer(
        name="fairlead", help=HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
    )

    @app.callback()
    def options(
        context: typer.Context,
        server: str = typer.Option(
            "", "--server", envvar="FAIRLEAD_URL", help="The server's address; by default that of the last log-in."
        ),
        key: str = typer.Option(
            "", "--key", envvar="FAIRLEAD_API_KEY", help="An API key; by default the one that `login` made."
        ),
        output: str = typer.Option("table", "--output", "-o", help="table or json."),
        quiet: bool = typer.Option(False, "--quiet", "-q", help="No chatter on stderr."),
        version: bool = typer.Option(
            False, "--version", callback=_print_version, is_eager=True, help="Print the version and end."
        ),
    ) -> None:
        if output not in ("table", "json"):
            raise typer.BadParameter("must be table or json", param_hint="--output")
        context.obj = Session(url=server, key=key, screen=Screen(as_json=output == "json", quiet=quiet), kinds=kinds)

    for group in GROUPS:
        app.add_typer(group)
    app.add_typer(import_group)
    for module in TOP_LEVEL:
        module.add_to(app)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"fairlead {__version__}")
        raise typer.Exit


BEFORE_THE_COMMAND = ("-o", "--output", "-q", "--quiet", "--server", "--key")


def run(arguments: Sequence[str] | None = None, *, kinds: Callable[[], Mapping[str, Any]] = dict) -> int:
    """Run one command; its exit code. `kinds` as `Session` has it."""
    try:
        result = _tree(kinds)(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except FairleadError as error:
        return _refused(error)
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        Screen().say("\nnothing was done")
        return 130
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except UnicodeEncodeError:  # the shell hands on what is no text as halves of letters
        return _refused(Invalid("input.invalid", "what was given is not UTF-8 text"))
    except OSError as error:
        if not error.filename:  # of a stream: what was asked for may be done
            return _said_in_vain(error)
        return _refused(Invalid("input.invalid", f"{error.filename}: {error.strerror or error}"))
    except Exception as error:
        shown = getattr(error, "show", None)
        if shown is None:
            raise
        shown()
        if (option := getattr(error, "option_name", "")) in BEFORE_THE_COMMAND:
            Screen().say(f"→ {option} stands before the command: fairlead {option} … COMMAND")
        return int(getattr(error, "exit_code", 2))
    return result if isinstance(result, int) else 0


@cache
def _tree(kinds: Callable[[], Mapping[str, Any]]) -> Any:
    """As it is run: made once in a process, for it takes as long as most commands."""
    return guarded(readable(get_command(build(kinds))))


def _refused(error: FairleadError) -> int:
    with suppress(OSError):  # who cannot be told has the exit code
        Screen().fail(error.message, hint_of(error), error.code)
    return error.exit_code


def _said_in_vain(error: OSError) -> int:
    with suppress(OSError):
        Screen().fail(f"what it said could not be written: {error.strerror or error}", "it may be done: look")
    return Failed.exit_code
