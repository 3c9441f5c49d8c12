"""Markdown to HTML for the substitution language: tables, strike-through, links; HTML in it is shown, not taken."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from fairlead.domain.template.evaluation import Filter

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


def to_html(text: str) -> str:
    """CommonMark with tables and ``~~strike-through~~``. What looks like HTML is escaped: values come from people."""
    return str(_reader().render(text.strip()))


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt  # few texts are Markdown: a server at rest does without it

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _filter(value: str | None, options: Sequence[str]) -> str | None:
    return None if value is None or options else to_html(value)


MARKDOWN_FILTERS: dict[str, Filter] = {"markdown": _filter, "markdowntohtml": _filter}
"""The language's filters that need a reader of Markdown."""
