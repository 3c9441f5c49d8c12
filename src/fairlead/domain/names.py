"""Names that people give, validated once at the edge, so that they are safe wherever they are used (law 7).

A name that passes here can be put into a label, a container name, a proxy's socket command or a file name without
quoting: none of them allows a space, a line break, a semicolon, a slash, a leading dash or two dots in a row.
"""

from __future__ import annotations

import re

from fairlead.domain.errors import Invalid

PROJECT = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,39}")
ENVIRONMENT = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|[-_ ](?=[A-Za-z0-9])){0,39}")
SERVICE = re.compile(r"[a-z0-9](?:[a-z0-9]|[-_](?=[a-z0-9])){0,39}")
VARIABLE = re.compile(
    r"(?![ .-]|(?i:if|unless|each|elseif|calc) )(?:[A-Za-z0-9_:/~()@\[\]*'\"=,<>+!-]|\.(?!\.)| (?![ .])){1,200}(?<! )"
)
LIBRARY_SET = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|[-_. ](?=[A-Za-z0-9])){0,79}")
VERSION = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z_+-]|\.(?!\.)){0,127}")
HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
URL_PATH = re.compile(r"/(?:[A-Za-z0-9._~-]+/?)*")
LONGEST_TITLE = 80
USER = re.compile(r"(?!fairlead$)[a-z0-9](?:[a-z0-9]|[._@-](?=[a-z0-9])){0,63}")

_IN_WORDS = {
    PROJECT: "lower-case letters, digits and single dashes, a letter first, 40 at most",
    ENVIRONMENT: "letters, digits, and single dashes, underscores or spaces between them, a letter first, 40 at most",
    SERVICE: "lower-case letters, digits, and single dashes or underscores between them, 40 at most",
    VARIABLE: "letters, digits, . _ - and single spaces inside, and what paths need (: / [ ] ( ) @ and the like), 200 "
    "at most; it may not begin as a condition or a loop does",
    LIBRARY_SET: "letters, digits, and single dashes, underscores, dots or spaces between them, 80 at most",
    VERSION: "letters, digits, . - _ and +, a letter or digit first, no two dots in a row, 128 at most",
    HOST: "a host in lower case (www.example.com), without scheme, port or last dot",
    USER: "lower-case letters, digits, and single . _ - or @ between them, 64 at most; fairlead is who acts by itself",
}
"""What a person may write, for those who do not read patterns."""


def require(kind: str, pattern: re.Pattern[str], name: str, *, words: str = "") -> str:
    """`name` if the whole of it fits, else Invalid `input.name` that shows it safely, and in `words` what would fit."""
    if pattern.fullmatch(name) and ".." not in name:
        return name
    raise Invalid(
        "input.name",
        f"{name[:80]!r} is not a valid {kind} name",
        thing=kind,
        hint=f"allowed: {words or _IN_WORDS.get(pattern, pattern.pattern)}",
    )


def project_name(name: str) -> str:
    """Lower-case letters, digits and single dashes, 40 at most."""
    return require("project", PROJECT, name)


def environment_name(name: str) -> str:
    """Letters, digits, and single dashes, underscores or spaces between them, 40 at most."""
    return require("environment", ENVIRONMENT, name)


def service_name(name: str) -> str:
    """A Compose service name that is also a DNS label."""
    return require("service", SERVICE, name)


def variable_name(name: str) -> str:
    """As Octopus recommends them: letters, digits, ``. - _`` and single spaces inside; beside these what paths into
    JSON, YAML and XML need (``a:b:0``, ``//x[@id='1']``). ASCII only, so that two names that look alike are one; case
    makes no difference. One that begins as a condition, a loop or a sum does would be read as that."""
    return require("variable", VARIABLE, name)


def library_set_name(name: str) -> str:
    """Letters, digits, and single dashes, underscores, dots or spaces between them, 80 at most."""
    return require("library set", LIBRARY_SET, name)


def version_text(name: str) -> str:
    """A release version; its order is `domain.version`'s affair."""
    return require("version", VERSION, name)


def host_name(name: str) -> str:
    """A host in lower case, without a trailing dot or port."""
    return require("host", HOST, name)


def title(kind: str, name: str) -> str:
    """What people call a team or a group: any letters, 80 at most, no slash, no space at its ends."""
    if name == name.strip() and len(name) <= LONGEST_TITLE and can_be_asked_for(name):
        return name
    raise Invalid(
        "input.name",
        f"{name[:80]!r} is not a valid {kind} name",
        thing=kind,
        hint=f"1 to {LONGEST_TITLE} letters that can be printed, without a slash, and not dots alone",
    )


def can_be_asked_for(name: str) -> bool:
    """Whether an address can end in it: what is called otherwise could be made, and never be found again."""
    return name.isprintable() and "/" not in name and bool(name.strip(" ."))


def slug(environment: str) -> str:
    """An environment's name as it stands in container names and hosts: lower case, dashes for the rest."""
    return re.sub(r"[^a-z0-9]+", "-", environment.lower()).strip("-")
