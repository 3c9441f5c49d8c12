#!/bin/bash
# One blue-green deployment by hand: what an operator's script does with curl and socat on the sockets that Fairlead uses,
# in the same order, with the same probe interval (50 ms, two in a row) and the same drain. Prints the time of each call.
#
#   by_hand.sh NEW OLD     two colours, blue and green; OLD may be "none" for the first deployment
#
# From the environment: ENGINE (the engine's socket), PROXY (the proxy's runtime socket), MAP, KEY, IMAGE, PROJECT,
# CATALOGUE (a file), VERSION, and for each colour blue_BACKEND, blue_SUBNET, blue_ADDRESS (green_… alike).
set -euo pipefail
new=$1 old=$2
from="${new}_BACKEND" subnet="${new}_SUBNET" at="${new}_ADDRESS"
backend=${!from} subnet=${!subnet} address=${!at}
begun=${EPOCHREALTIME/./}

did() { printf '%8.1f ms  %s\n' "$(((${EPOCHREALTIME/./} - begun) / 100))e-1" "$1" >&2; }

engine() { # method, path, body; the answer must be 2xx or 304
    local status
    status=$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$ENGINE" -X "$1" -H 'Content-Type: application/json' \
        ${3:+-d "$3"} "http://engine/v1.41$2")
    [[ $status == 2?? || $status == 304 ]] || { echo "$1 $2: $status" >&2; exit 1; }
    did "$1 ${2%%\?*}"
}

proxy() { socat -t 5 - "UNIX-CONNECT:$PROXY" <<<"$1"; }

labels="\"Labels\": {\"io.fairlead.test\": \"$PROJECT\"}"
engine POST /networks/create "{\"Name\": \"$PROJECT.$new\", \"Driver\": \"bridge\", \"CheckDuplicate\": true, $labels,
    \"IPAM\": {\"Config\": [{\"Subnet\": \"$subnet\"}]}}"
engine POST "/containers/create?name=$PROJECT.$new.1" "{\"Image\": \"$IMAGE\", $labels, \"Env\": [\"VERSION=$VERSION\"],
    \"HostConfig\": {\"NetworkMode\": \"$PROJECT.$new\", \"RestartPolicy\": {\"Name\": \"unless-stopped\"},
        \"LogConfig\": {\"Type\": \"json-file\", \"Config\": {\"max-size\": \"10m\", \"max-file\": \"3\"}}},
    \"NetworkingConfig\": {\"EndpointsConfig\": {\"$PROJECT.$new\":
        {\"IPAMConfig\": {\"IPv4Address\": \"$address\"}, \"Aliases\": [\"web\"]}}}}"
engine POST "/networks/$PROJECT/connect" "{\"Container\": \"$PROJECT.$new.1\"}"
engine POST "/containers/$PROJECT.$new.1/start"

healthy=0
for ((tries = 0; healthy < 2; tries++)); do
    ((tries < 600)) || { echo "not ready" >&2; exit 1; }
    if curl -s -f -o /dev/null --max-time 2 "http://$address:8080/"; then ((++healthy)); else healthy=0; fi
    ((healthy >= 2)) || sleep 0.05
done
did "ready"

printf '{"service": "web", "address": "%s", "port": 8080, "version": "%s"}\n' "$address" "$VERSION" >"$CATALOGUE.new"
mv "$CATALOGUE.new" "$CATALOGUE"
did "catalogue"

proxy "set server $backend/s1 state maint; set server $backend/s1 addr $address port 8080; set server $backend/s1 state ready" >/dev/null
did "fill"
proxy "set map $MAP $KEY $backend" >/dev/null
did "set map"
proxy "show map $MAP" | grep -q "$KEY $backend\$"
proxy "show servers state $backend" | grep -q " s1 $address "
curl -s -f -o /dev/null --max-time 2 "http://$address:8080/"
did "read back, and ask once more"

if [[ $old != none ]]; then
    from="${old}_BACKEND" backend=${!from}
    for ((quiet = 0; quiet < 2; )); do # two quiet reads in a row: the same bound by which Fairlead says that it is drained
        open=$(proxy "show stat $backend 6 -1" | awk -F, '$2 == "BACKEND" {print $5}')
        if ((open == 0)); then ((++quiet)); else quiet=0; fi
        ((quiet >= 2)) || sleep 0.005
    done
    proxy "set server $backend/s1 state drain" >/dev/null
    did "drain"
    engine POST "/containers/$PROJECT.$old.1/stop?t=10"
    curl -s --unix-socket "$ENGINE" "http://engine/v1.41/containers/$PROJECT.$old.1/logs?stdout=1&stderr=1&tail=200" >"$CATALOGUE.log"
    did "keep its last lines"
    proxy "set server $backend/s1 state maint; set server $backend/s1 addr 0.0.0.0 port 1" >/dev/null
    did "empty the slot"
    engine DELETE "/containers/$PROJECT.$old.1?v=1"
    engine DELETE "/networks/$PROJECT.$old"
fi
did "whole"
