"""Notes, build information, what a deployment brings, copies, the next version, and variables that are locked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.unit.usecases.house import ADMIN, DIGEST, PROJECT_FILE, House

from fairlead.domain.build_information import BuildCommit, BuildInformation
from fairlead.domain.errors import Conflict, FairleadError, Invalid, NotFound
from fairlead.domain.ids import DeploymentId
from fairlead.domain.release import Release
from fairlead.domain.release_settings import ReleaseSettings
from fairlead.store import deployments
from fairlead.usecases import (
    approvals,
    build_information,
    channels,
    release_changes,
    release_settings,
    releases,
    variables,
)

FILE = {"fairlead.yml": PROJECT_FILE.format(name="books", image="nginx", more="").encode()}


def make(house: House, version: str, *, notes: str = "", channel: str = "", tag: str = "") -> Release:
    image = DIGEST.replace("@", f":{tag or version}@")
    return releases.create(
        house.context,
        ADMIN,
        "books",
        version=version,
        images={"web": image},
        contents=FILE,
        notes=notes,
        channel=channel,
    )


def told(package: str, version: str, *comments: str) -> BuildInformation:
    commits = tuple(BuildCommit(f"{number:04x}", comment) for number, comment in enumerate(comments))
    return BuildInformation(
        "", package, version, datetime(2026, 1, 1, tzinfo=UTC), vcs_root="https://git.test/books", commits=commits
    )


def settle(house: House, **changes: object) -> None:
    held = release_settings.get(house.context, ADMIN, "books").settings
    release_settings.put(house.context, ADMIN, "books", replace(held, **changes))  # type: ignore[arg-type]


def test_build_information_may_come_before_the_package_and_is_told_once(books: House) -> None:
    made = build_information.push(books.context, ADMIN, told("web", "9.0", "Fix #3"))
    assert made.created_by == ADMIN.name
    with pytest.raises(Conflict) as raised:
        build_information.push(books.context, ADMIN, told("WEB", "9.0"))
    assert raised.value.code == "build_information.exists"
    kept = build_information.push(books.context, ADMIN, told("web", "9.0"), on_existing="ignore")
    assert kept.commits == made.commits
    build_information.push(books.context, ADMIN, told("web", "9.0", "Other"), on_existing="overwrite")
    assert build_information.get(books.context, ADMIN, "Web", "9.0").commits[0].comment == "Other"
    assert [one.id for one in build_information.page(books.context, ADMIN, package="web").items] == [made.id]
    build_information.remove(books.context, ADMIN, "web", "9.0")
    with pytest.raises(NotFound) as gone:
        build_information.get(books.context, ADMIN, "web", "9.0")
    assert gone.value.code == "build_information.unknown"
    for package, version in (("", "1"), ("x\n", "1"), ("web", "1 0")):
        with pytest.raises(Invalid):
            build_information.push(books.context, ADMIN, told(package, version))


def test_notes_are_kept_whole_whatever_the_letters_and_bounded(books: House) -> None:
    notes = "naïve 🌍 \u202eעברית\n" * 40_000
    assert releases.get(books.context, ADMIN, "books", make(books, "1.0", notes=notes).version).release.notes == notes
    with pytest.raises(Invalid) as raised:
        make(books, "1.1", notes="x" * 1_000_001)
    assert raised.value.code == "input.too_large"


def test_notes_are_filled_in_with_builds_and_variables_but_no_secrets(books: House) -> None:
    build_information.push(books.context, ADMIN, told("books/web", "2.0", "Close #5"))
    variables.put(books.context, ADMIN, "books", "Team", "Readers")
    variables.put(books.context, ADMIN, "books", "Key", "hunter2", is_secret=True)
    notes = (
        "#{Team} #{Octopus.Release.Number} #{Fairlead.Project.Name} #{Key} #{Nobody}"
        "#{each item in Octopus.Release.WorkItems} [#{item.Id}](#{item.LinkUrl})#{/each}"
        "#{each package in Octopus.Release.Package} #{package.PackageId}=#{package.Version}#{/each}"
    )
    image = DIGEST.replace("registry.test/web@", "registry.test/books/web:2.0@")
    made = releases.create(
        books.context, ADMIN, "books", version="2.0.0", images={"web": image}, contents=FILE, notes=notes
    )
    assert made.notes == (
        "Readers 2.0.0 books #{Key} #{Nobody} [5](https://git.test/books/issues/5) web=2.0 books/web=2.0"
    )
    settle(books, notes_template="Release #{Octopus.Release.Number} of #{Octopus.Release.Channel.Name}")
    assert make(books, "2.1.0").notes == "Release 2.1.0 of Default"
    assert make(books, "2.2.0", notes="own").notes == "own"


def test_a_deployment_brings_the_releases_since_the_one_before_it_there(books: House) -> None:
    channels.add(books.context, ADMIN, "books", channels.ChannelWords("Other"))
    make(books, "1.0.0", notes="first")
    books.go_live("1.0.0")
    make(books, "1.1.0", notes="second")
    build_information.push(books.context, ADMIN, told("web", "1.1.0", "Settle #8"))
    make(books, "1.1.5", channel="Other")
    make(books, "1.2.0-rc.1", notes="early")
    make(books, "1.2.0", notes="third")
    found = release_changes.preview(books.context, ADMIN, "books", "1.2.0", "Test")
    assert found.previous == "1.0.0"
    assert [one.release.version for one in found.changes] == ["1.1.0", "1.2.0"]
    assert [build.commits[0].comment for build in found.changes[0].builds] == ["Settle #8"]
    assert "**Release 1.1.0**\n\nsecond\n\n- [8](https://git.test/books/issues/8) - Settle #8" in found.markdown
    assert found.markdown.endswith("**Release 1.2.0**\n\nthird"), "nothing is told of issues where there are none"
    alone = release_changes.preview(books.context, ADMIN, "books", "1.2.0-rc.1", "Test")
    assert [one.release.version for one in alone.changes] == ["1.2.0-rc.1"]
    nowhere = release_changes.preview(books.context, ADMIN, "books", "1.1.0", "Production")
    assert (nowhere.previous, [one.release.version for one in nowhere.changes]) == ("", ["1.0.0", "1.1.0"])
    back = release_changes.preview(books.context, ADMIN, "books", "1.0.0", "Test")
    assert [one.release.version for one in back.changes] == ["1.0.0"]
    settle(books, changes_template="#{each one in Octopus.Deployment.Changes}#{one.Version};#{/each}")
    assert release_changes.preview(books.context, ADMIN, "books", "1.2.0", "Test").markdown == "1.1.0;1.2.0;"


def test_what_a_deployment_brought_does_not_change_with_what_came_after(books: House) -> None:
    for version in ("1.0.0", "1.1.0"):
        make(books, version)
        books.go_live(version)
    first, second = books.deployment("1.0.0"), books.deployment("1.1.0")
    assert release_changes.of_deployment(books.context, ADMIN, second.id).previous == "1.0.0"
    assert release_changes.of_deployment(books.context, ADMIN, first.id).previous == ""


def test_a_copy_has_what_the_release_had_under_a_version_of_its_own(books: House) -> None:
    made = make(books, "1.0.0", notes="as before", tag="7.7")
    copied = releases.copy(books.context, ADMIN, "books", "1.0.0", new_version="1.0.1")
    same = ("images", "files", "notes", "packages", "channel", "commit")
    assert all(getattr(copied, name) == getattr(made, name) for name in same)
    assert releases.copy(books.context, ADMIN, "books", "1.0.1", notes="other").version == "1.1.0"
    with pytest.raises(Conflict) as raised:
        releases.copy(books.context, ADMIN, "books", "1.0.0", new_version="1.0.0")
    assert raised.value.code == "release.exists"


def test_the_next_version_is_shown_and_is_the_one_that_is_given(books: House) -> None:
    settle(books, version_template="#{Octopus.Version.LastMajor}.#{Octopus.Version.NextMinor}.#{Base}")
    with pytest.raises(Invalid) as missing:
        release_settings.next_release(books.context, ADMIN, "books")
    assert missing.value.code == "release.template" and "Base" in missing.value.message
    variables.put(books.context, ADMIN, "books", "Base", "7")
    shown = release_settings.next_release(books.context, ADMIN, "books")
    assert (shown.version, shown.channel) == ("0.1.7", "Default")
    assert make(books, "", tag="1").version == "0.1.7"
    with pytest.raises(Invalid):
        settle(books, version_template="next please")


def test_a_donor_numbers_the_releases(books: House) -> None:
    settle(books, donor="web")
    assert make(books, "", tag="3.1.4").version == "3.1.4"
    with pytest.raises(Conflict) as raised:
        make(books, "", tag="3.1.4")
    assert raised.value.code == "release.exists" and "numbered by web" in raised.value.hint
    with pytest.raises(Invalid) as unknown:
        releases.create(books.context, ADMIN, "books", images={"web": DIGEST}, contents=FILE)
    assert unknown.value.code == "release.donor"


def test_a_promoted_release_keeps_its_variables_unless_the_project_says_otherwise(books: House) -> None:
    make(books, "1.0.0")
    books.go_live("1.0.0")
    variables.put(books.context, ADMIN, "books", "Db.Host", "second")
    assert releases.update_variables(books.context, ADMIN, "books", "1.0.0").changes
    approvals.approve(books.context, ADMIN, books.approval("1.0.0").id)
    variables.put(books.context, ADMIN, "books", "Db.Host", "third")
    assert releases.update_variables(books.context, ADMIN, "books", "1.0.0", is_preview=True).changes
    with pytest.raises(FairleadError) as raised:
        releases.update_variables(books.context, ADMIN, "books", "1.0.0")
    assert raised.value.code == "release.variables_locked" and "Production" in raised.value.message
    settle(books, locks_variables=False)
    assert releases.update_variables(books.context, ADMIN, "books", "1.0.0").changes


def test_a_release_stays_locked_however_often_it_was_deployed_since(books: House) -> None:
    make(books, "1.0.0")
    books.go_live("1.0.0")
    approvals.approve(books.context, ADMIN, books.approval("1.0.0").id)
    with books.context.database.transaction() as connection:
        first = deployments.page(connection, limit=2).items[-1]
        for number in range(1000, 1501):  # as many tenants make them
            later = replace(first, id=DeploymentId(f"dep-9{number}"), number=number, task=None)
            deployments.insert(connection, later)
    variables.put(books.context, ADMIN, "books", "Db.Host", "third")
    with pytest.raises(Conflict) as raised:
        releases.update_variables(books.context, ADMIN, "books", "1.0.0")
    assert raised.value.code == "release.variables_locked" and "Production" in raised.value.message


def test_settings_are_kept_whole_and_by_revision(books: House) -> None:
    held = release_settings.get(books.context, ADMIN, "books")
    settings = ReleaseSettings("2.0.i", "", "n", "c", locks_variables=False)
    saved = release_settings.put(books.context, ADMIN, "books", settings, revision=held.revision)
    assert release_settings.get(books.context, ADMIN, "books") == saved
    with pytest.raises(Conflict):
        release_settings.put(books.context, ADMIN, "books", settings, revision=held.revision)
