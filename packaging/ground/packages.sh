#!/usr/bin/env bash
# packages.sh [--tests|--bench]: install the Debian or Ubuntu packages that Fairlead's demo (tests, benches) need and that are missing.
# Nothing is installed or started that is there already; no service is started by the installation.
set -euo pipefail
. "$(dirname "$0")/say.sh"

# One line for each need: package, then how to see that the need is met already ("-" = ask dpkg).
NEEDS='
python3-venv      python
docker.io         dockerd
docker-cli        docker
iptables          iptables
haproxy           haproxy
docker-registry   docker-registry
debootstrap       debootstrap
busybox-static    busybox-static
git               git
openssl           openssl
openssh-client    ssh
curl              curl
ca-certificates   -
util-linux        setpriv
'
NEEDS_OF_TESTS='
postgresql              postgres
chromium                chromium
libatomic1              -
fonts-inter             -
fonts-noto-color-emoji  -
iproute2                ip
openssh-server          sshd
socat                   socat
apache2-utils           htpasswd
'
NEEDS_OF_BENCHES='
docker-compose          docker-compose
nginx-light             nginx
wrk                     wrk
'
# Services that come with these packages and that must not listen after an installation of ours.
SERVICES='haproxy docker-registry postgresql ssh nginx'
POLICY=/usr/sbin/policy-rc.d
SAVED=$POLICY.before-fairlead
MARK='# written by fairlead packages.sh while it installs; removed at its end'

installed() { [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null | cut -c1-2)" = ii ]; }

met() { # met PACKAGE PROBE
    case $2 in
    -) installed "$1" || { [ "$1" = ca-certificates ] && [ -s /etc/ssl/certs/ca-certificates.crt ]; } ;;
    python) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    postgres) have initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ;;
    chromium) have chromium || have chromium-browser || have google-chrome ;;
    busybox-static) installed busybox-static || { have busybox && ! ldd "$(command -v busybox)" >/dev/null 2>&1; } ;;
    docker-registry) have docker-registry || have registry ;;
    *) have "$2" ;;
    esac
}

missing_of() {
    local package probe
    while read -r package probe; do
        [ -n "$package" ] || continue
        met "$package" "$probe" || echo "$package"
    done <<<"$1"
}

put_policy_back() {
    if [ -e "$SAVED" ]; then
        mv -f "$SAVED" "$POLICY"
    elif grep -qsF "$MARK" "$POLICY"; then
        rm -f "$POLICY"
    fi
}

# While packages are installed no service may start. A policy that was there is kept aside and put back, on failure too;
# one that an earlier, killed run of ours left is recognised by its mark.
hold_services() {
    if [ -e "$POLICY" ] && ! grep -qsF "$MARK" "$POLICY"; then mv "$POLICY" "$SAVED"; fi
    trap put_policy_back EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    printf '#!/bin/sh\n%s\nexit 101\n' "$MARK" >"$POLICY"
    chmod 755 "$POLICY"
}

quiet_services() { # of the packages that were just installed; only systemd would start them at the next boot
    runs_systemd || return 0
    local service
    for service in $SERVICES; do
        case " $NEW " in
        *" $service"[\ -]* | *" openssh-server "*) systemctl disable --now "$service" >/dev/null 2>&1 || true ;;
        esac
    done
}

leave_out_docker_cli() { # in Debian 12 docker.io brings the docker command with it; later it is a package of its own
    if have apt-cache && apt-cache show docker-cli >/dev/null 2>&1; then return 0; fi
    NEW=$(echo " $NEW " | sed 's/ docker-cli / /' | xargs)
}

needs=$NEEDS
case ${1:-} in
'') ;;
--tests) needs=$NEEDS$NEEDS_OF_TESTS ;;
--bench) needs=$NEEDS$NEEDS_OF_TESTS$NEEDS_OF_BENCHES ;;
*) fail "unknown argument '$1'" "usage: packages.sh [--tests|--bench]" ;;
esac

NEW=$(missing_of "$needs" | xargs)
if [ -z "$NEW" ]; then exit 0; fi
. /etc/os-release 2>/dev/null || true
if ! have apt-get; then
    fail "this is ${PRETTY_NAME:-an unknown system}, not Debian or Ubuntu, and these are missing (Debian's names): $NEW" \
        "install them by the means of your system, then run the same command again"
fi
if ! is_root; then
    leave_out_docker_cli
    fail "these packages are missing and only root can install them: $NEW" \
        "run: sudo apt-get install $NEW" "then run the same command again"
fi

mkdir -p /run/lock
exec 9>/run/lock/fairlead-packages.lock
flock 9
export DEBIAN_FRONTEND=noninteractive
hold_services
log=$(mktemp)
apt_get() { apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@" >"$log" 2>&1; }
apt_get update || { tail -5 "$log" >&2; fail "apt-get update failed (last lines above)" "check the network and /etc/apt, then run the same command again"; }
leave_out_docker_cli
say "installing: $NEW"
# shellcheck disable=SC2086
apt_get install -y --no-install-recommends $NEW || { tail -15 "$log" >&2; fail "apt-get install failed (last lines above)" "run it by hand to see all: apt-get install $NEW"; }
rm -f "$log"
quiet_services
say "installed"
