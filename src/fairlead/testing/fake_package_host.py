"""A host on which packages are unpacked, in memory: what the scripts of package.install and package.tidy do there."""

from __future__ import annotations

import tarfile
from io import BytesIO

from fairlead.ports.connection import Command
from fairlead.steps.effects.acquired import THERE
from fairlead.steps.effects.acquiring import ACQUIRE, FORGET
from fairlead.steps.effects.installed import INSTALL, JOURNAL, REMOVE
from fairlead.testing.fake_connection import FakeHost, Run

HOME = "/home/fairlead"


class FakePackageHost(FakeHost):
    """`directories` are relative to ``~/fairlead``, each with the names of its files; `journal` has the entries by id;
    `acquired` what was acquired for tasks that are under way, by where it lies, each with the names of its files.
    A script that it does not know is not found, as by a shell."""

    def __init__(self) -> None:
        super().__init__()
        self.directories: dict[str, tuple[str, ...]] = {}
        self.journal: dict[str, str] = {}
        self.acquired: dict[str, tuple[str, ...]] = {}
        self.script = self._run

    def _run(self, command: Command) -> Run:
        _, _, script, _, *words = command.arguments
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
        return Run(b"not found", 127)

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
                sent = (one.name for one in held if one.isfile())
                self.directories[directory] = tuple(sorted((*acquired, *sent)))
        return Run(f"{HOME}/fairlead/{directory}\n".encode())

    def _remove(self, words: list[str]) -> Run:
        for id, directory in zip(words[::2], words[1::2], strict=True):
            self.directories.pop(directory, None)
            self.journal.pop(id, None)
        return Run()
