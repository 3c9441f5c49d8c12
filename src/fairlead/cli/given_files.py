"""What a command is given in a file, or on standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from stat import S_ISREG

from fairlead.domain.errors import Invalid


def text_of(file: str | Path) -> str:
    """The file's text, UTF-8; what standard input holds for ``-``. Invalid `input.invalid` where it cannot be read."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("input.invalid", f"{file} cannot be read: it is not UTF-8 text", thing=str(file)) from error
    except OSError as error:
        raise _unreadable(file, error) from error


def value_of(file: str) -> str:
    """The text without the line end that editors put after it."""
    return text_of(file).removesuffix("\n")


def secret_of(file: str) -> str | None:
    """A password, key or token, without the white space around it; None where no file is given. Invalid
    `input.invalid` where it holds nothing, too: that is a mistake, and "" often means *none*."""
    if not file:
        return None
    found = text_of(file).strip()
    if not found:
        raise Invalid("input.invalid", f"{file} holds nothing", thing=file)
    return found


def bytes_of(file: Path) -> bytes:
    """The file as it is, for a reader that names lines and columns. Invalid `input.invalid` where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from error


def require_file(file: Path) -> None:
    """Invalid `input.invalid` where it is none: a folder, a device, or a pipe, whose length nobody knows."""
    try:
        is_file = S_ISREG(file.stat().st_mode)
    except OSError as error:
        raise _unreadable(file, error) from error
    if not is_file:
        raise Invalid("input.invalid", f"{file} is no file", thing=str(file))


def _unreadable(file: str | Path, error: OSError) -> Invalid:
    return Invalid("input.invalid", f"{file} cannot be read: {error.strerror or error}", thing=str(file))
