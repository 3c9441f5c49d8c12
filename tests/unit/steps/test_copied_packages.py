"""A package in a directory of the user's choice: copied there, purged as asked, and never taken away."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.steps.test_deploy_package import Lying
from tests.unit.steps.test_deploy_package import there as there
from tests.unit.steps.test_packaged_scripts import Deploying

from fairlead.domain.effect import Done, SaidNo
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import TaskId
from fairlead.domain.installed_package import Owner
from fairlead.domain.script_turn import BYPASSED_BY
from fairlead.steps.deploy_package import DeployPackage
from fairlead.steps.effects.basis import arguments, read
from fairlead.steps.effects.copied import CopyPackage, PackageCopy
from fairlead.testing.fake_script_turns import FakeScriptTurns


@pytest.fixture
def srv(tmp_path: Path) -> Path:
    return tmp_path.resolve() / "srv" / "tools"


def to(path: Path | str, **more: Any) -> dict[str, Any]:
    return {"custom_directory": {"path": str(path), **more}}


async def copied(there: Lying, path: Path | str, task: str = "tsk-5", **more: Any) -> SaidNo | None:
    """A deployment with one file more; what failed."""
    made = await Deploying(there, task).plan({}, to(path, **more), app_txt=b"new")
    return await made.run()


async def test_it_is_copied_once_it_is_filled_in_and_scripts_run_there(there: Lying, srv: Path) -> None:
    properties = {**to("#{Where}"), "substitute": ["*.env"]}
    where = b"set_octopusvariable At $PWD; set_octopusvariable Is $(get_octopusvariable "
    where += b"'Octopus.Action[Tools].Output.Package.InstallationDirectoryPath')\n"
    made = await Deploying(there).plan(
        {"Where": str(srv), "Who": "it"}, properties, app_env=b"#{Who}", PreDeploy_sh=where, Deploy_sh=where
    )
    assert await made.run() is None
    assert (srv / "app.env").read_text() == "it" and (srv / "run.sh").stat().st_mode & 0o100
    assert sorted(path.name for path in srv.iterdir()) == ["app.env", "run.sh"]
    at = [made.outputs[made.named(key).key]["outputs"] for key in ("pre_deploy", "deploy")]
    assert at == [{"At": str(made.place), "Is": str(made.place)}, {"At": str(srv), "Is": str(srv)}]
    assert [one.directory for one in there.journal()] == [str(made.place.relative_to(there.home / "fairlead"))]


async def test_undone_the_directory_and_what_is_in_it_stay(there: Lying, srv: Path) -> None:
    made = await Deploying(there).plan({}, to(srv), app_txt=b"new")
    assert await made.run() is None
    for effect in reversed(made.effects):
        for _ in range(2):
            await made.kinds[effect.kind].undo(effect, made.tools(effect))
    assert there.versions == [] and (srv / "app.txt").read_bytes() == b"new"
    assert f"what was copied to {srv} on web1 stays as it is" in made.told("warning")


async def test_without_purging_what_else_is_there_stays(there: Lying, srv: Path) -> None:
    srv.mkdir(parents=True, mode=0o700)
    (srv / "app.txt").write_text("old")
    (srv / "data").write_text("kept")
    assert await copied(there, srv) is None
    assert {path.name: path.read_text() for path in srv.iterdir() if path.name != "run.sh"} == {
        "app.txt": "new",
        "data": "kept",
    }
    assert srv.stat().st_mode & 0o777 == 0o700, "the directory's own mode is not the package's"


async def test_purging_follows_no_link_and_leaves_what_is_named(there: Lying, srv: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    for name in ("old.txt", ".hidden", "logs/a/b", "conf/keep.local", "conf/gone.txt", "odd\nname", "-rf"):
        (srv / name).parent.mkdir(parents=True, exist_ok=True)
        (srv / name).write_text("x")
    (srv / "link").symlink_to(precious)
    (srv / "conf" / "link").symlink_to(precious / "file")
    (srv / "empty").mkdir()
    assert await copied(there, srv, purge=True, keep=["logs", "**/*.local\nnothing"]) is None
    assert sorted(path.relative_to(srv).as_posix() for path in srv.rglob("*")) == [
        "app.txt", "conf", "conf/keep.local", "logs", "logs/a", "logs/a/b", "run.sh",
    ]  # fmt: skip
    assert (precious / "file").read_text() == "x"


async def test_a_link_where_a_file_or_folder_of_the_package_goes_is_replaced(
    there: Lying, srv: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    srv.mkdir(parents=True)
    (srv / "app.txt").symlink_to(precious / "file")
    (srv / "conf").symlink_to(precious)
    made = await Deploying(there).plan({}, to(srv), app_txt=b"new", conf__file=b"new")
    assert await made.run() is None
    assert (precious / "file").read_text() == "x" and (srv / "app.txt").read_bytes() == b"new"
    assert not (srv / "conf").is_symlink() and (srv / "conf" / "file").read_bytes() == b"new"


@pytest.mark.parametrize("way", ["link above", "link", "file", "home", "above home", "packages", "journal"])
async def test_a_directory_that_is_none_is_refused_before_anything_is_changed(
    there: Lying, srv: Path, tmp_path: Path, way: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("x")
    path = {"home": there.home, "above home": there.home.parent}.get(way, srv)
    path = {"packages": there.home / "fairlead" / "x", "journal": there.home / ".fairlead"}.get(way, path)
    if way == "link above":
        srv.parent.symlink_to(elsewhere)
    elif way == "link":
        srv.parent.mkdir()
        srv.symlink_to(elsewhere)
    elif way == "file":
        srv.parent.mkdir()
        srv.write_text("x")
    failed = await copied(there, path, purge=True)
    assert failed is not None and failed.code == "package.directory", failed
    assert [path.name for path in elsewhere.iterdir()] == ["file"] and there.versions == ["1.4.0"]


async def test_a_path_that_cannot_be_one_is_refused_when_it_is_planned_or_known(there: Lying, srv: Path) -> None:
    with pytest.raises(Invalid) as refused:
        await Deploying(there).plan({}, to("/etc/tools"))
    assert refused.value.code == "package.directory"
    for path, code in (("#{Where}", "package.directory"), ("#{Nobody}", "variable.unknown")):
        made = await Deploying(there, f"tsk-{code}").plan({"Where": "/srv/../etc"}, to(path))
        failed = await made.run()
        assert failed is not None and failed.code == code


async def test_it_is_its_first_owners_and_nobody_elses(there: Lying, srv: Path) -> None:
    assert await copied(there, srv) is None
    (srv / "data").write_text("kept")
    made = await Deploying(there, "tsk-6").plan({}, to(srv, purge=True))
    for number, effect in enumerate(made.effects):
        if effect.kind == CopyPackage.kind:
            other = replace(read(PackageCopy, effect), owner=Owner("shop", "Test"))
            made.effects = (
                *made.effects[:number],
                replace(effect, arguments=arguments(other)),
                *made.effects[number + 1 :],
            )
    failed = await made.run()
    assert failed is not None and failed.code == "package.directory_taken"
    assert failed.reason == f"{srv} on web1 is that of books/Test: Tools is not copied there"
    assert (srv / "data").read_text() == "kept"
    assert await copied(there, srv, "tsk-7", purge=True) is None and not (srv / "data").exists()


async def test_what_lies_there_already_is_copied_only_where_another_was_meanwhile(there: Lying, srv: Path) -> None:
    files: dict[str, bytes] = {"app_txt": b"new", "Deploy_sh": b"echo ran\n"}

    async def deploy(task: str, variables: Any = None, **more: bytes) -> Deploying:
        made = await Deploying(there, task).plan(variables or {}, to(srv), reuses=True, **{**files, **more})
        assert await made.run() is None
        return made

    def was_installed(made: Deploying) -> Any:
        outputs = made.outputs[made.named("copy").key]["outputs"]
        assert isinstance(outputs, dict) and outputs["Package.InstallationDirectoryPath"] == str(srv)
        return outputs["Package.WasInstalled"], "ran" in made.told()

    assert was_installed(await deploy("tsk-1")) == ("False", True)
    assert was_installed(await deploy("tsk-2")) == ("True", False)
    assert was_installed(await deploy("tsk-3", app_txt=b"newer")) == ("False", True)
    assert (srv / "app.txt").read_bytes() == b"newer"
    assert was_installed(await deploy("tsk-4")) == ("False", True), (
        "what lies there from before, and was replaced since"
    )
    assert (srv / "app.txt").read_bytes() == b"new"


async def test_a_death_after_the_copy_is_no_reason_not_to_run_what_follows(there: Lying, srv: Path) -> None:
    assert await copied(there, srv) is None
    made = await Deploying(there, "tsk-6").plan({}, to(srv), reuses=True, app_txt=b"new")
    for name in ("package", "pre_deploy"):
        await made.do(made.named(name))
    (there.home / ".fairlead" / "custom").rename(there.home / ".fairlead" / "gone")
    copy = made.named("copy")
    first = await CopyPackage().do(copy, made.tools(copy))
    again = await CopyPackage().do(copy, made.tools(copy))
    assert isinstance(first, Done) and first == again and not again.was_already_so


async def test_it_waits_for_its_turn_on_the_target_whatever_variables_say(there: Lying, srv: Path) -> None:
    turns = FakeScriptTurns()
    assert await turns.ask(TaskId("other"), "theirs", "web1", bypasses=True) is None
    made = await Deploying(there).plan({BYPASSED_BY[0]: "True"}, to(srv))
    for name in ("package", "pre_deploy"):
        await made.do(made.named(name))
    copy = made.named("copy")
    copying = asyncio.create_task(CopyPackage().do(copy, replace(made.tools(copy), script_turns=turns)))
    async with asyncio.timeout(20):
        while not any("it waits for its turn on web1" in line for line in made.told()):
            await asyncio.sleep(0.01)
        assert not srv.exists()
        await turns.give_back(TaskId("other"), "theirs")
        assert isinstance(await copying, Done)
    assert not turns.lines["web1"]


async def test_a_host_that_it_never_came_to_is_not_asked(there: Lying, srv: Path) -> None:
    made = await Deploying(there).plan({}, to(srv))
    there.rig.hosts.asked.clear()
    copy = made.named("copy")
    await CopyPackage().undo(copy, made.tools(copy))
    assert there.rig.hosts.asked == []


def test_it_is_an_effect_of_its_kind() -> None:
    assert CopyPackage.kind in DeployPackage.effects
