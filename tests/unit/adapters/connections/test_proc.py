"""What /proc says: who a pid is."""

import os
import subprocess
import sys
from pathlib import Path

from fairlead.adapters.connections.children import Child, session_members


def test_a_name_with_brackets_and_spaces_is_read() -> None:
    fields = " ".join(str(number) for number in range(4, 53))
    child = Child.read(f"12 (a) b (c) S {fields}", boot="b")
    assert (child.pid, child.session, child.started) == (12, 6, 22)


def test_a_child_is_known_for_ever() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as sleeper:
        child = Child.of(sleeper.pid)
        assert child is not None
        assert child.is_alive()
        assert session_members(child) == {sleeper.pid}
        assert not Child(child.pid, child.session, child.started - 1, child.boot).is_alive()
        assert not Child(child.pid, child.session, child.started, "another boot").is_alive()
        sleeper.kill()
        os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
        assert not child.is_alive()  # a zombie does not live
    assert Child.of(sleeper.pid) is None


LOSES_ITS_FIRST_THREAD = """
import ctypes, platform, threading
threading.Thread(target=lambda: (print("on", flush=True), threading.Event().wait())).start()
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)
"""


def test_what_lost_its_first_thread_only_still_lives() -> None:
    command = [sys.executable, "-c", LOSES_ITS_FIRST_THREAD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as half:
        assert half.stdout is not None and half.stdout.readline() == b"on\n"
        while ") Z " not in Path(f"/proc/{half.pid}/stat").read_text():
            pass
        child = Child.of(half.pid)
        assert child is not None and child.is_alive()
        half.kill()
    assert not child.is_alive()
