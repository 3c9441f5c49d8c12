"""A host on which packages are unpacked, in memory: what our scripts for packages, and the packages' own, do there."""

from __future__ import annotations

import tarfile
from fnmatch import fnmatchcase
from io import BytesIO

from fairlead.ports.connection import Command
from fairlead.steps.effects.acquired import THERE
from fairlead.steps.effects.acquiring import ACQUIRE, FORGET
from fairlead.steps.effects.copied import COPY
from fairlead.steps.effects.installed import INSTALL, JOURNAL, REMOVE
from fairlead.steps.effects.packaged import CLEAN, FIND
from fairlead.testing.fake_connection import FakeHost, Run

HOME = "/home/fairlead"


class FakePackageHost(FakeHost):
    """`directories` are relative to ``~/fairlead``, each with the names of its files; `journal` has the entries by id;
    `acquired` what was acquired for tasks that are under way, by where it lies, each with the names of its files.
    `custom` are directories that packages were copied to, each with the names of its files; which one `holds` what, and
    who `owners` are, is known by their paths.
    `ran` are the scripts of packages that were run, by their paths. A script that it does not know is not found, as by
    a shell."""

    def __init__(self) -> None:
        super().__init__()
        self.directories: dict[str, tuple[str, ...]] = {}
        self.journal: dict[str, str] = {}
        self.acquired: dict[str, tuple[str, ...]] = {}
        self.ran: list[str] = []
        self.custom: dict[str, tuple[str, ...]] = {}
        self.holds: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        self.script = self._run

    def _run(self, command: Command) -> Run:
        _, _, script, what, *words = command.arguments
        if script == ACQUIRE:
            return self._acquire("/".join(words[:2]), int(words[2]), command)
        if script == THERE:
            return Run(b"", 0 if words[0] in self.acquired else 3)
        if script == FORGET:
            self.acquired = {
                name: held for name, held in self.acquired.items() if not f"{name}/".startswith(f"{words[0]}/")
            }
            return Run()
        if script == INSTALL:
            return self._install(words[0], words[1], self.acquired.get(words[2], ()), command)
        if script == JOURNAL:
            return Run("".join(self.journal.values()).encode())
        if script == REMOVE:
            return self._remove(words)
        if script == COPY:
            return self._copy(*words[:2], *words[3:6])
        if script == FIND:
            held = self._held(words[0])
            return Run("".join(f"./{name}\n" for name in self._named(held, f"{words[1]}.*")).encode())
        if script == CLEAN:
            where, *names = words
            leaving = {f"files/{name}" for name in names}
            left = tuple(name for name in self._held(where) if name not in leaving)
            if where in self.custom:
                self.custom[where] = left
            else:
                self.directories[self._lying(where)] = left
            return Run()
        if what == "fairlead-script":
            self.ran.append(words[-1])
            return Run()
        return Run(b"not found", 127)

    def _held(self, where: str) -> tuple[str, ...]:
        return self.custom[where] if where in self.custom else self.directories[self._lying(where)]

    def _copy(self, mode: str, path: str, owner: str, id: str, source: str) -> Run:
        if self.owners.setdefault(path, owner) != owner:
            return Run(self.owners[path].encode(), 5)
        if mode == "look":
            return Run(self.holds.get(path, "").encode())
        before = () if mode == "purge" else self.custom.get(path, ())
        self.custom[path] = tuple(sorted({*before, *self._held(source)}))
        self.holds[path] = id
        return Run()

    @staticmethod
    def _lying(path: str) -> str:
        return path.removeprefix(f"{HOME}/fairlead/")

    @staticmethod
    def _named(held: tuple[str, ...], pattern: str) -> list[str]:
        names = (name.removeprefix("files/") for name in held)
        return [name for name in names if fnmatchcase(name.lower(), pattern.lower())]

    def _acquire(self, name: str, size_bytes: int, command: Command) -> Run:
        assert command.stdin_file is not None and command.stdin_file.stat().st_size == size_bytes
        with tarfile.open(command.stdin_file) as held:
            self.acquired.setdefault(name, tuple(f"files/{one.name}" for one in held if one.isfile()))
        return Run()

    def _install(self, directory: str, id: str, acquired: tuple[str, ...], command: Command) -> Run:
        if id not in self.journal or directory not in self.directories:
            sent_now = None if command.stdin_file else BytesIO(command.stdin)
            with tarfile.open(command.stdin_file, fileobj=sent_now) as held:
                entry = held.extractfile("entry")
                assert entry is not None, "the archive has no entry"
                self.journal[id] = entry.read().decode()
                sent = (one.name for one in held if one.isfile() and one is not held.getmember("entry"))
                self.directories[directory] = tuple(sorted((*acquired, *sent)))
        return Run(f"{HOME}/fairlead/{directory}\n".encode())

    def _remove(self, words: list[str]) -> Run:
        for id, directory in zip(words[::2], words[1::2], strict=True):
            self.directories.pop(directory, None)
            self.journal.pop(id, None)
        return Run()
