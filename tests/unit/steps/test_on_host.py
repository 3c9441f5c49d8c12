"""Small commands on a host, run to their end."""

from pathlib import Path

from fairlead.adapters.connections.local import LocalConnection
from fairlead.ports.connection import Command
from fairlead.steps.effects.on_host import SAID_BYTES, ran


async def test_one_that_says_very_much_is_heard_to_its_end_and_its_exit_code_counts(tmp_path: Path) -> None:
    """tar complains of every file where the host's clock was set back: that is no success, and no reason to end it."""
    script = 'head -c "$1" /dev/zero | tr "\\0" x; echo; echo why not; exit 3'
    command = Command(("sh", "-c", script, "sh", str(2 * SAID_BYTES)))
    exit_code, said = await ran(LocalConnection(tmp_path), "one", command)
    assert (exit_code, said[-9:]) == (3, "\nwhy not\n")
    assert len(said) == SAID_BYTES
