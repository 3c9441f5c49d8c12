"""Which registry a reference leads to."""

import pytest

from fairlead.domain.image import registry_of


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
        ("myhost:5000", "docker.io"),
    ],
)
def test_a_reference_leads_to_one_registry(reference: str, registry: str) -> None:
    assert registry_of(reference) == registry
