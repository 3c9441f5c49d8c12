"""What every Source keeps to: subclass it and give the fixture `given`."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from fairlead.domain.errors import FairleadError, Invalid, NotAllowed, NotFound, Unreachable
from fairlead.ports.source import Repository, Source, Tree

NO_COMMIT = "0123456789abcdef0123456789abcdef01234567"
BAD_ADDRESSES = (
    "",
    "ext::sh -c touch% /tmp/x",
    "fd::17",
    "--upload-pack=touch /tmp/x",
    "-oProxyCommand=touch",
    "ssh://-oProxyCommand=touch/x",
    "git@-oProxyCommand=touch:x",
    "https://example.com/a\nb",
    "https://example.com/../etc",
    "https://example.com/%2e%2e/etc",
    "https://someone:secret@example.com/a",
    "https://example.com/a?x=1",
    "ftp://example.com/a",
    "git://example.com/a",
    "file://elsewhere/srv/a",
    "/srv/../etc",
    "relative/path",
    "~/repository",
    "host:",
)
BAD_BRANCHES = ("", "-x", "--upload-pack=x", "a..b", "a b", "a\nb", "a~1", "a^", "a:b", "a/", "/a", "a.lock", "@", "*")


class GivenSource(Protocol):
    """A source, and a repository of it to which commits can be added. `nowhere` does not exist."""

    source: Source
    repository: Repository
    nowhere: Repository

    def commit(self, branch: str, files: Mapping[str, bytes], *, subject: str = "a change", fresh: bool = False) -> str:
        """A new commit that holds just these files (a name ending in ``*`` is executable, in ``@`` a link); its id.

        With `fresh` it has no parent, so that the branch is rewritten.
        """
        ...

    def tag(self, name: str, commit: str) -> None:
        """A tag object of that name that points at the commit."""
        ...


def content(tree: Tree, name: str) -> bytes:
    """What the checked-out file holds."""
    return Path(tree.path, name).read_bytes()


class SourceContract:
    """The rules of `ports.source.Source`."""

    @pytest.fixture
    def given(self) -> GivenSource:
        """The source under test; each subclass says which."""
        raise AssertionError("a subclass gives the source")

    async def test_the_head_is_what_the_branch_names_now(self, given: GivenSource) -> None:
        first = given.commit("main", {"a": b"1"})
        assert await given.source.head(given.repository, "main") == first
        second = given.commit("main", {"a": b"2"})
        assert await given.source.head(given.repository, "main") == second

    async def test_all_branches_are_told(self, given: GivenSource) -> None:
        main, topic = given.commit("main", {"a": b"1"}), given.commit("feature/x", {"a": b"2"})
        assert await given.source.branches(given.repository) == {"feature/x": topic, "main": main}

    async def test_a_branch_that_is_not_there_is_not_found(self, given: GivenSource) -> None:
        given.commit("main", {"a": b"1"})
        with pytest.raises(NotFound) as error:
            await given.source.head(given.repository, "absent")
        assert error.value.code == "source.branch"

    async def test_a_branch_that_is_not_there_is_said_with_those_that_are(self, given: GivenSource) -> None:
        for branch in ("trunk", "dev", "a/1", "a/2", "a/3", "a/4"):
            given.commit(branch, {"a": b"1"})
        with pytest.raises(NotFound) as error:
            await given.source.head(given.repository, "main")
        assert error.value.message == "the repository has no branch 'main', but a/1, a/2, a/3, a/4, dev and 1 more"
        assert "projects connect NAME URL --branch BRANCH" in error.value.hint

    async def test_a_part_of_a_branch_name_is_not_the_branch(self, given: GivenSource) -> None:
        given.commit("feature/main", {"a": b"1"})
        with pytest.raises(NotFound):
            await given.source.head(given.repository, "main")

    async def test_a_branch_a_tag_and_a_commit_name_a_commit(self, given: GivenSource) -> None:
        old, new = given.commit("main", {"a": b"1"}), given.commit("main", {"a": b"2"})
        given.tag("v1", old)
        for ref, commit in {
            "main": new,
            "refs/heads/main": new,
            "v1": old,
            "refs/tags/v1": old,
            old: old,
            new: new,
        }.items():
            assert await given.source.commit_of(given.repository, ref) == commit, ref

    async def test_a_branch_comes_before_a_tag_of_its_name(self, given: GivenSource) -> None:
        old, new = given.commit("main", {"a": b"1"}), given.commit("main", {"a": b"2"})
        given.tag("main", old)
        assert await given.source.commit_of(given.repository, "main") == new
        assert await given.source.commit_of(given.repository, "refs/tags/main") == old

    @pytest.mark.parametrize("ref", ["absent", "refs/tags/absent", NO_COMMIT, "abc123"])
    async def test_a_ref_that_is_not_there_is_not_found(self, given: GivenSource, ref: str) -> None:
        given.commit("main", {"a": b"1"})
        with pytest.raises(NotFound) as error:
            await given.source.commit_of(given.repository, ref)
        assert error.value.code == "source.ref"

    @pytest.mark.parametrize("ref", BAD_BRANCHES)
    async def test_a_ref_that_could_harm_is_refused(self, given: GivenSource, ref: str) -> None:
        with pytest.raises(Invalid) as error:
            await given.source.commit_of(given.repository, ref)
        assert error.value.code == "input.name"

    async def test_a_commit_that_only_a_tag_names_is_fetched(self, given: GivenSource, tmp_path: Path) -> None:
        given.commit("main", {"a": b"1"})
        tagged = given.commit("gone", {"dir/run*": b"2"}, fresh=True)
        given.tag("v2", tagged)
        given.commit("gone", {"a": b"3"}, fresh=True)
        assert await given.source.commit_of(given.repository, "v2") == tagged
        assert await given.source.files(given.repository, tagged) == {"dir/run": 0o100755}
        tree = await given.source.check_out(given.repository, tagged, str(tmp_path / "out"))
        assert content(tree, "dir/run") == b"2"

    async def test_a_checked_out_commit_has_its_files_and_modes_and_nothing_else(
        self, given: GivenSource, tmp_path: Path
    ) -> None:
        commit = given.commit("main", {"a": b"1", "dir/run*": b"#!/bin/sh\n", "link@": b"a"}, subject="begin")
        tree = await given.source.check_out(given.repository, commit, str(tmp_path / "out"))
        assert tree.files == {"a": 0o100644, "dir/run": 0o100755, "link": 0o120000}
        assert tree.commit.id == commit and tree.commit.subject == "begin"
        assert sorted(os.listdir(tree.path)) == ["a", "dir", "link"]
        assert content(tree, "a") == b"1"
        assert os.readlink(Path(tree.path, "link")) == "a"
        assert os.stat(os.path.join(tree.path, "dir/run")).st_mode & stat.S_IXUSR

    async def test_a_check_out_is_made_anew(self, given: GivenSource, tmp_path: Path) -> None:
        old, new = given.commit("main", {"a": b"1", "b": b"1"}), given.commit("main", {"a": b"2"})
        for commit in (old, new, new):
            tree = await given.source.check_out(given.repository, commit, str(tmp_path / "out"))
        assert os.listdir(tree.path) == ["a"]
        assert content(tree, "a") == b"2"

    async def test_a_link_that_leads_outside_is_kept_named_and_not_followed(
        self, given: GivenSource, tmp_path: Path
    ) -> None:
        (tmp_path / "outside").write_text("safe")
        commit = given.commit("main", {"out@": str(tmp_path / "outside").encode(), "up@": b"../../etc"})
        tree = await given.source.check_out(given.repository, commit, str(tmp_path / "tree"))
        assert len([warning for warning in tree.warnings if "leads out" in warning]) == 2
        assert (tmp_path / "outside").read_text() == "safe"

    async def test_where_files_go_a_link_is_replaced_and_not_followed(self, given: GivenSource, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "kept").write_text("kept")
        (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
        await given.source.check_out(given.repository, given.commit("main", {"a": b"1"}), str(tmp_path / "out"))
        assert os.listdir(tmp_path / "elsewhere") == ["kept"]

    async def test_a_commit_that_is_not_there_is_not_found(self, given: GivenSource, tmp_path: Path) -> None:
        given.commit("main", {"a": b"1"})
        with pytest.raises(NotFound) as error:
            await given.source.check_out(given.repository, NO_COMMIT, str(tmp_path / "out"))
        assert error.value.code == "source.commit"

    async def test_something_that_is_no_commit_id_is_refused(self, given: GivenSource, tmp_path: Path) -> None:
        given.commit("main", {"a": b"1"})
        for text in ("main", "HEAD", "--output=x", "abc"):
            with pytest.raises(Invalid):
                await given.source.check_out(given.repository, text, str(tmp_path / "out"))

    async def test_commits_between_are_newest_first(self, given: GivenSource) -> None:
        ids = [given.commit("main", {"a": str(n).encode()}, subject=f"change {n}") for n in range(4)]
        between = await given.source.commits_between(given.repository, ids[0], ids[3])
        assert [commit.id for commit in between] == [ids[3], ids[2], ids[1]]
        assert [commit.subject for commit in between] == ["change 3", "change 2", "change 1"]
        assert between[0].parents == (ids[2],)

    async def test_without_an_old_head_the_newest_are_told(self, given: GivenSource) -> None:
        ids = [given.commit("main", {"a": str(n).encode()}) for n in range(4)]
        told = await given.source.commits_between(given.repository, None, ids[3], limit=2)
        assert [commit.id for commit in told] == [ids[3], ids[2]]
        gone = await given.source.commits_between(given.repository, NO_COMMIT, ids[3], limit=2)
        assert gone == told

    async def test_a_rewritten_branch_is_followed(self, given: GivenSource, tmp_path: Path) -> None:
        old = given.commit("main", {"a": b"1"})
        await given.source.check_out(given.repository, old, str(tmp_path / "out"))
        new = given.commit("main", {"a": b"2"}, fresh=True)
        assert await given.source.head(given.repository, "main") == new
        tree = await given.source.check_out(given.repository, new, str(tmp_path / "out"))
        assert content(tree, "a") == b"2"
        between = await given.source.commits_between(given.repository, old, new)
        assert [commit.id for commit in between] == [new]

    async def test_a_repository_that_is_not_there_is_unreachable(self, given: GivenSource) -> None:
        with pytest.raises((Unreachable, NotAllowed)) as error:
            await given.source.head(given.nowhere, "main")
        assert error.value.code in {"source.unreachable", "source.refused"}

    @pytest.mark.parametrize("url", BAD_ADDRESSES)
    async def test_an_address_that_could_harm_is_refused(self, given: GivenSource, url: str) -> None:
        with pytest.raises(Invalid) as error:
            await given.source.head(Repository(url), "main")
        assert error.value.code == "source.url"

    @pytest.mark.parametrize("branch", BAD_BRANCHES)
    async def test_a_branch_that_could_harm_is_refused(self, given: GivenSource, branch: str) -> None:
        with pytest.raises(Invalid) as error:
            await given.source.head(given.repository, branch)
        assert error.value.code == "input.name"

    async def test_no_error_holds_a_credential(self, given: GivenSource) -> None:
        secret = Repository(given.nowhere.url, user="reader", password="pa55word-of-mine")
        with pytest.raises(FairleadError) as error:
            await given.source.head(secret, "main")
        assert "pa55word-of-mine" not in str(error.value) + error.value.thing

    def test_deploy_keys_are_pairs_of_their_own(self, given: GivenSource) -> None:
        first, second = given.source.deploy_key("books; rm -rf"), given.source.deploy_key("books")
        assert first.private != second.private and first.public != second.public
        assert first.public.startswith("ssh-ed25519 ") and ";" not in first.public and "\n" not in first.public
        assert first.private.startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
