"""python -m tests.conformance FILE…: judge cases in files and folders; 1 where one failed that we do not know of."""

import sys
from pathlib import Path

from tests.conformance.running import run

if __name__ == "__main__":
    if not sys.argv[1:] or sys.argv[1].startswith("-"):
        print("usage: python -m tests.conformance FILE…", file=sys.stderr)
        sys.exit(2)
    sys.exit(0 if run([Path(name) for name in sys.argv[1:]], sys.stdout).is_clean else 1)
