"""One server for an installation on a machine, wherever its data lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.domain.errors import Refused
from fairlead.store.hold import LOCK_NAME, Hold

OURS, OTHER = "ins-of-a-test", "ins-of-another"


def test_a_second_server_of_the_installation_is_refused_though_its_data_lies_elsewhere(tmp_path: Path) -> None:
    with Hold(tmp_path / "a") as first, Hold(tmp_path / "b") as second:
        first.claim(OURS)
        with pytest.raises(Refused) as refused:
            second.claim(OURS)
        assert refused.value.code == "server.second" and "another machine" in refused.value.hint
        second.claim(OTHER)
    with Hold(tmp_path / "b") as later:
        later.claim(OURS)


def test_one_that_takes_the_directory_over_from_a_server_that_sleeps_is_not_refused(tmp_path: Path) -> None:
    with Hold(tmp_path) as asleep:
        asleep.claim(OURS)
        (tmp_path / LOCK_NAME).unlink()  # as a disk does with what a machine held that is not heard of any more
        with Hold(tmp_path) as taker, Hold(tmp_path / "b") as copy:
            taker.claim(OURS)
            with pytest.raises(Refused):
                copy.claim(OURS)
