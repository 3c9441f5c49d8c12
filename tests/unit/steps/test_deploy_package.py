"""A package unpacked on a target to stay: whole, once, undone; earlier ones go as the lifecycle says."""

from __future__ import annotations

import io
import json
import shutil
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.steps.script_rig import TASK, Rig

from fairlead.adapters.connections.local import LocalConnection
from fairlead.adapters.connections.ssh import SshConnection, SshLogin
from fairlead.domain.effect import Done, SaidNo
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import TaskId
from fairlead.domain.installed_package import InstalledPackage, Owner, read_journal
from fairlead.domain.package import PackageFile
from fairlead.domain.plan import Effect, Node, effects_of
from fairlead.domain.process import Action, ActionTarget, Process, ResolvedAction, RunLocation, action_key
from fairlead.domain.record import Json
from fairlead.domain.retention import KEEP_ALL, Keep
from fairlead.ports.connection import Command
from fairlead.steps.deploy_package import DeployPackage, tidying
from fairlead.steps.effects.installed import InstallPackage, TidyPackages
from fairlead.steps.process_resolved import PlannedAction, PlannedPlace, PlannedStep, ResolvedProcess
from fairlead.testing.sshd import Sshd

OWNER = Owner("books", "Test")
WELL: Mapping[str, Json] = {"state": "succeeded"}


def at_home(kind: type[Any], home: Path) -> type[Any]:
    """The same connection for a user whose home is there."""

    class AtHome(kind):  # type: ignore[misc]
        async def start(self, ticket: str, command: Command) -> None:
            await super().start(ticket, replace(command, environment={"HOME": str(home)}))

    return AtHome


class Lying:
    """A target with a home, and packages that are deployed to it one after the other."""

    def __init__(self, rig: Rig, home: Path) -> None:
        self.rig, self.home, self.task = rig, home, 0

    async def package(self, version: str, **files: bytes) -> PackageFile:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            for name, content in ({"run_sh": b"#!/bin/sh\n"} | files).items():
                archive.writestr(zipfile.ZipInfo(name.replace("__", "/").replace("_", ".")), content)
        return PackageFile("Tools", version, ".zip", await self.rig.artifacts.put_blob(held.getvalue()))

    def resolved(
        self, package: PackageFile, owner: Owner = OWNER, *, reuses: bool = False, target: str = "web1"
    ) -> ResolvedAction:
        action = Action("Tools", "deploy-package", {"package": "Tools"}, runs_on=RunLocation.TARGETS)
        at = ActionTarget(target, target)
        key = action_key("Tools", target)
        return ResolvedAction(action, "Tools", key, at, package=package, owner=owner, reuses_package=reuses)

    async def deploy(self, version: str, *, keep: Keep = KEEP_ALL, ended: Mapping[str, Json] = WELL, **how: Any) -> str:
        """Its directory; a deployment of its own, to its end."""
        self.task += 1
        resolved = self.resolved(await self.package(version), **how)
        install = installing(resolved)
        outputs: dict[str, Mapping[str, Json]] = {}
        tools = replace(self.rig.tools(install), task=f"{TASK}-{self.task}", outputs=outputs)
        outcome = await InstallPackage().do(install, tools)
        assert isinstance(outcome, Done), outcome
        outputs |= {install.key: outcome.output, "task": ended}
        for effect in effects_of(after(resolved, keep)):
            assert isinstance(await TidyPackages().do(effect, tools), Done)
        given = outcome.output["outputs"]
        assert isinstance(given, dict)
        return str(given["Package.InstallationDirectoryPath"])

    @property
    def versions(self) -> list[str]:
        """What lies there, by its journal and on the disk alike."""
        found = self.journal()
        assert sorted(self.home / "fairlead" / one.directory for one in found) == sorted(
            path for path in (self.home / "fairlead").glob("*/*/*/*") if path.is_dir()
        )
        return [one.version for one in found]

    def journal(self) -> tuple[InstalledPackage, ...]:
        files = sorted((self.home / ".fairlead" / "journal").glob("*"))
        return read_journal("".join(path.read_text() for path in files))


def installing(resolved: ResolvedAction) -> Effect:
    """What unpacks it, and comes first."""
    return next(effects_of(DeployPackage().plan(resolved)))


def after(resolved: ResolvedAction, keep: Keep) -> Node:
    place = PlannedPlace((PlannedAction(resolved),), resolved.target)
    return tidying(ResolvedProcess(Process(), (PlannedStep("Tools", (place,)),), keep_files=keep))


@pytest.fixture(params=["local", "ssh"])
async def there(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lying]:
    home = tmp_path / "home"
    home.mkdir()
    if request.param == "local":
        near = at_home(LocalConnection, home)(tmp_path / "tickets", name="web1")
        yield Lying(Rig(tmp_path, {"web1": near}), home)
        return
    sshd: Sshd = request.getfixturevalue("sshd")
    login = SshLogin("127.0.0.1", sshd.port, sshd.user, sshd.key, sshd.host_key)
    far = at_home(SshConnection, home)(login, name="web1")
    yield Lying(Rig(tmp_path, {"web1": far}), home)
    await far.close()


async def test_a_package_lies_in_a_directory_of_its_own_whole_and_once(there: Lying) -> None:
    package = await there.package("1.4.0", conf__app_txt=b"x", odd_txt=b"")
    effect = installing(there.resolved(package))
    first = await InstallPackage().do(effect, there.rig.tools(effect))
    assert isinstance(first, Done)
    given = first.output["outputs"]
    assert isinstance(given, dict) and given["Package.PackageVersion"] == "1.4.0"
    place = Path(str(given["Package.InstallationDirectoryPath"]))
    assert place.parent == there.home / "fairlead" / "books" / "Test" / "Tools" and place.name.startswith("1.4.0-")
    assert sorted(str(path.relative_to(place)) for path in place.rglob("*")) == [
        "conf",
        "conf/app.txt",
        "odd.txt",
        "run.sh",
    ]
    assert (place / "run.sh").stat().st_mode & 0o111 and not (place / "odd.txt").stat().st_mode & 0o111
    assert await InstallPackage().do(effect, there.rig.tools(effect)) == first
    assert there.versions == ["1.4.0"]
    await InstallPackage().undo(effect, there.rig.tools(effect))
    await InstallPackage().undo(effect, there.rig.tools(effect))
    assert there.versions == [] and not place.exists()


async def test_what_lies_there_already_is_used_and_never_taken_away(there: Lying) -> None:
    lying = await there.deploy("1.0")
    await there.deploy("2.0")
    effect = installing(there.resolved(await there.package("1.0"), reuses=True))
    assert effect.title == "Tools: unpack Tools 1.0 on web1, where it does not lie yet"
    tools = replace(there.rig.tools(effect), task=TaskId("tsk-9"))
    outcome = await InstallPackage().do(effect, tools)
    assert isinstance(outcome, Done) and outcome.was_already_so
    outputs = outcome.output["outputs"]
    assert isinstance(outputs, dict) and outputs["Package.InstallationDirectoryPath"] == lying
    assert outputs["Package.WasInstalled"] == "True"
    await InstallPackage().undo(effect, tools)
    assert there.versions == ["1.0", "2.0"]
    told = [line.text for lines in there.rig.log.lines.values() for line in lines]
    assert any(line.startswith("Tools 1.0 lies in") and "since" in line for line in told)


@pytest.mark.parametrize("how", ["bytes", "place", "gone", "always"])
async def test_what_is_not_the_same_or_not_there_is_deployed(there: Lying, how: str) -> None:
    old = await there.deploy("1.0", owner=Owner("books", "Production") if how == "place" else OWNER)
    if how == "gone":
        shutil.rmtree(old)
    package = await there.package("1.0", **({"more_txt": b"x"} if how == "bytes" else {}))
    effect = installing(there.resolved(package, reuses=how != "always"))
    tools = replace(there.rig.tools(effect), task=TaskId("tsk-9"))
    outcome = await InstallPackage().do(effect, tools)
    assert isinstance(outcome, Done) and not outcome.was_already_so
    outputs = outcome.output["outputs"]
    assert isinstance(outputs, dict) and outputs["Package.InstallationDirectoryPath"] != old
    assert outputs["Package.WasInstalled"] == "False"


async def test_what_is_used_again_is_the_present_one_when_others_go(there: Lying) -> None:
    lying = await there.deploy("1.0")
    for version in ("1.1", "1.2"):
        await there.deploy(version)
    assert await there.deploy("1.0", keep=Keep(releases=1), reuses=True) == lying
    assert there.versions == ["1.2", "1.0"]
    await there.deploy("1.3", keep=Keep(releases=1), reuses=True)
    assert there.versions == ["1.0", "1.3"]


async def test_with_a_count_the_present_and_so_many_before_it_stay(there: Lying) -> None:
    for version in ("1.0", "1.1", "1.2", "1.3"):
        await there.deploy(version, keep=Keep(releases=1))
    assert there.versions == ["1.2", "1.3"]
    told = [line.text for lines in there.rig.log.lines.values() for line in lines]
    assert any(line.startswith("removes books/Test/Tools/1.1-") and "1 before it are kept" in line for line in told)


async def test_targets_that_are_one_host_are_counted_apart(there: Lying) -> None:
    there.rig.hosts.known = {**there.rig.hosts.known, "web2": there.rig.hosts.known["web1"]}
    for version in ("1.0.0", "1.1.0"):
        for target in ("web1", "web2"):
            await there.deploy(version, keep=Keep(releases=0), target=target)
    assert there.versions == ["1.1.0", "1.1.0"]
    first, second = there.journal()
    assert {first.target, second.target} == {"web1", "web2"}
    assert not first.is_same_as(second), "what was filled in for one target is not used on another"


async def test_with_days_what_is_older_goes(there: Lying) -> None:
    await there.deploy("1.0")
    [old] = there.journal()
    long_ago = replace(old, installed_at="2020-01-01T00:00:00+00:00")
    (there.home / ".fairlead" / "journal" / old.id).write_text(long_ago.line)
    await there.deploy("1.1", keep=Keep(days=3))
    await there.deploy("1.2", keep=Keep(days=3))
    assert there.versions == ["1.1", "1.2"]


async def test_nothing_goes_without_a_rule_or_after_a_failure_or_of_others(there: Lying) -> None:
    keep = Keep(releases=0)
    await there.deploy("1.0")
    await there.deploy("1.1", keep=keep, ended={"state": "rolled_back"})
    await there.deploy("9.0", keep=keep, owner=Owner("books", "Production"))
    await there.deploy("8.0", keep=keep, owner=Owner("shop", "Test"))
    await there.deploy("7.0", keep=keep, owner=Owner("books", "Test", "Acme"))
    await there.deploy("6.0", keep=keep, owner=Owner("books", "Test", runbook="Tidy"))
    assert sorted(one.version for one in there.journal()) == ["1.0", "1.1", "6.0", "7.0", "8.0", "9.0"]
    await there.deploy("1.2", keep=keep)
    assert sorted(one.version for one in there.journal()) == ["1.2", "6.0", "7.0", "8.0", "9.0"]
    assert list(effects_of(after(there.resolved(await there.package("2")), KEEP_ALL))) == []


async def test_a_journal_that_lies_removes_nothing_elsewhere(there: Lying, tmp_path: Path) -> None:
    await there.deploy("1.0")
    [old] = there.journal()
    precious = tmp_path / "precious"
    precious.mkdir()
    for number, directory in enumerate(
        ["../../precious", "/etc", "", "books/Test", "books/../../precious/x", "a/b/c\nd"]
    ):
        id = f"{number:024x}"
        wrong = json.dumps({**json.loads(old.line), "id": id, "directory": directory})
        (there.home / ".fairlead" / "journal" / id).write_text(wrong + "\n")
    (there.home / ".fairlead" / "journal" / "junk").write_text("{]\n[]\n1\n")
    await there.deploy("1.1", keep=Keep(releases=0))
    assert precious.is_dir() and [one.version for one in there.journal()] == ["1.1"]


async def test_a_target_without_room_for_it_says_why(there: Lying) -> None:
    effect = installing(there.resolved(await there.package("1.0")))
    (there.home / "fairlead").write_text("in the way")
    failed = await InstallPackage().do(effect, there.rig.tools(effect))
    assert isinstance(failed, SaidNo) and failed.code == "package.not_installed" and "Tools 1.0" in failed.reason


def test_it_runs_on_targets_and_needs_a_package() -> None:
    action = Action("Tools", "deploy-package", {"package": "Tools"})
    with pytest.raises(Invalid) as caught:
        DeployPackage().plan(ResolvedAction(action, "Tools", "[Tools]"))
    assert caught.value.code == "process.place"
    on = replace(action, runs_on=RunLocation.TARGETS)
    with pytest.raises(Invalid) as caught:
        DeployPackage().plan(ResolvedAction(on, "Tools", "[Tools]", ActionTarget("a", "a"), owner=OWNER))
    assert caught.value.code == "process.properties"


async def test_a_large_package_is_unpacked_without_being_held(there: Lying, tmp_path: Path) -> None:
    size = 80 * 1024**2
    with (tmp_path / "large.bin").open("wb") as zeros:
        zeros.truncate(size)
    with zipfile.ZipFile(tmp_path / "large.zip", "w") as archive:
        archive.write(tmp_path / "large.bin", "large.bin")
        archive.writestr("run.sh", b"#!/bin/sh\n")
    there.rig.artifacts.lying["sha256:large"] = tmp_path / "large.zip"
    effect = installing(there.resolved(PackageFile("Tools", "9.0", ".zip", "sha256:large")))
    tracemalloc.start()
    try:
        outcome = await InstallPackage().do(effect, there.rig.tools(effect))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(outcome, Done), outcome
    [place] = (there.home / "fairlead" / "books" / "Test" / "Tools").iterdir()
    assert {path.name: path.stat().st_size for path in place.iterdir()} == {"large.bin": size, "run.sh": 10}
    assert most < 16 * 1024**2, f"{most:,} bytes at once"
    assert not list((tmp_path / "workspaces").iterdir())
