"""What was tried and how it ended, as people read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fairlead.testing.ground.trial import Tried

WORDS = {
    "die": "the server killed {moment} an effect",
    "twice": "an effect done twice",
    "late": "an effect answered late",
    "no": "an effect that says no",
    "fail": "an effect that errs",
    "unreachable": "an effect that cannot be asked",
    "cancel": "cancelled {moment} an effect",
    "bug": "a bug in an effect",
    "freeze": "the node suspended {moment} an effect",
}


def table(tried: Sequence[Tried]) -> str:
    """A line for each strategy and each thing that goes wrong."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for one in tried:
        strategy, _, what = one.point.partition(" ")
        counts.setdefault((strategy, what_went_wrong(what)), Counter())[one.end] += 1
    rows: list[tuple[str, ...]] = [("strategy", "what went wrong", "tried", "new", "old", "otherwise")]
    for (strategy, what), ends in counts.items():
        numbers = (ends.total(), ends["new"], ends["old"], ends["otherwise"])
        rows.append((strategy, what, *(str(number) for number in numbers)))
    widths = [max(len(row[at]) for row in rows) for at in range(6)]
    return "\n".join(_line(row, widths) for row in rows)


def what_went_wrong(text: str) -> str:
    """In words, from a point's text."""
    if text.startswith("seed:"):
        return "several things at once"
    first, _, struck = text.rpartition("+")
    deed, moment, verb, *_ = struck.split(":")
    words = WORDS.get(deed, deed).format(moment=moment)
    if verb == "undo":
        words = words.replace("an effect", "an undo")
    return f"a failure, and {words}" if first else words


def counted(tried: Sequence[Tried]) -> str:
    """How many were tried, and how they ended."""
    ends = Counter(one.end for one in tried)
    said = f"{ends['new']} exactly new, {ends['old']} exactly old, {ends['otherwise']} otherwise"
    return f"{len(tried)} points tried: {said}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    left = [row[at].ljust(widths[at]) for at in (0, 1)]
    right = [row[at].rjust(widths[at]) for at in (2, 3, 4, 5)]
    return "  ".join([*left, *right]).rstrip()
