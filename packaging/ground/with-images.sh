#!/usr/bin/env bash
# with-images.sh IMAGE… -- COMMAND…: make the base images that are missing, then become the command.
set -euo pipefail
. "$(dirname "$0")/say.sh"

images=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    images+=("$1")
    shift
done
[ $# -gt 1 ] || fail "no command given" "usage: with-images.sh IMAGE... -- COMMAND..."
shift
"$(dirname "$0")/base-images.sh" "${images[@]}"
exec "$@"
