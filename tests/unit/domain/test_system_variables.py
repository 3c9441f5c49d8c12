"""Variables that the product gives: under both prefixes, whatever the case, and only of what there is."""

from datetime import UTC, datetime

from fairlead.domain import system_variables
from fairlead.domain.channel import Channel
from fairlead.domain.environment import Environment
from fairlead.domain.ids import ChannelId, EnvironmentId, LifecycleId, ProjectId, ReleaseId
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.domain.system_variables import ReleaseBefore, SystemVariables

AT = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
PROJECT = Project(ProjectId("prj-1"), "books", LifecycleId("lc-1"), AT)
CHANNEL = Channel(ChannelId("chn-1"), PROJECT.id, "Beta")
RELEASE = Release(ReleaseId("rel-1"), PROJECT.id, CHANNEL.id, "1.4.0", AT, notes="# New")


def test_each_stands_under_both_prefixes_and_case_makes_no_difference() -> None:
    found = SystemVariables(system_variables.of_environment(Environment(EnvironmentId("env-1"), "Test", 2)))
    assert found["Octopus.Environment.Name"] == found["FAIRLEAD.environment.NAME"] == "Test"
    assert found["Octopus.Environment.SortOrder"] == "2"
    assert found.find("Environment.Name") is None and found.find("Octopus.Nothing") is None
    assert {name.partition(".")[0] for name in found} == {"Octopus", "Fairlead"} and len(found) == len(list(found))


def test_a_later_part_takes_the_place_of_an_earlier_one() -> None:
    assert SystemVariables({"Step.Name": "a"}, {"step.name": "b"})["Octopus.Step.Name"] == "b"


def test_a_release_is_told_with_its_channel_and_without_a_commit_that_it_has_not() -> None:
    found = system_variables.of_release(PROJECT, RELEASE, CHANNEL)
    assert (found["Release.Number"], found["Release.Notes"], found["Release.Channel.Name"]) == (
        "1.4.0",
        "# New",
        "Beta",
    )
    assert found["Release.Created"] == "2026-03-02T09:14:00+00:00"
    assert found["Web.ReleaseLink"] == "/projects/books/releases/1.4.0"
    assert not any(name.startswith("Release.Git") for name in found)


def test_releases_before_it_are_told_where_there_are_any() -> None:
    found = system_variables.of_releases_before(
        previous=ReleaseBefore("rel-0", "1.3.0"), previous_there=None, current_there=ReleaseBefore("rel-0", "1.3.0")
    )
    assert found == {
        "Release.Previous.Id": "rel-0",
        "Release.Previous.Number": "1.3.0",
        "Release.CurrentForEnvironment.Id": "rel-0",
        "Release.CurrentForEnvironment.Number": "1.3.0",
    }


def test_a_target_tells_which_of_its_tags_the_step_targets() -> None:
    found = system_variables.of_target("tgt-1", "web-1", tags=["web", "eu"], targeted=["web", "db"])
    assert found["Machine.Roles"] == "eu,web"
    assert found["Tentacle.CurrentDeployment.TargetedRoles"] == "web"
