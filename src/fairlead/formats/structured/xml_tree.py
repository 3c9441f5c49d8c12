"""XML as a tree that keeps what a person wrote: CDATA, comments, instructions, references, empty tags, prefixes.

Read by expat, which resolves nothing from outside and expands no reference in text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.parsers import expat

from fairlead.formats.structured.result import Unreadable

DEPTH_LIMIT = 250

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True, eq=False)
class Text:
    """Characters; `is_cdata`: in ``<![CDATA[…]]>``."""

    data: str
    is_cdata: bool = False

    @property
    def is_blank(self) -> bool:
        """Only spaces between tags."""
        return not self.is_cdata and not self.data.strip(" \t\r\n")


@dataclass(slots=True, eq=False)
class Comment:
    """``<!--…-->``"""

    data: str


@dataclass(slots=True, eq=False)
class Instruction:
    """``<?target data?>``"""

    target: str
    data: str


@dataclass(slots=True, eq=False)
class Verbatim:
    """What is written back as it was: a reference in text, a document type."""

    data: str


@dataclass(slots=True, eq=False)
class Element:
    """`name` and the attributes' names with their prefixes, as written; `is_empty`: ``<name/>``."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    is_empty: bool = False

    @property
    def elements(self) -> list[Element]:
        """The elements among its children."""
        return [child for child in self.children if isinstance(child, Element)]


Node: TypeAlias = Element | Text | Comment | Instruction | Verbatim


@dataclass(slots=True, eq=False)
class Document:
    """`standalone` is none where the declaration does not say it; there may be no declaration. `after`: the line end
    behind the root, where spaces are kept."""

    children: list[Node] = field(default_factory=list)
    has_declaration: bool = False
    standalone: bool | None = None
    after: str = ""

    @property
    def root(self) -> Element:
        """The one element that all others are in."""
        return next(child for child in self.children if isinstance(child, Element))


def read_xml(text: str, *, keeps_spaces: bool = False) -> Document:
    """Without the spaces between tags that only lay the text out, unless they are to be kept. Raises `Unreadable`, with
    line and column."""
    document = _Reader(text, keeps_spaces=keeps_spaces).read()
    document.after = "\n" if keeps_spaces and text.endswith("\n") else ""
    for element, known in with_namespaces(document.root):
        _check_prefixes(element, known)
    return document


def read_fragment(text: str, known: Mapping[str, str]) -> list[Node]:
    """The nodes of a piece of XML inside an element where the prefixes are `known`; `Unreadable` where it is not
    XML."""
    wrapped = Element("fragment", {(f"xmlns:{prefix}" if prefix else "xmlns"): uri for prefix, uri in known.items()})
    attributes = "".join(f' {name}="{_quoted(uri)}"' for name, uri in wrapped.attributes.items() if name != "xmlns:xml")
    document = read_xml(f"<fragment{attributes}>{text}</fragment>")
    for element in document.root.elements:
        for name, value in list(element.attributes.items()):
            prefix = declared_prefix(name)
            if prefix is not None and known.get(prefix) == value:
                del element.attributes[name]
    return document.root.children


def with_namespaces(root: Element, known: Mapping[str, str] | None = None) -> Iterator[tuple[Element, dict[str, str]]]:
    """Every element from the root down, in the order of the text, with the namespaces of the prefixes there."""
    waiting = [(root, dict(known or {"xml": XML_NAMESPACE}))]
    while waiting:
        element, outer = waiting.pop()
        own = {
            prefix: value for name, value in element.attributes.items() if (prefix := declared_prefix(name)) is not None
        }
        here = {**outer, **own}
        yield element, here
        waiting.extend((child, here) for child in reversed(element.elements))


def declared_prefix(attribute: str) -> str | None:
    """The prefix that an attribute declares ("" for the default); None where it declares none."""
    return attribute[6:] if attribute.startswith("xmlns:") else "" if attribute == "xmlns" else None


def local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


def is_writable(text: str) -> bool:
    """Whether XML has all the characters of a text (XML 1.0, §2.2)."""
    return not _NOT_XML.search(text)


def _check_prefixes(element: Element, known: Mapping[str, str]) -> None:
    for name in (element.name, *element.attributes):
        prefix, colon, _ = name.partition(":")
        if colon and prefix != "xmlns" and prefix not in known:
            raise Unreadable(f"the prefix {prefix} of {name} is not declared")


def _quoted(uri: str) -> str:
    return uri.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


class _Reader:
    def __init__(self, text: str, *, keeps_spaces: bool) -> None:
        self.content = text.encode("utf-8", "surrogatepass")
        self.document = Document()
        self.open: list[Element] = []
        self.preserved: list[bool] = [keeps_spaces]
        self.text: Text | None = None
        self.type_at = -1
        self.parser = self._parser()

    def _parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate("utf-8")
        parser.ordered_attributes = True
        parser.specified_attributes = True
        calls: Mapping[str, Callable[..., None]] = {
            "XmlDecl": self._declaration,
            "StartDoctypeDecl": self._type_start,
            "EndDoctypeDecl": self._type_end,
            "StartElement": self._start,
            "EndElement": self._end,
            "CharacterData": self._characters,
            "StartCdataSection": self._cdata_start,
            "EndCdataSection": self._cdata_end,
            "Comment": lambda data: self._add(Comment(data)),
            "ProcessingInstruction": lambda target, data: self._add(Instruction(target, data)),
            "Default": self._other,
        }
        for event, call in calls.items():
            setattr(parser, f"{event}Handler", call)
        return parser

    def read(self) -> Document:
        try:
            is_all = True
            self.parser.Parse(self.content, is_all)
        except expat.ExpatError as error:
            said = expat.ErrorString(error.code)
            raise Unreadable(f"line {error.lineno}, column {error.offset + 1}: {said}") from error
        return self.document

    def _declaration(self, _version: str, _encoding: str | None, standalone: int) -> None:
        self.document.has_declaration = True
        self.document.standalone = None if standalone < 0 else bool(standalone)

    def _type_start(self, *_: object) -> None:
        self.type_at = self.content.find(b"<!DOCTYPE", 0)

    def _type_end(self) -> None:
        end = self.content.index(b">", self.parser.CurrentByteIndex) + 1
        declared = self.content[self.type_at : end].decode("utf-8")
        self.type_at = -1
        self._add(Verbatim(declared))

    def _start(self, name: str, attributes: list[str]) -> None:
        if len(self.open) >= DEPTH_LIMIT:
            raise Unreadable(f"line {self.parser.CurrentLineNumber}: elements more than {DEPTH_LIMIT} deep")
        element = Element(name, dict(zip(attributes[::2], attributes[1::2], strict=True)))
        self._add(element)
        self.open.append(element)
        space = element.attributes.get("xml:space")
        self.preserved.append(self.preserved[-1] if space is None else space == "preserve" or self.preserved[0])

    def _end(self, _name: str) -> None:
        self.text = None
        element = self.open.pop()
        at = self.parser.CurrentByteIndex
        element.is_empty = not element.children and self.content[at - 2 : at] == b"/>"
        is_mixed = bool(element.elements) and any(
            isinstance(child, Text) and not child.is_blank for child in element.children
        )
        if not self.preserved.pop() and not is_mixed:
            element.children = [child for child in element.children if not (isinstance(child, Text) and child.is_blank)]

    def _characters(self, data: str) -> None:
        if self.text is None:
            text = Text("")
            self._add(text)
            self.text = text
        self.text.data += data

    def _cdata_start(self) -> None:
        text = Text("", is_cdata=True)
        self._add(text)
        self.text = text

    def _cdata_end(self) -> None:
        self.text = None

    def _other(self, data: str) -> None:
        if self.open and data.startswith("&"):
            self._add(Verbatim(data))

    def _add(self, node: Node) -> None:
        if self.type_at >= 0:
            return
        self.text = None
        (self.open[-1].children if self.open else self.document.children).append(node)
