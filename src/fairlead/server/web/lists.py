"""What a page with a list is asked for, and where its other parts are: the same on every such page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Depends, Query, Request

SHOWN = 50
MOST_SHOWN = 200

_OF_THE_PART = ("after", "seen")
"""What a link to another part does not keep."""

Text = Annotated[str, Query(max_length=200)]
After = Annotated[str | None, Query(max_length=250)]
Limit = Annotated[int, Query(ge=1, le=MOST_SHOWN)]


@dataclass(frozen=True, slots=True)
class Shown:
    """The list as it is shown: its address, what was searched for, and the addresses of the first and the next part,
    "" where that is this one, or none."""

    here: str
    search: str
    newest: str
    older: str


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of the list at `here` is asked for; `kept` is what else the address asks."""

    here: str
    kept: dict[str, str]
    search: str
    after: str | None
    limit: int

    def shown(self, more: str | None) -> Shown:
        """With the next part beginning behind `more`; None on the last."""
        first = f"{self.here}?{urlencode(self.kept)}" if self.kept else self.here
        older = f"{self.here}?{urlencode({**self.kept, 'after': more})}" if more else ""
        return Shown(self.here, self.search, first if self.after else "", older)


def searched(request: Request, search: Text = "", after: After = None, limit: Limit = SHOWN) -> Part:
    """Of a list that is searched by name."""
    return _part(request, search.strip(), after, limit)


def paged(request: Request, after: After = None, limit: Limit = SHOWN) -> Part:
    """Of a list that has no names to search."""
    return _part(request, "", after, limit)


def _part(request: Request, search: str, after: str | None, limit: int) -> Part:
    kept = {name: value for name, value in request.query_params.items() if name not in _OF_THE_PART and value}
    return Part(quote(request.url.path), kept, search, after, limit)


Searched = Annotated[Part, Depends(searched)]
Paged = Annotated[Part, Depends(paged)]
