"""Numbers in the formats of .NET: the standard ones by a letter, all else as patterns; money in dollars."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from fairlead.domain.template.filters.number_patterns import EXACT, LARGEST_POWER, by_pattern, moved, rounded

_NUMBER = re.compile(r"\s*[+-]?(\d[\d,]*\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_STANDARD = re.compile(r"([A-Za-z])(\d{0,2})")
LONGEST = 60


def decimal_of(text: str) -> Decimal | None:
    """The number that the text spells, thousands separated by commas or not."""
    if len(text) > LONGEST or not _NUMBER.fullmatch(text):
        return None
    found = Decimal(text.strip().replace(",", ""))
    if found.adjusted() > LARGEST_POWER:
        return None
    return found if found.adjusted() > -LARGEST_POWER else Decimal(0)


def formatted_number(number: Decimal, form: str, *, is_whole: bool = False, keeps_zeros: bool = False) -> str | None:
    """As that format has it; None where it is no format of numbers. `keeps_zeros`: at the end of the fraction, in a
    general format, as .NET's decimals have it."""
    if keeps_zeros and form in ("", "G", "g"):
        return f"{number:f}"
    if standard := _STANDARD.fullmatch(form):
        return _standard(number, standard[1].upper(), standard[2], letter=standard[1], is_whole=is_whole)
    return by_pattern(number, form)


def _standard(number: Decimal, kind: str, digits: str, *, letter: str, is_whole: bool) -> str | None:
    places = int(digits) if digits else 2
    match kind:
        case "C":
            return ("-" if number < 0 else "") + f"${_grouped(number.copy_abs(), places)}"
        case "F":
            return f"{rounded(number, places):f}"
        case "N":
            return ("-" if number < 0 else "") + _grouped(number.copy_abs(), places)
        case "P":
            return ("-" if number < 0 else "") + f"{_grouped(moved(number.copy_abs(), 2), places)} %"
        case "E":
            return _scientific(number, int(digits) if digits else 6, letter, least=3)
        case "D" if is_whole:
            return ("-" if number < 0 else "") + str(abs(int(number))).zfill(int(digits or 0))
        case "X" if is_whole:
            return format(int(number) & 0xFFFFFFFF, letter).zfill(int(digits or 0))
        case "G" if int(digits or 0):
            return _general(number, int(digits), letter)
        case "G" | "R":
            return f"{number.normalize(EXACT):f}"
        case _:
            return None


def _general(number: Decimal, digits: int, letter: str) -> str:
    """So many digits that count, with an exponent where the point would stand outside of them."""
    short = Context(prec=digits, rounding=ROUND_HALF_UP).plus(number).normalize()
    if not short or -5 < short.adjusted() < digits:
        return f"{short:f}"
    return _scientific(short, len(short.as_tuple().digits) - 1, "E" if letter == "G" else "e", least=2)


def _scientific(number: Decimal, places: int, letter: str, *, least: int) -> str:
    short = Context(prec=places + 1, rounding=ROUND_HALF_UP).plus(number) if number else Decimal(0).scaleb(-places)
    mantissa, _, exponent = f"{short:.{places}E}".partition("E")
    return f"{mantissa}{letter}{exponent[0]}{exponent[1:].zfill(least)}"


def _grouped(number: Decimal, places: int) -> str:
    return f"{rounded(number, places):,f}"
