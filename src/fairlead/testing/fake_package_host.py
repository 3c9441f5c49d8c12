"""A host on which packages are unpacked, in memory: what the scripts of package.install and package.tidy do there."""

from __future__ import annotations

import tarfile

from fairlead.ports.connection import Command
from fairlead.steps.effects.installed import INSTALL, JOURNAL, REMOVE
from fairlead.testing.fake_connection import FakeHost, Run

HOME = "/home/fairlead"


class FakePackageHost(FakeHost):
    """`directories` are relative to ``~/fairlead``, each with the names of its files; `journal` has the entries by id.
    A script that it does not know is not found, as by a shell."""

    def __init__(self) -> None:
        super().__init__()
        self.directories: dict[str, tuple[str, ...]] = {}
        self.journal: dict[str, str] = {}
        self.script = self._run

    def _run(self, command: Command) -> Run:
        _, _, script, _, *words = command.arguments
        if script == INSTALL:
            return self._install(words[0], words[1], command)
        if script == JOURNAL:
            return Run("".join(self.journal.values()).encode())
        if script == REMOVE:
            return self._remove(words)
        return Run(b"not found", 127)

    def _install(self, directory: str, id: str, command: Command) -> Run:
        if id not in self.journal or directory not in self.directories:
            assert command.stdin_file is not None, "the archive is on the disk"
            with tarfile.open(command.stdin_file) as held:
                entry = held.extractfile("entry")
                assert entry is not None, "the archive has no entry"
                self.journal[id] = entry.read().decode()
                self.directories[directory] = tuple(sorted(one.name for one in held if one.isfile()))
        return Run(f"{HOME}/fairlead/{directory}\n".encode())

    def _remove(self, words: list[str]) -> Run:
        for id, directory in zip(words[::2], words[1::2], strict=True):
            self.directories.pop(directory, None)
            self.journal.pop(id, None)
        return Run()
