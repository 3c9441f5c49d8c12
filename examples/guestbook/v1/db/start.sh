#!/bin/sh
# Starts PostgreSQL; makes the cluster first where the volume is empty. One that was only half made is made again.
set -eu
programs=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
home=/var/lib/postgresql/data
if ! [ -d "$home/cluster" ]; then
    rm -rf "$home/new"
    umask 077
    printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
    "$programs/initdb" -D "$home/new" -U "$POSTGRES_USER" -A scram-sha-256 --pwfile=/tmp/password -E UTF8 --locale=C.UTF-8 >/dev/null
    rm -f /tmp/password
    echo 'host all all all scram-sha-256' >>"$home/new/pg_hba.conf"
    echo "local all all trust" >"$home/new/pg_hba.new" && cat "$home/new/pg_hba.conf" >>"$home/new/pg_hba.new" && mv "$home/new/pg_hba.new" "$home/new/pg_hba.conf"
    "$programs/pg_ctl" -D "$home/new" -w -s -o "-c listen_addresses='' -c unix_socket_directories=/tmp" start
    "$programs/createdb" -h /tmp -U "$POSTGRES_USER" "$POSTGRES_DB"
    "$programs/pg_ctl" -D "$home/new" -w -s stop
    mv "$home/new" "$home/cluster"
fi
exec "$programs/postgres" -D "$home/cluster" -c listen_addresses='*' -c unix_socket_directories=/tmp -c shared_buffers=32MB -c max_connections=60
