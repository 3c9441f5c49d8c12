"""The action kind *configure-files*: values of variables into the files of a folder on a target."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain.plan import Effect, Node
from fairlead.domain.process import ResolvedAction
from fairlead.domain.record import Json
from fairlead.ports.step import EffectKind
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.configured_files import ConfigureFolder, Folder
from fairlead.steps.script import host_of

LONGEST_S = 900.0
"""For an action without a timeout of its own: thousands of files over a slow line."""

ATTEMPTS = 3
MOST_PATTERNS = 100

_PATTERNS: Json = {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": MOST_PATTERNS}


def _patterns(description: str) -> Json:
    assert isinstance(_PATTERNS, dict)
    return {**_PATTERNS, "description": description}


FILES: Mapping[str, Json] = {
    "substitute": _patterns("files in which #{Name} is replaced; patterns like **/*.env"),
    "structured": _patterns("JSON, YAML, XML and properties files: variables are named after places in them"),
    "dotnet": {
        "type": "object",
        "description": "configuration files of .NET",
        "additionalProperties": False,
        "properties": {
            "settings": {
                "type": "boolean",
                "description": "appSettings, connectionStrings and applicationSettings of every *.config",
            },
            "transform": {
                "type": "boolean",
                "description": "Web.Release.config and Web.ENVIRONMENT.config change Web.config",
            },
            "transformations": _patterns("others, as Foo.config => web.config"),
            "strict": {
                "type": "boolean",
                "default": True,
                "description": "a transformation that finds nothing to change is an error",
            },
        },
    },
}
"""Properties that say which files are filled in, and with what."""


class ConfigureFiles:
    """Fills in the files of a folder, on each target or at the server: tokens, structured values, and .NET's settings
    and transformations."""

    name = "configure-files"
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "puts values of variables into the files of a folder",
        "additionalProperties": False,
        "required": ["folder"],
        "properties": {
            "folder": {"type": "string", "minLength": 2, "description": "its absolute path on the host"},
            **FILES,
        },
    }
    effects: Mapping[str, EffectKind] = {ConfigureFolder.kind: ConfigureFolder()}

    def plan(self, resolved: ResolvedAction) -> Node:
        """One effect."""
        return filling(resolved, str(resolved.action.properties.get("folder", "")))


def filling(resolved: ResolvedAction, folder: str) -> Effect:
    """What fills in the files of the folder, a text like others, as the action's properties say (`FILES`)."""
    action = resolved.action
    told = action.properties.get("dotnet")
    dotnet = told if isinstance(told, dict) else {}
    wanted = Folder(
        action=action.name,
        path=folder,
        target=host_of(resolved),
        on_behalf_of=resolved.target.name if resolved.target else "",
        substitute=_texts(action.properties.get("substitute")),
        structured=_texts(action.properties.get("structured")),
        transformations=_texts(dotnet.get("transformations")),
        transform=dotnet.get("transform") is True,
        settings=dotnet.get("settings") is True,
        is_strict=dotnet.get("strict") is not False,
        variables=resolved.variables,
    )
    place = f" on {resolved.target.name}" if resolved.target else ""
    return Effect(
        ConfigureFolder.kind,
        f"{resolved.key}/configure",
        f"{action.name}{place}",
        arguments(wanted),
        timeout_s=action.timeout_s or LONGEST_S,
        attempts=ATTEMPTS,
        is_undone=False,
        target=resolved.place,
    )


def _texts(held: Json) -> tuple[str, ...]:
    return tuple(str(one) for one in held) if isinstance(held, list) else ()
