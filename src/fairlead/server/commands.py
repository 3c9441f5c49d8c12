"""`fairlead-server`: starting, ending and looking after the server on its own machine."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from fairlead import __version__
from fairlead.domain.errors import FairleadError
from fairlead.server import offline_commands
from fairlead.server import settings as reading
from fairlead.server.settings import Settings

app = typer.Typer(
    help="The Fairlead server on this machine. Every setting is also FAIRLEAD_… in the environment; see `doctor`.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.add_typer(offline_commands.group)

CONFIG_HELP = "A TOML file of settings; by default FAIRLEAD_CONFIG or /etc/fairlead/fairlead.toml."
Config = typer.Option(None, "--config", help=CONFIG_HELP)
FRUGAL = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
    "PYTHONNODEBUGRANGES": "1",
}
"""What the process that serves begins with, where it is not set otherwise: one arena of the allocator, for threads
here wait for each other anyway (2 MB); what is free is given back; and no columns of source beside its lines, so that a
traceback lacks its underlining."""
START_BOUND_S = 60.0
END_BOUND_S = 60.0


def run(dressed: Callable[[Any], Any]) -> int:
    """Run one command; its exit code. `dressed` makes its help readable."""
    try:
        ended = dressed(get_command(app))(standalone_mode=False)
    except FairleadError as error:
        _say(f"error: {error.message} ({error.code})")
        if error.hint:
            _say(f"  → {error.hint}")
        return error.exit_code
    except typer.Exit as leaving:
        return leaving.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:
        with suppress(OSError):
            _say(f"error: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}")
        return 1
    except Exception as error:
        shown = getattr(error, "show", None)
        if shown is None:
            raise
        shown()
        return int(getattr(error, "exit_code", 2))
    return ended if isinstance(ended, int) else 0


@app.command()
def version() -> None:
    """Print the version."""
    print(f"fairlead {__version__}")


@app.command()
def up(
    config: Path | None = Config,
    detach: bool = typer.Option(False, "--detach", "-d", help="Go to the background once it is ready."),
) -> None:
    """Start the server, and what it needs beside it: its own proxy and registry, which outlive it."""
    chosen = reading.read(os.environ, config)
    if detach:
        _detached(chosen, config)
        return
    arguments = _serving_arguments(config)
    os.execve(arguments[0], arguments, _serving_environment())


@app.command()
def down(
    config: Path | None = Config,
    keep_proxy: bool = typer.Option(
        False, "--keep-proxy", help="Leave proxy and registry: users still reach what is live."
    ),
) -> None:
    """Stop the server, its proxy and its registry. Live containers go on, but nobody reaches them without the proxy."""
    from fairlead.server import beside

    chosen = reading.read(os.environ, config)
    _say("server ended" if _end_server(chosen) else "no server ran")
    if keep_proxy:
        return
    for name in asyncio.run(beside.stop_outside(chosen)):
        _say(f"{name} ended")


@app.command()
def boot(config: Path | None = Config) -> None:
    """Start the proxy and what is live, after a start of the machine. Needs neither server nor database."""
    from fairlead.server import boot as booting

    if not asyncio.run(booting.boot(reading.read(os.environ, config), _say)):
        raise typer.Exit(1)


@app.command()
def doctor(config: Path | None = Config, json_: bool = typer.Option(False, "--json", help="As JSON.")) -> None:
    """Check everything that the server needs, and say what to do about what is wrong. Changes nothing."""
    from fairlead.server import examination

    chosen = reading.read(os.environ, config)
    found = asyncio.run(examination.examine(chosen))
    examination.show(chosen, found, reading.origins(os.environ, config), as_json=json_)
    if not all(one.is_well for one in found):
        raise typer.Exit(1)


@app.command()
def setup(
    config: Path | None = Config,
    out: Path = typer.Option(Path("/etc/systemd/system"), help="Where the units are written."),
) -> None:
    """Write systemd units, one for what must run before and without the server, and say how to enable them."""
    from fairlead.server import units

    chosen = reading.read(os.environ, config)
    boot_unit, unit = units.write(chosen, out, config)
    enable = f"systemctl daemon-reload && systemctl enable --now {boot_unit.stem} {unit.stem}"
    _say(f"wrote {boot_unit} and {unit}; now: {enable}")


@app.command()
def selftest(
    config: Path | None = Config,
    json_: Path | None = typer.Option(
        None, "--json", metavar="FILE", help="Write every point that was tried to this file."
    ),
    quick: bool = typer.Option(False, "--quick", help="Only what every change of Fairlead is tried with."),
    everything: bool = typer.Option(False, "--all", help="Everything that can go wrong at every effect: hours."),
    image: str = typer.Option("", help="An image to use instead of the tiny one that is made of this Python."),
) -> None:
    """Kill a throw-away server at each effect of each strategy on this machine, and look how it ends. It has a data
    directory, proxy, registry and networks of its own, touches nothing else, and leaves nothing."""
    chosen = reading.read(os.environ, config)
    extent = "all" if everything else "quick" if quick else "usual"
    arguments = [sys.executable, "-m", "fairlead.entry.selftest", "--extent", extent]
    arguments += ["--json", str(json_)] if json_ else []
    arguments += ["--image", image] if image else []
    os.execve(arguments[0], arguments, {**os.environ, "FAIRLEAD_DOCKER_SOCKET": chosen.docker_socket})


@app.command("reset-admin")
def reset_admin(
    config: Path | None = Config,
    user: str | None = typer.Option(None, help="By default the administrator of the settings."),
) -> None:
    """Give an administrator, who is made if not there, a new one-time password; works beside a running server."""
    from fairlead.server import offline

    if user is not None and not user.strip():
        raise typer.BadParameter("it is empty (a variable of the shell that has no value?)", param_hint="--user")
    made = offline.reset_admin(reading.read(os.environ, config), user or "")
    print(f"{made.name}{', a new administrator' if made.is_new else ''}: one-time password {made.password}")


@app.command("rotate-key")
def rotate_key(
    config: Path | None = Config,
    prepare: bool = typer.Option(
        False, "--prepare", help="Only make the next key's file, to be copied to the other nodes before."
    ),
) -> None:
    """Exchange the master key while the server serves: secrets are sealed anew, then the old key is gone. Killed in the
    middle, it is taken up by the same command."""
    from fairlead.server import rotating

    chosen = reading.read(os.environ, config)
    if prepare:
        _say(f"the next master key is in {rotating.prepare(chosen)}")
        return
    sealed = rotating.rotate(chosen, told=lambda so_far: _say(f"{so_far:,} secrets are sealed anew"))
    _say(f"the master key is exchanged, {sealed:,} secrets were sealed anew; keep {chosen.data_dir}/master.key apart")
    _say("note: backups that were made before need the old key, which is gone here")


@app.command()
def backup(
    to: Path = typer.Argument(..., help="The file to write (tar)."),
    config: Path | None = Config,
) -> None:
    """Write database and artifacts into one file, beside a running server; never the master key: keep that apart."""
    from fairlead.server import offline

    summary = offline.backup(reading.read(os.environ, config), to)
    _say(f"{to}: {to.stat().st_size:,} bytes")
    for note in summary.notes:
        _say(f"note: {note}")


@app.command()
def restore(
    source: Path = typer.Argument(..., metavar="FILE", help="What `backup` wrote."),
    config: Path | None = Config,
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
) -> None:
    """Put a backup in place of what is there. Refused while a server runs, or with another master key."""
    from fairlead.server import offline

    chosen = reading.read(os.environ, config)
    if not yes:
        typer.confirm(f"Replace everything in {chosen.data_dir} by {source}?", abort=True, err=True)
    summary = offline.restore(chosen, source)
    _say(f"restored into {chosen.data_dir}: what was backed up at {summary.made_at[:16].replace('T', ' ')} UTC")
    for note in summary.notes:
        _say(f"note: {note}")


def _serving_arguments(config: Path | None) -> list[str]:
    return [sys.executable, "-m", "fairlead.entry.serve", *([str(config)] if config else [])]


def _serving_environment() -> dict[str, str]:
    return {**FRUGAL, **os.environ}


def _detached(chosen: Settings, config: Path | None) -> None:
    chosen.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    log_path = chosen.data_dir / "server.log"
    with open(log_path, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        begun_at = out.tell()
        child = subprocess.Popen(
            _serving_arguments(config),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_serving_environment(),
            start_new_session=True,
        )
    from fairlead.server.readiness import is_ready
    from fairlead.store.hold import LOCK_NAME, holder_of

    deadline = time.monotonic() + START_BOUND_S
    while time.monotonic() < deadline:
        if child.poll() is not None:
            _say(log_path.read_bytes()[begun_at:].decode(errors="replace").strip())
            raise typer.Exit(child.returncode or 1)
        if holder_of(chosen.data_dir / LOCK_NAME) == child.pid and is_ready(chosen):  # not another server that answers
            told = log_path.read_bytes()[begun_at:].decode(errors="replace")
            for line in told.splitlines():
                if "one-time password" in line:
                    print(line.strip())
                elif line.startswith("  fairlead login "):
                    _say(line.strip())
            _say(f"ready at {chosen.url} (process {child.pid}, log {log_path})")
            return
        time.sleep(0.1)
    _say(f"not ready within {START_BOUND_S:g} s; see {log_path}")
    raise typer.Exit(124)


def _end_server(chosen: Settings) -> bool:
    from fairlead.store.hold import LOCK_NAME, holder_of

    pid = holder_of(chosen.data_dir / LOCK_NAME)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + END_BOUND_S
    while holder_of(chosen.data_dir / LOCK_NAME) == pid:
        if time.monotonic() > deadline:
            _say(f"process {pid} does not end; kill it if you must: nothing is lost, the next start resumes")
            raise typer.Exit(124)
        time.sleep(0.05)
    return True


def _say(text: str) -> None:
    print(text, file=sys.stderr)
