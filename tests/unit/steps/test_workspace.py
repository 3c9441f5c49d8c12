"""Files of a commit are read without leaving it."""

import os
from pathlib import Path

import pytest

from fairlead.domain.effect import Done
from fairlead.domain.errors import Invalid, NotFound, TooLarge
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Effect
from fairlead.ports.source import Repository
from fairlead.steps import workspace
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.check_out import CheckedOut, CheckOut
from fairlead.steps.run_resolved import SourceAccess
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_records import FakeRecords
from fairlead.testing.fake_source import FakeSource
from fairlead.testing.fake_tasks import FakeTaskLog
from fairlead.testing.toy_world import toy_tools


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "a").write_text("inside")
    (tmp_path / "secret").write_text("outside")
    return tmp_path / "tree"


def test_files_are_read_by_path(root: Path) -> None:
    (root / "sub" / "link").symlink_to("../a")
    assert workspace.read_files(root, ["a", "sub/link"]) == {"a": b"inside", "sub/link": b"inside"}


@pytest.mark.parametrize("path", ["../secret", "out", "sub/up/secret", "/etc/passwd"])
def test_nothing_outside_is_read(root: Path, path: str) -> None:
    (root / "out").symlink_to("../secret")
    (root / "sub" / "up").symlink_to("../..")
    with pytest.raises(Invalid):
        workspace.read_files(root, [path])


def test_what_is_no_file_is_not_there(root: Path) -> None:
    os.mkfifo(root / "pipe")
    for path in ("absent", "sub", "pipe"):
        with pytest.raises(NotFound):
            workspace.read_files(root, [path])


def test_reading_is_bounded(root: Path) -> None:
    with pytest.raises(TooLarge):
        workspace.read_files(root, ["a"], limit_bytes=3)


def test_a_folder_that_is_a_link_out_is_refused(root: Path) -> None:
    (root / "deploy").symlink_to("/etc")
    with pytest.raises(Invalid):
        workspace.project_root(str(root.parent), "deploy")


async def test_a_workspace_is_prepared_whole_or_not(tmp_path: Path) -> None:
    source = FakeSource()
    commit = source.commit("/srv/x.git", "main", {"a": b"1"})
    place = str(tmp_path / "run")
    assert not await workspace.is_prepared(commit, place)
    await workspace.prepare(source, Repository("/srv/x.git"), commit, place)
    assert await workspace.is_prepared(commit, place)
    assert not await workspace.is_prepared("b" * 40, place)
    await workspace.remove(place)
    await workspace.remove(place)
    assert not os.path.exists(place)


async def test_what_a_check_out_warned_of_is_told_by_who_finds_it_done(tmp_path: Path) -> None:
    """The binder checks out, and the run's log begins later."""
    source, clock, place = FakeSource(), FakeClock(), str(tmp_path / "run")
    commit = source.commit("/srv/x.git", "main", {"out@": b"../../etc"})
    await workspace.prepare(source, Repository("/srv/x.git"), commit, place)
    log, wanted = FakeTaskLog(clock), CheckedOut(SourceAccess("/srv/x.git"), commit, place)
    effect = Effect(CheckOut.kind, "check-out", "Check out", arguments(wanted))
    task = TaskId("task-1")
    tools = toy_tools(task, "check-out", "", {}, clock=clock, task_log=log, records=FakeRecords())
    assert isinstance(await CheckOut().look(effect, tools), Done)
    assert "link out leads out of the repository" in log.text(task)
