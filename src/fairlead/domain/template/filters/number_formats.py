"""Numbers in the formats of .NET: the standard ones by a letter, and patterns of ``0 # . , %``; money in dollars."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_NUMBER = re.compile(r"\s*[+-]?(\d[\d,]*\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_STANDARD = re.compile(r"([A-Za-z])(\d{0,2})")
_PLACEHOLDERS = re.compile(r"[0#,.]+%?")
LONGEST = 60


def decimal_of(text: str) -> Decimal | None:
    """The number that the text spells, thousands separated by commas or not."""
    if len(text) > LONGEST or not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return None


def formatted_number(number: Decimal, form: str, *, is_whole: bool = False, keeps_zeros: bool = False) -> str | None:
    """As that format has it; None where it is no format of numbers. `keeps_zeros`: at the end of the fraction, in a
    general format, as .NET's decimals have it."""
    if keeps_zeros and form in ("G", "g"):
        return f"{number:f}"
    if standard := _STANDARD.fullmatch(form):
        return _standard(number, standard[1].upper(), standard[2], letter=standard[1], is_whole=is_whole)
    return _by_pattern(number, form)


def _standard(number: Decimal, kind: str, digits: str, *, letter: str, is_whole: bool) -> str | None:
    places = int(digits) if digits else 2
    match kind:
        case "C":
            return ("-" if number < 0 else "") + f"${_grouped(abs(number), places)}"
        case "F":
            return f"{_rounded(number, places):f}"
        case "N":
            return ("-" if number < 0 else "") + _grouped(abs(number), places)
        case "P":
            return ("-" if number < 0 else "") + f"{_grouped(abs(number) * 100, places)} %"
        case "E":
            mantissa, _, exponent = f"{number:.{int(digits) if digits else 6}E}".partition("E")
            return f"{mantissa}{letter}{exponent[0]}{exponent[1:].zfill(3)}"
        case "D" if is_whole or number == int(number):
            return ("-" if number < 0 else "") + str(abs(int(number))).zfill(int(digits or 0))
        case "X" if is_whole or number == int(number):
            return format(int(number) & 0xFFFFFFFF, letter).zfill(int(digits or 0))
        case "G" | "R":
            return f"{number.normalize():f}"
        case _:
            return None


def _by_pattern(number: Decimal, form: str) -> str | None:
    found = _PLACEHOLDERS.search(form)
    if not found:
        return None
    pattern = found[0]
    shown = abs(number) * 100 if pattern.endswith("%") else abs(number)
    whole, _, fraction = pattern.removesuffix("%").partition(".")
    places, least = len(fraction), len(fraction.rstrip("#"))
    text = f"{_rounded(shown, places):f}"
    digits, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0") if decimals else ""
    digits = digits.lstrip("0").rjust(whole.replace(",", "").lstrip("#").count("0"), "0")
    if "," in whole:
        digits = f"{int(digits or 0):,}" if digits else ""
    body = digits + (f".{decimals}" if decimals else "") + ("%" if pattern.endswith("%") else "")
    sign = "-" if number < 0 and set(body) & set("123456789") else ""
    return f"{sign}{form[: found.start()]}{body}{form[found.end() :]}"


def _rounded(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _grouped(number: Decimal, places: int) -> str:
    return f"{_rounded(number, places):,f}"
