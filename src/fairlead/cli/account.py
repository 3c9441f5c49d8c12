"""Which server the CLI speaks to, and with which key: from options, the environment, or the file that `login` wrote."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fairlead.domain.errors import Invalid, NotAuthenticated

DEFAULT_URL = "http://127.0.0.1:8600"


@dataclass(frozen=True, slots=True)
class Account:
    """A server's address and an API key there; `made` is the key's id where `fairlead login` made it."""

    url: str
    key: str
    made: str = ""


def file() -> Path:
    """Where `fairlead login` keeps it: ``$XDG_CONFIG_HOME/fairlead/account.json``."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "fairlead" / "account.json"


def find(url: str = "", key: str = "") -> Account:
    """Options win over FAIRLEAD_URL and FAIRLEAD_API_KEY, those over the file."""
    held = kept()
    chosen_url = url or os.environ.get("FAIRLEAD_URL", "") or held.url or DEFAULT_URL
    chosen_key = key or os.environ.get("FAIRLEAD_API_KEY", "")
    if not chosen_key and held.url == chosen_url:
        chosen_key = held.key
    if not _is_address(chosen_url):
        raise Invalid(
            "input.invalid", f"{chosen_url[:80]!r} is not the address of a server", hint="for example " + DEFAULT_URL
        )
    return Account(chosen_url.rstrip("/"), chosen_key)


def require_key(account: Account) -> Account:
    """The account, or an error that says how to sign in."""
    if not account.key:
        raise NotAuthenticated("auth.required", f"not signed in at {account.url}", hint=f"fairlead login {account.url}")
    return account


def keep(account: Account) -> Path:
    """Write it for the next command, readable by its owner alone."""
    path = file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump({"url": account.url, "key": account.key, "made": account.made}, stream)
    return path


def forget() -> bool:
    """Remove what `keep` wrote; whether there was something."""
    try:
        file().unlink()
    except FileNotFoundError:
        return False
    return True


def kept() -> Account:
    """What `keep` wrote; all of it "" where nothing was, or what cannot be read."""
    try:
        data = json.loads(file().read_text())
    except (OSError, ValueError):  # what cannot be read signs nobody in
        data = {}
    held = data if isinstance(data, dict) else {}
    return Account(*(str(held.get(name, "")) for name in ("url", "key", "made")))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and " " not in url
    except ValueError:  # brackets that are not closed, a port that is none
        return False
