#!/usr/bin/env bash
# Run the tests with three workers (WORKERS), for they wait more than they compute, in a temporary folder with a short name: paths
# of Unix sockets are bounded.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "${1:-}" != --help ] || { echo "usage: pytest.sh [ARGUMENTS OF PYTEST]"; exit 0; }
folder=$(mktemp -d /tmp/fl.XXXX)
trap 'rm -rf "$folder"' EXIT
.venv/bin/python3 -m pytest -n "${WORKERS:-3}" --dist loadfile --no-loadscope-reorder --basetemp="$folder/t" --durations=10 "$@"
