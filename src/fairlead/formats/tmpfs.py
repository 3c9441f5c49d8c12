"""Options of memory that is mounted in a container, as the engine and the kernel take them (tmpfs(5), mount(8))."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fairlead.formats.compilation import Compilation
from fairlead.formats.compose_model import TmpfsModel
from fairlead.formats.findings import did_you_mean, shown
from fairlead.formats.node import Path

FLAGS = frozenset(
    {"defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync"}
    | {"mand", "nomand", "atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime"}
    | {"strictatime", "nostrictatime"}
    | {"private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"}
)
_SIZE, _NUMBER, _ID = r"\d{1,12}[kKmMgG]?", "a number (1024, 10k)", "the number of a user or group"
VALUES: Mapping[str, tuple[str, str]] = {
    "size": (rf"{_SIZE}|\d{{1,3}}%", "a size as the kernel takes it (64m, 10%)"),
    "nr_blocks": (_SIZE, _NUMBER),
    "nr_inodes": (_SIZE, _NUMBER),
    "mode": (r"0?[0-7]{3,4}", "a mode in octal (1777)"),
    "uid": (r"\d{1,9}", _ID),
    "gid": (r"\d{1,9}", _ID),
    "mpol": (r".+", "a policy of memory (prefer:0)"),
}


def tmpfs_options(tmpfs: TmpfsModel | None) -> str:
    """The long form's options as the engine takes them."""
    if tmpfs is None:
        return ""
    parts = [f"size={tmpfs.size}"] if tmpfs.size else []
    return ",".join([*parts, *([f"mode={tmpfs.mode:o}"] if tmpfs.mode is not None else [])])


def check_tmpfs(at: Compilation, path: Path, options: str) -> None:
    """What follows the colon of an entry of `tmpfs`: a problem for each option that would be refused."""
    for option in options.split(",") if options else ():
        key, equals, value = option.partition("=")
        if not equals and key in FLAGS:
            continue
        if key not in VALUES:
            at.problem(path, f"the option {shown(option)}", did_you_mean(key, FLAGS | VALUES.keys()))
        elif not re.fullmatch(VALUES[key][0], value):
            at.problem(path, f"{key}={shown(value)}", f"{key}= with {VALUES[key][1]}")
