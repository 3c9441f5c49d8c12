"""Numbers of ``#{calc}``: sums, and how a number is written."""

from __future__ import annotations

import math
import re
from typing import Literal

WHOLE_LIMIT = 2.0**63

_NUMBER = re.compile(r"\s*[+-]?(?:[0-9][0-9,]*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")


def read_number(text: str, *, has_commas: bool = False) -> float | None:
    """The number that a text spells; with `has_commas` there may be some between its digits, as .NET has them."""
    if not _NUMBER.fullmatch(text) or ("," in text and not has_commas):
        return None
    return float(text.replace(",", ""))


def calculated(operator: Literal["+", "-", "*", "/", "%"], left: float, right: float) -> float | None:
    """The sum; None where it has no answer (a division by nothing, a remainder of fractions)."""
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right if right else None
        case "%":
            return math.fmod(left, right) if right and _is_whole(left) and _is_whole(right) else None


def number_of(value: float) -> str:
    """As short as it can be read back: no point where it is whole, ``1E+16`` where it is very large."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    if "e" in text or (value.is_integer() and abs(value) >= 1e15):
        return _scientific(value)
    return text.removesuffix(".0")


def _is_whole(value: float) -> bool:
    return value.is_integer() and -WHOLE_LIMIT <= value < WHOLE_LIMIT


def _scientific(value: float) -> str:
    shortest = next(text for text in (format(value, f".{places}e") for places in range(18)) if float(text) == value)
    digits, _, exponent = shortest.partition("e")
    return f"{digits}E{exponent[0]}{exponent[1:].lstrip('0').rjust(2, '0')}"
