"""appSettings, connectionStrings and applicationSettings: what a variable is named after gets its value.

Sections and entries are found by their local names, whatever the namespace; keys are compared without regard to case
(Calamari's `ConfigurationVariablesReplacer`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.domain.template.variables import Variables
from fairlead.formats.structured.result import Replaced
from fairlead.formats.structured.xml_text import decoded_xml, encoded_xml
from fairlead.formats.structured.xml_tree import Element, Text, is_writable, local, read_xml


def replace_settings(content: bytes, variables: Variables) -> Replaced:
    """Raises `Unreadable` where it is not XML."""
    file = decoded_xml(content)
    document = read_xml(file.text, keeps_spaces=True)
    found: list[str] = []
    warnings: list[str] = []
    for place in _places(document.root):
        value = variables.get(place.name)
        if value is None:
            continue
        found.append(place.name)
        if is_writable(value.text or ""):
            place.put(value.text or "")
        else:
            warnings.append(f"The value of {place.name} was not set: it has characters that XML does not have")
    return Replaced("dotnet", encoded_xml(document, file), tuple(found), tuple(warnings))


@dataclass(frozen=True, slots=True)
class _Place:
    """One setting: its name, and the attribute (or, without one, the element ``value``) that holds what it is."""

    element: Element
    name: str
    attribute: str

    def put(self, value: str) -> None:
        """Set it; what holds it is made where there is nothing yet."""
        if self.attribute:
            self.element.attributes[self.attribute] = value
            return
        holder = next((child for child in self.element.elements if local(child.name) == "value"), None)
        if holder is None:
            prefix, colon, _ = self.element.name.rpartition(":")
            holder = Element(prefix + colon + "value")
            self.element.children.append(holder)
        holder.children = [Text(value)]


def _places(root: Element) -> Iterator[_Place]:
    waiting: list[tuple[Element, bool]] = [(root, False)]
    while waiting:
        element, is_inside = waiting.pop()
        name = local(element.name)
        is_inside = is_inside or name == "applicationSettings"
        for child in element.elements:
            place = _place(name, child, is_inside=is_inside)
            if place is not None:
                yield place
        waiting.extend((child, is_inside) for child in reversed(element.elements))


def _place(section: str, entry: Element, *, is_inside: bool) -> _Place | None:
    match section, local(entry.name):
        case "appSettings", "add":
            key, attribute = "key", "value"
        case "connectionStrings", "add":
            key, attribute = "name", "connectionString"
        case _, "setting" if is_inside:
            key, attribute = "name", ""
        case _:
            return None
    name = entry.attributes.get(key)
    return None if name is None else _Place(entry, name, attribute)
