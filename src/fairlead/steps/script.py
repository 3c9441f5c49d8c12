"""The action kind *script*: bash, Python or PowerShell, on each target, on a worker, or at the server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from fairlead.domain.errors import Invalid
from fairlead.domain.git_address import MAX_LENGTH
from fairlead.domain.looked_up import ScriptSource
from fairlead.domain.package import ID, PackageFile
from fairlead.domain.plan import Effect, Node
from fairlead.domain.policy import SCRIPTS_AT_SERVER
from fairlead.domain.process import PACKAGE, ResolvedAction, RunLocation
from fairlead.domain.record import Json
from fairlead.domain.script_source import source_of
from fairlead.domain.service import Harm
from fairlead.ports.step import EffectKind
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.scripts import RunScript, ScriptRun
from fairlead.steps.scripts.bundle import SUFFIXES, Language

LONGEST_S = 24 * 3600.0
"""For an action without a timeout of its own: nothing runs for ever."""

MARGIN_S = 120.0
"""Of the effect over the script: to begin it, to end it with its children, and to fetch what it left."""

ATTEMPTS = 5
"""While the host cannot be asked; the script goes on meanwhile, and is found again."""

SCRIPT_CHARACTERS = 1024 * 1024
MOST_ARGUMENTS = 100


class Script:
    """Runs a script, once for each target or once at all; ``#{…}`` in it is put in first."""

    name = "script"
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "runs a script in bash, Python or PowerShell",
        "additionalProperties": False,
        "oneOf": [{"required": ["script"]}, {"required": ["file"]}],
        "dependentRequired": {"package": ["file"], "repository": ["file"]},
        "not": {"required": ["package", "repository"]},
        "properties": {
            "script": {
                "type": "string",
                "minLength": 1,
                "maxLength": SCRIPT_CHARACTERS,
                "description": "the script itself; variables in #{…} are put in, what has no value stays as it is",
            },
            "file": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1000,
                "description": "a script in the repository, below the folder of fairlead.yml, as the release's commit "
                "has it, or in the package or other repository; its other files lie beside it",
            },
            "package": {
                "type": "string",
                "pattern": ID.pattern,
                "maxLength": 100,
                "description": "a package of the feed that `file` is in, with its other files beside it; which version "
                "is chosen when the release is made",
            },
            "repository": {
                "type": "object",
                "description": "another Git repository that `file` is in, from its root, with its other files beside "
                "it; opened with the project's own credentials where it is at the same server, else without",
                "additionalProperties": False,
                "required": ["url", "ref"],
                "properties": {
                    "url": {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "description": "its address"},
                    "ref": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 250,
                        "description": "a branch, tag or whole commit id; which commit it names is looked up when the "
                        "release is made, and kept",
                    },
                },
            },
            "language": {
                "enum": [language.value for language in Language],
                "description": "what it is written in: by default what the file's ending says, else bash; the host "
                "must have bash, python3 or pwsh",
            },
            "arguments": {
                "type": "array",
                "items": {"type": "string"},
                "maxItems": MOST_ARGUMENTS,
                "description": "what the script is called with; never a secret, for command lines can be seen",
            },
        },
    }
    effects: Mapping[str, EffectKind] = {RunScript.kind: RunScript()}

    def plan(self, resolved: ResolvedAction) -> Node:
        """One effect."""
        action = resolved.action
        source, file = (str(action.properties.get(name) or "") for name in ("script", "file"))
        if bool(source.strip()) == bool(file.strip()):
            message = f"{action.name} needs a script or a file that holds it, and not both"
            raise Invalid("process.properties", message, thing=action.name)
        given = action.properties.get("arguments")
        where, elsewhere = host_of(resolved), _elsewhere(resolved)
        run = ScriptRun(
            action=action.name,
            step=resolved.step,
            language=_language(str(action.properties.get("language") or ""), file),
            source=source,
            file=file,
            package=_package(resolved),
            repository=elsewhere.url if elsewhere else "",
            commit=resolved.commit if elsewhere else "",
            target=where,
            on_behalf_of=resolved.target.name if resolved.target else "",
            arguments=tuple(str(one) for one in given) if isinstance(given, list) else (),
            variables=resolved.variables,
            timeout_s=action.timeout_s or LONGEST_S,
            is_isolated=bool(where) and resolved.worker is None,
        )
        place = f" on {resolved.target.name}" if resolved.target else ""
        place += f" (from {run.package})" if run.package else ""
        place += f" (from {run.repository} {run.commit[:12]})" if run.repository else ""
        return Effect(
            RunScript.kind,
            f"{resolved.key}/script",
            f"{action.name}{place}",
            arguments(run),
            timeout_s=run.timeout_s + MARGIN_S,
            attempts=ATTEMPTS,
            only_tidies=True,
            target=resolved.place,
        )


def _package(resolved: ResolvedAction) -> PackageFile | None:
    if resolved.action.properties.get(PACKAGE) and resolved.package is None:
        message = f"{resolved.action.name} takes its file from a package, and here none was chosen"
        raise Invalid("process.properties", message, thing=resolved.action.name)
    return resolved.package


def _elsewhere(resolved: ResolvedAction) -> ScriptSource | None:
    found = source_of(resolved.action)
    if found is not None and not resolved.commit:
        message = f"{resolved.action.name} takes its file from {found.url}, and no commit of it was chosen"
        hint = "make a release again, or publish the runbook again"
        raise Invalid("process.properties", message, thing=resolved.action.name, hint=hint)
    return found


def _language(given: str, file: str) -> Language:
    return Language(given) if given else SUFFIXES.get(PurePosixPath(file).suffix.lower(), Language.BASH)


def harms_at_server(resolved: ResolvedAction) -> tuple[Harm, ...]:
    """What policy has to allow of what runs as the server's user; nothing where it runs on a target or worker."""
    where = f"step {resolved.step}" + (f" for {resolved.target.name}" if resolved.target else "")
    return () if host_of(resolved) else (Harm(SCRIPTS_AT_SERVER, resolved.action.name, where),)


def host_of(resolved: ResolvedAction) -> str:
    """The id of the target that it runs on; "": at the server."""
    if resolved.worker is not None:
        return resolved.worker.id
    is_there = resolved.action.runs_on is RunLocation.TARGETS and resolved.target is not None
    return resolved.target.id if is_there and resolved.target else ""
