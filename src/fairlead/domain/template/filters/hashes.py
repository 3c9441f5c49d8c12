"""Filters that give the digest of a value, in hexadecimal; options are an encoding and how many bytes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from fairlead.domain.template.evaluation import Filter
from fairlead.domain.template.filters.text import ENCODINGS, bytes_of_base64, whole


def _hashed(algorithm: str) -> Filter:
    def apply(value: str | None, options: Sequence[str]) -> str | None:
        read = _read(options)
        data = _bytes(value, read[0]) if value is not None and read is not None else None
        if data is None or read is None:
            return None
        return hashlib.new(algorithm, data, usedforsecurity=False).digest()[: read[1]].hex()

    return apply


def _read(options: Sequence[str]) -> tuple[str, int | None] | None:
    """Encoding and size in whatever order; None where they are neither."""
    encoding, size = "", None
    for option in options:
        number = whole(option)
        if number is not None and number > 0 and size is None:
            size = number
        elif (known := option.lower()) in (*ENCODINGS, "base64") and not encoding:
            encoding = known
        else:
            return None
    return encoding or "utf8", size


def _bytes(value: str, encoding: str) -> bytes | None:
    if encoding == "base64":
        return bytes_of_base64(value)
    try:
        return value.encode(ENCODINGS[encoding])
    except UnicodeEncodeError:
        return None


FILTERS: dict[str, Filter] = {name: _hashed(name) for name in ("md5", "sha1", "sha256", "sha384", "sha512")}
