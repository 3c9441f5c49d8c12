"""What holds in every environment, what a release carries, and the check without a server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.unit.formats.projects import VALUES, compiled, place, repository

from fairlead.domain.errors import ProjectFileInvalid
from fairlead.domain.outline import OutlineService
from fairlead.domain.service import Build
from fairlead.formats.files import READ_LIMIT, Directory, Overlaid, below, clean
from fairlead.formats.project import read_outline, validate

PROJECT = """
project: books
compose: compose.yaml
services:
  web: {route: true, port: 80}
  db: {accessory: true}
tests:
  build: {dockerfile: Dockerfile.tests}
  environment: {A: "#{Nowhere}"}
environments:
  Test: {services: {web: {env_file: test.env}}}
  Production: {profiles: [mail]}
"""
COMPOSE = """
include: [mail/compose.yaml]
services:
  web:
    build: {context: app, args: ["BASE=${BASE}"]}
    env_file: web.env
    environment: {B: "${ALSO_NOWHERE}"}
    volumes: ["./conf:/c:ro"]
    secrets: [cert]
  db: {image: "postgres:${PG:-16}"}
  tool: {image: "tool:#{Version}", profiles: [mail]}
secrets: {cert: {file: cert.pem}}
configs: {unused: {file: unused.txt}}
"""
FILES = {
    "app__Dockerfile": "FROM x",
    "Dockerfile_dot_tests": "FROM x",
    "_dot_env": "BASE=debian\n",
    "web_dot_env": "A=1\n",
    "test_dot_env": "A=2\n",
    "conf__a": "a",
    "conf__b__c": "c",
    "cert_dot_pem": "c",
    "unused_dot_txt": "u",
    "mail__compose_dot_yaml": "services: {post: {image: y, profiles: [mail], env_file: post.env}}",
    "mail__post_dot_env": "A=1",
    "README_dot_md": "not carried",
}


def whole() -> dict[str, bytes]:
    return repository(PROJECT, COMPOSE, **FILES)


def test_the_outline_needs_no_variable_and_names_all_services() -> None:
    outline = read_outline(whole(), is_whole=True)
    assert outline.project == "books"
    assert outline.environments == ("Test", "Production")
    assert {service.name: service for service in outline.services} == {
        "web": OutlineService("web", Build("app", "app/Dockerfile", arguments={"BASE": "debian"})),
        "db": OutlineService("db", None, "postgres:16", is_accessory=True),
        "post": OutlineService("post", None, "y"),
        "tool": OutlineService("tool", None, "tool:#{Version}"),
    }
    fixed = {service.name: service.has_fixed_image for service in outline.services}
    assert fixed == {"web": True, "db": True, "post": True, "tool": False}
    assert outline.tests is not None and outline.tests.environment == {"A": "#{Nowhere}"}
    assert outline.tests.build == Build(dockerfile="Dockerfile.tests")


def test_a_release_carries_exactly_what_every_environment_needs() -> None:
    assert set(read_outline(whole()).carried) == {
        ".env",
        "cert.pem",
        "compose.yaml",
        "conf/a",
        "conf/b/c",
        "fairlead.yml",
        "mail/compose.yaml",
        "mail/post.env",
        "test.env",
        "unused.txt",
        "web.env",
    }


@pytest.mark.parametrize("environment", ["Test", "Production", ""])
def test_what_is_carried_compiles_to_the_same_definition_as_the_repository(environment: str) -> None:
    files = whole()
    carried = {path: files[path] for path in read_outline(files).carried}
    values = {**VALUES, "Nowhere": "1", "ALSO_NOWHERE": "2", "Version": "3"}
    assert compiled(carried, environment, values) == compiled(files, environment, values)


def test_a_missing_dockerfile_is_a_problem_only_of_a_whole_repository() -> None:
    files = whole()
    del files["app/Dockerfile"]
    assert read_outline(files)
    with pytest.raises(ProjectFileInvalid) as caught:
        read_outline(files, is_whole=True)
    assert place(caught.value.problems[0]) == ("compose.yaml", 5, 5)
    assert "app/Dockerfile" in caught.value.problems[0].found


def test_a_build_that_needs_an_environments_variable_is_a_problem() -> None:
    files = whole() | {".env": b""}
    with pytest.raises(ProjectFileInvalid) as caught:
        read_outline(files)
    assert caught.value.code == "variable.unknown"


def test_validate_collects_warnings_and_problems_without_raising() -> None:
    warnings, problems = validate(whole(), ("Test", "Production"))
    assert not problems
    assert any("Nowhere" in said and "where this is deployed" in said for said in warnings)
    _, problems = validate(whole() | {"compose.yaml": b"services: [x"}, ("Test", "Production"))
    assert len(problems) == 1
    assert validate({})[1][0].file == "fairlead.yml"


def test_validate_names_what_an_administrator_must_allow() -> None:
    warnings, _ = validate(repository("project: b\nservices: {web: {image: x, privileged: true}}\n"))
    assert any("privileged needs an administrator's leave" in said for said in warnings)


def test_validate_takes_a_number_or_a_host_that_is_a_variable_on_trust() -> None:
    project = "project: b\nservices: {web: {image: 'x:#{T}', port: 80, replicas: '#{N}', route: {host: '#{H}'}}}\n"
    warnings, problems = validate(repository(project))
    assert not problems and len([said for said in warnings if "where this is deployed" in said]) == 3


def test_validate_finds_what_is_wrong_in_one_environment_alone() -> None:
    project = "project: b\nservices: {web: {image: x}}\nenvironments: {Test: {services: {web: {depends_on: [y]}}}}\n"
    assert [one.key for one in validate(repository(project))[1]] == ["services.web.depends_on.y"]


def test_a_directory_is_read_without_leaving_it(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    (root / "conf").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("secret")
    (root / "conf" / "a").write_text("a")
    (tmp_path / "outside").write_text("outside")
    (root / "out").symlink_to("../outside")
    (root / "conf" / "up").symlink_to("../../outside")
    (root / "inside").symlink_to("conf/a")
    os.mkfifo(root / "pipe")
    files = Directory(root)
    assert sorted(files) == ["conf/a", "inside"]
    assert files["inside"] == b"a" and len(files) == 2
    assert files.leaves("out") and files.leaves("conf/up") and not files.leaves("conf/a")
    for path in ("out", "../outside", ".git/config", "pipe", "", "/etc/passwd", "conf/../conf/a", "conf/up"):
        assert path not in files and files.get(path) is None


def test_a_link_that_leaves_the_repository_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("A=1")
    root = tmp_path / "repository"
    root.mkdir()
    (root / "out").symlink_to("../outside")
    for key in ("env_file: out", "volumes: ['./out:/x:ro']"):
        (root / "fairlead.yml").write_text(f"project: b\nservices: {{web: {{image: x, {key}}}}}\n")
        _, problems = validate(Directory(root))
        assert len(problems) == 1 and "leads out" in problems[0].found


@pytest.mark.parametrize(
    ("path", "base", "expected"),
    [
        ("a", "", "a"),
        ("./a/../b", "", "b"),
        (".", "", "."),
        ("a", "d", "d/a"),
        ("../a", "d", "a"),
        ("../a", "", None),
        ("../../a", "d", None),
        ("/a", "", None),
        ("a\\b", "", None),
        ("a\nb", "", None),
    ],
)
def test_paths_never_lead_out(path: str, base: str, expected: str | None) -> None:
    assert clean(path, base) == expected


def test_files_laid_over_others_are_read_first() -> None:
    files = Overlaid({"a": b"1", "d/b": b"2"}, {"a": b"3", "d/c": b"4"})
    assert (files["a"], files["d/b"], len(files), "x" in files) == (b"3", b"2", 3, False)
    assert below(files, "d") == ("d/b", "d/c")


def test_a_file_that_mentions_too_many_environments_or_services_is_a_problem() -> None:
    many = "".join(f"  E{number}: {{}}\n" for number in range(60))
    project = "project: b\nservices: {web: {image: x}}\nenvironments:\n" + many
    assert [one.key for one in validate(repository(project))[1]] == ["environments"]
    services = "".join(f"  s{number}: {{image: x}}\n" for number in range(210))
    assert [one.key for one in validate(repository("project: b\nservices:\n" + services))[1]] == ["services"]


def test_compose_files_have_a_bound_together() -> None:
    parts = {f"p{number}.yaml": b"#" * 120_000 + b"\nservices: {}\n" for number in range(6)}
    include = ", ".join(parts)
    files = repository("project: b\n", f"include: [{include}]\nservices: {{web: {{image: x}}}}\n") | parts
    assert all("bytes of Compose files" in one.found for one in validate(files)[1]) and validate(files)[1]


@pytest.mark.parametrize("image", ["app:${TAG}", "${REGISTRY}/app:1", "app:$TAG", "app:${TAG:?say which}"])
def test_an_image_with_an_environments_variable_is_known_at_the_deployment(image: str) -> None:
    files = repository("project: b\n", f"services: {{web: {{image: '{image}', ports: ['80:80']}}}}\n")
    warnings, problems = validate(files)
    assert not problems and any("where this is deployed" in said for said in warnings)
    (web,) = read_outline(files).services
    assert not web.has_fixed_image and not web.has_whole_name
    values = {**VALUES, "TAG": "2", "REGISTRY": "registry.example.com"}
    assert "$" not in compiled(files, values=values).service("web").image


def test_a_dollar_sign_in_an_image_of_the_project_file_itself_is_no_variable() -> None:
    _, problems = validate(repository("project: b\nservices: {web: {image: 'app:${TAG}', port: 80}}\n"))
    assert [problem.expected for problem in problems] == ["an image's name: [REGISTRY/]name[:TAG], in lower case"]


def test_what_a_bound_directory_loses_is_named(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/a").write_text("a")
    (tmp_path / "conf/inside").symlink_to("a")
    (tmp_path / "conf/outside").symlink_to("/etc/passwd")
    (tmp_path / "conf/folder").symlink_to("/etc")
    (tmp_path / "conf/large").write_bytes(b" " * (READ_LIMIT + 1))
    (tmp_path / "fairlead.yml").write_text(
        "project: b\nservices: {web: {image: x, port: 80, volumes: ['./conf:/c:ro']}}\n"
    )
    warnings, problems = validate(Directory(tmp_path))
    assert not problems
    for lost in ("folder", "large", "outside"):
        assert len([said for said in warnings if f"'conf/{lost}' is left out" in said]) == 1
    assert len(warnings) == 3
    assert set(read_outline(Directory(tmp_path)).carried) == {"fairlead.yml", "conf/a", "conf/inside"}
