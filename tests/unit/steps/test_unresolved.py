"""What has no value is echoed, and fails the action where a variable says so: the missing names are in the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.steps.script_rig import Rig

from fairlead.domain.effect import Done, SaidNo
from fairlead.domain.known_variables import Known
from fairlead.domain.plan import Effect
from fairlead.domain.process import Action, ActionTarget, ResolvedAction, RunLocation
from fairlead.domain.text import Text
from fairlead.ports.step import ActionKind
from fairlead.steps.configure_files import ConfigureFiles
from fairlead.steps.http_check import HttpCheck
from fairlead.steps.notify import Notify
from fairlead.testing.fake_notifier import FakeNotifier

STRICT: Mapping[str, Text] = {"OctopusShouldFailDeploymentOnSubstitutionFails": "True"}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def planned(kind: ActionKind, variables: Mapping[str, Text], **properties: Any) -> Effect:
    action = Action("Fill in", kind.name, properties, runs_on=RunLocation.TARGETS)
    effect = kind.plan(
        ResolvedAction(action, "Fill in", "[Fill in][web1]", ActionTarget("web1", "web1"), None, Known(dict(variables)))
    )
    assert isinstance(effect, Effect)
    return effect


async def refused(rig: Rig, kind: ActionKind, variables: Mapping[str, Text], **properties: Any) -> SaidNo:
    effect = planned(kind, variables, **properties)
    outcome = await kind.effects[effect.kind].do(effect, rig.tools(effect))
    assert isinstance(outcome, SaidNo) and outcome.code == "variable.unknown", outcome
    return outcome


@pytest.mark.parametrize(
    "name", ["OctopusShouldFailDeploymentOnSubstitutionFails", "FairleadShouldFailDeploymentOnSubstitutionFails"]
)
async def test_a_script_that_names_what_has_no_value_is_not_begun(rig: Rig, tmp_path: Path, name: str) -> None:
    begun = tmp_path / "begun"
    script = f"touch {begun}; echo '#{{Db.Host}} #{{Gone}}' '#{{Also.Gone}}' '#{{Gone}}'"
    outcome = await rig.failed(script, variables={name: "true", "Db.Host": "db.test"})
    assert outcome.code == "variable.unknown"
    assert "#{Gone}, #{Also.Gone}" in outcome.reason and "Db.Host" not in outcome.reason
    assert not begun.exists() and not (tmp_path / "tickets").exists()


async def test_without_it_a_script_has_the_token_as_it_was_written(rig: Rig) -> None:
    script = "set_octopusvariable Seen '#{Gone}'"
    assert await rig.ran(script) == {"Seen": "#{Gone}"}
    assert await rig.ran(script, variables=dict.fromkeys(STRICT, "False"), name="Again") == {"Seen": "#{Gone}"}


async def test_a_variable_that_nothing_asks_for_may_be_unresolved(rig: Rig) -> None:
    assert await rig.ran("set_octopusvariable Seen here", variables={**STRICT, "Odd": "#{Gone}"}) == {"Seen": "here"}


async def test_arguments_and_files_of_a_script_are_filled_in_whole_too(rig: Rig) -> None:
    outcome = await rig.failed("echo", variables=STRICT, arguments=["#{Gone}"])
    assert "#{Gone}" in outcome.reason
    rig.commit_files(run_sh="echo '#{In.File}'")
    outcome = await rig.failed(file="run.sh", variables=STRICT)
    assert "#{In.File}" in outcome.reason


async def test_files_of_a_folder_stay_as_they_were_and_all_that_is_missing_is_named(rig: Rig, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "a.env").write_text("A=#{Here} #{First}")
    (folder / "b.env").write_text("B=#{Second}")
    outcome = await refused(rig, ConfigureFiles(), {**STRICT, "Here": "x"}, folder=str(folder), substitute=["*.env"])
    assert "a.env: #{First}" in outcome.reason and "b.env: #{Second}" in outcome.reason
    assert (folder / "a.env").read_text() == "A=#{Here} #{First}"


async def test_values_for_places_in_structured_files_and_settings_of_net_are_judged_too(
    rig: Rig, tmp_path: Path
) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    texts = {
        "a.env": "A=#{First}",
        "app.json": '{"Db": {"Host": "old", "Port": 1}}',
        "app.yaml": "Db: {Host: old}\n",
        "Web.config": '<configuration><appSettings><add key="Smtp" value="old"/></appSettings></configuration>',
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    filled = {"folder": str(folder), "substitute": ["*.env"], "structured": ["app.*"], "dotnet": {"settings": True}}
    values = {"Db:Host": "#{Second}", "Db:Port": "#{Known}", "Known": "2", "Smtp": "#{Third}", "Unused": "#{Nowhere}"}
    outcome = await refused(rig, ConfigureFiles(), {**STRICT, **values}, **filled)
    for said in ("a.env: #{First}", "app.json: #{Second}", "app.yaml: #{Second}", "Web.config: #{Third}"):
        assert said in outcome.reason
    assert "Known" not in outcome.reason and "Nowhere" not in outcome.reason
    assert {path.name: path.read_text() for path in folder.iterdir()} == texts

    effect = planned(ConfigureFiles(), values, **filled)
    assert isinstance(await ConfigureFiles().effects[effect.kind].do(effect, rig.tools(effect)), Done)
    assert '"#{Second}"' in (folder / "app.json").read_text(), "without it, the text stays as it was written"


async def test_an_address_that_an_earlier_step_did_not_give_is_not_asked(rig: Rig) -> None:
    output = "#{Octopus.Action[Find].Output.Port}"
    outcome = await refused(rig, HttpCheck(), STRICT, url=f"http://books.test:{output}/", within_s=1)
    assert output in outcome.reason


async def test_nobody_is_told_what_lacks_a_value(rig: Rig) -> None:
    output = "#{Octopus.Action[Find].Output.Who}"
    outcome = await refused(rig, Notify(), STRICT, by="slack", to="https://hooks.test/1", subject=f"to {output}")
    assert output in outcome.reason


async def test_without_it_they_are_told_as_written(rig: Rig) -> None:
    output = "#{Octopus.Action[Find].Output.Who}"
    effect = planned(Notify(), {}, by="slack", to="https://hooks.test/1", subject=f"to {output}")
    notifier = FakeNotifier()
    tools = replace(rig.tools(effect), notifier=notifier)
    assert await Notify().effects[effect.kind].do(effect, tools) == Done()
    assert output in str(notifier.__dict__)
