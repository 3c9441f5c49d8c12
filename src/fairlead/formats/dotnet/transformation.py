"""Transforms an XML file by another (XDT): elements are found by place and locator, and changed.

The language: https://learn.microsoft.com/en-us/previous-versions/aspnet/dd465326(v=vs.110). What is not in it (imports,
transforms and locators of one's own) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fairlead.formats.structured.result import Unreadable
from fairlead.formats.structured.xml_paths import Expression, Nodes, expression
from fairlead.formats.structured.xml_text import decoded_xml, encoded_xml
from fairlead.formats.structured.xml_tree import (
    Document,
    Element,
    Node,
    declared_prefix,
    local,
    read_xml,
    with_namespaces,
)

NAMESPACE = "http://schemas.microsoft.com/XML-Document-Transform"

_CALL = re.compile(r"\s*([A-Za-z]\w*)\s*(?:\((.*)\))?\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Transformed:
    """The new content; `warnings` names each element of the transformation that found nothing to change."""

    content: bytes
    warnings: tuple[str, ...] = ()


def transform(source: bytes, by: bytes) -> Transformed:
    """The source changed as the transformation says; `Unreadable` where one of both is not XML, or asks for what is
    not in the language, or inserts where nothing is."""
    file = decoded_xml(source)
    work = _Work(read_xml(file.text))
    root = read_xml(decoded_xml(by).text).root
    work.take(root, [work.document], {"xml": ""})
    return Transformed(encoded_xml(work.document, file), tuple(work.warnings))


@dataclass(frozen=True, slots=True)
class _Order:
    """What one element of the transformation asks for."""

    element: Element
    verb: str
    arguments: tuple[str, ...]
    prefixes: Mapping[str, str]


@dataclass(slots=True)
class _Work:
    document: Document
    warnings: list[str] = field(default_factory=list)
    nodes: Nodes | None = None

    def take(self, element: Element, parents: Sequence[Element | Document], outer: Mapping[str, str]) -> None:
        """Do what an element asks for at its place below each of the parents, then what those inside it ask for."""
        _, prefixes = next(with_namespaces(element, outer))
        asked = {
            local(name): value
            for name, value in element.attributes.items()
            if ":" in name and prefixes.get(name.partition(":")[0]) == NAMESPACE
        }
        targets = self._targets(element, parents, asked.get("Locator", ""), prefixes)
        if asked.get("Transform"):
            verb, arguments = _read(asked["Transform"])
            self._do(_Order(element, verb, arguments, prefixes), targets, parents)
            self.nodes = None
        still_there = [target for target in targets if _is_in(self.document, target)]
        for child in element.elements:
            self.take(child, still_there, prefixes)

    def _targets(
        self, element: Element, parents: Sequence[Element | Document], locator: str, prefixes: Mapping[str, str]
    ) -> list[Element]:
        kind, arguments = _read(locator) if locator else ("", ())
        if kind == "XPath":
            return self._at_path(arguments, parents, prefixes)
        name = _full(element.name, prefixes)
        same = [
            child for parent in parents for child, known in self._children(parent) if _full(child.name, known) == name
        ]
        match kind:
            case "":
                return same
            case "Match":
                return [one for one in same if all(_has_same(one, element, name) for name in arguments)]
            case "Condition":
                wanted = _expression(", ".join(arguments), prefixes)
                return [one for one in same if wanted.holds(self._seen(), one)]
            case _:
                raise Unreadable(f"there is no locator {kind}; there are Match, Condition and XPath")

    def _at_path(
        self, arguments: tuple[str, ...], parents: Sequence[Element | Document], prefixes: Mapping[str, str]
    ) -> list[Element]:
        path = _expression(", ".join(arguments), prefixes)
        found = [
            node
            for parent in parents
            for node in path.select(self._seen(), parent if isinstance(parent, Element) else None)
            if isinstance(node, Element)
        ]
        return list({id(one): one for one in found}.values())

    def _children(self, parent: Element | Document) -> Iterator[tuple[Element, Mapping[str, str]]]:
        known = {id(element): here for element, here in with_namespaces(self.document.root)}
        inside = [self.document.root] if isinstance(parent, Document) else parent.elements
        return ((child, known[id(child)]) for child in inside)

    def _seen(self) -> Nodes:
        self.nodes = self.nodes or Nodes(self.document)
        return self.nodes

    def _do(self, order: _Order, targets: list[Element], parents: Sequence[Element | Document]) -> None:
        verb = order.verb
        if verb == "Insert" or (verb == "InsertIfMissing" and not targets):
            self._insert(order, parents, lambda parent: len(parent.children))
        elif verb in ("InsertBefore", "InsertAfter"):
            self._insert(order, parents, lambda parent: self._beside(order, parent))
        elif verb in _ON_TARGETS:
            if not targets:
                self.warnings.append(f"nothing matches {_told(order.element)}, which says {verb}")
            _ON_TARGETS[verb](order, targets, self.document)
        elif verb != "InsertIfMissing":
            raise Unreadable(f"there is no transform {verb}")

    def _insert(self, order: _Order, parents: Sequence[Element | Document], position: Callable[[Element], int]) -> None:
        parent = next((one for one in parents if isinstance(one, Element)), None)
        if parent is None:
            raise Unreadable(f"there is nothing that {_told(order.element)} could be inserted into")
        parent.children.insert(position(parent), _copy(order.element, order.prefixes))
        parent.is_empty = False

    def _beside(self, order: _Order, parent: Element) -> int:
        path = _expression(", ".join(order.arguments), order.prefixes)
        found = path.select(self._seen(), parent)
        for at, child in enumerate(parent.children):
            if any(child is one for one in found):
                return at + (order.verb == "InsertAfter")
        raise Unreadable(f"{_told(order.element)} is to stand beside {order.arguments[0]!r}, and nothing is there")


def _replace(order: _Order, targets: list[Element], document: Document) -> None:
    for target in targets[:1]:
        _put(document, target, [_copy(order.element, order.prefixes)])


def _remove(order: _Order, targets: list[Element], document: Document) -> None:
    for target in targets if order.verb == "RemoveAll" else targets[:1]:
        _put(document, target, [])


def _set_attributes(order: _Order, targets: list[Element], _: Document) -> None:
    own = _own_attributes(order.element, order.prefixes)
    names = order.arguments or tuple(name for name in own if declared_prefix(name) is None)
    for target in targets:
        for name in names:
            if name not in own:
                raise Unreadable(f"{_told(order.element)} has no attribute {name} that could be set")
            target.attributes[name] = own[name]


def _remove_attributes(order: _Order, targets: list[Element], _: Document) -> None:
    for target in targets:
        for name in order.arguments or tuple(target.attributes):
            target.attributes.pop(name, None)


_ON_TARGETS: Mapping[str, Callable[[_Order, list[Element], Document], None]] = {
    "Replace": _replace,
    "Remove": _remove,
    "RemoveAll": _remove,
    "SetAttributes": _set_attributes,
    "RemoveAttributes": _remove_attributes,
}


def _read(call: str) -> tuple[str, tuple[str, ...]]:
    found = _CALL.fullmatch(call)
    if not found:
        raise Unreadable(f"{call[:80]!r} is neither a transform nor a locator")
    return found[1], tuple(part.strip() for part in found[2].split(",")) if (found[2] or "").strip() else ()


def _expression(text: str, prefixes: Mapping[str, str]) -> Expression:
    found = expression(text, {name: uri for name, uri in prefixes.items() if name and uri}, is_xpath_1=True)
    if found is None:
        raise Unreadable(f"{text[:80]!r} is no XPath")
    return found


def _full(name: str, prefixes: Mapping[str, str]) -> tuple[str, str]:
    prefix, colon, rest = name.partition(":")
    return (prefixes.get(prefix, ""), rest) if colon else (prefixes.get("", ""), name)


def _has_same(one: Element, other: Element, name: str) -> bool:
    if name not in other.attributes:
        raise Unreadable(f"{_told(other)} has no attribute {name} that could be matched")
    return one.attributes.get(name) == other.attributes[name]


def _own_attributes(element: Element, prefixes: Mapping[str, str]) -> dict[str, str]:
    """The attributes that are not the transformation's."""
    return {
        name: value
        for name, value in element.attributes.items()
        if not (":" in name and prefixes.get(name.partition(":")[0]) == NAMESPACE) and value != NAMESPACE
    }


def _copy(element: Element, prefixes: Mapping[str, str]) -> Element:
    children: list[Node] = [
        _copy(child, next(with_namespaces(child, prefixes))[1]) if isinstance(child, Element) else child
        for child in element.children
    ]
    return Element(element.name, _own_attributes(element, prefixes), children, element.is_empty)


def _holders(document: Document) -> Iterator[list[Node]]:
    """Every list of children, the document's first."""
    yield document.children
    for element, _ in with_namespaces(document.root):
        yield element.children


def _put(document: Document, target: Element, new: list[Node]) -> None:
    if target is document.root and not any(isinstance(node, Element) for node in new):
        raise Unreadable(f"the root {_told(target)} cannot be removed")
    for children in list(_holders(document)):
        for at, child in enumerate(children):
            if child is target:
                children[at : at + 1] = new
                return


def _is_in(document: Document, target: Element) -> bool:
    return any(element is target for element, _ in with_namespaces(document.root))


def _told(element: Element) -> str:
    known = ("key", "name", "id", "path")
    said = next((f' {name}="{element.attributes[name]}"' for name in known if name in element.attributes), "")
    return f"<{element.name}{said}>"
