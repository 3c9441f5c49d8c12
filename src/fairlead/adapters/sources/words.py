"""What Git says when it fails, turned into our errors; no credential passes."""

from __future__ import annotations

import re

from fairlead.domain.errors import Failed, FairleadError, NotAllowed, Unreachable

SHOWN_LENGTH = 600

HOST_KEY = re.compile(r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED")
REFUSED = re.compile(
    r"Authentication failed|could not read (?:Username|Password)|unable to read askpass response|Permission denied"
    r"|access denied|Access denied|returned error: 40[13]|not authorized|Invalid username or (?:password|token)",
)
FINGERPRINT = re.compile(r"fingerprint for the (\S+) key sent by the remote host is\s+(SHA256:[\w+/]+)")
UNREACHABLE = re.compile(
    r"Could not resolve host|Connection (?:refused|timed out|reset|closed)|Failed to connect|No route to host"
    r"|Network is unreachable|unable to access|Operation timed out|early EOF|unexpected disconnect|hung up unexpectedly"
    r"|does not appear to be a git repository|does not exist|[Rr]epository .*not found|not found: did you run",
)
BROKEN = re.compile(
    r"Unable to create '[^']*\.lock'|could not lock|object file .* is empty|loose object|bad object|corrupt"
    r"|not a git repository: |bad config|bad signature|unable to (?:read|unpack|parse)|could not (?:read|parse)"
    r"|missing (?:blob|tree|commit|object)|broken (?:ref|link)|reference broken|packfile .* (?:is|does not)"
    r"|invalid sha1 pointer|did not send all necessary objects|not a valid object name|not a tree object",
    re.IGNORECASE,
)
"""What Git says where its own files are not as it left them."""


def is_of_a_broken_mirror(stderr: str) -> bool:
    """Whether Git complains of the files that it keeps here."""
    return BROKEN.search(stderr) is not None


def failure(url: str, stderr: str, secrets: tuple[str, ...]) -> FairleadError:
    """The error for Git's words."""
    said = scrub(stderr, secrets)
    if HOST_KEY.search(stderr):
        shown = FINGERPRINT.search(stderr)
        way = "ssh-keyscan HOST > FILE, compare it (ssh-keygen -lf FILE), projects connect NAME URL --known-hosts FILE"
        return NotAllowed(
            "source.refused",
            f"the host of {url} shows another key than the one recorded: {' '.join(shown.groups()) if shown else said}",
            thing=url,
            hint=f"if its owner says that this is its key: {way}",
        )
    if REFUSED.search(stderr):
        return NotAllowed(
            "source.refused",
            f"{url} refused the credentials: {said}",
            thing=url,
            hint="paste the project's deploy key at the forge (read access), or give user and token",
        )
    if UNREACHABLE.search(stderr):
        return Unreachable(
            "source.unreachable",
            f"{url} cannot be reached: {said}",
            thing=url,
            hint="check the address, and that this server can reach it",
        )
    return Failed("source.failed", f"git failed on {url}: {said}", thing=url)


def scrub(stderr: str, secrets: tuple[str, ...]) -> str:
    """The last of what was said on one line, without secrets and without passwords in addresses."""
    text = stderr
    for secret in secrets:
        if secret:
            text = text.replace(secret, "•••")
    text = re.sub(r"://[^/@\s:]*:[^/@\s]*@", "://•••@", text)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = re.sub(r"\s+", " ", text).strip()
    return text[-SHOWN_LENGTH:] or "it said nothing"
