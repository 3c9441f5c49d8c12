#!/usr/bin/env bash
# Fetch the pinned browser libraries again and put them where the server serves them from (needs npm; nothing else does).
set -euo pipefail
cd "$(dirname "$0")/.."
out=src/fairlead/server/web/static/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
take() { # package file-in-package...
  local package=$1; shift
  local archive; archive=$(cd "$work" && npm pack --silent "$package")
  mkdir "$work/x"; tar -xzf "$work/$archive" -C "$work/x"
  for file in "$@"; do install -m 0644 "$work/x/package/$file" "$out/"; done
  rm -r "$work/x"
}
take htmx.org@4.0.1 dist/htmx.min.js
take @tabler/core@1.6.1 dist/css/tabler.min.css
# no source maps are shipped
sed -i "s|/[/*]# sourceMappingURL=.*||" "$out"/*.js "$out"/*.css
(cd "$out" && sha384sum ./*.js ./*.css >SHA384SUMS)
