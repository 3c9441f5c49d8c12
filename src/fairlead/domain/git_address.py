"""Addresses of Git repositories: which forms are taken, decided before Git ever sees one (law 7)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from fairlead.domain.errors import Invalid, NotFound

MAX_LENGTH = 1000
BRANCHES_TOLD = 5
"""Who reads more would look at the repository itself."""
_CONTROL = re.compile(r"[\x00-\x20\x7f\\]")
_TRANSPORT = re.compile(r"[A-Za-z0-9+.-]*::")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]+\]")
_USER = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._+-]{0,63})")
_SCP = re.compile(r"(?:(?P<user>[^@:/]+)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^@:/\[\]]+):(?P<path>[^:].*)")
_BRANCH_NEVER = re.compile(r"[\x00-\x20\x7f\ud800-\udfff~^:?*\[\\]|\.\.|@\{|//|\.lock(?:/|$)|/\.|^[-./]|[./]$|^@$|^$")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_ALLOWED = "a path (/srv/git/x.git), file://, http(s)://host/path, ssh://user@host/path or user@host:path"


@dataclass(frozen=True, slots=True)
class GitAddress:
    """An address that may be given to Git. `url` is what Git gets; `host` is "" for a local path.

    `path` is the repository's path at its host without ``.git`` and slashes around it (``owner/name`` at a forge).
    """

    kind: Literal["local", "http", "ssh"]
    url: str
    host: str = ""
    user: str = ""
    path: str = ""

    @property
    def origin(self) -> str:
        """``https://host:port`` of an http address, as Git shows it when it asks for a password; "" for others."""
        return "/".join(self.url.split("/")[:3]) if self.kind == "http" else ""


def read_address(url: str) -> GitAddress:
    """The address; Invalid `source.url` for helpers (``ext::``), options, control characters, ``..`` and passwords."""
    if not url or len(url) > MAX_LENGTH or _CONTROL.search(url) or url.startswith("-") or _TRANSPORT.match(url):
        raise _refused(url)
    if ".." in unquote(url).replace("\\", "/").split("/"):
        raise _refused(url)
    if "://" in url:
        return _read_url(url)
    if url.startswith("/"):
        return GitAddress("local", url, path=url)
    return _read_scp(url)


def branch_name(name: str) -> str:
    """`name` if Git could have a branch so named, else Invalid `input.name`."""
    if len(name) > 250 or _BRANCH_NEVER.search(name):
        raise Invalid("input.name", f"{name[:80]!r} is not a valid branch name", thing="branch")
    return name


def no_branch(name: str, branches: Iterable[str]) -> NotFound:
    """NotFound `source.branch`, with the branches that there are."""
    first = sorted(branches)
    rest = len(first) - BRANCHES_TOLD
    there = ", ".join(first[:BRANCHES_TOLD]) + (f" and {rest} more" if rest > 0 else "")
    return NotFound(
        "source.branch",
        f"the repository has no branch {name!r}" + (f", but {there}" if there else ": it is empty"),
        thing=name,
        hint="push the branch, or name another one: fairlead projects connect NAME URL --branch BRANCH",
    )


def commit_id(text: str) -> str:
    """`text` if it is a whole commit id (40 or 64 hexadecimal digits, lower case), else Invalid `input.invalid`."""
    if not _COMMIT.fullmatch(text):
        raise Invalid("input.invalid", f"{text[:80]!r} is not a commit id", hint="40 hexadecimal digits, lower case")
    return text


def _read_url(url: str) -> GitAddress:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused(url) from error
    if parts.query or parts.fragment or not parts.path.strip("/"):
        raise _refused(url)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost") or "%" in parts.path:
            raise _refused(url)
        return GitAddress("local", parts.path, path=parts.path)
    if parts.password is not None:
        raise Invalid(
            "source.url",
            "the repository's address holds a password",
            hint="give user and password (or token) beside the address, where they are kept encrypted",
        )
    host, user = _host_of(parts.netloc), parts.username or ""
    if not _HOST.fullmatch(host) or (user and not _USER.fullmatch(user)) or port == 0:
        raise _refused(url)
    path = _repository_path(parts.path)
    shown = host + (f":{port}" if port else "")
    if parts.scheme in ("http", "https"):
        return GitAddress("http", f"{parts.scheme}://{shown}{parts.path}", host, user, path)
    if parts.scheme in ("ssh", "git+ssh", "ssh+git"):
        whom = f"{user}@" if user else ""
        return GitAddress("ssh", f"ssh://{whom}{shown}{parts.path}", host, user, path)
    raise _refused(url)


def _host_of(netloc: str) -> str:
    host = netloc.rpartition("@")[2]
    if host.startswith("["):
        return host[: host.find("]") + 1]
    return host.partition(":")[0]


def _read_scp(url: str) -> GitAddress:
    match = _SCP.fullmatch(url)
    if match is None:
        raise _refused(url)
    user, host, path = match["user"] or "", match["host"], match["path"]
    if not _HOST.fullmatch(host) or (user and not _USER.fullmatch(user)) or path.startswith("-"):
        raise _refused(url)
    return GitAddress("ssh", url, host, user, _repository_path(path))


def _repository_path(path: str) -> str:
    return posixpath.normpath(path).strip("/").removesuffix(".git")


def _refused(url: str) -> Invalid:
    return Invalid(
        "source.url",
        f"{re.sub(r'//[^/@]*@', '//…@', url[:120])!r} is not an address of a repository that Fairlead takes",
        hint=f"allowed: {_ALLOWED}",
    )
