"""The action kind script: what it finds, tells, sets and leaves; once, whatever dies; and no secret shows."""

import asyncio
import base64
import io
import json
import os
import sys
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.unit.steps.script_rig import TASK, Rig

from fairlead.adapters.connections.local import LocalConnection
from fairlead.adapters.connections.ssh import SshConnection, SshLogin
from fairlead.adapters.connections.tickets import SEARCH_PATH
from fairlead.domain.effect import Done, NotYet, SaidNo
from fairlead.domain.errors import Invalid, Refused
from fairlead.domain.ids import TaskId
from fairlead.domain.package import PackageFile
from fairlead.domain.process import RunLocation
from fairlead.ports.connection import Command, Connection
from fairlead.ports.hosts import NoHosts
from fairlead.steps.effects.scripts import RunScript
from fairlead.testing.sshd import Sshd

PYTHON = {"language": "python"}


@pytest.fixture(params=["local", "ssh"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    if request.param == "local":
        yield Rig(tmp_path)
        return
    sshd: Sshd = request.getfixturevalue("sshd")
    far = SshConnection(SshLogin("127.0.0.1", sshd.port, sshd.user, sshd.key, sshd.host_key), name="web1")
    yield Rig(tmp_path, {"web1": far, "web2": far})
    await far.close()


@pytest.fixture
def here(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


BASH_SETS = """
set -eu
set_octopusvariable Version "1.4.0"
set_octopusvariable "Any Text" "$(printf 'two\\nlines; $(id) "quoted" \\\\ é🐙')"
set_octopusvariable version "1.4.1"
set_fairleadvariable Ours yes
"""
PYTHON_SETS = """
set_octopusvariable("Version", "1.4.0")
set_octopusvariable("Any Text", 'two\\nlines; $(id) "quoted" \\\\ é🐙')
set_octopusvariable("version", "1.4.1")
set_fairleadvariable("Ours", "yes")
"""


async def test_what_has_no_value_in_a_script_stays_as_it_is_and_is_told(here: Rig) -> None:
    await here.ran("echo '#{Known} #{Nobody}'", variables={"Known": "yes"})
    assert "yes #{Nobody}" in here.told()
    assert here.told("warning") == ["Step: without a value: #{Nobody}; it stays as it is written"]


@pytest.mark.parametrize(("script", "how"), [(BASH_SETS, {}), (PYTHON_SETS, PYTHON)], ids=["bash", "python"])
async def test_what_a_script_sets_is_kept(rig: Rig, script: str, how: dict[str, str]) -> None:
    outputs = await rig.ran(script, **how)
    assert outputs == {
        "Any Text": 'two\nlines; $(id) "quoted" \\ é🐙',
        "version": "1.4.1",
        "Ours": "yes",
    }


BASH_GETS = """
set_octopusvariable direct "$(get_octopusvariable "Db.Host")"
set_octopusvariable case "$(get_octopusvariable "DB.HOST")"
set_octopusvariable twin "$(get_fairleadvariable "Fairlead.Environment.Name")"
set_octopusvariable other "$(get_octopusvariable "Octopus.Ours")"
set_octopusvariable bracket "$(get_octopusvariable "Octopus.Action[Step A].Output[web 1].X")"
set_octopusvariable inside "#{Db.Host | ToUpper}"
set_octopusvariable unknown "#{Nothing}${#BASH_VERSINFO[@]}"
set_octopusvariable missing "$(get_octopusvariable "Nothing")"
set_octopusvariable all "${octopus_parameters[Db.Host]}"
printf 'end\\n\\n' >text; set_octopusvariable odd "$(get_octopusvariable Odd; echo .)"
"""
PYTHON_GETS = """
set_octopusvariable("direct", get_octopusvariable("Db.Host"))
set_octopusvariable("case", get_octopusvariable("DB.HOST"))
set_octopusvariable("twin", get_fairleadvariable("Fairlead.Environment.Name"))
set_octopusvariable("other", get_octopusvariable("Octopus.Ours"))
set_octopusvariable("bracket", octopusvariables["Octopus.Action[Step A].Output[web 1].X"])
set_octopusvariable("inside", "#{Db.Host | ToUpper}")
set_octopusvariable("unknown", "#{Nothing}6")
set_octopusvariable("missing", octopusvariables.get("Nothing", ""))
set_octopusvariable("all", "Db.Host" in octopusvariables and octopusvariables["Db.Host"])
set_octopusvariable("odd", octopusvariables["Odd"] + ".\\n")
"""
ODD = "\\n is no line break, \r\n\t'\" is one: $(id) `id` #end\n\n"


@pytest.mark.parametrize(("script", "how"), [(BASH_GETS, {}), (PYTHON_GETS, PYTHON)], ids=["bash", "python"])
async def test_variables_are_found_under_both_names_in_any_case(rig: Rig, script: str, how: dict[str, str]) -> None:
    variables = {
        "Db.Host": "db#{Number}",
        "Number": "7",
        "Octopus.Environment.Name": "Test",
        "Fairlead.Ours": "o",
        "Octopus.Action[Step A].Output[web 1].X": "x",
        "Odd": ODD,
    }
    outputs = await rig.ran(script, variables=variables, **how)
    assert outputs == {
        "direct": "db7",
        "case": "db7",
        "twin": "Test",
        "other": "o",
        "bracket": "x",
        "inside": "DB7",
        "unknown": "#{Nothing}6",
        "missing": "",
        "all": "db7",
        "odd": ODD + ("." if not how else ".\n"),
    }


async def test_outputs_are_found_by_later_steps_on_their_own_target(here: Rig) -> None:
    for target, size in (("web1", "1"), ("web2", "2")):
        await here.ran(f"set_octopusvariable Size {size}", name="Measure", target=target)
    script = 'set_octopusvariable told "#{Octopus.Action[Measure].Output.Size} $(get_octopusvariable "'
    script += 'Fairlead.Action[Measure].Output[web1].Size")"'
    assert await here.ran(script, name="Use", target="web1") == {"told": "1 1"}
    assert await here.ran(script, name="Use", target="web2") == {"told": "2 1"}
    assert await here.ran(script, name="Elsewhere", target="", runs_on=RunLocation.SERVER) == {"told": "2 1"}


LEVELS = """
echo plain
write_verbose "said at length"
write_highlight "look here"
write_wait "wait for it"
write_warning "mind this"
echo "##octopus[stdout-ignore]"; echo never; echo "##octopus[stdout-default]"
echo "oh no" >&2
sleep 0.1
echo "##octopus[stderr-progress]"
sleep 0.1
echo "50 % there" >&2
update_progress 70 "most of it"
"""


async def test_lines_have_the_levels_that_the_script_gives_them(rig: Rig) -> None:
    await rig.ran(LEVELS)
    assert rig.told("info") == ["plain", "70 %: most of it"]
    assert "said at length" in rig.told("debug") and "50 % there" in rig.told("debug")
    assert (rig.told("highlight"), rig.told("wait")) == (["look here"], ["wait for it"])
    assert rig.told("error") == ["oh no"]
    assert rig.told("warning")[0] == "mind this" and "error stream" in rig.told("warning")[1]
    assert "never" not in rig.told()


@pytest.mark.parametrize(
    ("script", "how"),
    [
        ("echo working; fail_step 'the disk is full'; echo never", {}),
        ("print('working', flush=True)\nfail_step('the disk is full')\nprint('never')", PYTHON),
    ],
    ids=["bash", "python"],
)
async def test_a_step_that_fails_says_why(rig: Rig, script: str, how: dict[str, str]) -> None:
    failed = await rig.failed(script, **how)
    assert (failed.code, failed.reason) == ("script.failed", "Step ended with 1: the disk is full")
    assert rig.told("info") == ["working"]


async def test_an_exit_code_is_the_verdict_and_the_last_line_the_reason(here: Rig) -> None:
    failed = await here.failed("echo before; echo 'no such table' >&2; exit 7")
    assert failed.reason == "Step ended with 7: no such table"
    assert failed.evidence == ("before", "no such table")
    raised = await here.failed("raise ValueError('bad input')", name="Other", **PYTHON)
    assert raised.reason == "Other ended with 1: ValueError: bad input"
    unbound = await here.failed("set -u; echo $nothing_of_this_name", name="Third")
    assert "nothing_of_this_name" in unbound.reason


async def test_files_that_a_script_leaves_are_kept(rig: Rig) -> None:
    script = "mkdir out; printf '\\0\\1binary' >out/data.bin; echo text >b.txt\n"
    script += (
        "new_octopusartifact out/data.bin; new_fairleadartifact b.txt 'the report.txt'; ! new_octopusartifact none"
    )
    await rig.ran(script)
    assert await rig.artifacts.names(TASK) == {
        "Step/web1/data.bin": "artifact",
        "Step/web1/the report.txt": "artifact",
    }
    assert await rig.artifacts.read(TASK, "Step/web1/data.bin") == b"\0\1binary"
    assert "there is no file" in rig.told("error")[0]


async def test_arguments_arrive_as_words(rig: Rig) -> None:
    script = 'set_octopusvariable got "$#:$1:$2"'
    assert await rig.ran(script, arguments=["a b", "#{X}'"], variables={"X": "$(id)"}) == {"got": "2:a b:$(id)'"}
    python = "import sys; set_octopusvariable('got', sys.argv[1:])"
    assert await rig.ran(python, name="B", arguments=["a b"], language="python") == {"got": "['a b']"}


async def test_a_secret_never_becomes_an_argument(here: Rig) -> None:
    variables = {"Password": here.secret("Password", "hunter2-hidden"), "Url": "x/#{Password}"}
    outputs = await here.ran(
        'set_octopusvariable got "$1 $2"', arguments=["#{Password}", "#{Url}"], variables=variables
    )
    assert outputs == {"got": "#{Password} x/#{Password}"}


HIDDEN = "hunter2-with-ünïcode/+&"


async def test_no_secret_shows_however_it_is_written(rig: Rig) -> None:
    encoded = base64.b64encode(HIDDEN.encode()).decode()
    variables: dict[str, object] = {
        "Password": rig.secret("Password", HIDDEN),
        "Url": "https://x/#{Password}",
    }
    script = f"""
value=$(get_octopusvariable Password)
echo "it is $value"; echo "in #{{Url}}" >&2
printf '%s' "$value" | base64
echo '{quote(HIDDEN, safe="")}'; echo '{json.dumps(HIDDEN)}'
printf '%s' "${{value:0:9}}"; sleep 0.2; printf '%s\\n' "${{value:9}}"
env; cat /proc/$$/cmdline | tr '\\0' ' '; cat /proc/$PPID/cmdline | tr '\\0' ' '
ls -R . >listing; grep -rl -- "$value" . | grep -v 'script.sh$' || true
fail_step "with $value"
"""
    failed = await rig.failed(script, variables=variables)
    shown = "\n".join([*rig.told(), failed.reason, *failed.evidence, json.dumps(rig.records.kept_facts[TASK])])
    for form in (HIDDEN, encoded, quote(HIDDEN, safe=""), json.dumps(HIDDEN)[1:-1], HIDDEN[:9]):
        assert form not in shown
    assert "it is •••" in shown and failed.reason == "Step ended with 1: with •••"


async def test_a_secret_that_a_script_sets_is_a_reference_and_masked_from_then_on(rig: Rig) -> None:
    script = "set_octopusvariable Token made-by-script -sensitive; echo 'got made-by-script'\n"
    script += "mask_value told-to-mask; echo 'and told-to-mask'; echo 'and told-to-mask' >&2"
    outputs = await rig.ran(script, name="Make")
    assert isinstance(outputs["Token"], dict) and "made-by-script" not in str(outputs)
    assert rig.told("info") == ["got •••", "and •••"] and rig.told("error") == ["and •••"]
    later = 'v=$(get_octopusvariable "Octopus.Action[Make].Output.Token"); echo "$v"; set_octopusvariable l ${#v}'
    assert await rig.ran(later, name="Use") == {"l": "14"}
    assert rig.told("info")[-1] == "•••"


async def test_what_ended_leaves_nothing_on_the_host(here: Rig) -> None:
    await here.ran("echo x >file; true")
    await here.failed("exit 3", name="B")
    assert here.tickets == []


async def test_a_script_over_its_time_is_ended_with_its_children(rig: Rig, tmp_path: Path) -> None:
    script = f"sleep 300 & echo $! >'{tmp_path}/pid'; trap '' TERM; echo begun; wait; wait"
    failed = await rig.failed(script, timeout_s=1.5)
    assert failed.code == "step.timed_out" and "1.5 s" in failed.reason
    assert failed.evidence == ("begun",)
    assert not is_running(int((tmp_path / "pid").read_text()))


async def test_cancelled_it_is_ended_with_its_children_and_can_be_run_again(rig: Rig, tmp_path: Path) -> None:
    effect = rig.effect(f"echo x >>'{tmp_path}/times'; (sleep 300; true) & echo $! >'{tmp_path}/pid'; wait")
    doing = asyncio.create_task(rig.do(effect))
    await appears(tmp_path / "pid")
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    for _ in range(2):
        await rig.undo(effect)
        assert not is_running(int((tmp_path / "pid").read_text()))
    (tmp_path / "pid").unlink()
    doing = asyncio.create_task(rig.do(effect))
    await appears(tmp_path / "pid")
    doing.cancel()
    await asyncio.wait([doing])
    await rig.undo(effect)
    assert (tmp_path / "times").read_text() == "x\nx\n"


async def test_a_successor_finds_the_run_and_tells_only_the_rest(rig: Rig, tmp_path: Path) -> None:
    script = f"echo x >>'{tmp_path}/times'; echo first; set_octopusvariable A 1; sleep 3; "
    script += f"until [ -e '{tmp_path}/go' ]; do sleep 0.05; done; echo last"
    effect = rig.effect(script)
    doing = asyncio.create_task(rig.do(effect))
    async with asyncio.timeout(20):
        while await rig.records.fact(TASK, f"script:{effect.key}:told") is None:
            await asyncio.sleep(0.02)
    doing.cancel()
    await asyncio.wait([doing])
    assert isinstance(await rig.kind.look(effect, rig.tools(effect)), NotYet)
    (tmp_path / "go").touch()
    outcome = await rig.do(effect)
    assert isinstance(outcome, Done) and outcome.output["outputs"] == {"A": "1"}
    assert rig.told("info").count("first") == 1 and rig.told("info")[-1] == "last"
    assert (tmp_path / "times").read_text() == "x\n"


async def test_what_has_ended_is_not_run_again_whatever_its_end(here: Rig, tmp_path: Path) -> None:
    well = here.effect(f"echo x >>'{tmp_path}/times'; set_octopusvariable A 1", name="Well")
    badly = here.effect(f"echo x >>'{tmp_path}/times'; exit 4", name="Badly")
    first, refused = await here.do(well), await here.do(badly)
    again = await here.do(well)
    assert isinstance(first, Done) and again == Done(first.output, was_already_so=True)
    assert await here.do(badly) == refused and isinstance(refused, SaidNo)
    assert (tmp_path / "times").read_text() == "x\nx\n"
    await here.undo(badly)
    await here.do(badly)
    assert (tmp_path / "times").read_text() == "x\n" * 3


async def test_a_script_of_the_repository_is_as_the_commit_has_it_with_its_files_beside_it(rig: Rig) -> None:
    rig.commit_files(
        tools__run_py="import words\nset_octopusvariable('Said', words.WORD + ' #{Octopus.Machine.Name}')",
        tools__words_py="WORD = 'hello'",
        run_sh='set_octopusvariable Said "$(cat data.txt) $1"; ls ..; [ ! -e ../other ]',
        data_txt="read",
    )
    variables = {"Octopus.Machine.Name": "web1"}
    assert await rig.ran(file="tools/run.py", name="P", variables=variables) == {"Said": "hello web1"}
    assert await rig.ran(file="./run.sh", name="B", arguments=["now"]) == {"Said": "read now"}
    assert not (rig.place / "workspaces").exists() or not list((rig.place / "workspaces").iterdir())


async def test_a_script_of_another_repository_is_as_the_frozen_commit_has_it(rig: Rig) -> None:
    url = "https://git.test/tools.git"
    held = {"bin/run.sh": b'set_octopusvariable Said "$(cat data.txt)"', "data.txt": b"frozen", "out@": b"/etc"}
    commit = rig.source.commit(url, "main", held)
    rig.source.commit(url, "main", {"bin/run.sh": b"exit 1"})
    named = {"file": "bin/run.sh", "repository": {"url": url, "ref": "main"}}
    assert await rig.ran(commit=commit, **named) == {"Said": "frozen"}
    assert not list((rig.place / "workspaces").iterdir())
    with pytest.raises(Invalid):
        rig.effect(**named)


async def test_a_script_that_the_commit_does_not_have_is_named(here: Rig) -> None:
    here.commit_files(run_sh="true")
    for name, file in (("A", "none.sh"), ("B", "../other/secret.sh")):
        failed = await here.failed(file=file, name=name)
        assert failed.code == "project_file.missing" and file in failed.reason


async def test_a_host_that_it_never_came_to_is_not_asked_when_it_is_undone(here: Rig) -> None:
    class Closed(NoHosts):
        async def of_target(self, target: str) -> Connection:
            raise Refused("target.host_key", "no key is trusted", thing=target)

        async def of_server(self, task: TaskId) -> Connection:
            raise Refused("policy.refused", "not here", thing=task)

    here.hosts = Closed()  # type: ignore[assignment]
    for target, place in (("web1", RunLocation.TARGETS), ("", RunLocation.SERVER)):
        effect = here.effect("true", target=target, runs_on=place)
        with pytest.raises(Refused):
            await RunScript().do(effect, here.tools(effect))
        await RunScript().undo(effect, here.tools(effect))


async def test_a_program_that_is_missing_is_named(here: Rig, tmp_path: Path) -> None:
    failed = await here.failed("Write-Host hello", language="powershell")
    if "not installed" in failed.reason:
        assert failed.reason == "Step ended with 127: pwsh is not installed here"


async def test_a_daemon_that_keeps_the_error_stream_open_holds_nobody_up(here: Rig) -> None:
    async with asyncio.timeout(15):
        await here.ran("(sleep 60) & disown; echo done")
    assert here.told("info") == ["done"]


async def test_ten_thousand_variables_reach_it(here: Rig) -> None:
    variables = {f"V{number}": f"value {number}\n" * 20 for number in range(10_000)}
    assert await here.ran(
        "v=$(get_octopusvariable V9999); set_octopusvariable n \"${v%%$'\\n'*}\"", variables=variables
    )


async def test_more_outputs_than_fit_are_told_and_not_set(here: Rig) -> None:
    script = "set_octopusvariable('big', 'x' * 300_000); set_octopusvariable('bad\\nname', '1'); "
    script += "set_octopusvariable('small', '1')"
    assert await here.ran(script, **PYTHON) == {"small": "1"}
    assert len(here.told("warning")) == 2


async def test_a_circle_of_variables_is_told_before_anything_runs(here: Rig) -> None:
    failed = await here.failed("echo #{A}", variables={"A": "#{B}", "B": "#{A}"})
    assert failed.code == "variable.circular"
    assert here.told("info") == []


def test_an_action_without_a_script_is_refused(here: Rig) -> None:
    with pytest.raises(Invalid) as refused:
        here.effect("  ")
    assert refused.value.code == "process.properties"
    with pytest.raises(Invalid):
        here.effect("true", file="run.sh")


async def appears(path: Path) -> None:
    async with asyncio.timeout(20):
        while not (path.exists() and path.read_text().endswith("\n")):
            await asyncio.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"


PWSH = """#!{python}
import base64, json, os, sys
assert sys.argv[1:7] == ["-NoLogo", "-NoProfile", "-NonInteractive", "-File", ".fairlead/start.ps1", "./script.ps1"]
assert "function Set-OctopusVariable" in open(sys.argv[5]).read()
values = json.load(open(".fairlead/variables"))
encoded = lambda text: base64.b64encode(text.encode()).decode()
print("##octopus[setVariable name='%s' value='%s']" % (encoded("Said"), encoded(values["Word"] + " " + sys.argv[7])))
print(open(sys.argv[6]).read())
print("and to the error stream", file=sys.stderr)
"""


class WithPrograms(LocalConnection):
    """This machine with programs of the test's before its own."""

    def __init__(self, place: Path) -> None:
        super().__init__(place / "tickets", name="web1")
        self.path = f"{place}:{SEARCH_PATH}"

    async def start(self, ticket: str, command: Command) -> None:
        await super().start(ticket, replace(command, environment={"PATH": self.path}))


async def test_powershell_is_given_the_script_its_functions_and_variables(tmp_path: Path) -> None:
    """A stand-in takes the place of the program: what it is called with, and what it finds, is as in earnest."""
    (tmp_path / "pwsh").write_text(PWSH.format(python=sys.executable))
    (tmp_path / "pwsh").chmod(0o755)
    rig = Rig(tmp_path, {"web1": WithPrograms(tmp_path)})
    outputs = await rig.ran(
        'Write-Host "#{Word}"', language="powershell", arguments=["now"], variables={"Word": "hello"}
    )
    assert outputs == {"Said": "hello now"}
    assert 'Write-Host "hello"' in rig.told("info") and rig.told("error") == ["and to the error stream"]


async def test_a_script_of_a_package_has_the_packages_other_files_beside_it(rig: Rig) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("bin/measure.sh", '. ./lib/names.sh; set_octopusvariable Said "$name #{Who}"')
        archive.writestr("lib/names.sh", "name=books")
        archive.writestr(".fairlead/start.sh", "echo not ours")
    package = PackageFile("Tools", "1.2.0", ".zip", await rig.artifacts.put_blob(held.getvalue()))
    said = await rig.ran(file="bin/measure.sh", package=package, variables={"Who": "you"})
    assert said == {"Said": "books you"}
    missing = await rig.failed(name="Other", file="bin/none.sh", package=package)
    assert (missing.code, "bin/measure.sh" in missing.hint) == ("package.file", True)


async def test_a_package_that_leads_out_of_its_folder_runs_nothing(here: Rig) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("run.sh", "echo hi")
        archive.writestr("../../evil.sh", "echo evil")
    package = PackageFile("Tools", "1.2.0", ".zip", await here.artifacts.put_blob(held.getvalue()))
    refused = await here.failed(file="run.sh", package=package)
    assert refused.code == "package.unsafe"
    assert here.told("info") == []


async def test_a_package_that_was_not_chosen_is_said(here: Rig) -> None:
    with pytest.raises(Invalid) as caught:
        here.effect(file="run.sh", package="Tools")
    assert caught.value.code == "process.properties"
