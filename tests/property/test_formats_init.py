"""Whatever lies in a repository, a proposal is made or refused in words; one that leaves nothing to settle compiles."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.domain.errors import Invalid
from fairlead.formats.init import propose
from fairlead.formats.project import validate

pytestmark = pytest.mark.property

LINES = st.sampled_from(
    [
        "FROM x",
        "EXPOSE 80",
        "EXPOSE ${P}",
        "EXPOSE $",
        "ENV P=81",
        "ARG P",
        "VOLUME /d",
        "HEALTHCHECK CMD x",
        "EXPOSE 99999",
    ]
)
PORTS = st.lists(st.sampled_from(["80", "8080:80", "${P:-1}:80", "53:53/udp", "1-2:1-2", "x", "[::1]:1:2"]), max_size=2)
VOLUMES = st.lists(
    st.sampled_from(["data:/d", ".:/app", "/srv:/s", "/anonymous", "./a:/a:ro", "x", "a:b:c:d"]), max_size=3
)
IMAGES = st.sampled_from(["postgres:16", "own/app", "r.example.com:5000/redis@sha256:1", ""])


@given(st.lists(LINES, max_size=5), st.text(max_size=20))
@example(lines=[], name="null")
@example(lines=[], name="true")
def test_any_dockerfile_and_name(lines: list[str], name: str) -> None:
    files = {"Dockerfile": "\n".join(lines).encode()}
    text = propose(files, name)
    assert "To settle" not in text
    assert validate({**files, "fairlead.yml": text.encode()})[1] == ()


@given(st.dictionaries(st.sampled_from(["web", "db", "Odd Name"]), st.tuples(IMAGES, PORTS, VOLUMES), max_size=3))
def test_any_services(services: dict[str, tuple[str, list[str], list[str]]]) -> None:
    compose = {
        name: {**({"image": image} if image else {"build": "."}), "ports": ports, "volumes": volumes}
        for name, (image, ports, volumes) in services.items()
    }
    files = {"compose.yaml": str({"services": compose, "volumes": {"data": {}}}).encode(), "Dockerfile": b"", "a": b""}
    text = propose(files, "books")
    problems = validate({**files, "fairlead.yml": text.encode()})[1]
    assert bool(problems) is ("To settle" in text)


@given(
    st.dictionaries(
        st.sampled_from(["compose.yaml", "docker-compose.yml", "Dockerfile", "x/Dockerfile"]), st.binary(max_size=80)
    )
)
def test_any_bytes(files: dict[str, bytes]) -> None:
    try:
        text = propose(files)
    except Invalid as error:
        assert error.code == "project_file.missing" and not files
    else:
        assert text.startswith("# How Fairlead")
