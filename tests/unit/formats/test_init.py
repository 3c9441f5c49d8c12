"""What is proposed for a repository compiles, and says what it guessed."""

from __future__ import annotations

import pytest
from tests.unit.formats.projects import VALUES

from fairlead.domain.errors import Invalid
from fairlead.domain.service import Definition, ImageProbe, Role, TcpProbe
from fairlead.formats.init import propose
from fairlead.formats.project import compile_project, validate


def proposed(files: dict[str, bytes], name: str = "books") -> Definition:
    text = propose(files, name)
    whole = {**files, "fairlead.yml": text.encode()}
    assert validate(whole)[1] == (), text
    return compile_project(whole, environment="Production", lookup={**VALUES, "DB_PASSWORD": "x"}.get)


@pytest.mark.parametrize(
    ("dockerfile", "port"),
    [
        ("FROM x\nEXPOSE 5000\n", 5000),
        ("FROM x\nexpose 5000/tcp 5001\n", 5000),
        ("FROM a AS build\nEXPOSE 1\nFROM x\nEXPOSE 3000\n", 3000),
        ("FROM x\nENV PORT=4000\nEXPOSE $PORT\n", 4000),
        ("FROM x\nARG P 4001\nEXPOSE ${P}/tcp\n", 4001),
        ("FROM x\n", 8080),
        ("FROM x\nEXPOSE ${UNKNOWN}\n", 8080),
    ],
)
def test_a_dockerfile_alone_is_routed_at_the_port_that_it_exposes(dockerfile: str, port: int) -> None:
    web = proposed({"Dockerfile": dockerfile.encode()}).service("web")
    assert (web.role, web.port, web.health.probe) == (Role.ROUTED, port, TcpProbe())


def test_a_guess_is_said_to_be_one() -> None:
    assert "a guess" in propose({"Dockerfile": b"FROM x\n"})
    assert "a guess" not in propose({"Dockerfile": b"FROM x\nEXPOSE 80\n"})


def test_the_images_own_healthcheck_is_used() -> None:
    web = proposed({"Dockerfile": b"FROM x\nEXPOSE 80\nHEALTHCHECK CMD ok\n"}).service("web")
    assert web.health.probe == ImageProbe()
    assert proposed({"Dockerfile": b"FROM x\nHEALTHCHECK NONE\n"}).service("web").health.probe == TcpProbe()


def test_a_dockerfile_below_is_found() -> None:
    build = proposed({"services/web/Dockerfile": b"FROM x\nEXPOSE 80\n"}).service("web").build
    assert build is not None and build.context == "services/web"


def test_the_name_is_made_one_that_is_allowed() -> None:
    for name, project in (("My Repo!", "my-repo"), ("2048", "my-project"), ("", "my-project"), ("a" * 60, "a" * 40)):
        assert proposed({"Dockerfile": b"FROM x\n"}, name).project == project


COMPOSE = b"""
version: "3"
services:
  db:
    image: docker.io/library/postgres:16-alpine
    ports: ["5432:5432"]
    environment: {POSTGRES_PASSWORD: "${DB_PASSWORD}"}
    volumes: ["pg:/var/lib/postgresql/data", "./init:/docker-entrypoint-initdb.d:ro", "./x:/x"]
  cache: {image: redis}
  search: {image: own/engine, volumes: ["idx:/idx"]}
  web:
    build: .
    ports: ["${PORT:-8080}:80"]
    volumes: [".:/app", /app/modules, "./init:/init:ro"]
    depends_on: [db]
  admin: {build: ., ports: [{target: 81, published: "8081"}]}
  files: {build: ., ports: ["9000:9000"], volumes: ["up:/data"]}
  worker: {build: ., command: x}
  dev: {image: y, profiles: [dev]}
volumes: {pg: , up: , idx: }
"""


def test_a_compose_file_becomes_accessories_routes_and_workers() -> None:
    files = {"docker-compose.yml": COMPOSE, "Dockerfile": b"FROM x\n", "init/a.sql": b"x"}
    definition = proposed(files)
    assert {one.name: one.role for one in definition.services} == {
        "db": Role.ACCESSORY,
        "cache": Role.ACCESSORY,
        "search": Role.ACCESSORY,
        "web": Role.ROUTED,
        "admin": Role.ROUTED,
        "files": Role.RECREATE,
        "worker": Role.WORKER,
    }
    assert not definition.harms
    assert definition.service("files").routes and definition.service("web").port == 80
    text = propose(files)
    assert "for development" in text and "working copy" in text


def test_what_cannot_be_settled_by_itself_is_said_in_the_proposal() -> None:
    text = propose({"compose.yaml": b"services: {web: {image: x, network_mode: host}}"})
    assert "# To settle before the first deployment:" in text
    assert "network_mode" in text
    assert "compose.yaml:1:" in propose({"compose.yaml": b"services: ["})


def test_a_repository_with_nothing_to_deploy_is_told_so() -> None:
    with pytest.raises(Invalid, match="neither a Compose file nor a Dockerfile"):
        propose({"README.md": b""})


WORDPRESS = b"""
services:
  db: {image: "mariadb:11", volumes: ["db:/var/lib/mysql"]}
  wordpress:
    image: wordpress:latest
    ports: ["8000:80"]
    volumes: ["wp:/var/www/html"]
    depends_on: [db]
volumes: {db: , wp: }
"""


def test_what_alone_is_published_is_for_users_though_it_is_only_an_image_that_keeps_data() -> None:
    found = proposed({"compose.yaml": WORDPRESS})
    wordpress = found.service("wordpress")
    assert (wordpress.role, wordpress.port, wordpress.ports) == (Role.RECREATE, 80, ())
    assert [route.host for route in wordpress.routes] == ["wordpress.books.production.localhost"]
    assert found.service("db").role is Role.ACCESSORY


def test_beside_what_is_built_an_image_that_keeps_data_is_an_accessory_as_before() -> None:
    compose = WORDPRESS.replace(b"services:\n", b"services:\n  shop: {build: ., ports: ['80:80']}\n")
    found = proposed({"compose.yaml": compose, "Dockerfile": b"FROM x\n"})
    assert found.service("wordpress").role is Role.ACCESSORY and found.service("shop").role is Role.ROUTED


OF_OTHERS = b"""
services:
  web:
    build: .
    ports: ["80:8000"]
    volumes: ["./src:/app"]
  db:
    image: postgres:16
    volumes: ["./data/db:/var/lib/postgresql/data", "./init:/docker-entrypoint-initdb.d"]
  board:
    image: example.com/board:1
    ports: ["3000:3000"]
    volumes: ["./board/board.ini:/etc/board.ini", "./kept:/var/lib/board"]
"""

REPOSITORY = {
    "Dockerfile": b"FROM x\n",
    "src/app.py": b"",
    "init/1.sql": b"SELECT 1",
    "board/board.ini": b"",
    "kept/.gitkeep": b"",
}


def test_an_image_of_others_keeps_the_files_and_the_data_that_it_was_bound_to() -> None:
    made = proposed({"compose.yaml": OF_OTHERS, **REPOSITORY})
    db, board, web = made.service("db"), made.service("board"), made.service("web")
    assert {(one.name, one.path) for one in db.mounts} == {("data-db", "/var/lib/postgresql/data")}
    assert {(one.name, one.path) for one in board.mounts} == {("kept", "/var/lib/board")}
    assert {one.path for one in db.files} == {"/docker-entrypoint-initdb.d/1.sql"}
    assert {one.path for one in board.files} == {"/etc/board.ini"}
    assert not web.mounts and not web.files
    assert set(made.volumes) == {"data-db", "kept"}


def test_what_the_mounts_became_is_said_beside_them() -> None:
    text = propose({"compose.yaml": OF_OTHERS, **REPOSITORY})
    assert text.count("# Files of the repository are bound read-only: they travel with the release.") == 2
    assert "# What it writes to ./kept is kept in a volume: a release brings no directory to write to." in text
    assert text.count("# Binds of the working copy are left out: the files are in the image.") == 1


@pytest.mark.parametrize(
    ("written", "dotenv", "port", "is_guess"),
    [
        ("3002:${PORT}", "PORT=3000\n", 3000, False),
        ("${HTTP:-8080}:$PORT", "PORT=3000\n", 3000, False),
        ("8080:${PORT:-5000}", "", 5000, False),
        ("8080:${PORT:-5000}", "PORT=6000\n", 6000, False),
        ("8080:${PORT:?say which}", "", 8080, True),
    ],
)
def test_a_port_that_a_variable_tells_is_read_as_compose_reads_it(
    written: str, dotenv: str, port: int, *, is_guess: bool
) -> None:
    files = {
        "compose.yaml": f"services: {{web: {{build: ., ports: ['{written}']}}}}\n".encode(),
        "Dockerfile": b"FROM x\n",
        ".env": dotenv.encode(),
    }
    text = propose(files, "books")
    assert (f"port: {port}" in text, "a guess" in text) == (True, is_guess), text
