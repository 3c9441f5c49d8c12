"""Build information: links, issues that commits name, and what templates go over."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fairlead.domain.build_information import (
    BuildCommit,
    BuildInformation,
    WorkItem,
    check,
    commit_url,
    values_of,
)
from fairlead.domain.errors import FairleadError

BUILD = BuildInformation(
    "b",
    "web",
    "1.2.0",
    datetime(2026, 3, 2, tzinfo=UTC),
    build_url="https://ci.test/7",
    vcs_root="https://git.test/team/books.git",
    commit="c0ffee",
    commits=(
        BuildCommit("c0ffee", "Fix #12 and GH-7\n\nlong"),
        BuildCommit("beef", "no issue: abc#5, #0, ##9, C#3"),
        BuildCommit("f00d", "again (#12)"),
    ),
    work_items=(WorkItem("ABC-1", "https://jira.test/ABC-1", "told"),),
)


def test_issues_are_those_told_and_those_that_commits_name_each_once() -> None:
    assert [(one.id, one.url) for one in BUILD.issues] == [
        ("ABC-1", "https://jira.test/ABC-1"),
        ("12", "https://git.test/team/books/issues/12"),
        ("7", "https://git.test/team/books/issues/7"),
    ]
    assert BUILD.issues[1].description == "Fix #12 and GH-7"
    assert [one.url for one in replace(BUILD, vcs_root="git@git.test:x").issues] == ["https://jira.test/ABC-1", "", ""]


def test_commits_link_to_a_repository_of_the_web() -> None:
    assert commit_url(BUILD, "beef") == "https://git.test/team/books/commit/beef"
    assert commit_url(replace(BUILD, vcs_root="ssh://x"), "beef") == ""


def test_a_template_finds_packages_builds_and_issues() -> None:
    values = values_of([BUILD], {"web": "1.2.0", "api": "3"})
    assert values["Release.Package[api].Version"] == "3"
    assert values["Release.Package[web].Commits[1].CommitId"] == "beef"
    assert values["Release.Package[web].WorkItems[0].Id"] == "ABC-1"
    assert values["Release.WorkItems[2].LinkUrl"].endswith("/issues/7")
    assert values["Release.Builds[0].VcsCommitUrl"].endswith("/commit/c0ffee")
    assert values["Release.Builds[0].Packages"] == '[{"PackageId": "web", "Version": "1.2.0"}]'


@pytest.mark.parametrize(
    "wrong",
    [
        {"build_url": "javascript:alert(1)"},
        {"work_items": (WorkItem("1", "x y"),)},
        {"branch": "x" * 2001},
        {"commits": (BuildCommit("1", "x" * 20_001),)},
        {"commits": (BuildCommit("1"),) * 2001},
    ],
)
def test_what_cannot_be_kept_or_is_no_link_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(FairleadError):
        check(replace(BUILD, **wrong))  # type: ignore[arg-type]
