"""A project of Octopus becomes files of Fairlead, and every line of it is accounted for."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from fairlead.domain.errors import Invalid, ProjectFileInvalid
from fairlead.domain.process import (
    NoTarget,
    PackageRedeployment,
    Process,
    RunCondition,
    RunLocation,
    StartTrigger,
    UnavailableTargets,
    UnhealthyTargets,
)
from fairlead.domain.process_rules import checked
from fairlead.domain.project import Tenancy
from fairlead.formats.declared.runbooks import RunbookItem
from fairlead.formats.ocl.reading import read_ocl
from fairlead.formats.ocl.tree import Attribute, Block, Entries
from fairlead.formats.octopus.folder import Imported, imported
from fairlead.formats.process import process_of as process_model_of
from fairlead.formats.process import read_process

PROJECT = Path(__file__).parent / "project"
FILES = {path.relative_to(PROJECT).as_posix(): path.read_bytes() for path in sorted(PROJECT.rglob("*.ocl"))}


def books() -> Imported:
    return imported("books", FILES)


def process() -> Process:
    made = read_process("process.yml", books().files["projects/books/process.yml"].encode())
    return checked(made, {"script", "manual-intervention", "deploy-package", "configure-files"})


def told(file: str, what: str) -> list[str]:
    return [str(line) for line in books().lines if line.file == file and line.what == what]


def test_steps_and_actions_are_taken_with_their_conditions() -> None:
    backup, deploy, approve, mail = process().steps[:4]
    (dump,) = backup.actions
    assert (backup.name, dump.name, dump.kind) == ("Back up", "Back up", "script")
    assert dump.properties == {"script": "pg_dump books\n", "language": "bash"}
    assert (dump.runs_on, dump.worker_pool, dump.retries, dump.timeout_s) == (RunLocation.WORKER, "ubuntu", 2, 300.0)
    assert (deploy.target_tags, deploy.window, deploy.start) == (("web", "api"), 2, StartTrigger.WITH_PREVIOUS)
    stop, start = deploy.actions
    assert (stop.name, start.name) == ("stop", "Start it")
    assert stop.runs_on is RunLocation.TARGETS and start.condition is RunCondition.VARIABLE
    assert start.expression == "#{Start}"
    assert (start.environments, start.is_required) == (("production",), True)
    assert approve.actions[0].kind == "manual-intervention"
    assert approve.actions[0].properties == {"instructions": "Look at #{Octopus.Environment.Name}."}
    assert mail.condition is RunCondition.FAILURE


def test_when_packages_are_acquired_is_taken() -> None:
    process = read_process("process.yml", books().files["projects/books/process.yml"].encode())
    assert [step.package_requirement.value for step in process.steps][:2] == ["any", "after-acquisition"]
    assert "NOT taken" not in told("deployment_process.ocl", "package_requirement")[0]


def test_what_has_no_like_fails_and_says_so_instead_of_being_left_out() -> None:
    (action,) = process().steps[3].actions
    assert "exit 1" in str(action.properties["script"]) and "Octopus.Email" in str(action.properties["script"])
    assert any("NOT taken" in line for line in told("deployment_process.ocl", "Octopus.Action.Email.To"))


def test_a_package_is_deployed_and_its_files_are_filled_in_where_it_lies() -> None:
    (package,) = process().steps[4].actions
    assert (package.name, package.kind, package.environments) == (
        "Deploy the tools",
        "deploy-package",
        ("production",),
    )
    assert package.properties == {
        "package": "Tools",
        "post_deploy": {"language": "bash", "script": "systemctl restart tools"},
        "substitute": ["conf/*.env", "motd"],
        "dotnet": {"transform": True, "transformations": ["Web.Release.config => Web.config"]},
    }
    assert package.runs_on is RunLocation.TARGETS


def test_what_a_package_had_besides_is_told_with_what_to_do() -> None:
    def left(what: str) -> str:
        (line,) = told("deployment_process.ocl", what)
        assert "NOT taken" in line
        return line

    assert "not enabled" in left("Octopus.Action.Package.CustomInstallationDirectory")
    assert "not enabled" in left("Octopus.Action.Package.AutomaticallyUpdateAppSettingsAndConnectionStrings")
    assert "one package" in left('packages "extra"')


SCRIPTED = """
step "web" {
    name = "Web"
    properties = {
        Octopus.Action.TargetRoles = "web"
    }
    action {
        action_type = "Octopus.TentaclePackage"
        properties = {
            Octopus.Action.CustomScripts.Deploy.py = "print('deploy')"
            Octopus.Action.CustomScripts.PostDeploy.csx = "Console.WriteLine()"
            Octopus.Action.CustomScripts.PreDeploy.ps1 = "Write-Host pre"
            Octopus.Action.EnabledFeatures = "FEATURES"
            Octopus.Action.SubstituteInFiles.TargetFiles = "a.env"
            MORE
        }
        packages {
            feed = "octopus-server-built-in"
            package_id = "Web"
        }
    }
}
"""


def scripted(features: str, more: str = "") -> tuple[dict[str, object], str]:
    """The action's properties, and the report."""
    text = SCRIPTED.replace("FEATURES", features).replace("MORE", more)
    found = imported("books", {"deployment_process.ocl": text.encode()})
    made = read_process("process.yml", found.files["projects/books/process.yml"].encode())
    [action] = checked(made, {"deploy-package"}).steps[0].actions
    return dict(action.properties), "\n".join(map(str, found.lines))


def test_scripts_of_an_action_go_with_its_package() -> None:
    made, report = scripted("Octopus.Features.CustomScripts,Octopus.Features.SubstituteInFiles")
    assert made == {
        "package": "Web",
        "pre_deploy": {"language": "powershell", "script": "Write-Host pre"},
        "deploy": {"language": "python", "script": "print('deploy')"},
        "substitute": ["a.env"],
    }
    assert "NOT taken: Octopus.Action.CustomScripts.PostDeploy.csx" in report
    assert scripted("")[0] == {"package": "Web"}, "nothing that is not enabled"


@pytest.mark.parametrize(
    ("said", "scripts", "taken"), [("False", False, True), ("True", None, True), ("#{Run}", None, False)]
)
def test_whether_scripts_of_a_package_run_is_taken(said: str, scripts: object, taken: bool) -> None:
    made, report = scripted("", f'Octopus.Action.Package.RunScripts = "{said}"')
    assert made.get("scripts") is scripts
    assert ("NOT taken: Octopus.Action.Package.RunScripts" in report) is not taken


CUSTOM = """Octopus.Action.Package.CustomInstallationDirectory = "/srv/#{Name}"
            Octopus.Action.Package.CustomInstallationDirectoryPurgeExclusions = <<-EOT
                logs
                **/*.local
            EOT
            Octopus.Action.Package.CustomInstallationDirectoryShouldBePurgedBeforeDeployment = "True"
"""


def test_a_custom_installation_directory_is_taken() -> None:
    made, report = scripted("Octopus.Features.CustomDirectory", CUSTOM)
    assert made["custom_directory"] == {"path": "/srv/#{Name}", "purge": True, "keep": ["logs", "**/*.local"]}
    assert "NOT taken: Octopus.Action.Package" not in report
    made, report = scripted("", CUSTOM)
    assert "custom_directory" not in made and report.count("NOT taken: Octopus.Action.Package.Custom") == 3


@pytest.mark.parametrize("path", ["C:\\\\inetpub\\\\tools", "/etc/tools", "tools", "/srv/../x"])
def test_a_custom_installation_directory_that_cannot_be_one_is_told(path: str) -> None:
    made, report = scripted("Octopus.Features.CustomDirectory", CUSTOM.replace("/srv/#{Name}", path))
    assert "custom_directory" not in made
    assert (
        report.count("NOT taken: Octopus.Action.Package.Custom") == 3 and "where a package is to be installed" in report
    )


def test_a_script_of_a_package_stays_in_it() -> None:
    (action,) = process().steps[5].actions
    assert action.properties == {"package": "Installer", "file": "bin/install.sh"}
    feeds = told("deployment_process.ocl", "feed")
    assert sum("NOT taken" in line and "push it there" in line for line in feeds) == 1


ONE = """step "a" {
    properties = { Octopus.Action.TargetRoles = "%s" }
    action {
        action_type = "Octopus.TentaclePackage"
        packages {
            package_id = "%s"
        }
    }
}
"""


@pytest.mark.parametrize(
    ("tags", "package", "why"),
    [("", "Tools", "no target tags"), ("web", "#{Which}", "without variables"), ("web", "", "names no package")],
)
def test_a_package_that_cannot_be_deployed_fails_and_says_why(tags: str, package: str, why: str) -> None:
    made = imported("books", {"deployment_process.ocl": (ONE % (tags, package)).encode()})
    ((action,),) = [step.actions for step in read_process("p", made.files["projects/books/process.yml"].encode()).steps]
    assert action.kind == "script" and why in str(action.properties["script"])


def test_names_that_no_file_gives_are_told_once_where_they_are_used_first() -> None:
    assert [(one.file, one.what) for one in books().unknown] == [
        ("deployment_process.ocl", "#{Start}"),
        ("deployment_settings.ocl", "#{Notes}"),
        ("runbooks/tidy.ocl", "#{Mount}"),
        ("variables.ocl", "#{Name}"),
    ]
    assert all("tenant_templates" in str(one) for one in books().unknown)


def test_a_name_is_given_whole_in_part_or_as_what_is_below_it() -> None:
    variables = 'variable "Db.Host" {\n value "a" {}\n}\nvariable "Json" {\n value "{}" {}\n}\n'
    script = (
        "#{Db.Host} #{Json.a[0].b} #{Octopus.Environment.Name} #{each one in Db}#{one}#{/each} "
        "#{Key[#{Json}].x | ToUpper} #{if Asked}#{/if}"
    )
    process = (
        'step "a" {\n action {\n  properties = {\n   Mine = "1"\n   Octopus.Action.Script.ScriptBody = <<-EOT\n    '
        f"{script}\n    get_octopusvariable \"Bash.Name\"\n    $OctopusParameters['Power'] $OctopusParameters['Mine']\n"
        "   EOT\n  }\n }\n}\n"
    )
    made = imported("x", {"deployment_process.ocl": process.encode(), "variables.ocl": variables.encode()})
    assert {one.what for one in made.unknown} == {"#{Key}", "#{Asked}", "#{Bash.Name}", "#{Power}"}


def test_variables_are_taken_with_their_scopes_and_prompts() -> None:
    made = YAML(typ="safe").load(books().files["projects/books/variables.yml"])["variables"]
    assert made == [
        {"name": "Db:Host", "value": "test.example.com", "scope": {"environment": ["development", "test"]}},
        {"name": "Db:Host", "value": "#{Name}.example.com", "description": "where data is"},
        {"name": "Motto", "value": "one\ntwo", "prompt": {"label": "The motto", "required": True}},
    ]
    assert "certificate" in told("variables.ocl", 'variable "Tls"')[0].lower()


def test_environments_get_the_names_that_they_have_here() -> None:
    made = imported("books", FILES, {"production": "Production", "test": "Test"})
    actions = read_process("process.yml", made.files["projects/books/process.yml"].encode()).steps[1].actions
    assert actions[1].environments == ("Production",)
    assert "- Test" in made.files["projects/books/variables.yml"]


def runbook(text: str, slug: str = "tidy", **environments: str) -> RunbookItem:
    made = imported("books", {f"runbooks/{slug}.ocl": text.encode()}, environments)
    return read_item(made, slug)


def read_item(made: Imported, slug: str) -> RunbookItem:
    text = made.files[f"projects/books/runbooks/{slug}.yml"]
    return RunbookItem.model_validate(YAML(typ="safe").load(text))


def test_a_runbook_is_taken_with_its_settings_and_its_steps() -> None:
    item = read_item(imported("books", FILES, {"production": "Production"}), "tidy")
    assert (item.name, item.description, item.published) == ("Tidy the disks", "Old logs go.", None)
    assert (item.environments, item.in_lifecycle, item.keep_runs) == (("test", "Production"), False, 30)
    assert item.tenancy is Tenancy.EITHER
    process = process_model_of(item)
    assert (process.is_guided, process.no_target) == (True, NoTarget.SKIP)
    assert process.unavailable_targets is UnavailableTargets.SKIP
    assert process.unhealthy_targets is UnhealthyTargets.EXCLUDE
    look, rotate = checked(process, {"script"}).steps
    assert (look.name, look.target_tags, look.actions[0].environments) == ("Look", ("web",), ("Production",))
    assert look.actions[0].properties["script"] == "df #{Mount}"
    assert "process template rotate-logs" in str(rotate.actions[0].properties["script"])


def test_what_a_runbook_had_besides_is_told_with_its_line() -> None:
    def left(what: str) -> bool:
        (line,) = told("runbooks/tidy.ocl", what)
        return "NOT taken" in line

    for what in ("cancel_queued_tasks", "runbook_tags", "target_roles", 'process_template "rotate"'):
        assert left(what), what
    for what in ("multi_tenancy_mode", "skip_machine_behavior", "quantity_to_keep", "process"):
        assert not left(what), what


@pytest.mark.parametrize(
    ("retention", "kept"),
    [
        ("", 100),
        ('run_retention_policy {\n type = "Default"\n}\n', 100),
        ('run_retention_policy {\n strategy = "Forever"\n}\n', 100_000),
        ("run_retention_policy {\n should_keep_forever = true\n}\n", 100_000),
        ("run_retention_policy {\n quantity_to_keep = 0\n}\n", 100_000),
        ('run_retention_policy {\n quantity_to_keep = 7\n unit = "Days"\n}\n', 100),
        ('run_retention_policy {\n quantity_to_keep = 7\n unit = "Items"\n}\n', 7),
    ],
)
def test_runs_are_kept_by_their_number(retention: str, kept: int) -> None:
    assert runbook(f'name = "a"\n{retention}').keep_runs == kept


@pytest.mark.parametrize(
    ("scope", "places", "in_lifecycle"),
    [
        ('environment_scope = "All"', (), False),
        ('environment_scope = "All"\nenvironments = ["test"]', (), False),
        ('environment_scope = "FromProjectLifecycles"', (), True),
        ('environments = ["test", "t2"]', ("Test",), False),
        ("", (), False),
    ],
)
def test_a_runbook_may_run_where_its_scope_says(scope: str, places: tuple[str, ...], in_lifecycle: bool) -> None:
    item = runbook(f"{scope}\n", test="Test", t2="Test")
    assert (item.name, item.environments, item.in_lifecycle) == ("tidy", places, in_lifecycle)
    assert (item.tenancy, item.steps) == (Tenancy.UNTENANTED, [])


def test_runbooks_have_names_that_can_be_and_variables_are_theirs_by_them() -> None:
    variables = 'variable "A" {\n value "1" {\n  process = ["b", "deployment"]\n }\n}\n'
    documents = {"runbooks/a.ocl": 'name = "Log/s"', "runbooks/b.ocl": 'name = "log-s"', "variables.ocl": variables}
    made = imported("books", {path: text.encode() for path, text in documents.items()})
    assert [read_item(made, slug).name for slug in ("a", "b")] == ["Log-s", "log-s 2"]
    (entry,) = YAML(typ="safe").load(made.files["projects/books/variables.yml"])["variables"]
    assert entry["scope"] == {"process": ["deployment", "log-s 2"]}
    assert any("is called 'log-s 2' here" in str(line) for line in made.lines)


def test_settings_of_deployments_say_how_the_process_runs() -> None:
    made = read_process("process.yml", books().files["projects/books/process.yml"].encode())
    assert (made.is_guided, made.no_target) == (True, NoTarget.SKIP)
    assert made.package_redeployment is PackageRedeployment.SKIP
    assert "NOT taken" not in told("deployment_settings.ocl", "default_to_skip_if_already_installed")[0]
    alone = imported("books", {"deployment_settings.ocl": FILES["deployment_settings.ocl"]})
    assert any("NOT taken: connectivity_policy" in str(line) for line in alone.lines)


def test_a_file_of_another_project_is_left_and_told_how_it_comes() -> None:
    (line,) = imported("books", {"shop/deployment_settings.ocl": b'description = "a"'}).lines
    assert "NOT taken" in str(line) and "name the folder" in str(line)


def test_every_line_is_reported_once() -> None:
    for file, content in FILES.items():
        places = [(line.line, line.what.split(" ")[0]) for line in books().lines if line.file == file]
        everything = sorted(_elements(read_ocl(file, content.decode()), left=_left(file)))
        assert sorted(places) == everything


def _left(file: str) -> set[int]:
    """The lines of blocks that were not taken: what is inside them went with them."""
    return {line.line for line in books().lines if line.file == file and not line.is_taken}


def _elements(block: Block, *, left: set[int]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for one in block.body:
        found.append((one.place.line, one.name))
        if one.place.line in left:
            continue
        if isinstance(one, Block):
            found += _elements(one, left=left)
        elif isinstance(one, Attribute) and isinstance(one.value, Entries):
            found += [(entry.place.line, entry.name) for entry in one.value.attributes]
    return found


def test_a_file_that_cannot_be_read_is_named_with_its_place() -> None:
    with pytest.raises(ProjectFileInvalid, match=r"variables\.ocl:1:10"):
        imported("books", {"variables.ocl": b"variable ]"})


def test_a_folder_without_any_is_no_project_of_octopus() -> None:
    with pytest.raises(Invalid) as refused:
        imported("books", {"readme.md": b""})
    assert refused.value.code == "import.nothing"


def test_a_name_that_occurs_twice_or_cannot_be_is_made_one_that_can() -> None:
    text = 'step "a[1]" {\n  action {}\n}\nstep "a(1)" {\n}\n'
    made = imported("books", {"deployment_process.ocl": text.encode()}).files["projects/books/process.yml"]
    steps = checked(read_process("process.yml", made.encode()), {"script"}).steps
    assert [step.name for step in steps] == ["a(1)", "a(1) 2"]
