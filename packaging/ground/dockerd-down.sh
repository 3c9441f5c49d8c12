#!/usr/bin/env bash
# dockerd-down.sh [--force]: end the Docker engine that dockerd-up.sh started, and no other. Left alone while another
# program of ours uses it (a shared lock on .ground/dockerd.users) and, without --force, when it was started with --keep.
set -euo pipefail
. "$(dirname "$0")/say.sh"

WAIT_S=30
mkdir -p "$GROUND"
pid=$(cat "$GROUND/dockerd.pid" 2>/dev/null) || exit 0
if [ -e "$GROUND/dockerd.keep" ] && [ "${1:-}" != --force ]; then exit 0; fi
exec 7>>"$GROUND/dockerd.users"
if ! flock -n 7; then
    say "the Docker engine stays: another program still uses it"
    exit 0
fi
if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then
    kill "$pid"
    for _ in $(seq $((WAIT_S * 10))); do
        if ! [ -e "/proc/$pid" ] || grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null; then break; fi
        sleep 0.1
    done
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != dockerd ] || grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" ||
        fail "the Docker engine (pid $pid) did not end within $WAIT_S s" "see $GROUND/dockerd.log"
    say "ended the Docker engine that we had started"
fi
rm -f "$GROUND/dockerd.pid" "$GROUND/dockerd.keep"
