"""Which file of a package is the script of a stage."""

import pytest

from fairlead.domain.package_scripts import Stage, scripts_of


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["Deploy.ps1", "Deploy.sh", "Deploy.py"], ("Deploy.sh", "Deploy.py", "Deploy.ps1")),
        (["deploy.SH"], ("deploy.SH",)),
        (["PreDeploy.sh", "Deploy.csx", "Deploy", "Deploy.sh.bak", "MyDeploy.sh", ".sh"], ()),
        (["deploy.py", "Deploy.py"], ("Deploy.py", "deploy.py")),
    ],
)
def test_the_script_of_a_stage_is_named_after_it_in_any_case_bash_first(names: list[str], found: tuple[str]) -> None:
    assert scripts_of(Stage.DEPLOY, names) == found


def test_a_stage_has_a_name_for_properties() -> None:
    assert [stage.slug for stage in Stage] == ["pre_deploy", "deploy", "post_deploy", "deploy_failed"]
