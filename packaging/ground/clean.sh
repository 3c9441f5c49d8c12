#!/usr/bin/env bash
# clean.sh: take away what the ground scripts made: base images, cached tars, .venv, and the Docker engine if we started it.
set -euo pipefail
. "$(dirname "$0")/say.sh"

here=$(dirname "$0")
if engine_answers; then
    for image in busybox python postgres; do
        if engine image inspect "fairlead-base-$image:1" >/dev/null 2>&1; then
            engine image rm "fairlead-base-$image:1" >/dev/null || say "fairlead-base-$image:1 stays: it is in use"
        fi
    done
fi
"$here/dockerd-down.sh" --force
rm -rf "${FAIRLEAD_VENV:-$REPOSITORY/.venv}"
rm -f "${FAIRLEAD_CACHE:-/var/cache/fairlead}"/{python-1.tar,postgres-1.tar,debootstrap.log,postgres-build.log}
rmdir "${FAIRLEAD_CACHE:-/var/cache/fairlead}" 2>/dev/null || true
