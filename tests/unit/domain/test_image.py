"""Which registry a reference leads to."""

import pytest

from fairlead.domain.image import is_reference, names_of, registry_of, repository_of, version_of


@pytest.mark.parametrize(
    ("reference", "registry"),
    [
        ("nginx", "docker.io"),
        ("nginx:1.27", "docker.io"),
        ("ann/private:1", "docker.io"),
        ("docker.io/ann/private@sha256:" + "a" * 64, "docker.io"),
        ("index.docker.io/ann/private", "docker.io"),
        ("registry.example.com/base:1", "registry.example.com"),
        ("registry.example.com:5000/ours/base", "registry.example.com:5000"),
        ("127.0.0.1:8602/books/web@sha256:" + "a" * 64, "127.0.0.1:8602"),
        ("localhost/base", "localhost"),
        ("[::1]:5000/base:1", "[::1]:5000"),
        ("Intern/base:1", "Intern"),
        ("in_tern/base:1", "docker.io"),
        ("myhost:5000", "docker.io"),
    ],
)
def test_a_reference_leads_to_one_registry(reference: str, registry: str) -> None:
    assert registry_of(reference) == registry


@pytest.mark.parametrize(
    ("reference", "repository", "tag"),
    [
        ("redis", "library/redis", ""),
        ("docker.io/redis:7", "library/redis", "7"),
        ("index.docker.io/redis:7@sha256:" + "a" * 64, "library/redis", "7"),
        ("index.docker.io/library/redis", "library/redis", ""),
        ("library/redis/extra", "library/redis/extra", ""),
        ("Intern/base:1", "base", "1"),
        ("127.0.0.1:8602/books/web:5000", "books/web", "5000"),
        ("[::1]:5000/books/web", "books/web", ""),
    ],
)
def test_a_registry_calls_it_so(reference: str, repository: str, tag: str) -> None:
    assert (repository_of(reference), version_of(reference)) == (repository, tag)


def test_an_image_is_called_with_its_registry_and_without() -> None:
    assert names_of("index.docker.io/ann/web:1") == ("index.docker.io/ann/web", "ann/web")
    assert names_of("ann/web:1") == ("ann/web",)


@pytest.mark.parametrize(
    "text",
    [
        "web",
        "web_1.2--x__y/z:Latest",
        "web.example.com:5000",
        "web.example.com:5000/books/web:1.0@sha256:" + "a" * 64,
        "[fc00::1]:5000/web",
        "Intern/web",
        "docker.io/" + "a" * 64,
        "a/" * 127 + "a:" + "t" * 128,
    ],
)
def test_an_engine_takes_it_for_an_image(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":1",
        "web:",
        "web:-1",
        "web:" + "t" * 129,
        "web:1:2",
        "web/",
        "web///web",
        "books/Web",
        "Web:1",
        "-web",
        "web-/web",
        "we..b",
        "we_.b",
        "we___b",
        "https://example.com/web",
        "[fc00::1]",
        "[fe80::1%eth0]/web",
        "fc00::1:5000/web",
        "web@sha256:" + "a" * 63,
        "web@md5:" + "a" * 64,
        "a" * 64,
        "a/" * 128 + "a",
        "a" * 100_000 + "/",
    ],
)
def test_an_engine_does_not_take_it_for_an_image(text: str) -> None:
    assert not is_reference(text)
