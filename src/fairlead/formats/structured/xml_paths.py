"""XPath over our own tree of XML: which of its nodes an expression selects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from xml.etree import ElementTree

from elementpath import XPath2Parser, XPathContext
from elementpath.exceptions import ElementPathError
from elementpath.xpath_nodes import AttributeNode, ElementNode, TextNode, XPathNode

from fairlead.formats.structured.xml_tree import (
    Comment,
    Document,
    Element,
    Instruction,
    Node,
    Text,
    declared_prefix,
    with_namespaces,
)

_FROM_OUTSIDE = frozenset({"doc", "doc-available", "collection", "unparsed-text", "static-base-uri"})
# What the library's own code lets through, besides its own errors, on expressions that are none.
_SLIPS = (ElementPathError, ValueError, TypeError, KeyError, ArithmeticError, RecursionError, AttributeError)


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute that was selected."""

    element: Element
    name: str


Selected: TypeAlias = Node | Attribute | None
"""None: something that holds no value, as the document itself."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that was read."""

    token: Any

    def select(self, nodes: Nodes, at: Element | None = None) -> list[Selected]:
        """What it selects of the document, or seen from one element of it; nothing where it fails there."""
        try:
            found = list(self.token.select(nodes.context(at)))
        except _SLIPS:
            return []
        return [nodes.ours(node) for node in found if isinstance(node, XPathNode)]

    def holds(self, nodes: Nodes, at: Element) -> bool:
        """Whether it is true of an element."""
        try:
            return bool(self.token.boolean_value(list(self.token.select(nodes.context(at)))))
        except _SLIPS:
            return False


def expression(text: str, prefixes: Mapping[str, str], *, is_xpath_1: bool = False) -> Expression | None:
    """What selects nodes; None where the text is no XPath, or asks for other files. `is_xpath_1`: values are compared
    as XPath 1 does it."""
    try:
        token: Any = XPath2Parser(namespaces=dict(prefixes), compatibility_mode=is_xpath_1).parse(text)
        if any(part.symbol in _FROM_OUTSIDE for part in token.iter()):
            return None
    except _SLIPS:
        return None
    return Expression(token)


class Nodes:
    """A document as XPath sees it: as it was when this was made, and `followed` since."""

    def __init__(self, document: Document) -> None:
        known = {id(element): here for element, here in with_namespaces(document.root)}
        outline = ElementTree.ElementTree(_outline(document.root, known))
        context: Any = XPathContext(outline)
        self._root: Any = context.root
        self._ours: dict[int, Selected] = {}
        self._theirs: dict[int, ElementNode] = {}
        top: Any = self._root.children[0]
        self._pair(top, document.root)

    def context(self, at: Element | None) -> XPathContext:
        """Where an expression is evaluated: at the document, or at one of its elements."""
        return XPathContext(self._root, item=self._theirs[id(at)] if at is not None else None)

    def ours(self, node: XPathNode) -> Selected:
        """The node of our tree that one of XPath's is."""
        if isinstance(node, AttributeNode):
            element = self._ours.get(id(node.parent))
            if isinstance(element, Element):
                return Attribute(element, _written_name(element, node))
        return self._ours.get(id(node))

    def follows(self, element: Element, attribute: str | None = None) -> bool:
        """That an attribute, or the one text of an element, has another value is seen from now on. False where it
        cannot be: what XPath sees has to be made anew then, which takes as long as the document is large."""
        seen = self._theirs.get(id(element))
        if seen is None:
            return False
        their: Any = seen
        if attribute is not None:
            return self._follows_attribute(their, element, attribute)
        only = element.children[0] if len(element.children) == 1 else None
        if not isinstance(only, Text) or not only.data or len(their.children) != 1:
            return False
        text = their.children[0]
        if not isinstance(text, TextNode):
            return False
        text.value = their.value.text = only.data
        self._ours[id(text)] = only
        return True

    def _follows_attribute(self, their: Any, element: Element, name: str) -> bool:
        written = [one for one in element.attributes if declared_prefix(one) is None]
        if name not in written:
            return False  # it declares a prefix: names that XPath reads are others by it
        node = their.attributes[written.index(name)]
        if not isinstance(node.value, str):
            return False
        node.value = element.attributes[name]
        their.value.set(str(node.name), node.value)
        return True

    def _pair(self, theirs: ElementNode, ours: Element) -> None:
        waiting = [(theirs, ours)]
        while waiting:
            seen, element = waiting.pop()
            self._ours[id(seen)] = element
            self._theirs[id(element)] = seen
            for child, node in zip(seen.children, _slots(element), strict=True):
                self._ours[id(child)] = node
                if isinstance(node, Element) and isinstance(child, ElementNode):
                    waiting.append((child, node))


def _slots(element: Element) -> Iterator[Node]:
    """The children as XPath counts them: text beside text is one node, here the first of it."""
    is_after_text = False
    for child in element.children:
        if isinstance(child, Text):
            if child.data and not is_after_text:
                yield child
            is_after_text = is_after_text or bool(child.data)
        elif isinstance(child, Element | Comment | Instruction):
            is_after_text = False
            yield child


def _outline(root: Element, known: Mapping[int, Mapping[str, str]]) -> Any:
    def made(element: Element) -> Any:
        prefixes = known[id(element)]
        seen = ElementTree.Element(_full(element.name, prefixes, prefixes.get("", "")))
        for name, value in element.attributes.items():
            if declared_prefix(name) is None:
                seen.set(_full(name, prefixes, ""), value)
        return seen

    top = made(root)
    waiting = [(root, top)]
    while waiting:
        element, seen = waiting.pop()
        last: Any = None
        for child in element.children:
            if isinstance(child, Text):
                if not child.data:
                    pass  # XPath has no text without a character
                elif last is None:
                    seen.text = (seen.text or "") + child.data
                else:
                    last.tail = (last.tail or "") + child.data
                continue
            if isinstance(child, Element):
                last = made(child)
                waiting.append((child, last))
            elif isinstance(child, Comment):
                last = ElementTree.Comment(child.data)
            elif isinstance(child, Instruction):
                last = ElementTree.ProcessingInstruction(child.target, child.data)
            else:
                continue
            seen.append(last)
    return top


def _full(name: str, prefixes: Mapping[str, str], default: str) -> str:
    prefix, colon, rest = name.partition(":")
    uri = prefixes.get(prefix, "") if colon else default
    return f"{{{uri}}}{rest or prefix}" if uri else name


def _written_name(element: Element, node: AttributeNode) -> str:
    """The name as the document has it, of an attribute that XPath names in full."""
    name = str(node.name)
    position = [one.name for one in node.parent.attributes].index(name) if node.parent is not None else 0
    return [written for written in element.attributes if declared_prefix(written) is None][position]
