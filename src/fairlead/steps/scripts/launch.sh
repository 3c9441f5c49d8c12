tar -xf - || { echo "the script could not be unpacked: tar is needed here"; exit 126; }
{ : >/dev/stdin; } 2>/dev/null
[ -n "${HOME-}" ] || { HOME=$(getent passwd "$(id -u)" 2>/dev/null | cut -d : -f 6); export HOME; }
command -v "$1" >/dev/null || { echo "$1 is not installed here"; exit 127; }
mkfifo .fairlead/errors || exit 126
{ sed -u 's/^/MARK/' <.fairlead/errors; : >.fairlead/told; } &
"$@" 2>.fairlead/errors </dev/null
code=$?
waited=0
until [ -e .fairlead/told ] || [ "$waited" -gt 100 ]; do sleep 0.02; waited=$((waited + 1)); done
exit "$code"
