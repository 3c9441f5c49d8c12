"""Scripts that lie in a package: found, run there at their time, once, and taken away; in real shells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.steps.test_deploy_package import Lying
from tests.unit.steps.test_deploy_package import there as there

from fairlead.domain.effect import Done, Outcome, SaidNo
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Effect, effects_of
from fairlead.domain.process import Process, ProcessStep
from fairlead.domain.record import Json
from fairlead.domain.text import Text
from fairlead.formats.properties import checked_properties
from fairlead.ports.step import EffectKind
from fairlead.steps.deploy_package import DeployPackage
from fairlead.steps.effects.packaged import RunPackagedScript

TELLS = b'echo "%s in $(basename "$(pwd)") beside $(ls | tr "\\n" " ")"\n'


class Deploying:
    """One deployment of a package: its effects in order, as far as they go."""

    def __init__(self, there: Lying, task: str = "tsk-5") -> None:
        self.there, self.task = there, TaskId(task)
        self.outputs: dict[str, Mapping[str, Json]] = {}
        self.effects: tuple[Effect, ...] = ()
        self.kinds: Mapping[str, EffectKind] = DeployPackage.effects

    async def plan(
        self,
        variables: Mapping[str, Text] | None = None,
        properties: Mapping[str, Any] | None = None,
        *,
        reuses: bool = False,
        **files: bytes,
    ) -> Deploying:
        resolved = self.there.resolved(await self.there.package("1.4.0", **files), reuses=reuses)
        action = replace(resolved.action, properties={"package": "Tools", **(properties or {})})
        checked_properties(Process((ProcessStep("Tools", (action,)),)), {"deploy-package": DeployPackage.schema})
        planned = DeployPackage().plan(replace(resolved, action=action, variables=variables or {}))
        self.effects = tuple(effects_of(planned))
        return self

    def tools(self, effect: Effect) -> Any:
        return replace(self.there.rig.tools(effect), task=self.task, outputs=self.outputs)

    async def do(self, effect: Effect) -> Outcome:
        outcome = await self.kinds[effect.kind].do(effect, self.tools(effect))
        if isinstance(outcome, Done):
            self.outputs[effect.key] = outcome.output
        return outcome  # type: ignore[return-value]

    async def run(self) -> SaidNo | None:
        """To its end, DeployFailed too, as the engine goes through it; what failed first."""
        *forward, failed = self.effects
        first = None
        for effect in forward:
            outcome = await self.do(effect)
            if isinstance(outcome, SaidNo):
                first = outcome
                break
        await self.do(failed)
        return first

    @property
    def place(self) -> Path:
        [found] = (self.there.home / "fairlead" / "books" / "Test" / "Tools").iterdir()
        return found

    def told(self, *levels: str) -> list[str]:
        lines = self.there.rig.log.lines.get(self.task, [])
        return [line.text for line in lines if not levels or line.level in levels]

    def named(self, key: str) -> Effect:
        [found] = [effect for effect in self.effects if effect.key.endswith(f"/{key}")]
        return found


async def test_each_script_runs_where_it_lies_at_its_time_and_goes(there: Lying) -> None:
    files = {f"{stage}_sh": TELLS % stage.encode() for stage in ("PreDeploy", "Deploy", "PostDeploy", "DeployFailed")}
    made = await Deploying(there).plan({"Who": "it"}, {"substitute": ["*.env"]}, app_env=b"#{Who}", **files)
    assert [effect.title for effect in made.effects] == [
        "Tools: unpack Tools 1.4.0 on web1",
        "Tools: PreDeploy of the package on web1, if it has one",
        "Tools: fill in files on web1",
        "Tools: Deploy of the package on web1, if it has one",
        "Tools: PostDeploy of the package on web1, if it has one",
        "Tools: DeployFailed of the package on web1, if it fails and has one",
    ]
    assert await made.run() is None
    name = made.place.name
    assert [line for line in made.told() if " beside " in line] == [
        f"PreDeploy in {name} beside Deploy.sh DeployFailed.sh PostDeploy.sh PreDeploy.sh app.env run.sh ",
        f"Deploy in {name} beside Deploy.sh DeployFailed.sh PostDeploy.sh app.env run.sh ",
        f"PostDeploy in {name} beside DeployFailed.sh PostDeploy.sh app.env run.sh ",
    ]
    assert (made.place / "app.env").read_text() == "it"
    assert not list((there.rig.place / "tickets").glob("*"))


async def test_variables_messages_and_functions_are_those_of_script_steps(there: Lying) -> None:
    made = await Deploying(there).plan(
        {"Who": "you", "Key": there.rig.secret("Key", "s3cret-value")},
        PreDeploy_sh=b'set_octopusvariable Greeting "hello $(get_octopusvariable Who)"\nget_octopusvariable Key\n',
        Deploy_py=b"import os\nimport beside\nset_octopusvariable('Place', os.getcwd())\n"
        b"print(octopusvariables['Octopus.Action[Tools].Output.Greeting'], beside.NAME, __file__)\n",
        beside_py=b"NAME = 'beside'\n",
    )
    assert await made.run() is None
    given = {**made.outputs[made.named("pre_deploy").key], **made.outputs[made.named("deploy").key]}["outputs"]
    assert given == {"Place": str(made.place)}
    assert f"hello you beside {made.place}/Deploy.py" in made.told()
    assert not any("s3cret-value" in line for line in made.told())


async def test_a_failure_runs_what_is_there_for_it_and_names_the_script(there: Lying) -> None:
    made = await Deploying(there).plan(
        Deploy_sh=b"echo broken >&2; exit 3\n", PostDeploy_sh=b"echo never\n", DeployFailed_sh=b"echo sorry\n"
    )
    failed = await made.run()
    assert failed is not None and failed.code == "script.failed"
    assert failed.reason == "Tools: Deploy.sh ended with 3: broken"
    assert "sorry" in made.told() and "never" not in made.told()
    for effect in reversed(made.effects):
        await made.kinds[effect.kind].undo(effect, made.tools(effect))
    assert there.versions == []


async def test_a_package_that_could_not_be_unpacked_has_nothing_to_run(there: Lying) -> None:
    (there.home / "fairlead").write_text("in the way")
    made = await Deploying(there).plan(DeployFailed_sh=b"echo sorry\n")
    failed = await made.run()
    assert failed is not None and failed.code == "package.not_installed" and "sorry" not in made.told()


@pytest.mark.parametrize(
    ("variables", "properties", "ran", "stay"),
    [
        ({"Octopus.Action.Package.RunScripts": "False"}, {}, False, True),
        ({"Fairlead.Action.Package.RunScripts": "False"}, {}, False, True),
        ({}, {"scripts": False, "substitute": ["x"]}, False, True),
        ({"OctopusDeleteScriptsOnCleanup": "false"}, {}, True, True),
        ({"FairleadDeleteScriptsOnCleanup": "false"}, {}, True, True),
        ({"OctopusDeleteScriptsOnCleanup": "what?"}, {}, True, False),
    ],
)
async def test_scripts_may_be_left_alone_or_stay(
    there: Lying, variables: dict[str, str], properties: dict[str, Any], ran: bool, stay: bool
) -> None:
    made = await Deploying(there).plan(variables, properties, Deploy_sh=b"echo ran\n")
    assert await made.run() is None
    assert ("ran" in made.told(), (made.place / "Deploy.sh").exists()) == (ran, stay)


async def test_a_script_that_takes_the_directory_away_fails_what_comes_after_it(there: Lying) -> None:
    made = await Deploying(there).plan(PreDeploy_sh=b'rm -rf "$PWD"\n')
    failed = await made.run()
    assert failed is not None and failed.code == "package.script" and "web1 could not look for Deploy" in failed.reason


async def test_of_several_one_runs_and_all_go(there: Lying) -> None:
    made = await Deploying(there).plan(Deploy_ps1=b"x", deploy_py=b"print('py')\n", Deploy_sh=b"echo sh\n")
    assert await made.run() is None
    assert "sh" in made.told() and "py" not in made.told()
    assert [path.name for path in made.place.iterdir()] == ["run.sh"]
    assert "of the Deploy scripts Deploy.sh, deploy.py, Deploy.ps1 the first is run" in made.told("debug")


async def test_a_language_that_is_not_there_fails_as_with_scripts(there: Lying, monkeypatch: Any) -> None:
    made = await Deploying(there).plan(Deploy_ps1=b"Write-Host x")
    failed = await made.run()
    assert failed is None or "pwsh is not installed here" in failed.reason


async def test_what_lay_there_already_is_not_run_again(there: Lying) -> None:
    first = await Deploying(there).plan(
        {"OctopusDeleteScriptsOnCleanup": "False"}, Deploy_sh=b"echo ran\n", PostDeploy_sh=b"exit 0\n"
    )
    assert await first.run() is None and "ran" in first.told()
    again = await Deploying(there, "tsk-6").plan(
        None, {"post_deploy": {"script": "echo own"}}, reuses=True, Deploy_sh=b"echo ran\n", PostDeploy_sh=b"exit 0\n"
    )
    assert await again.run() is None
    assert "ran" not in again.told() and "own" not in again.told()
    assert "Tools: Deploy is not run again in what lay there already" in again.told("debug")


async def test_scripts_of_the_step_stand_around_those_of_the_package(there: Lying) -> None:
    files = {f"{stage}_sh": f"echo {stage}\n".encode() for stage in ("PreDeploy", "Deploy", "PostDeploy")}
    own: dict[str, Any] = {name: {"script": f"echo {name} #{{Who}} $(ls)"} for name in ("pre_deploy", "post_deploy")}
    own["deploy"] = {"script": "import os\nprint('deploy', os.getcwd())", "language": "python"}
    made = await Deploying(there).plan({"Who": "me", "Octopus.Action.Package.RunScripts": "True"}, own, **files)
    assert await made.run() is None
    assert [line for line in made.told("info") if not line.startswith("Tools")] == [
        "pre_deploy me Deploy.sh PostDeploy.sh PreDeploy.sh run.sh",
        "PreDeploy",
        "Deploy",
        f"deploy {made.place}",
        "PostDeploy",
        "post_deploy me run.sh",
    ]


async def test_asked_again_it_has_run_once_even_where_it_took_itself_away(there: Lying, tmp_path: Path) -> None:
    count = tmp_path / "count"
    made = await Deploying(there).plan(Deploy_sh=f"echo once >>'{count}'; rm -f Deploy.sh\n".encode())
    deploy = made.named("deploy")
    await made.do(made.effects[0])
    first = await made.do(deploy)
    assert isinstance(first, Done)
    again = await RunPackagedScript().do(deploy, made.tools(deploy))
    assert isinstance(again, Done) and again.output == first.output
    assert count.read_text() == "once\n"
    await RunPackagedScript().undo(deploy, made.tools(deploy))
    await RunPackagedScript().undo(deploy, made.tools(deploy))
    assert isinstance(await made.do(deploy), Done), "it is looked for anew, and there is none"
    assert count.read_text() == "once\n"


async def test_a_host_that_it_never_came_to_is_not_asked(there: Lying) -> None:
    made = await Deploying(there).plan(Deploy_sh=b"echo ran\n")
    there.rig.hosts.asked.clear()
    for effect in reversed(made.effects):
        await made.kinds[effect.kind].undo(effect, made.tools(effect))
    assert there.rig.hosts.asked == []
