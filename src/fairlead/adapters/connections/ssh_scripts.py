"""What runs at the other end of SSH: small programs for a POSIX shell, and how words are handed to them.

They are constant. What varies reaches them as arguments that need no quoting (hexadecimal and numbers) or on standard
input, in lines of octal escapes that the shell's own `printf` reads: nothing is ever put together as a shell string,
and no value stands on a command line. They need Linux there (/proc) and the programs of coreutils and util-linux, or
BusyBox.

A ticket is a directory there, as on this machine (`tickets`), and what runs in it is as detached:

    ~/.fairlead/tickets/<hex>/lock    a link to who begins it, while it is begun
                              begun   the shell's line of /proc/PID/stat and the machine's boot id
                              spec    what is run: lines of words, then what it reads
                              work    where it is run, unless the command says
                              log     what it writes, both streams
                              exit    its exit code and a newline
"""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.ports.connection import Command

NOT_STARTED, CUT, NOT_FOUND, UNFINISHED, RUNS = 64, 65, 66, 67, 68
"""Exit codes of ours: no such ticket, the input came in part, no such file, it could not be started, it runs."""

_PLACE = "dir=$HOME/.fairlead/tickets/$1\n"

INNER = r"""
dir=$1
read -r me </proc/$$/stat && read -r boot </proc/sys/kernel/random/boot_id || exit 1
printf '%s\n%s\n' "$me" "$boot" >"$dir/begun.new" && mv "$dir/begun.new" "$dir/begun" || exit 1
exec <"$dir/spec" >>"$dir/log" 2>&1
place=$dir/work
set --
while IFS= read -r line; do
  word=$(printf '%b.' "${line#?}"); word=${word%.}
  case $line in
    .) break ;;
    A*) set -- "$@" "$word" ;;
    E*) export "$word" ;;
    D*) place=$word ;;
  esac
done
if cd -- "$place"; then env -- "$@"; else (exit 126); fi
printf '%s\n' "$?" >"$dir/exit.new"; mv "$dir/exit.new" "$dir/exit"
"""

START = (
    _PLACE
    + r"""
mask=$(umask); umask 077
mkdir -p "$dir/work" || exit 1
cat >"$dir/spec.$$"
if [ "$(wc -c <"$dir/spec.$$")" -ne "$2" ]; then rm -f "$dir/spec.$$"; exit 65; fi
begun() { [ -s "$dir/begun" ] || [ -s "$dir/exit" ]; }
tries=0
until begun; do
  if ln -s "$$" "$dir/lock" 2>/dev/null; then
    if ! begun; then
      mv "$dir/spec.$$" "$dir/spec"
      : >"$dir/log"
      (umask "$mask"; exec setsid sh -c "$3" fairlead-ticket "$dir") </dev/null >/dev/null 2>&1 &
      waited=0
      until begun || [ $waited -gt 500 ]; do sleep 0.01; waited=$((waited + 1)); done
    fi
    rm -f "$dir/lock"
  else
    holder=$(readlink "$dir/lock") && ! kill -0 "$holder" 2>/dev/null && rm -f "$dir/lock"
    sleep 0.02
  fi
  tries=$((tries + 1))
  [ $tries -gt 300 ] && break
done
rm -f "$dir/spec.$$"
begun || exit 67
"""
)

_ALIVE = r"""
ended() { case $1 in Z | X) [ "${18}" -le 1 ] ;; *) return 1 ;; esac; }
alive() {
  [ -s "$dir/begun" ] || return 1
  { read -r me; read -r boot; } <"$dir/begun"
  read -r now </proc/sys/kernel/random/boot_id
  [ "$boot" = "$now" ] || return 1
  pid=${me%% *}
  set -- ${me##*) }
  session=$4 started=${20}
  { read -r is <"/proc/$pid/stat"; } 2>/dev/null || return 1
  set -- ${is##*) }
  [ "${20}" = "$started" ] && ! ended "$@"
}
"""

PROGRESS = (
    _PLACE
    + _ALIVE
    + r"""
[ -s "$dir/begun" ] || [ -s "$dir/exit" ] || exit 64
exit_code=-
if [ -s "$dir/exit" ]; then read -r exit_code <"$dir/exit"
elif ! alive; then
  if [ -s "$dir/exit" ]; then read -r exit_code <"$dir/exit"; else exit_code=137; fi
fi
[ "$exit_code" = 0 ] && [ -e "$dir/cancelled" ] && exit_code=143
[ -e "$dir/log" ] || : >"$dir/log"
printf '%s %s\n' "$exit_code" "$(wc -c <"$dir/log")"
tail -c "+$(($2 + 1))" "$dir/log" | head -c "$3"
"""
)

CANCEL = (
    _PLACE
    + _ALIVE
    + r"""
[ -s "$dir/begun" ] || exit 0
{ read -r me; read -r boot; } <"$dir/begun"
read -r now </proc/sys/kernel/random/boot_id
set -- ${me##*) }
session=$4 started=${20}
members() {
  for stat in /proc/[0-9]*/stat; do
    { IFS= read -r is <"$stat"; } 2>/dev/null || continue
    pid=${is%% *}
    set -- ${is##*) }
    [ "$4" = "$session" ] && [ "${20}" -ge "$started" ] && ! ended "$@" && printf '%s ' "$pid"
  done
}
end() {
  waited=0
  while pids=$(members); [ -n "$pids" ] && [ $waited -lt 250 ]; do
    if [ "$1" = KILL ] || [ $waited -eq 0 ]; then kill "-$1" $pids 2>/dev/null; fi
    sleep 0.02; waited=$((waited + 1))
  done
}
[ -s "$dir/exit" ] || : >"$dir/cancelled"
if [ "$boot" = "$now" ]; then end TERM; end KILL; fi
[ -s "$dir/exit" ] || printf '143\n' >"$dir/exit"
"""
)

# Whoever begins it meanwhile is waited for, and nobody begins it from then on.
COMPLETE = (
    _PLACE
    + r"""
tries=0
until ln -s "$$" "$dir/lock" 2>/dev/null; do
  [ -d "$dir" ] || exit 0
  holder=$(readlink "$dir/lock") && ! kill -0 "$holder" 2>/dev/null && rm -f "$dir/lock"
  tries=$((tries + 1))
  [ $tries -gt 500 ] && exit 67
  sleep 0.02
done
if [ -s "$dir/begun" ] && ! [ -s "$dir/exit" ]; then rm -f "$dir/lock"; exit 68; fi
rm -rf "$dir"
"""
)

PUT = r"""
IFS= read -r line
path=$(printf '%b.' "$line"); path=${path%.}
umask 077
beside=$path.fairlead-$$
cat >"$beside" || { rm -f "$beside"; exit 66; }
if [ "$(wc -c <"$beside")" -ne "$1" ]; then rm -f "$beside"; exit 65; fi
chmod "$2" "$beside" && mv -f "$beside" "$path" || { rm -f "$beside"; exit 66; }
"""

GET = r"""
IFS= read -r line
path=$(printf '%b.' "$line"); path=${path%.}
[ -f "$path" ] && [ -r "$path" ] || exit 66
head -c "$1" "$path"
"""


def escaped(word: str) -> str:
    """The word so that ``printf %b`` gives it back, whatever it holds; one line of plain characters."""
    return "".join(f"\\0{byte:03o}" for byte in word.encode())


def spec_of(command: Command) -> bytes:
    """What `START` reads: the command's words, and what it is to read itself, but for a file."""
    lines = [f"A{escaped(word)}" for word in command.arguments]
    lines += [f"E{escaped(f'{name}={value}')}" for name, value in command.environment.items()]
    if command.working_dir:
        lines.append(f"D{escaped(command.working_dir)}")
    return _joined([*lines, "."]) + command.stdin


def _joined(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
