#!/usr/bin/env bash
# with-dockerd.sh COMMAND…: run a command while a Docker engine answers; end the engine afterwards if we started it and
# nobody else uses it. The exit code is the command's.
set -uo pipefail
. "$(dirname "$0")/say.sh"

here=$(dirname "$0")
mkdir -p "$GROUND"
exec 7>>"$GROUND/dockerd.users"
flock -s 7
tidy() {
    exec 7>&-
    "$here/dockerd-down.sh"
}
trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$here/dockerd-up.sh" || exit 1
"$@" 7>&-
