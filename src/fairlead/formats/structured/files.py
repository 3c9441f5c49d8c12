"""One structured configuration file, whatever its format: the values of variables at the places they are named after.

JSON is tried first for every file, as older versions of Octopus knew nothing else; then the format that the file's name
says; where the name says none, all of them in order (Calamari's `StructuredConfigVariablesService`). Of several that a
file can be read as, the first is meant in which a variable has its place: ``a=1`` is YAML, too, but a text of no parts.
An empty file stays so, unless its name says JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fairlead.domain.errors import Invalid
from fairlead.domain.template.variables import Variables
from fairlead.formats.structured.json_text import replace_in_json
from fairlead.formats.structured.properties_text import replace_in_properties
from fairlead.formats.structured.result import Replaced, Unreadable
from fairlead.formats.structured.yaml_text import replace_in_yaml

JSON_ALONE = "Octopus.Action.StructuredConfigurationFallbackFlag"
"""A variable of this name and the value *True*: whatever they are called, the files are JSON."""

Replacer = Callable[[bytes, Variables], Replaced]


def _replace_in_xml(content: bytes, variables: Variables) -> Replaced:
    """XPath is loaded with the first file that needs it: it takes eight megabytes, and the bare install has none."""
    from fairlead.formats.structured.xml_text import replace_in_xml

    return replace_in_xml(content, variables)


FORMATS: Mapping[str, Replacer] = {
    "json": replace_in_json,
    "xml": _replace_in_xml,
    "yaml": replace_in_yaml,
    "properties": replace_in_properties,
}
"""By name, in the order in which they are tried."""

_ENDINGS = {".json": "json", ".xml": "xml", ".yaml": "yaml", ".yml": "yaml", ".properties": "properties"}


def replace_in_file(path: str, content: bytes, variables: Variables) -> Replaced:
    """The file with its values replaced. Invalid `configuration.unreadable` where no format fits."""
    told: list[str] = []
    read: list[Replaced] = []
    formats = ("json",) if variables.flag(JSON_ALONE) else formats_to_try(path)
    if not content.strip() and formats != ("json",):
        return Replaced(formats[-1], content, ())
    for name in formats:
        try:
            read.append(FORMATS[name](content, variables))
        except Unreadable as unreadable:
            told.append(f"as {name}: {unreadable}")
            continue
        if read[-1].found:
            return read[-1]
    if read:
        return read[0]
    raise Invalid("configuration.unreadable", f"{path} cannot be read {'; '.join(told)}", thing=path)


def formats_to_try(path: str) -> tuple[str, ...]:
    """The formats that a file of this name may have, the first one first."""
    ending = path[path.rfind(".") :].lower() if "." in path else ""
    known = _ENDINGS.get(ending)
    return tuple(FORMATS) if known is None else tuple(dict.fromkeys(("json", known)))
