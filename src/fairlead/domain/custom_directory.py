"""A directory of the user's choice that a package is copied to: which paths may be one, as far as a path tells."""

from __future__ import annotations

import posixpath

from fairlead.domain.errors import Invalid

SYSTEM = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/lost+found",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/apt",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/dpkg",
    "/var/lib/fairlead",
    "/var/lib/rpm",
    "/var/lib/systemd",
    "/var/run",
)
"""With all that is below them: a host does not live without them."""

OWN = "/usr/local"
"""What of the system is for what people install (FHS 3.0, 4.9)."""

SHARED = frozenset(
    {"/", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp", OWN}
    | {f"{OWN}/{name}" for name in ("bin", "etc", "games", "include", "lib", "man", "sbin", "share", "src")}
    | {"/var", *(f"/var/{name}" for name in ("cache", "lib", "log", "mail", "opt", "spool", "tmp"))}
)
"""Places of many: below them is fine, they themselves are not."""

LONGEST = 1000
HINT = "name a directory that is the application's alone, as /srv/tools"


def checked_directory(path: str, action: str) -> str:
    """The path, without a stroke at its end. Invalid `package.directory` where no package may be copied there."""
    plain = path.rstrip("/") or path[:1]
    why = _why_not(plain)
    if why:
        message = f"{path[:200]!r}, where {action} is to be installed, {why}"
        raise Invalid("package.directory", message, thing=action, hint=HINT)
    return plain


def _why_not(path: str) -> str:
    if not path.startswith("/") or path.startswith("//"):
        return "is no absolute path"
    if path != posixpath.normpath(path) or not path.isprintable() or len(path) > LONGEST:
        return "is not a plain path: without '..', doubled strokes and odd letters"
    if path in SHARED or posixpath.dirname(path) == "/home":
        return "is not the application's alone"
    is_own = path.startswith(f"{OWN}/")
    if not is_own and any(path == one or path.startswith(f"{one}/") for one in SYSTEM):
        return "belongs to the system"
    return ""
