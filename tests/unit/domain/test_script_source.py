"""Scripts from other repositories: which addresses and refs are taken, and whose credentials open them."""

import pytest

from fairlead.domain.errors import FairleadError, NotFound
from fairlead.domain.looked_up import NotLookedUp, ScriptSource
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.process_rules import checked
from fairlead.domain.script_source import commits_of, is_ours_to_open

URL = "https://git.test/tools.git"
TOOLS = ScriptSource(URL, "v1", "bin/measure.sh")


def process(url: str = URL, ref: str = "v1", **how: bool) -> Process:
    held = {"file": "./bin/measure.sh", "repository": {"url": url, "ref": ref}}
    return Process(
        (ProcessStep("Measure", (Action("Measure", "script", held, is_disabled=how.get("disabled", False)),)),)
    )


@pytest.mark.parametrize(
    ("url", "ref", "code"),
    [
        ("--upload-pack=touch /tmp/x", "main", "source.url"),
        ("ext::sh -c touch% /tmp/x", "main", "source.url"),
        ("https://git.test/../tools.git", "main", "source.url"),
        ("https://git.test/a\nb.git", "main", "source.url"),
        ("https://someone:secret@git.test/tools.git", "main", "source.url"),
        (URL, "--upload-pack=x", "input.name"),
        (URL, "a..b", "input.name"),
        (URL, "main\nx", "input.name"),
        ("https://git.test/#{Name}.git", "main", "process.repository"),
        (URL, "#{Branch}", "process.repository"),
    ],
)
def test_what_could_harm_or_change_is_refused_with_its_own_code(url: str, ref: str, code: str) -> None:
    with pytest.raises(FairleadError) as caught:
        checked(process(url, ref), ["script"])
    assert caught.value.code == code
    assert "secret" not in str(caught.value)


def test_what_is_not_looked_up_yet_is_named_once() -> None:
    with pytest.raises(NotLookedUp) as caught:
        commits_of(process(), {})
    assert caught.value.wanted == (TOOLS,)
    assert commits_of(process(), {TOOLS: "c" * 40}) == {"Measure": "c" * 40}
    assert commits_of(process(disabled=True), {}) == {}
    with pytest.raises(NotFound):
        commits_of(process(), {TOOLS: NotFound("source.ref", "no")})


@pytest.mark.parametrize(
    ("own", "url", "is_ours"),
    [
        ("https://git.test/books.git", URL, True),
        ("https://git.test:8443/books.git", URL, False),
        ("http://git.test/books.git", URL, False),
        ("https://other.test/books.git", URL, False),
        (None, URL, False),
        ("git@git.test:books.git", "ssh://git@git.test/tools.git", True),
        ("git@git.test:books.git", "ssh://git@git.test:2222/tools.git", False),
        ("ssh://git@git.test:2222/books.git", "ssh://git@git.test:2222/tools.git", True),
        ("git@git.test:books.git", "root@git.test:tools.git", False),
        ("https://git.test/books.git", "git@git.test:tools.git", False),
        ("/srv/git/books.git", "/srv/git/tools.git", True),
    ],
)
def test_credentials_are_for_the_same_server_only(own: str | None, url: str, is_ours: bool) -> None:
    assert is_ours_to_open(own, url) is is_ours


@pytest.mark.parametrize("own", ["/srv/git/books.git", "https://git.test/books.git", None])
def test_the_servers_own_disk_is_not_read(own: str | None) -> None:
    with pytest.raises(FairleadError) as caught:
        is_ours_to_open(own, "/var/lib/fairlead/mirrors/others.git")
    assert caught.value.code == "source.local"
