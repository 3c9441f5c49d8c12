"""What variables can name in a project file, before their values are known."""

from __future__ import annotations

import pytest
from tests.unit.formats.projects import repository

from fairlead.formats.named_by_variables import files_named, images_named


@pytest.mark.parametrize(
    ("image", "names"),
    [
        ("app:1", set()),
        ("app:${TAG}", {"TAG"}),
        ("app:$TAG", {"TAG"}),
        ("app:$$TAG", set()),
        ("${REGISTRY:-docker.io}/app:${TAG:-${OTHER}}", {"REGISTRY", "TAG", "OTHER"}),
        ("app:#{Tag}", {"Tag"}),
    ],
)
def test_names_in_images(image: str, names: set[str]) -> None:
    files = repository("project: books\ncompose: compose.yaml\n", f"services: {{web: {{image: '{image}'}}}}\n")
    assert images_named(files).get("web", frozenset()) == names


def test_names_in_images_of_an_environment_and_of_the_tests() -> None:
    project = """\
        project: books
        services: {web: {image: app:1}}
        tests: {image: "tests:#{Kind}", command: [x]}
        environments: {Production: {services: {web: {image: "app:#{Tag}"}}}}
        """
    assert images_named(repository(project)) == {"web": {"Tag"}, "": {"Kind"}}


def test_files_that_a_variable_can_name() -> None:
    compose = """\
        services:
          web:
            image: app
            env_file: [conf/$STAGE.env, plain.env]
            volumes: ['./site/${STAGE:-test}:/srv:ro', 'data:/data']
        configs: {c: {file: "${NAME}"}}
        """
    files = repository("project: books\ncompose: compose.yaml\n", compose)
    files |= dict.fromkeys(["conf/a.env", "conf/b.env", "conf/b.txt", "a.env", "site/a/x/index.html", "other/x"], b"")
    assert files_named(files) == {"conf/a.env", "conf/b.env", "site/a/x/index.html"}
    assert files_named({}) == frozenset()
