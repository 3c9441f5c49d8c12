"""Where a service's output goes, to a bounded size; options that the engine would refuse at the start are refused here.

The options of the drivers, and what they may be: docs.docker.com, "Configure logging drivers" (Engine 20.10 to 28).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fairlead.formats.compilation import Compilation
from fairlead.formats.findings import did_you_mean, shown
from fairlead.formats.node import Path
from fairlead.formats.service_model import ServiceModel

BOUNDED_DRIVERS = frozenset({"json-file", "local"})
READABLE_DRIVERS = BOUNDED_DRIVERS | {"journald"}
LOG_OPTIONS: Mapping[str, str] = {"max-size": "10m", "max-file": "3"}

_SIZE = re.compile(r"[1-9]\d{0,8}(?:[kmg]b?)?", re.IGNORECASE)
_FILES = re.compile(r"[1-9]\d{0,5}")
_FLAGS = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})
_NO = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_BUFFERED = frozenset({"mode", "max-buffer-size"})
_TAGGED = frozenset({"labels", "labels-regex", "env", "env-regex", "tag"})
KNOWN_OPTIONS: Mapping[str, frozenset[str]] = {
    "json-file": _BUFFERED | _TAGGED | {"max-size", "max-file", "compress"},
    "local": _BUFFERED | {"max-size", "max-file", "compress"},
    "journald": _BUFFERED | _TAGGED,
}
"""What else there is (plugins, and drivers that need leave) knows its own options."""


def logging_of(at: Compilation, name: str, model: ServiceModel) -> tuple[str, dict[str, str]]:
    """The driver and its options. A driver that sends the output elsewhere needs leave, and leaves Fairlead nothing to
    show."""
    path: Path = ("services", name, "logging")
    driver = (model.logging.driver if model.logging else "") or "json-file"
    options = dict(model.logging.options) if model.logging else {}
    if driver not in READABLE_DRIVERS:
        at.harm((*path, "driver"), f"log_driver:{driver}")
        at.warn((*path, "driver"), f"what {driver} takes away cannot be shown by fairlead logs")
    for option, found, expected in _wrong(driver, options):
        at.problem((*path, "options", option), found, expected)
    return driver, {**LOG_OPTIONS, **options} if driver in BOUNDED_DRIVERS else options


def _wrong(driver: str, options: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Option, what was found, what was expected."""
    known = KNOWN_OPTIONS.get(driver)
    if known is None:
        return
    for option, value in options.items():
        if option not in known:
            yield option, f"the unknown option {shown(option)} of {driver}", did_you_mean(option, known)
        elif expected := _expected(option, value):
            yield option, shown(value), expected
    if "max-buffer-size" in options and options.get("mode") != "non-blocking":
        yield "max-buffer-size", "a buffer without mode: non-blocking", "mode: non-blocking beside it"
    compress = options.get("compress", "true" if driver == "local" else "false")
    if options.get("max-file") == "1" and compress not in _NO:
        where = "compress" if "compress" in options else "max-file"
        yield where, "one file, compressed", "compress: 'false', or max-file: 2 or more"


def _expected(option: str, value: str) -> str:
    """What was expected instead; "" where nothing is wrong with it."""
    match option:
        case "max-size" | "max-buffer-size":
            return "" if _SIZE.fullmatch(value) else "a size (10m)"
        case "max-file":
            return "" if _FILES.fullmatch(value) else "how many files, 1 or more"
        case "compress":
            return "" if value in _FLAGS else "true or false"
        case "mode":
            return "" if value in ("blocking", "non-blocking") else "blocking or non-blocking"
        case _:
            return ""
