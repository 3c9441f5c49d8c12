"""Writes a tree of XML as text, indented by two spaces where there is no text between elements, as Octopus does it.

The layout is that of .NET's `XmlWriter` with `Indent`
(https://learn.microsoft.com/en-us/dotnet/api/system.xml.xmlwritersettings.indent).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from fairlead.formats.structured.xml_tree import Comment, Document, Element, Instruction, Node, Text

_STEP = "  "
_IN_TEXT = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_IN_ATTRIBUTE = {**_IN_TEXT, ord('"'): "&quot;", ord("\t"): "&#x9;", ord("\n"): "&#xA;", ord("\r"): "&#xD;"}
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf-16-le": "utf-16",
    "utf-16-be": "utf-16BE",
    "utf-32-le": "utf-32",
    "utf-32-be": "utf-32BE",
    "ascii": "us-ascii",
}


def write_xml(document: Document, *, encoding: str, line_end: str) -> str:
    """The whole document; its declaration, if it has one, names the encoding."""
    out: list[str] = []
    if document.has_declaration:
        standalone = "" if document.standalone is None else f' standalone="{"yes" if document.standalone else "no"}"'
        out.append(f'<?xml version="1.0" encoding="{encoding_name(encoding)}"{standalone}?>')
    for child in document.children:
        if out:
            out.append("\n")
        _write(child, out, 0, is_mixed=False)
    return _LINE_ENDS.sub(lambda _: line_end, "".join(out) + document.after)


def encoding_name(encoding: str) -> str:
    """What a declaration calls an encoding (https://www.iana.org/assignments/character-sets)."""
    name = codecs.lookup(encoding).name
    if name in _ENCODINGS:
        return _ENCODINGS[name]
    return re.sub(r"^cp(125\d)$", r"windows-\1", re.sub(r"^iso8859-", "iso-8859-", name))


def _write(node: Node, out: list[str], depth: int, *, is_mixed: bool) -> None:
    match node:
        case Element():
            _element(node, out, depth, is_mixed=is_mixed)
        case Text():
            out.append(_cdata(node.data) if node.is_cdata else _escaped(node.data, _IN_TEXT))
        case Comment():
            out.append(f"<!--{_apart(node.data)}-->")
        case Instruction():
            data = node.data.replace("?>", "? >")
            out.append(f"<?{node.target} {data}?>" if data else f"<?{node.target}?>")
        case _:
            out.append(node.data)


def _element(element: Element, out: list[str], depth: int, *, is_mixed: bool) -> None:
    attributes = "".join(f' {name}="{_escaped(value, _IN_ATTRIBUTE)}"' for name, value in element.attributes.items())
    out.append(f"<{element.name}{attributes}")
    if not element.children:
        out.append(" />" if element.is_empty else f"></{element.name}>")
        return
    out.append(">")
    # .NET looks at what came before only, and would put spaces into text that begins after a first element.
    is_mixed = is_mixed or not all(isinstance(child, Element | Comment | Instruction) for child in element.children)
    for child in element.children:
        if not is_mixed:
            out.append("\n" + _STEP * (depth + 1))
        _write(child, out, depth + 1, is_mixed=is_mixed)
    if not is_mixed:
        out.append("\n" + _STEP * depth)
    out.append(f"</{element.name}>")


def _escaped(text: str, escapes: Mapping[int, str]) -> str:
    return text.translate(escapes)


def _cdata(data: str) -> str:
    return "<![CDATA[" + data.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _apart(data: str) -> str:
    """A comment holds no two hyphens beside each other, nor one at its end."""
    apart = re.sub(r"-(?=-)", "- ", data)
    return apart + " " if apart.endswith("-") else apart
