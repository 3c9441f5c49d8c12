"""Which addresses, branches and commit ids are taken."""

import pytest

from fairlead.domain.errors import Invalid
from fairlead.domain.git_address import GitAddress, branch_name, commit_id, read_address

TAKEN = {
    "/srv/git/books.git": GitAddress("local", "/srv/git/books.git", path="/srv/git/books.git"),
    "file:///srv/git/books.git": GitAddress("local", "/srv/git/books.git", path="/srv/git/books.git"),
    "https://example.com/team/books.git": GitAddress(
        "http", "https://example.com/team/books.git", "example.com", "", "team/books"
    ),
    "https://me@example.com:8443/team/books": GitAddress(
        "http", "https://example.com:8443/team/books", "example.com", "me", "team/books"
    ),
    "git@github.com:team/books.git": GitAddress(
        "ssh", "git@github.com:team/books.git", "github.com", "git", "team/books"
    ),
    "ssh://git@example.com:2222/team/books.git": GitAddress(
        "ssh", "ssh://git@example.com:2222/team/books.git", "example.com", "git", "team/books"
    ),
    "git+ssh://git@[::1]/books": GitAddress("ssh", "ssh://git@[::1]/books", "[::1]", "git", "books"),
}


@pytest.mark.parametrize("url", TAKEN)
def test_an_address_is_read(url: str) -> None:
    assert read_address(url) == TAKEN[url]


def test_the_origin_is_what_git_shows_when_it_asks() -> None:
    assert read_address("https://me@example.com:8443/team/books").origin == "https://example.com:8443"


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(Invalid) as error:
        read_address("https://me:s3cret@example.com/a")
    assert "s3cret" not in str(error.value)


def test_nor_in_an_address_that_is_wrong_in_another_way() -> None:
    with pytest.raises(Invalid) as error:
        read_address("ftp://me:s3cret@example.com/a")
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("name", ["main", "feature/x-1", "release/1.2", "ünïcode", "a@b"])
def test_usual_branch_names_are_taken(name: str) -> None:
    assert branch_name(name) == name


@pytest.mark.parametrize("text", ["", "HEAD", "A" * 40, "a" * 39, "a" * 41, "a" * 40 + "\n"])
def test_only_whole_commit_ids_are_taken(text: str) -> None:
    with pytest.raises(Invalid):
        commit_id(text)
