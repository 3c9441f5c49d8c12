"""Headers that a webhook is posted with beside ours, as a receiver asks for them: which there may be.

A name is a token and a value is visible ASCII with spaces between (RFC 9110, 5.6.2 and 5.5), so that no value can end
its line and begin another header, or the body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import SecretVersionId

MOST_HEADERS = 20
LONGEST_NAME = 100
LONGEST_VALUE = 1000
"""Shorter than what is read of an answer, so that a value which the receiver says again is found in it as a whole."""
GIVEN = SecretVersionId("given")
"""Stands for a value that is new, until it is kept."""
_NAME = re.compile(rf"[!#$%&'*+.^_`|~0-9A-Za-z-]{{1,{LONGEST_NAME}}}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?")
_OURS = frozenset({"content-type", "content-length", "content-encoding", "host", "user-agent"})
_SIGNATURE = "webhook-"
"""What the names of Standard Webhooks begin with: the message's id, its time and its signature."""
_OF_THE_CONNECTION = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Those that each hop reads for itself (RFC 9110, 7.6.1)."""


def check_name(name: str) -> None:
    """Invalid `subscription.header` for what is no name, is ours, or is the connection's."""
    if not _NAME.fullmatch(name):
        raise _invalid(f"{name[:80]!r} is not the name of a header", "letters, digits and dashes, as in X-Api-Key")
    small = name.lower()
    if small in _OURS or small.startswith(_SIGNATURE):
        raise _invalid(f"the header {name} is ours: what is posted says so already", "leave it out")
    if small in _OF_THE_CONNECTION:
        raise _invalid(f"the header {name} is the connection's, and not the receiver's", "leave it out")


def merged(held: Mapping[str, SecretVersionId], given: Mapping[str, str | None]) -> Mapping[str, SecretVersionId]:
    """Those that are held, with what is given: a value (`GIVEN` stands for it), None for one that stays as it is, ""
    for one that goes. Names are the same whatever their case. Invalid `subscription.header`, never with a value."""
    found = dict(held)
    spelt = {name.lower(): name for name in held}
    if len({name.lower() for name in given}) < len(given):
        raise _invalid("a header is given twice", "names are the same whatever their case")
    for name, value in given.items():
        old = spelt.get(name.lower(), "")
        was = found.pop(old, None)
        if value == "" and was is None:
            raise _invalid(f"there is no header {name[:80]!r} to take away", "see which there are")
        if value == "":
            continue
        check_name(name)
        if value is not None:
            _check_value(name, value)
        elif was is None:
            raise _invalid(f"the header {name} has no value", "give it one")
        found[name] = GIVEN if value is not None or was is None else was
    if len(found) > MOST_HEADERS:
        raise _invalid(f"a webhook has at most {MOST_HEADERS} headers of its own", "leave some out")
    return found


def _check_value(name: str, value: str) -> None:
    if len(value) > LONGEST_VALUE:
        raise _invalid(f"the value of the header {name} is over {LONGEST_VALUE:,} characters", "give a shorter one")
    if not _VALUE.fullmatch(value):
        raise _invalid(
            f"the value of the header {name} cannot be sent",
            "ASCII on one line, without white space around it",
        )


def _invalid(message: str, hint: str) -> Invalid:
    return Invalid("subscription.header", message, thing="headers", hint=hint)
