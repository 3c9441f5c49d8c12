"""A database that is away is news for the operator, and no failure of the look for dead nodes."""

import pytest

from fairlead.domain.errors import Unreachable
from fairlead.domain.ids import NodeId
from fairlead.engine.durable import DbosDurable
from fairlead.testing.fake_clock import FakeClock


async def test_who_asks_whose_runs_there_are_hears_that_the_database_is_away() -> None:
    """It is asked each second: an error each time would be an alarm all night."""
    durable = DbosDurable("postgresql://fairlead:x@127.0.0.1:1/nowhere", node=NodeId("n"), clock=FakeClock())
    with pytest.raises(Unreachable) as raised:
        await durable._owners()
    assert raised.value.code == "store.unreachable"
    await durable.close()
