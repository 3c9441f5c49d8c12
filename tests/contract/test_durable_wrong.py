"""The durable suite can fail: each main rule has an engine that breaks it, and a test that says so."""

from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.contract.test_durable import FakeHouse, FakeNode

from fairlead.testing import fake_durable
from fairlead.testing.contracts import durable as contract
from fairlead.testing.contracts.durable import SharedDurableContract
from fairlead.testing.fake_durable import FakeDurable, FakeTransaction


class Forgetful(FakeDurable):
    """Keeps nothing of what was done."""

    def keep(self, key, number, name, text):
        super().keep(key, number, name, text)
        if name == "s1":
            del self.disk.journals[key][number]


class Hasty(FakeDurable):
    """Does not wait for what is in flight."""

    async def drain(self, *, bound_s):
        self._draining.set()


class Unfenced(FakeDurable):
    """Keeps what a slow node does after another took over."""

    def keep(self, key, number, name, text):
        self.disk.journals[key][number] = (name, text)

    def _end(self, key):
        self.disk.over[key] = self._clock.now()


class Deaf(FakeDurable):
    """Hears no wake."""

    def wake(self):
        return


class Stubborn(FakeDurable):
    """Starts each taking up anew, under the same number too."""

    async def resume(self, task, *, again):
        self.disk.journals[task, again] = {}
        self.disk.queue.append((task, again))
        self.wake()


class Blank(FakeDurable):
    """Leaves to the next what it has begun, but takes over nothing."""

    async def launch(self, body):
        self.disk.owners.clear()
        await super().launch(body)


@contextmanager
def eager(disk):
    """Queues at once, whatever becomes of the transaction; and twice what is asked twice."""
    opened = FakeTransaction()
    try:
        yield opened
    finally:
        for key in opened.pending:
            disk.journals.setdefault(key, {})
            disk.queue.append(key)


class WrongHouse(FakeHouse):
    kind: type[FakeDurable] = FakeDurable

    async def boot(self, name: str) -> FakeNode:
        node = FakeNode(self, name)
        node.durable = self.kind(self.disk, node=name, clock=node.durable._clock)
        self.nodes.append(node)
        await node.durable.launch(lambda journal: contract.scenario(journal, self.marks, name))
        return node


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Forgetful, "test_after_a_kill_another_node_goes_on_where_it_was"),
        (Forgetful, "test_a_run_that_is_killed_again_and_again_comes_to_its_end"),
        (Hasty, "test_a_drain_ends_at_a_step_boundary_and_nothing_is_done_twice"),
        (Unfenced, "test_a_node_that_was_only_slow_keeps_nothing_of_what_it_does_later"),
        (Deaf, "test_a_wake_starts_work_without_waiting_for_a_poll"),
        (Stubborn, "test_a_taking_up_has_its_own_journal_and_reads_the_earlier_ones"),
        (Blank, "test_after_a_kill_another_node_goes_on_where_it_was"),
        (None, "test_an_enqueue_that_rolls_back_never_runs"),
        (None, "test_a_task_that_is_enqueued_twice_runs_once"),
    ],
)
async def test_an_engine_that_breaks_the_rule_is_found(kind, test, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(contract, "WAIT_S", 0.5)
    house = WrongHouse(tmp_path)
    if kind is None:
        monkeypatch.setattr(fake_durable, "transaction", eager)
        monkeypatch.setattr("tests.contract.test_durable.transaction", eager)
    else:
        house.kind = kind
    with pytest.raises((AssertionError, TimeoutError)):
        await getattr(SharedDurableContract(), test)(house)
    for node in house.nodes:
        await node.kill()
