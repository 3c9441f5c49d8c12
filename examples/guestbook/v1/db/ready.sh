#!/bin/sh
# Ready when it answers over the network, as its clients will ask.
exec "$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)/pg_isready" -q -h 127.0.0.1 -U "$POSTGRES_USER" -d "$POSTGRES_DB"
