"""The schema gate on a real PostgreSQL: what breaks the old release is not deployed, what it can live with is."""

import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from tests.contract.proxy_rigs import haproxy_rig
from tests.journey.blue_green_rig import LABEL_TEST, RealWorld, real_world

from fairlead.domain.service import (
    Database,
    Definition,
    Dependency,
    ExecProbe,
    File,
    Health,
    Migration,
    MigrationCommand,
    Role,
    Service,
    Tests,
    Volume,
)
from fairlead.domain.task import TaskState
from fairlead.ports.container_engine import LABEL_PROJECT
from fairlead.steps.resolved import ProxyFacts
from fairlead.testing.mischief import Mischief

DB = Path(__file__).parents[2] / "examples" / "guestbook" / "v1" / "db"
CONNECT = 'import os, psycopg2\nbooks = psycopg2.connect(os.environ["DATABASE_URL"])\nbooks.autocommit = True\n'

APP = f"""
import http.server, signal, sys, threading
{CONNECT}
cursor, lock, column = books.cursor(), threading.Lock(), sys.argv[1]
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            with lock:
                if self.path == "/add":
                    cursor.execute(f"INSERT INTO books ({{column}}) VALUES ('new')")
                cursor.execute(f"SELECT count({{column}}) FROM books")
                status, body = 200, str(cursor.fetchone()[0])
        except psycopg2.Error as error:
            status, body = 500, str(error)
        self.send_response(200 if self.path == "/healthz" else status)
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *words): pass
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Page).serve_forever()
"""

MIGRATE = f"""
import sys
{CONNECT}
cursor = books.cursor()
cursor.execute("CREATE TABLE IF NOT EXISTS schema_migrations (number int PRIMARY KEY)")
for number, statement in enumerate(sys.argv[1:]):
    cursor.execute("SELECT 1 FROM schema_migrations WHERE number = %s", (number,))
    if cursor.fetchone() is None:
        cursor.execute(statement)
        cursor.execute("INSERT INTO schema_migrations VALUES (%s)", (number,))
        print("done:", statement)
"""

TESTS = """
import os, urllib.error, urllib.request
from xml.sax.saxutils import quoteattr
def ask(path):
    try:
        return urllib.request.urlopen(os.environ["TEST_URL"] + path, timeout=5).read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()
before, after = ask("/"), ask("/add")
is_well = (before, after) == ("0", "1")
failure = "" if is_well else f"<failure message={quoteattr(after.splitlines()[0])}/>"
os.makedirs("/results", exist_ok=True)
with open("/results/books.xml", "w") as report:
    report.write(f'<testsuite><testcase classname="books" name="a title is kept">{failure}</testcase></testsuite>')
raise SystemExit(0 if is_well else f"{os.environ['TEST_TYPE']} of {os.environ['TEST_RELEASE']}: {before}, {after}")
"""

FIRST = (
    "CREATE TABLE books (id int GENERATED ALWAYS AS IDENTITY, title text)",
    "INSERT INTO books (title) VALUES ('old')",
)
RENAMED = (*FIRST, "ALTER TABLE books RENAME title TO name")
EXPANDED = (*FIRST, "ALTER TABLE books ADD name text", "UPDATE books SET name = title")
CONTRACTED = (*EXPANDED, "ALTER TABLE books DROP title")


@pytest.fixture(scope="module")
def database_image(docker_socket: Path, postgres_image: str, test_session: str) -> Iterator[str]:
    """PostgreSQL that makes its database as it is told by POSTGRES_…"""
    docker, name = ["docker", "-H", f"unix://{docker_socket}"], f"fairlead-test-{test_session}-db:1"
    build = ["build", "-q", "-t", name, "--label", f"{LABEL_TEST}={test_session}", "--build-arg"]
    subprocess.run([*docker, *build, f"BASE={postgres_image}", str(DB)], check=True, capture_output=True, timeout=60)
    yield name
    subprocess.run([*docker, "rmi", "-f", name], check=True, capture_output=True, timeout=60)


@pytest.fixture
async def world(
    docker_socket: Path, test_session: str, python_image: str, free_port: Callable[[], int], haproxy_binary: Path
) -> AsyncIterator[RealWorld]:
    async with (
        haproxy_rig(free_port, haproxy_binary, https=False) as haproxy,
        real_world(str(docker_socket), test_session, python_image, haproxy) as made,
    ):
        yield made


def books(world: RealWorld, column: str, migration: Migration) -> Definition:
    url = {"DATABASE_URL": "postgresql://books:secret@db:5432/books"}
    web = world.web(
        "",
        command=("python3", "/app.py", column),
        files=(File("/app.py", APP), File("/migrate.py", MIGRATE)),
        environment=url,
        depends_on=(Dependency("db", "service_healthy"),),
        stop_grace_s=1.0,
        drain_s=1.0,
    )
    db = Service(
        "db",
        Role.ACCESSORY,
        environment={"POSTGRES_USER": "books", "POSTGRES_PASSWORD": "secret", "POSTGRES_DB": "books"},
        mounts=(Volume("data", "/var/lib/postgresql/data"),),
        health=Health(ExecProbe(("/home/ready.sh",)), within_s=60.0),
        port=5432,
    )
    tests = Tests(command=("python3", "-c", TESTS), kinds=("schema",), timeout_s=30.0)
    return Definition(world.place.project, (web, db), migration, tests, volumes=("data",))


def migration(*steps: str, after: tuple[str, ...] = (), database: Database | None = None) -> Migration:
    contract = MigrationCommand("web", ("python3", "/migrate.py", *after)) if after else None
    found = database or Database("db")
    return Migration("web", ("python3", "/migrate.py", *steps), 60.0, found, after_retire=contract)


async def test_only_what_the_old_release_can_live_with_is_deployed(world: RealWorld, database_image: str) -> None:
    held = await world.engine.image(database_image)
    assert held is not None

    async def ship(version: str, column: str, how: Migration, *mischiefs: Mischief):
        facts = ProxyFacts(http_port=world.haproxy.settings.http_port)
        what = books(world, column, how)
        return await world.deploy(what, version, *mischiefs, images={"db": held.id}, proxy=facts)

    def said(deployed) -> str:
        return f"{deployed.end}\n{world.log.text(deployed.stage.task)}"

    async def columns() -> str:
        query = (
            "SELECT string_agg(column_name, ' ' ORDER BY 1) FROM information_schema.columns WHERE table_name='books'"
        )
        programs = "$(ls -d /usr/lib/postgresql/*/bin)"
        asking = f'{programs}/psql -At -h 127.0.0.1 -U books -d books -c "{query}"'
        answer = await world.engine.execute(
            world.place_names.accessory("db"), ("sh", "-c", f"PGPASSWORD=secret {asking}"), timeout_s=10.0
        )
        return answer.output.strip()

    first = await ship("1.0.0", "title", migration(*FIRST))
    assert first.state is TaskState.SUCCEEDED, said(first)
    assert await world.asked() == "1"

    standing = set(await world.running())
    url = "postgresql://books:secret@db:5432/books"
    elsewhere = Database(source=url, image=held.id, variable="DATABASE_URL")
    killed = Mischief.from_text("die:during:do:schema:copy")
    refused = await ship("2.0.0", "name", migration(*RENAMED, database=elsewhere), killed)
    assert refused.stage.deaths == 1
    assert (refused.state, refused.end.code) == (TaskState.ROLLED_BACK, "schema.breaks_old_release"), said(refused)
    assert "of 2.0.0 breaks 1.0.0" in refused.end.reason
    assert "books.a title is kept" in refused.end.reason
    assert 'column "title" of relation "books" does not exist' in refused.end.evidence[0]
    assert refused.differences == (), said(refused)
    assert not [
        one for one in await world.engine.networks({LABEL_PROJECT: world.place.project}) if "schema" in one.name
    ]
    assert not [one for one in await world.engine.volumes({LABEL_PROJECT: world.place.project}) if "schema" in one.name]
    assert set(await world.running()) == standing
    assert (await columns(), await world.asked()) == ("id title", "1")

    second = await ship("2.0.1", "name", migration(*EXPANDED, after=CONTRACTED))
    assert second.state is TaskState.SUCCEEDED, said(second)
    assert second.differences == ()
    assert "copied with its rows: schema_migrations" in world.log.text(second.stage.task)
    assert (await columns(), await world.asked()) == ("id name", "1")
