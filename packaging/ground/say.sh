# What every ground script shares: how it speaks, where it keeps its state, and where it finds programs.
# Sourced, never run.

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH
REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
GROUND=${FAIRLEAD_GROUND:-$REPOSITORY/.ground}       # pid, log and locks of what these scripts started
SOCKET=${FAIRLEAD_DOCKER_SOCKET:-/var/run/docker.sock}

say() { printf 'ground: %s\n' "$*" >&2; }

# fail MESSAGE [WHAT TO DO NEXT]...
fail() {
    printf 'ground: cannot go on: %s\n' "$1" >&2
    shift
    local line
    for line in "$@"; do printf 'ground:   %s\n' "$line" >&2; done
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

is_root() { [ "$(id -u)" = 0 ]; }

# PID 1 is systemd and it is running, not merely installed.
runs_systemd() { [ -d /run/systemd/system ]; }

# The Docker engine answers on $SOCKET.
engine_answers() { curl -fsS -m 2 --unix-socket "$SOCKET" http://engine/_ping 2>/dev/null | grep -qx OK; }

# The docker command, always against $SOCKET, whatever DOCKER_HOST or context says.
engine() { env -u DOCKER_HOST -u DOCKER_CONTEXT docker -H "unix://$SOCKET" "$@"; }
