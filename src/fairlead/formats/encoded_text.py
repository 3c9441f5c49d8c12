"""Text in the encoding that its file has: read, changed, and written back as it was."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_ENDS = re.compile(r"\r\n|\n")
_UNICODE = re.compile(r"utf-(8|16|32)")
_WITHOUT_ORDER = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_NAMED_IN_DOTNET = re.compile(
    r"utf-?(8|16|32)(-?[lb]e)?|unicode|(us-)?ascii|iso-8859-\d{1,2}|latin1|windows-\d{3,4}|gb18030|big5|shift_jis|euc-jp"
)
_SAME_BYTE = "fairlead.same_byte"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Text with its encoding (Python's name for it) and the byte order mark it began with, or none."""

    text: str
    encoding: str = "utf-8"
    mark: bytes = b""

    @property
    def line_end(self) -> str:
        """The more frequent of the two; that of Windows where there is none, as Octopus has it."""
        found = _LINE_ENDS.findall(self.text)
        unix = found.count("\n")
        if unix * 2 == len(found):
            return found[0] if found else "\r\n"
        return "\n" if unix * 2 > len(found) else "\r\n"

    @property
    def is_unicode(self) -> bool:
        """Whether the encoding has every character."""
        return bool(_UNICODE.match(self.encoding))

    def holds(self, text: str) -> bool:
        """Whether the encoding has every character of the text."""
        return self.is_unicode or _bytes_in(self.encoding, text) is not None

    def with_text(self, text: str) -> Encoded:
        """Other text in this encoding; in UTF-8 where the encoding lacks a character of it."""
        if self.holds(text):
            return replace(self, text=text)
        return Encoded(text)

    def in_encoding(self, name: str) -> Encoded:
        """The same text in the encoding of that name, with its mark, as .NET writes it; unchanged where we know none of
        the name, in UTF-8 where that lacks a character of the text."""
        written = name.strip().lower()
        if not _NAMED_IN_DOTNET.fullmatch(written):
            return self
        try:
            known = codecs.lookup("utf-16" if written == "unicode" else written).name
        except LookupError:
            return self
        known = _WITHOUT_ORDER.get(known, known)
        mark = next((mark for mark, encoding in _BOMS if encoding == known), b"")
        return replace(self, encoding=known, mark=mark).with_text(self.text)

    def content(self) -> bytes:
        """The bytes of the file."""
        written = _bytes_in(self.encoding, self.text)
        return self.mark + (self.text.encode("utf-8", "surrogatepass") if written is None else written)


def decoded(content: bytes, preferred: Iterable[str] = ()) -> Encoded:
    """What a file says: by its byte order mark, else in the first of `preferred` or UTF-8 that fits, else in
    Windows-1252, in which every byte means something.

    As Octopus tries them: Calamari's `CalamariPhysicalFileSystem.ReadFile` (UTF-8, then Windows-1252).
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                return Encoded(content[len(mark) :].decode(encoding), encoding, mark)
            except UnicodeDecodeError:
                break
    for encoding in (*preferred, "utf-8"):
        found = _WITHOUT_ORDER.get(encoding, encoding)
        try:
            return Encoded(content.decode(found), found)
        except (UnicodeDecodeError, LookupError):
            continue
    return Encoded(content.decode("cp1252", _SAME_BYTE), "cp1252")


def _bytes_in(encoding: str, text: str) -> bytes | None:
    try:
        return text.encode(encoding, _SAME_BYTE if encoding == "cp1252" else "strict")
    except UnicodeEncodeError:
        return None


def _same_byte(error: UnicodeError) -> tuple[str | bytes, int]:
    """The five bytes that Windows-1252 leaves open are the control characters of their number, as .NET reads them."""
    if isinstance(error, UnicodeDecodeError):
        return chr(error.object[error.start]), error.start + 1
    if isinstance(error, UnicodeEncodeError) and error.object[error.start] in "\x81\x8d\x8f\x90\x9d":
        return error.object[error.start].encode("latin-1"), error.start + 1
    raise error


codecs.register_error(_SAME_BYTE, _same_byte)
