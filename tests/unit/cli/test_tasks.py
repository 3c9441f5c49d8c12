"""Tasks at the command line: logs from a line on, and names that are none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.cli.conftest import Said
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.ids import TaskId
from fairlead.domain.task import TaskState
from fairlead.ports.tasks import End
from fairlead.usecases import variables

Fairlead = Callable[..., Said]


@pytest.fixture
def ended(house: House) -> TaskId:
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    task = house.begin("books", "1.0.0", "Test")
    house.say(task, *(("", f"line {number}") for number in range(1, 5)))
    house.end(task, End(TaskState.FAILED, "step.failed", "no", reached="acquire"))
    return task


@pytest.mark.parametrize("follow", [(), ("--follow",)])
def test_a_log_begins_after_the_line_that_was_asked_for(
    ended: TaskId, fairlead: Fairlead, follow: tuple[str, ...]
) -> None:
    said = fairlead("tasks", "log", ended, "--after", "2", *follow)
    told = said.out + said.err
    assert said.code == (1 if follow else 0)
    assert "line 3" in told and "line 4" in told and "line 2" not in told, said


@pytest.mark.parametrize("follow", [(), ("--follow",)])
@pytest.mark.parametrize("after", ["-1", "2147483648", "9" * 20])
def test_a_line_that_no_log_has_is_refused(
    ended: TaskId, fairlead: Fairlead, follow: tuple[str, ...], after: str
) -> None:
    said = fairlead("tasks", "log", ended, "--after", after, *follow)
    assert said.code == 2 and "after: Input should be" in said.err, said


def test_no_file_is_not_as_if_none_were_asked_for(ended: TaskId, fairlead: Fairlead) -> None:
    said = fairlead("tasks", "files", ended, "--get", "")
    assert (said.code, said.out) == (2, "") and "it is empty" in said.err, said


def test_a_wait_that_is_too_long_is_refused_before_anything_begins(house: House, fairlead: Fairlead) -> None:
    house.add_project("books")
    house.add_release("books", "1.0.0")
    said = fairlead("deploy", "1.0.0", "--to", "Test", "-p", "books", "--wait", "--timeout", "86401")
    assert said.code == 2 and "86,400" in said.err, said
    assert fairlead("-o", "json", "tasks", "list").data == []
