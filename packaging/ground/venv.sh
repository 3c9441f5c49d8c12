#!/usr/bin/env bash
# venv.sh [--tests]: make .venv with Fairlead and what its server (and its tests) need, in the versions that
# packaging/constraints.txt pins. Does nothing where that was done already and pyproject.toml is unchanged, but for
# compiling what changed: where PYTHONDONTWRITEBYTECODE is set nothing else would, and each start of a server lasted longer.
set -euo pipefail
. "$(dirname "$0")/say.sh"

VENV=${FAIRLEAD_VENV:-$REPOSITORY/.venv}
CONSTRAINTS=$REPOSITORY/packaging/constraints.txt
extras=server,postgres
case ${1:-} in
'') ;;
--tests) extras=server,postgres,dev ;;
*) fail "unknown argument '$1'" "usage: venv.sh [--tests]" ;;
esac

find_python() { # the first that is new enough and can make a virtual environment with pip in it
    local python
    for python in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
        have "$python" || continue
        "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        command -v "$python"
        return 0
    done
    return 1
}

compile_sources() { "$VENV/bin/python3" -m compileall -q "$REPOSITORY/src" 9>&- || true; }

mkdir -p "$GROUND"
exec 9>"$GROUND/venv.lock"
flock 9
inputs=$(cat "$REPOSITORY/pyproject.toml" "$CONSTRAINTS" | sha256sum | cut -d' ' -f1)
stamp=$VENV/.fairlead-ground
for wanted in "$extras" server,postgres,dev; do
    if [ "$(cat "$stamp" 2>/dev/null)" = "$inputs $wanted" ] && [ -x "$VENV/bin/python3" ]; then
        compile_sources
        exit 0
    fi
done
case "$(cat "$stamp" 2>/dev/null)" in *,dev) extras=server,postgres,dev ;; esac # never take the tests' packages away

if ! "$VENV/bin/python3" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$(find_python) || fail "no Python 3.11 or newer that can make a virtual environment" \
        "install it: apt-get install python3-venv (Debian 12 or newer, Ubuntu 24.04 or newer)"
    rm -rf "$VENV"
    "$python" -m venv "$VENV"
fi
say "installing Fairlead[$extras] into ${VENV#"$REPOSITORY"/}"
if ! (cd "$REPOSITORY" && "$VENV/bin/python3" -m pip install --quiet --disable-pip-version-check --constraint "$CONSTRAINTS" --editable ".[$extras]") 9>&-; then
    fail "pip could not install what Fairlead needs (its words are above)" \
        "a package index must be reachable: check the network, and PIP_INDEX_URL or pip.conf if you use a mirror"
fi
echo "$inputs $extras" >"$stamp"
compile_sources
