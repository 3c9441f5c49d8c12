#!/usr/bin/env bash
# freeze.sh: write packaging/constraints.txt anew, from what .venv holds (after a dependency was added or raised).
set -euo pipefail
. "$(dirname "$0")/say.sh"

python=${FAIRLEAD_VENV:-$REPOSITORY/.venv}/bin/python3
[ -x "$python" ] || fail "there is no virtual environment" "make it: packaging/ground/venv.sh --tests"
frozen=$("$python" -m pip freeze --exclude-editable | grep -Ev '^(fairlead|pip|setuptools|wheel)\b|@')
{
    echo '# The versions that are tested together. Made by: packaging/ground/freeze.sh'
    echo "$frozen"
} >"$REPOSITORY/packaging/constraints.txt"
