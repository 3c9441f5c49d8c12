"""Tables on a small screen: each cell says which column it is of, so that the style sheet can stand rows as cards."""

from __future__ import annotations

import re
from itertools import count

_TABLE = re.compile(r'<table class="[^"]*\bfl-table\b[^"]*">.*?</table>', re.DOTALL)
_HEADING = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_UNSEEN = 'class="visually-hidden"'
_PLACE = re.compile(r"<(tr|th|td)\b([^>]*)>(\s*</t[dh]>)?")
_COLUMNS = re.compile(r'\bcolspan="(\d+)"')


def labelled(drawn: str) -> str:
    """The same page or part, with the heading of its column at each cell of a table (`data-label`); the cell that names
    the row needs none, and one that is empty says so. Text of others is escaped by then: no tag stands in it."""
    return _TABLE.sub(_labelled, drawn) if "fl-table" in drawn else drawn


def _labelled(found: re.Match[str]) -> str:
    head, between, body = found[0].partition("</thead>")
    labels = [
        "" if _UNSEEN in text else _TAG.sub("", text).strip().replace('"', "&quot;") for text in _HEADING.findall(head)
    ]
    columns = count()

    def cell(place: re.Match[str]) -> str:
        nonlocal columns
        tag, said, ends = place.groups()
        if tag == "tr":
            columns = count()
            return place[0]
        column = next(columns)
        spanned = _COLUMNS.search(said)
        for _ in range(int(spanned[1]) - 1 if spanned else 0):
            next(columns)
        if ends:
            return f"<{tag}{said} data-empty>{ends}"
        label = labels[column] if tag == "td" and not spanned and column < len(labels) else ""
        return f'<{tag}{said} data-label="{label}">' if label else place[0]

    return head + between + _PLACE.sub(cell, body)
