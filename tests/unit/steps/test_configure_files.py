"""Files of a folder on a host are filled in, by real reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.unit.steps.script_rig import Rig

from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.output_variables import effect_output
from fairlead.domain.plan import Effect
from fairlead.domain.process import Action, ActionTarget, Process, ProcessStep, ResolvedAction, RunLocation
from fairlead.domain.text import Text
from fairlead.formats.properties import checked_properties
from fairlead.steps.configure_files import ConfigureFiles
from fairlead.steps.effects.configured_files import ConfigureFolder


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "conf").mkdir(parents=True)
    (folder / "app.env").write_text("HOST=#{Db.Host}\nPASSWORD=#{Db.Password}\n")
    (folder / "app.env").chmod(0o640)
    (folder / "conf" / "appsettings.json").write_text('{"Db": {"Host": "x"}}')
    (folder / "Web.config").write_text('<c><appSettings><add key="Mode" value="" /></appSettings></c>')
    (folder / "Web.Test.config").write_text(
        '<c xmlns:t="http://schemas.microsoft.com/XML-Document-Transform"><made t:Transform="Insert" /></c>'
    )
    return folder


VARIABLES: Mapping[str, Text] = {"Db.Host": "db.test", "Db:Host": "#{Db.Host}", "Mode": "quiet"}


def effect(folder: object, variables: Mapping[str, Text] = VARIABLES, **properties: Any) -> Effect:
    action = Action("Fill in", "configure-files", {"folder": str(folder), **properties}, runs_on=RunLocation.TARGETS)
    checked_properties(Process((ProcessStep("Fill in", (action,)),)), {"configure-files": ConfigureFiles.schema})
    there = {"Octopus.Environment.Name": "Test", **variables}
    planned = ConfigureFiles().plan(
        ResolvedAction(action, "Fill in", "[Fill in][web1]", ActionTarget("web1", "web1"), None, there)
    )
    assert isinstance(planned, Effect)
    return planned


async def done(rig: Rig, asked: Effect) -> Outcome:
    return await ConfigureFolder().do(asked, rig.tools(asked))


async def test_all_four_features_fill_in_the_folder(rig: Rig, folder: Path) -> None:
    secret = rig.secret("Db.Password", "s3cret-value")
    asked = effect(
        folder,
        {**VARIABLES, "Db.Password": secret},
        substitute=["*.env"],
        structured=["conf/*.json"],
        dotnet={"settings": True, "transform": True},
    )
    outcome = await done(rig, asked)
    assert outcome == Done({"files": ["Web.config", "app.env", "conf/appsettings.json"]})
    assert (folder / "app.env").read_text() == "HOST=db.test\nPASSWORD=s3cret-value\n"
    assert (folder / "app.env").stat().st_mode & 0o777 == 0o640
    assert (folder / "conf" / "appsettings.json").read_text() == '{"Db": {"Host": "db.test"}}'
    config = (folder / "Web.config").read_text()
    assert "<made />" in config and 'value="quiet"' in config
    assert "s3cret-value" not in str(asked) and not any("s3cret-value" in line for line in rig.told())
    assert rig.tickets == []


async def test_a_second_time_changes_nothing(rig: Rig, folder: Path) -> None:
    asked = effect(folder, substitute=["app.env"], structured=["**/*.json"])
    await done(rig, asked)
    assert await done(rig, asked) == Done({"files": []})


@pytest.mark.parametrize(
    ("target", "root", "was", "files"),
    [
        ("web1", "", "True", []),
        ("web1", "/conf", "True", ["app.env"]),
        ("web1", "", "False", ["app.env"]),
        ("web2", "", "True", ["app.env"]),
    ],
)
async def test_in_a_package_that_lay_there_already_nothing_is_filled_in(
    rig: Rig, folder: Path, target: str, root: str, was: str, files: list[str]
) -> None:
    lying = {"Package.InstallationDirectoryPath": f"{folder}{root}", "Package.WasInstalled": was}
    rig.outputs[f"[Tools][{target}]/package"] = effect_output("Tools", target, lying)
    assert await done(rig, effect(folder, substitute=["app.env"])) == Done({"files": files})


async def test_patterns_and_folder_may_have_variables_and_outputs_of_earlier_steps(rig: Rig, folder: Path) -> None:
    variables = {**VARIABLES, "Root": str(folder.parent), "Files": "*.env\nconf/*"}
    asked = effect("#{Root}/app", variables, substitute=["#{Files}"])
    assert await done(rig, asked) == Done({"files": ["app.env"]})


async def test_structured_files_of_one_text_stand_apart_by_semicolons(rig: Rig, folder: Path) -> None:
    asked = effect(folder, {**VARIABLES, "Where": "conf"}, structured=["none.json; #{Where}/*.json;"])
    assert await done(rig, asked) == Done({"files": ["conf/appsettings.json"]})
    assert rig.told("warning") == ["no file matches none.json (structured values)"]


async def test_what_is_missing_is_told(rig: Rig, folder: Path) -> None:
    await done(rig, effect(folder, substitute=["*.env", "*.none"]))
    assert rig.told("warning") == [
        "app.env: without a value: #{Db.Password}",
        "no file matches *.none (substitution)",
    ]


async def test_a_file_that_cannot_be_read_as_it_is_leaves_all_as_they_were(rig: Rig, folder: Path) -> None:
    (folder / "bad.json").write_text("{")
    outcome = await done(rig, effect(folder, substitute=["*.env"], structured=["*.json"]))
    assert isinstance(outcome, SaidNo) and outcome.code == "configuration.unreadable"
    assert "bad.json" in outcome.reason
    assert "#{Db.Host}" in (folder / "app.env").read_text()


async def test_a_link_that_leads_elsewhere_is_left_alone(rig: Rig, folder: Path) -> None:
    outside = folder.parent / "outside.env"
    outside.write_text("#{Db.Host}")
    (folder / "link.env").symlink_to(outside)
    await done(rig, effect(folder, substitute=["*"]))
    assert outside.read_text() == "#{Db.Host}"


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/", "relative", "/a/../b", "//", "/x/#{Nobody}"])
async def test_a_folder_that_is_not_there_or_none_is_refused(rig: Rig, path: str) -> None:
    outcome = await done(rig, effect(path.ljust(2, "/") if path == "/" else path, substitute=["*"]))
    assert isinstance(outcome, SaidNo)
    assert outcome.code in ("configuration.folder", "variable.unknown")


async def test_looking_and_undoing_change_nothing(rig: Rig, folder: Path) -> None:
    asked = effect(folder, substitute=["*.env"])
    before = (folder / "app.env").read_text()
    await ConfigureFolder().look(asked, rig.tools(asked))
    await ConfigureFolder().undo(asked, rig.tools(asked))
    assert (folder / "app.env").read_text() == before and not asked.is_undone
