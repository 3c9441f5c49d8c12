#!/usr/bin/env bash
# dockerd-up.sh [--keep]: make sure that a Docker engine answers on /var/run/docker.sock (or FAIRLEAD_DOCKER_SOCKET).
# One that answers is used as it is. Where systemd runs it starts the engine; elsewhere the daemon is started here, and
# its pid is recorded, so that dockerd-down.sh ends that one and no other. --keep: dockerd-down.sh leaves it, too,
# unless asked with --force.
set -euo pipefail
. "$(dirname "$0")/say.sh"

PID_FILE=/var/run/docker.pid
WAIT_S=60
keep=
case ${1:-} in
'') ;;
--keep) keep=keep ;;
*) fail "unknown argument '$1'" "usage: dockerd-up.sh [--keep]" ;;
esac

have curl || fail "curl is missing" "install it: apt-get install curl"
mkdir -p "$GROUND"
exec 8>"$GROUND/dockerd.starting"
flock 8
if engine_answers; then
    if [ -n "$keep" ] && [ -s "$GROUND/dockerd.pid" ]; then touch "$GROUND/dockerd.keep"; fi
    exit 0
fi
if [ -S "$SOCKET" ] && ! [ -w "$SOCKET" ]; then
    fail "this user may not open $SOCKET" "join the group that owns it (usually: sudo usermod -aG docker $(id -un), then log in again) or run as root"
fi
is_root || fail "no Docker engine answers on $SOCKET, and only root can start one" "start it (sudo systemctl start docker), or run the same command as root"
have dockerd || fail "the Docker engine is not installed (no dockerd found)" "install it: apt-get install docker.io"

if runs_systemd && [ "$SOCKET" = /var/run/docker.sock ]; then
    systemctl start docker || fail "systemctl start docker failed" "see: journalctl -u docker -n 50"
    for _ in $(seq $((WAIT_S * 10))); do engine_answers && { say "started the Docker engine by systemd"; exit 0; }; sleep 0.1; done
    fail "the Docker engine was started by systemd but does not answer on $SOCKET" "see: journalctl -u docker -n 50"
fi

mount_cgroups() { # only where nothing is mounted at all, as in a bare chroot or a virtual machine without an init
    grep -Eq '^[^ ]+ [^ ]+ cgroup2? ' /proc/mounts && return 0
    local controller
    if ! awk '!/^#/ && $2 != 0 { found = 1 } END { exit !found }' /proc/cgroups && mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null; then
        say "mounted the unified cgroup hierarchy"
        return 0
    fi
    mount -t tmpfs -o mode=755 none /sys/fs/cgroup || fail "cgroups are not mounted and cannot be mounted" "run on a machine, or in a container with --privileged"
    for controller in $(awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups); do
        mkdir -p "/sys/fs/cgroup/$controller"
        mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" 2>/dev/null || rmdir "/sys/fs/cgroup/$controller"
    done
    say "mounted the cgroup hierarchies"
}

choose_iptables() { # the nft front end first, legacy where the kernel has no nft NAT, none at all as the last way
    iptables -t nat -L -n >/dev/null 2>&1 && return 0
    if [ -x /usr/sbin/iptables-legacy ] && /usr/sbin/iptables-legacy -t nat -L -n >/dev/null 2>&1; then
        update-alternatives --set iptables /usr/sbin/iptables-legacy >/dev/null 2>&1 && { say "iptables: using the legacy tables, the kernel has no nft NAT"; return 0; }
    fi
    say "iptables: no NAT in this kernel; the engine runs without it, so containers do not reach other machines"
    ARGUMENTS+=(--iptables=false --ip-masq=false)
}

overlay_works() { # tried, not guessed: with another storage driver the engine would see none of its images
    local d works
    d=$(mktemp -d -p /var/lib)
    mkdir "$d/l" "$d/u" "$d/w" "$d/m"
    works=1
    mount -t overlay -o "lowerdir=$d/l,upperdir=$d/u,workdir=$d/w" none "$d/m" 2>/dev/null && { umount "$d/m"; works=0; }
    rm -rf "$d"
    return $works
}

is_dockerd() { # a zombie keeps its entry in /proc and is no daemon
    [ "$(cat "/proc/$1/comm" 2>/dev/null)" = dockerd ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status"
}

drop_stale_pid() {
    local pid
    pid=$(cat "$PID_FILE" 2>/dev/null) || return 0
    is_dockerd "$pid" || rm -f "$PID_FILE"
}

start_once() {
    : >"$GROUND/dockerd.log"
    # Locks of ours (8) must not be inherited: they would be held as long as the daemon lives.
    (cd / && exec setsid dockerd "${ARGUMENTS[@]}" >>"$GROUND/dockerd.log" 2>&1 </dev/null 8>&- 7>&- 9>&-) &
    local child=$!
    for _ in $(seq $((WAIT_S * 10))); do
        if engine_answers; then
            echo "$child" >"$GROUND/dockerd.pid"
            [ -z "$keep" ] || touch "$GROUND/dockerd.keep"
            return 0
        fi
        kill -0 "$child" 2>/dev/null || return 1
        sleep 0.1
    done
    kill "$child" 2>/dev/null || true
    return 1
}

ARGUMENTS=(-H "unix://$SOCKET" --pidfile "$PID_FILE")
rm -f "$GROUND/dockerd.pid" "$GROUND/dockerd.keep"
mount_cgroups
choose_iptables
if ! overlay_works; then
    ARGUMENTS+=(--storage-driver=vfs)
    say "overlay cannot be mounted here: images are copied (slow, and larger)"
fi
# After a kill -9 the first start can fail on what the dead daemon's containerd left; the next one works.
for attempt in 1 2 3; do
    drop_stale_pid
    if start_once; then
        say "started the Docker engine ($(engine version --format '{{.Server.Version}}'), log in $GROUND/dockerd.log)"
        exit 0
    fi
    say "attempt $attempt failed: $(tail -n 1 "$GROUND/dockerd.log")"
    sleep 1
done
tail -n 20 "$GROUND/dockerd.log" >&2
fail "the Docker engine does not start (its last lines are above)" "see $GROUND/dockerd.log; a container needs --privileged to hold an engine"
