"""Markdown to HTML for the substitution language: tables, strike-through, links; HTML in it is shown, not taken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from fairlead.domain.template.evaluation import Filter

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

_ADDRESS = re.compile(r"(?<![^\s*_~(])(?:(?:https?|ftp)://|www\.)[^\s<./?#:]+\.[^\s<]+", re.IGNORECASE)
_AFTER_ADDRESS = re.compile(r"(?:[?!.,:*_~'\";]|&\w+;)+$")


def to_html(text: str) -> str:
    """CommonMark with tables, ``~~strike-through~~`` and links of bare addresses. What looks like HTML is escaped:
    values come from people."""
    return str(_reader().render(text.strip()))


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt  # few texts are Markdown: a server at rest does without it

    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    reader.core.ruler.push("addresses", _link_addresses)
    return reader


def _link_addresses(state: StateCore) -> None:
    for block in state.tokens:
        if block.children:
            block.children = list(_linked(block.children))


def _linked(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens with links around bare addresses; none within a link."""
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type in ("s_open", "s_close"):
            token.tag = "del"
        if token.type == "text" and not depth:
            yield from _with_links(token)
        else:
            yield token


def _with_links(token: Token) -> Iterator[Token]:
    text, at = token.content, 0
    for found in _ADDRESS.finditer(text):
        address = _bounded(found.group())
        yield token.copy(content=text[at : found.start()])
        href = f"http://{address}" if address[:4].lower() == "www." else address
        yield token.copy(type="link_open", tag="a", nesting=1, attrs={"href": href}, content="")
        yield token.copy(content=address)
        yield token.copy(type="link_close", tag="a", nesting=-1, content="")
        at = found.start() + len(address)
    yield token.copy(content=text[at:])


def _bounded(address: str) -> str:
    """The address without what follows it in a sentence: stops, and a bracket that it does not open."""
    while True:
        shorter = _AFTER_ADDRESS.sub("", address)
        if shorter.endswith(")") and shorter.count(")") > shorter.count("("):
            shorter = shorter[:-1]
        if shorter == address:
            return address
        address = shorter


def _filter(value: str | None, options: Sequence[str]) -> str | None:
    return None if value is None or options else to_html(value)


MARKDOWN_FILTERS: dict[str, Filter] = {"markdown": _filter, "markdowntohtml": _filter}
"""The language's filters that need a reader of Markdown."""
