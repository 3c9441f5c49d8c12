"""Patterns of numbers as .NET has them: ``#,##0.00``, ``0.0 'kg'``, ``0;(0);none``, ``0,,.0 M``, ``0.##E+0``.

Source: learn.microsoft.com/dotnet/standard/base-types/custom-numeric-format-strings, in the invariant culture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

LARGEST_POWER = 308
"""Of ten: what .NET's largest numbers have. Beyond it nothing is a number here."""

MOST_PLACES = 400
"""Of one pattern, before the point and behind it."""

EXACT = Context(prec=3 * MOST_PLACES, rounding=ROUND_HALF_UP)
"""In which no digit of them is lost."""

_PIECES = re.compile(
    r"(?P<quoted>'[^']*'?|\"[^\"]*\"?)|\\(?P<escaped>.?)|(?P<exponent>[eE][+-]?0+)|(?P<mark>[0#.,%‰;])|(?P<text>.)",
    re.DOTALL,
)
_SCALES = {"%": 2, "‰": 3}


@dataclass(frozen=True, slots=True)
class _Piece:
    """`kind`: a mark as it is written, ``e`` for an exponent, nothing for `text` that stands as it is."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Section:
    """One of up to three that ``;`` parts: for what is above nothing, below it, nothing itself."""

    pieces: tuple[_Piece, ...]
    is_own: bool

    @property
    def places(self) -> str:
        """Its placeholders of digits, the point among them."""
        marks = [piece.kind for piece in self.pieces if piece.kind in ("0", "#", ".")]
        point = marks.index(".") if "." in marks else len(marks)
        return "".join(marks[:point] + ["."] + [mark for mark in marks[point:] if mark != "."])

    @property
    def commas(self) -> tuple[bool, int]:
        """Whether thousands are parted, and by how many thousands the number is divided."""
        seen, run, is_parted = False, 0, False
        for piece in self.pieces:
            match piece.kind:
                case ".":
                    break
                case ",":
                    run += seen
                case "0" | "#":
                    is_parted, seen, run = is_parted or run > 0, True, 0
                case _:
                    continue
        return is_parted, run

    @property
    def exponent(self) -> str:
        """How its exponent is written, or nothing."""
        return next((piece.text for piece in self.pieces if piece.kind == "e"), "")


def by_pattern(number: Decimal, form: str) -> str | None:
    """The number as the pattern has it: one without placeholders is a text. None where it has too many."""
    if len(form) > MOST_PLACES:
        return None
    sections = _sections(form)
    section = _section(sections, 1 if number < 0 else 0 if number else 2)
    whole, fraction, power = _digits(number, section)
    if number and not (whole + fraction).strip("0"):  # what is rounded to nothing is written as nothing is
        section = _section(sections, 2)
        whole, fraction, power = _digits(Decimal(0), section)
        number = Decimal(0)
    sign = "-" if number < 0 and not section.is_own else ""
    return sign + "".join(_written(section, whole, fraction, power))


def _sections(form: str) -> list[tuple[_Piece, ...]]:
    made: list[list[_Piece]] = [[]]
    for found in _PIECES.finditer(form):
        if found["mark"] == ";":
            made.append([])
        elif found["mark"]:
            made[-1].append(_Piece(found["mark"], found["mark"]))
        elif found["exponent"]:
            made[-1].append(_Piece("e", found["exponent"]))
        else:
            quoted = found["quoted"]
            text = quoted[1:].removesuffix(quoted[0]) if quoted else found["escaped"] or found["text"] or ""
            made[-1].append(_Piece("", text))
    return [tuple(pieces) for pieces in made]


def _section(sections: list[tuple[_Piece, ...]], wanted: int) -> _Section:
    is_own = 0 < wanted < len(sections) and bool(sections[wanted])
    return _Section(sections[wanted] if is_own else sections[0], is_own)


def _digits(number: Decimal, section: _Section) -> tuple[str, str, int]:
    """The digits before the point, as many as there have to be, those behind it, and the exponent."""
    before, _, behind = section.places.partition(".")
    scale = sum(_SCALES.get(piece.kind, 0) for piece in section.pieces) - 3 * section.commas[1]
    shown, power = moved(number.copy_abs(), scale), 0
    if section.exponent and number:
        power = shown.adjusted() + 1 - len(before)
        power += rounded(moved(shown, -power), len(behind)).adjusted() + 1 > len(before) > 0  # 9.99 becomes 10.0
        shown = moved(shown, -power)
    whole, _, fraction = f"{rounded(shown, len(behind)):f}".partition(".")
    least = len(before) - before.index("0") if "0" in before else 0
    return whole.lstrip("0").rjust(least, "0"), fraction.rstrip("0").ljust(behind.rfind("0") + 1, "0"), power


def _written(section: _Section, whole: str, fraction: str, power: int) -> Iterator[str]:
    before, _, _ = section.places.partition(".")
    left = max(len(before), len(whole))  # places before the point that are still to come
    is_parted = section.commas[0]
    at, is_behind = 0, False
    for piece in section.pieces:
        match piece.kind:
            case "0" | "#" if not is_behind:
                until = left - 1 if left <= len(before) else len(before) - 1
                yield _parted(whole, left, until, is_parted=is_parted)
                left = until
            case "0" | "#":
                yield fraction[at : at + 1]
                at += 1
            case "." if not is_behind:
                yield _parted(whole, left, 0, is_parted=is_parted) + ("." if fraction else "")
                left, is_behind = 0, True
            case "%" | "‰" | "":
                yield piece.text
            case "e":
                yield _exponent(piece.text, power)
            case _:
                continue


def _parted(whole: str, start: int, until: int, *, is_parted: bool) -> str:
    """The digits of those places, counted from the point."""
    made = ""
    for place in range(start, until, -1):
        digit = whole[len(whole) - place] if place <= len(whole) else ""
        made += digit + ("," if is_parted and digit and place > 1 and place % 3 == 1 else "")
    return made


def _exponent(form: str, power: int) -> str:
    sign = "-" if power < 0 else "+" if "+" in form else ""
    return f"{form[0]}{sign}{str(abs(power)).zfill(form.count('0'))}"


def rounded(number: Decimal, places: int) -> Decimal:
    """Half a unit away from nothing, as .NET does it."""
    return number.quantize(Decimal(1).scaleb(-places), context=EXACT)


def moved(number: Decimal, places: int) -> Decimal:
    """With its point so many places further on."""
    return number.scaleb(places, context=EXACT)
