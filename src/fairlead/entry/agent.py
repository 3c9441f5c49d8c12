"""`fairlead-agent`: the program on a target. It comes with deployments over many machines."""

import sys


def main() -> None:
    """Say so."""
    sys.stderr.write("fairlead-agent: this version deploys to the server's own machine; there are no agents yet\n")
    raise SystemExit(2)
