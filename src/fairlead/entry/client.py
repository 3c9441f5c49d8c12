"""`fairlead`: the command line."""


def main() -> None:
    """Run one command and leave with its exit code."""
    from fairlead.cli.app import run

    raise SystemExit(run())
