"""package.copy: what was unpacked on a target, copied to a directory of the user's choice, which is never removed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.domain.custom_directory import checked_directory
from fairlead.domain.effect import Done, Looked, NotYet, Outcome, SaidNo
from fairlead.domain.errors import Invalid
from fairlead.domain.installed_package import Owner
from fairlead.domain.output_variables import effect_output
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json
from fairlead.domain.text import Text
from fairlead.formats.find_patterns import without
from fairlead.ports.connection import Command, Connection
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import read, what_was_noted
from fairlead.steps.effects.installed import DIRECTORY, WAS_INSTALLED
from fairlead.steps.effects.isolation import leave, until_alone
from fairlead.steps.effects.on_host import HOME, last_line, ran, still_there, ticket_of
from fairlead.steps.filled_in import filled_whole, known_at

NOT_THERE, TAKEN = 4, 5
"""Exit codes: no package may be copied there; it is another's."""

COPY = (
    HOME
    + """\
umask 022
mode=$1 dir=$2 state=$HOME/.fairlead/custom/$3 owner=$4 id=$5 src=$6
shift 6
no() { printf '%s\\n' "$1"; exit 4; }
home=$(cd "$HOME" && pwd -P) || exit 1
for one in "$HOME" "$home"; do
  case "$one/" in "$dir"/*) no "the home of the user there is in it" ;; esac
  case "$dir/" in "$one/fairlead"/* | "$one/.fairlead"/*) no "packages are unpacked there" ;; esac
done
path='' rest=${dir#/}
while [ -n "$rest" ]; do
  path=$path/${rest%%/*}
  case $rest in */*) rest=${rest#*/} ;; *) rest='' ;; esac
  [ ! -L "$path" ] || no "$path is a link"
  [ ! -e "$path" ] || [ -d "$path" ] || no "$path is no directory"
done
mkdir -p "$state" && printf '%s\\n' "$owner" >"$state/owner.$$" || exit 1
ln "$state/owner.$$" "$state/owner" 2>/dev/null
rm -f "$state/owner.$$"
[ "$(cat "$state/owner")" = "$owner" ] || { cat "$state/owner"; exit 5; }
if [ "$mode" = look ]; then
  [ ! -d "$dir" ] || cat "$state/holds" 2>/dev/null
  exit 0
fi
if command -v flock >/dev/null; then exec 9>"$state/lock" && flock 9 || exit 1; fi
rm -f "$state/holds" "$state/broken" && mkdir -p "$dir" && cd "$dir" || exit 1
[ "$(pwd -P)" = "$dir" ] || no "there is a link in its path"
if [ "$mode" = purge ]; then
  find . -mindepth 1 -xdev -depth "$@" -delete 2>/dev/null
  left=$(find . -mindepth 1 -xdev ! -type d "$@" -print | head -n 1)
  [ -z "$left" ] || { printf '%s could not be removed\\n' "$left"; exit 1; }
fi
set --
for one in "$src"/* "$src"/.[!.]* "$src"/..?*; do
  [ ! -e "$one" ] || set -- "$@" "./${one##*/}"
done
if [ "$#" -gt 0 ]; then
  { tar -C "$src" -cf - "$@" || : >"$state/broken"; } | tar -xf - || exit 1
  [ ! -e "$state/broken" ] || exit 1
fi
printf '%s\\n' "$id" >"$state/holds.new" && mv "$state/holds.new" "$state/holds"
"""
)


@dataclass(frozen=True, slots=True)
class PackageCopy:
    """What the effect `installed` (a key) unpacked on the target (id and name) is to be copied to `path`, for whom.
    With `purge` what was there goes before, but for what the patterns of `keep` mean. Texts are as they were
    written."""

    action: str
    target: str
    name: str
    installed: str
    path: str
    owner: Owner
    purge: bool = False
    keep: tuple[str, ...] = ()
    variables: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Copying:
    """Where to, the words of what is not purged, and what is copied: its id and where it lies."""

    path: str
    kept: tuple[str, ...]
    id: str
    source: str


class CopyPackage:
    """Copies a package to a directory that is the first owner's for ever: of one project, environment and tenant. Links
    are neither gone through nor followed. The directory's own record says which package it holds, so that one that lies
    on the target already is copied where another one was meanwhile, and only there. What was copied stays, also where
    the deployment fails; nothing of it is in the target's journal. Output: the variables
    ``Package.InstallationDirectoryPath``, now the directory, and ``Package.WasInstalled``."""

    kind = "package.copy"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Asking costs as much as doing."""
        return NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Waits for its turn on the target as scripts do, whatever variables say; looks whose it is; copies."""
        wanted = read(PackageCopy, effect)
        try:
            copying = await _copying(wanted, tools)
        except Invalid as error:
            return SaidNo(error.code, error.message, hint=error.hint)
        host = await tools.hosts.of_target(wanted.target)
        await until_alone(effect, tools, wanted.target, where=host.name, bypasses=False)
        outcome = await _copied(wanted, copying, host, effect, tools)
        await leave(effect, tools)
        return outcome

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """It is copied no more; what was stays. A host that it never came to is not asked."""
        wanted = read(PackageCopy, effect)
        noted = await what_was_noted(_note_name(effect), tools)
        if noted is not None:
            host = await still_there(wanted.target, wanted.name, tools)
            if host is not None:
                await host.complete(ticket_of(effect, tools))
            if noted.get("copies"):
                tools.say(f"what was copied to {noted.get('path')} on {wanted.name} stays as it is", "warning")
            await tools.records.note(tools.task, _note_name(effect), None)
        await leave(effect, tools)


async def _copying(wanted: PackageCopy, tools: Tools) -> _Copying:
    known = await known_at(wanted.variables, wanted.name, tools, with_secrets=False)
    found = known.evaluate(wanted.path)
    if found.error:
        raise Invalid("variable.unknown", f"the directory of {wanted.action}: {found.error}", thing=wanted.action)
    path = checked_directory(found.text or "", wanted.action)
    patterns = (line for pattern in wanted.keep for line in filled_whole(known, pattern).splitlines())
    given = tools.outputs[wanted.installed]
    return _Copying(path, without(patterns), str(given["used"]), str(_given(wanted, tools)[DIRECTORY]))


async def _copied(wanted: PackageCopy, copying: _Copying, host: Connection, effect: Effect, tools: Tools) -> Outcome:
    noted = await what_was_noted(_note_name(effect), tools)
    if noted is None:
        exit_code, said = await ran(host, f"{ticket_of(effect, tools)}/look", _command("look", wanted, copying))
        if exit_code != 0:
            return _refused(wanted, copying, exit_code, said)
        is_there = _given(wanted, tools).get(WAS_INSTALLED) == "True" and said.strip() == copying.id
        noted = {"path": copying.path, "copies": not is_there}
        await tools.records.note(tools.task, _note_name(effect), dict(noted))
    if not noted["copies"]:
        tools.say(f"{copying.path} holds the package already: it is used as it is there")
        return Done(_output(wanted, copying, tools, copies=False), was_already_so=True)
    mode = "purge" if wanted.purge else "copy"
    exit_code, said = await ran(host, ticket_of(effect, tools), _command(mode, wanted, copying))
    if exit_code != 0:
        return _refused(wanted, copying, exit_code, said)
    tools.say(f"the package was copied to {copying.path}")
    return Done(_output(wanted, copying, tools, copies=True))


def _command(mode: str, wanted: PackageCopy, copying: _Copying) -> Command:
    state = hashlib.sha256(copying.path.encode()).hexdigest()[:24]
    whose = (mode, copying.path, state, _whose(wanted.owner), copying.id, copying.source)
    return Command(("sh", "-c", COPY, "fairlead-copy", *whose, *copying.kept))


def _whose(owner: Owner) -> str:
    return "/".join(part for part in (owner.project, owner.environment, owner.tenant) if part)


def _refused(wanted: PackageCopy, copying: _Copying, exit_code: int, said: str) -> SaidNo:
    where, reason = f"{copying.path} on {wanted.name}", last_line(said, exit_code)
    if exit_code == TAKEN:
        state = hashlib.sha256(copying.path.encode()).hexdigest()[:24]
        hint = (
            f"give each a directory of its own; or, where {reason} is there no more, remove ~/.fairlead/custom/{state}"
        )
        return SaidNo(
            "package.directory_taken", f"{where} is that of {reason}: {wanted.action} is not copied there", hint
        )
    if exit_code == NOT_THERE:
        return SaidNo("package.directory", f"{where} cannot be what {wanted.action} is installed in: {reason}")
    hint = "look whether its user may write there, and whether there is room"
    return SaidNo("package.not_copied", f"{wanted.action} could not be copied to {where}: {reason}", hint)


def _given(wanted: PackageCopy, tools: Tools) -> Mapping[str, Json]:
    given = tools.outputs[wanted.installed]["outputs"]
    assert isinstance(given, dict)
    return given


def _output(wanted: PackageCopy, copying: _Copying, tools: Tools, *, copies: bool) -> dict[str, Json]:
    kept = {name: str(held) for name, held in _given(wanted, tools).items()}
    return effect_output(wanted.action, wanted.name, {**kept, DIRECTORY: copying.path, WAS_INSTALLED: str(not copies)})


def _note_name(effect: Effect) -> str:
    return f"copied:{effect.key}"
