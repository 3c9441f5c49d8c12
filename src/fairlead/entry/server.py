"""`fairlead-server`: the server's own commands."""


def main() -> None:
    """Run one command and leave with its exit code."""
    from fairlead.cli.readable import readable
    from fairlead.entry.streams import through
    from fairlead.server.commands import run

    raise SystemExit(through(lambda: run(readable)))


if __name__ == "__main__":
    main()
