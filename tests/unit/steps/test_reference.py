"""The reference of step kinds is what the code says."""

import os
from pathlib import Path

from fairlead.steps.action_kinds import ACTION_KINDS
from fairlead.steps.deploy_services import DeployServices
from fairlead.steps.end_standby import EndStandby
from fairlead.steps.pipeline import Pipeline
from fairlead.steps.reference import page
from fairlead.steps.retire_place import RetirePlace

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "step-kinds.md"
KINDS = (DeployServices(), EndStandby(), RetirePlace(), Pipeline())


def test_the_page_is_current():
    wanted = page(KINDS, tuple(ACTION_KINDS.values()))
    if os.environ.get("FAIRLEAD_WRITE_REFERENCE"):
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(wanted)
    assert PAGE.read_text() == wanted, "run this test with FAIRLEAD_WRITE_REFERENCE=1 to write the page anew"


def test_no_effect_kind_has_the_name_of_another():
    deployment, pipeline = set(DeployServices.effects), set(Pipeline.effects)
    assert not deployment & pipeline
    assert all(kind.kind == name for name, kind in DeployServices.effects.items())
