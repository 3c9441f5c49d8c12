#!/usr/bin/env bash
# base-images.sh [busybox] [python] [postgres]: make base images from the distribution's own packages, so that the demo
# and the tests need no image registry. An image that exists is left alone; what took long is kept as a tar in
# FAIRLEAD_CACHE (default /var/cache/fairlead).
#   fairlead-base-busybox:1   one static program and its links
#   fairlead-base-python:1    a minimal Debian (or Ubuntu) with python3 and psycopg2
#   fairlead-base-postgres:1  the same with a PostgreSQL server
set -euo pipefail
. "$(dirname "$0")/say.sh"

CACHE=${FAIRLEAD_CACHE:-/var/cache/fairlead}
LABEL='LABEL org.opencontainers.image.vendor=fairlead-ground'

exists() { engine image inspect "$1" >/dev/null 2>&1; }

scratch_dir() { mktemp -d -p "${TMPDIR:-/var/tmp}" fairlead-base.XXXXXX; }

make_busybox() {
    exists fairlead-base-busybox:1 && return 0
    have busybox || fail "busybox is missing" "install it: apt-get install busybox-static"
    local d applet
    d=$(scratch_dir)
    mkdir -p "$d"/{bin,etc,tmp,proc,sys,dev,root}
    chmod 1777 "$d/tmp"
    cp "$(readlink -f "$(command -v busybox)")" "$d/bin/busybox"
    for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$d/bin/$applet"; done
    echo 'root:x:0:0:root:/root:/bin/sh' >"$d/etc/passwd"
    echo 'root:x:0:' >"$d/etc/group"
    pack "$d" | engine import -c 'ENV PATH=/bin' -c 'CMD ["sh"]' -c "$LABEL" - fairlead-base-busybox:1 >/dev/null
    rm -rf "$d"
    say "made fairlead-base-busybox:1"
}

pack() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$1" --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -c .; }

# Where this machine gets its own packages: a mirror that works here.
mirror_of() { # SUITE
    have apt-get && apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        awk -v suite="$1" '$2 == suite && $3 == "main" && $1 ~ /^http/ { print $1; exit }'
}

make_python() {
    exists fairlead-base-python:1 && return 0
    local suite mirror d tar=$CACHE/python-1.tar
    if ! [ -s "$tar" ]; then
        is_root || fail "only root can make the image fairlead-base-python:1" "run the same command as root"
        have debootstrap || fail "debootstrap is missing" "install it: apt-get install debootstrap"
        . /etc/os-release
        suite=${VERSION_CODENAME:-bookworm}
        mirror=$(mirror_of "$suite" || true)
        say "making fairlead-base-python:1 from the packages of $suite (about a minute, once)"
        mkdir -p "$CACHE"
        d=$(scratch_dir)
        if ! debootstrap --variant=minbase --include=ca-certificates,python3,python3-psycopg2 "$suite" "$d" ${mirror:+"$mirror"} >"$CACHE/debootstrap.log" 2>&1; then
            tail -n 5 "$CACHE/debootstrap.log" >&2
            rm -rf "$d"
            fail "debootstrap failed (its last lines are above)" "see $CACHE/debootstrap.log; a package mirror for $suite must be reachable"
        fi
        rm -rf "$d"/var/cache/apt/archives/*.deb "$d"/var/cache/apt/*.bin "$d"/var/lib/apt/lists/* "$d"/usr/share/{doc,man,locale,info}/* "$d"/var/log/*
        : >"$d/etc/resolv.conf"
        pack_debian "$d" >"$tar.part"
        mv "$tar.part" "$tar"
        rm -rf "$d"
    fi
    engine import -c 'ENV LANG=C.UTF-8 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1' -c 'CMD ["bash"]' -c "$LABEL" "$tar" fairlead-base-python:1 >/dev/null
    say "made fairlead-base-python:1"
}

# Owners and times stay: they are part of a Debian.
pack_debian() { tar --sort=name --numeric-owner -C "$1" --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -c .; }

make_postgres() {
    exists fairlead-base-postgres:1 && return 0
    local tar=$CACHE/postgres-1.tar
    make_python
    if [ -s "$tar" ] && engine load -q -i "$tar" >/dev/null && exists fairlead-base-postgres:1; then
        say "loaded fairlead-base-postgres:1"
        return 0
    fi
    say "making fairlead-base-postgres:1 (about half a minute, once)"
    mkdir -p "$CACHE"
    # No cluster is made at installation: the container makes its own, in its volume. DOCKER_BUILDKIT=0: works everywhere.
    if ! DOCKER_BUILDKIT=0 engine build -q -t fairlead-base-postgres:1 - >"$CACHE/postgres-build.log" 2>&1 <<'DOCKERFILE'
FROM fairlead-base-python:1
LABEL org.opencontainers.image.vendor=fairlead-ground
ENV DEBIAN_FRONTEND=noninteractive
RUN mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf \
 && apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /usr/share/doc /usr/share/man /usr/share/locale /var/log/*
DOCKERFILE
    then
        tail -n 5 "$CACHE/postgres-build.log" >&2
        fail "the image fairlead-base-postgres:1 could not be built (the last lines are above)" "see $CACHE/postgres-build.log; containers must reach a package mirror"
    fi
    engine save -o "$tar.part" fairlead-base-postgres:1 && mv "$tar.part" "$tar"
    say "made fairlead-base-postgres:1"
}

engine_answers || fail "no Docker engine answers on $SOCKET" "start one: packaging/ground/dockerd-up.sh"
mkdir -p "$GROUND"
exec 9>"$GROUND/base-images.lock"
flock 9
for image in "${@:-busybox}"; do
    case $image in
    busybox | python | postgres) "make_$image" ;;
    *) fail "unknown image '$image'" "usage: base-images.sh [busybox] [python] [postgres]" ;;
    esac
done
